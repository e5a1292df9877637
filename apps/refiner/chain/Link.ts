// A stage before the refine stage where the chain is cut: does the first steps for each row and passes the record on, with what
// was made of it in a header. A projection without tables: what it cannot do, the refine stage does and judges.
import { entities } from "@bridge/domain/Entities"
import type { Link } from "@bridge/flow/Cuts"
import { batchAddress, header } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import { Partitions } from "@bridge/flow/Partition"
import { orStageError } from "@bridge/flow/Retry"
import { type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { type Message, Producer, type Rec } from "@bridge/kafka/Broker"
import { portions } from "@bridge/kafka/Portions"
import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { Envelopes, type Opened } from "../Envelopes.ts"
import { batchKeyOf } from "../Keys.ts"
import { processRow } from "../process/Process.ts"
import { Sources } from "../Sources.ts"
import { fromText, type Made, resolveAll, toText } from "./Made.ts"

type Needs = Envelopes | Partitions | Producer | Sources | SqlClient.SqlClient

/** What the steps so far have made of a row. */
const madeHeader = "bridge_made"

/** Larger ones stay behind: records of such rows are made again. */
const largest = 256 * 1024
const mib = 1024 * 1024

/** What an earlier stage has made of a row. */
export const madeOf = (rec: Rec): Made | undefined => {
  const text = header(rec, madeHeader)
  return text === undefined ? undefined : fromText(text)
}

const handle =
  ({ reads, stage, steps, writes }: Link) =>
  (run: Run): Effect.Effect<void, StageError, Needs> =>
    Effect.gen(function* () {
      const partitions = yield* Partitions
      const producer = yield* Producer
      const topic = topicsFrom(reads, writes).get(run.topic)
      if (topic === undefined) return
      const make = yield* maker(run, steps.includes("process"), steps.includes("resolve"))
      const messages = run.records.map((rec): Message => passed(rec, make(rec)))
      const partition = partitions.of(topic, run.tenantId)
      const sends = portions(messages, sizeOf).map((some) => ({ topic, partition, messages: some }))
      yield* run.inOrder(producer.sendAll(sends))
    }).pipe(orStageError(stage))

/** Of the headers only what may be large. */
const sizeOf = ({ headers, value }: Message): number => (value?.length ?? 0) + (headers?.[madeHeader]?.length ?? 0)

const topicsFrom = (reads: Link["reads"], writes: Link["writes"]): ReadonlyMap<string, string> =>
  new Map(
    entities.filter((e) => e.derivedFrom === null).map(({ id }) => [recordTopic(reads, id), recordTopic(writes, id)])
  )

/** The record as it came, and what was made of it. */
const passed = (rec: Rec, made: Made | undefined): Message => {
  const headers: Record<string, Buffer | string> = {}
  for (const name of Object.keys(rec.headers)) {
    const value = header(rec, name)
    if (name !== madeHeader && value !== undefined) headers[name] = value
  }
  const text = made === undefined ? "" : toText(made)
  if (text !== "" && text.length <= largest) headers[madeHeader] = text
  return { key: rec.key, value: rec.value, headers }
}

/** Undefined where a row cannot be read here: its body lies elsewhere, its connection is gone. */
const maker = (run: Run, process: boolean, resolving: boolean) =>
  Effect.gen(function* () {
    const nothing = (): Made | undefined => undefined
    const named = batchKeyOf(run)
    if (named === undefined) return nothing
    const envelopes = yield* Envelopes
    const values = run.records.flatMap((rec) => (rec.value === null ? [] : [rec.value]))
    const read = yield* envelopes
      .reader(named.key.entity, values)
      .pipe(Effect.mapError((cause) => new StageError({ stage: "refine", reason: new Transient({ cause }) })))
    const opened = new Map(run.records.map((rec) => [rec, openedOf(read, rec)]))
    const first = [...opened.values()].find((one) => one !== undefined)
    if (first === undefined) return nothing
    const source = yield* Effect.option(
      Effect.flatMap(Sources, (sources) => sources.reader(run.tenantId, first.head.batch.connectionId))
    )
    return (rec: Rec): Made | undefined => {
      const row = opened.get(rec)?.row
      if (row === undefined || row.bytes === null || Option.isNone(source)) return undefined
      const { bytes, parentId, rowStream, sourceId } = row
      const made = process ? processRow(source.value.normaliser(rowStream), bytes, sourceId, parentId) : madeOf(rec)
      return made !== undefined && resolving ? resolveAll(made) : made
    }
  })

/** Undefined for what is no raw record: the refine stage says so. */
const openedOf = (read: (value: Buffer, eventId: string) => Opened, { value }: Rec): Opened | undefined =>
  value === null ? undefined : Option.getOrUndefined(Option.liftThrowable(read)(value, ""))

export const linkStage = (link: Link): Stage<Needs> => ({
  stage: link.stage,
  topics: [...topicsFrom(link.reads, link.writes).keys()],
  address: batchAddress,
  runsInFlight: 4,
  permits: 4,
  maxBytes: 64 * mib,
  maxPartitionBytes: 8 * mib,
  // Only the broker can keep it from its work, and no row could say that a batch was given up here.
  retryFor: "30 days",
  handle: handle(link)
})
