// One slice of a stream: pages are cut into batches, announced in the manifest, sent, checkpointed. For Extractor.ts.
// What does not belong here: who may read the stream and why it stops (Extractor.ts), the tables (Manifest.ts).
import type { OpenConnection } from "@bridge/connectors/Connections"
import { type PageGroup, readStream } from "@bridge/connectors/Engine"
import type { Keep, ReadError } from "@bridge/connectors/Reading"
import { defaultBatchSize, maxBatchBytes, windowRows } from "@bridge/domain/Jobs"
import { Commands } from "@bridge/flow/Commands"
import type { Run } from "@bridge/flow/Stage"
import { Wakeups } from "@bridge/flow/Wakeups"
import { type BrokerError, Producer, type Send } from "@bridge/kafka/Broker"
import { type Cause, Clock, Effect, Fiber, Option, Queue, Stream } from "effect"
import { type Choice, choiceOf } from "./Choice.ts"
import { counting } from "./Counting.ts"
import { type Batch, cut, type Group } from "./Cut.ts"
import { Files } from "./Files.ts"
import * as Manifest from "./Manifest.ts"
import { RawBatches } from "./RawBatch.ts"
import { takeGroup } from "./Take.ts"

/** Pages read ahead of the sends. */
const pagesAhead = 4

/** How sure it must be that a row itself is what the vendor cannot give (libs/connectors/Alone.ts). */
const doubt = { rounds: 3, pauseMillis: 10_000 } as const

/** What is on its way, or written but not yet marked as sent. */
interface Sent {
  readonly batches: ReadonlyArray<Batch>
  readonly group: Group
  readonly sending: Fiber.Fiber<void, BrokerError>
}

/** What follows a send, made true in the transaction that marks it. */
type Next =
  | {
      readonly _tag: "Send"
      readonly batches: ReadonlyArray<Batch>
      readonly numbers: Readonly<Record<string, number>>
    }
  | { readonly _tag: "Wait" }
  | { readonly _tag: "GiveWay" }
  | { readonly _tag: "End" }

/** `over`: nothing more is to be done in this slice. `full`: the window is, so what was to be sent is not announced yet. */
type Went = "on" | "full" | "over"

/**
 * Reads on from the checkpoint until the stream ends, is no longer ours or wanted, or others wait after `sliceMillis`. While
 * one group is sent the next is taken and cut, and encoded while it is announced; the sends themselves go one after another.
 */
export const readSlice = (run: Run, claim: Manifest.Claim, connection: OpenConnection, sliceMillis: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const asked = yield* choiceOf(run, claim, connection)
      const choice = yield* counting(run, claim, connection, asked, wantedOf(claim, connection))
      const queue = yield* pagesInto(claim, connection, yield* (yield* Files).keeper(run, claim, connection), choice)
      const batchSize = claim.options.batchSize ?? defaultBatchSize
      const until = (yield* Clock.currentTimeMillis) + sliceMillis
      let numbers = claim.nextBatch
      let sent: Sent | null = null
      for (;;) {
        const ready = (yield* Queue.size(queue)) > 0
        // Nothing ready: what was sent counts now, not when the next slow page has come. Promise 5: others have the permit.
        if (!ready && sent !== null) {
          if ((yield* settled(run, claim, sent, { _tag: "Wait" })) !== "on") return
          sent = null
        }
        const group: Group | null = yield* ready
          ? takeGroup(queue, batchSize, yield* run.crowded)
          : run.waiting(takeGroup(queue, batchSize, true))
        if (group === null) break
        const { batches, next } = cut(group, numbers, batchSize, maxBatchBytes)
        numbers = next
        const announced: Next = { _tag: "Send", batches, numbers }
        const both = [settled(run, claim, sent, announced), encoded(claim, connection, batches)] as const
        const [first, sends]: readonly [Went, ReadonlyArray<Send>] = yield* Effect.all(both, { concurrency: 2 })
        let went = first
        while (went === "full") {
          yield* run.waiting(room(run, claim))
          went = yield* advance(run, claim, null, announced)
        }
        if (went === "over") return
        const sending: Sent["sending"] = yield* Effect.forkScoped(run.inOrder(sendAll(sends)))
        // The run's turn must have come before anything goes on beside a send; and who is to give way reads nothing ahead.
        if (sent === null || (yield* run.crowded)) yield* Fiber.join(sending)
        sent = { batches, group, sending }
        if (group.next === null) break
        if ((yield* Clock.currentTimeMillis) > until && (yield* run.crowded)) {
          yield* settled(run, claim, sent, { _tag: "GiveWay" })
          return
        }
      }
      const ended = yield* settled(run, claim, sent, { _tag: "End" })
      if (ended === "on") yield* Effect.ignore(markEnd(claim, connection))
    })
  )

/** `advance` once what was sent is acknowledged. */
const settled = (run: Run, claim: Manifest.Claim, sent: Sent | null, next: Next) =>
  Effect.andThen(sent === null ? Effect.void : Fiber.join(sent.sending), advance(run, claim, sent, next))

/** The pages as groups, read ahead by a fiber of its own. */
const pagesInto = (claim: Manifest.Claim, connection: OpenConnection, keep: Keep, choice: Choice) =>
  Effect.gen(function* () {
    const queue = yield* Queue.bounded<Group, ReadError | Cause.Done>(pagesAhead)
    yield* pages(claim, connection, keep, choice).pipe(
      Stream.runForEach((g) => Queue.offer(queue, g)),
      Effect.matchCauseEffect({
        onFailure: (cause) => Queue.failCause(queue, cause),
        onSuccess: () => Queue.end(queue)
      }),
      Effect.forkScoped
    )
    return queue
  })

/** Streams that feed what the job moves. */
const wantedOf = (claim: Manifest.Claim, { connector }: OpenConnection): ReadonlySet<string> =>
  new Set(connector.streams.filter((s) => s.entity !== null && claim.entities.includes(s.entity)).map((s) => s.name))

/** The pages of the stream from the checkpoint on, with what the job asks for. */
const pages = (claim: Manifest.Claim, connection: OpenConnection, keep: Keep, { choose, options }: Choice) => {
  const { connector } = connection
  const entityOf = new Map(connector.streams.map((s) => [s.name, s.entity]))
  const wanted = wantedOf(claim, connection)
  const chosen = choose === null ? {} : { choose }
  return readStream(connection, claim.stream, {
    cursor: claim.checkpoint,
    options,
    wanted,
    keep,
    doubt,
    ...chosen
  }).pipe(
    Stream.map(
      (p: PageGroup): Group => ({
        rows: Object.entries(p.rows).flatMap(([stream, rows]) => {
          const entity = entityOf.get(stream)
          return entity === undefined || entity === null ? [] : [{ stream, entity, rows }]
        }),
        poison: p.poison.map((one) => ({ ...one, entity: entityOf.get(one.stream) ?? null })),
        gaps: p.gaps,
        next: p.next,
        calls: p.calls,
        taken: p.taken,
        leftOut: p.leftOut
      })
    )
  )
}

/** One transaction: the last send counts, and what comes next is announced. */
const advance = (run: Run, claim: Manifest.Claim, sent: Sent | null, next: Next) =>
  Effect.gen(function* () {
    const went = yield* run.transaction(
      Effect.gen(function* () {
        const standing = yield* Manifest.standing(claim)
        if (standing === "lost") return "over" as Went
        if (sent !== null) yield* Manifest.finish(claim, sent.batches, sent.group)
        // Stopped: what was sent still counts, nothing new begins; but what is read to its end has ended.
        if (next._tag !== "End" && standing === "stopped") return "over" as Went
        if (next._tag === "Send") {
          if (next.batches.length > 0 && (yield* Manifest.inFlight(claim)) >= windowRows) return "full" as Went
          yield* Manifest.begin(claim, next.batches, next.numbers)
        } else if (next._tag === "GiveWay") yield* giveWay(claim)
        else if (next._tag === "End") yield* end(claim)
        return "on" as Went
      })
    )
    // Nobody waits for it: it would keep the next group from being sent.
    if (sent !== null) yield* Effect.forkDetach(announce(claim, sent.batches))
    return went
  })

/** After the commit; a lost one changes nothing. */
const announce = ({ jobId, tenantId }: Manifest.Claim, batches: ReadonlyArray<Batch>) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const stage = "extract"
    yield* Effect.ignore(
      commands.progress(batches.map(({ entity, rows }) => ({ tenantId, jobId, stage, entity, rows: rows.length })))
    )
  })

/** The batches as they are sent; large bodies are in the blob store when it returns. */
const encoded = (claim: Manifest.Claim, connection: OpenConnection, batches: ReadonlyArray<Batch>) =>
  Effect.gen(function* () {
    const raw = yield* RawBatches
    const nowMillis = yield* Clock.currentTimeMillis
    return yield* Effect.forEach(batches, (b) => raw.send(claim, connection, b, nowMillis))
  })

const sendAll = (sends: ReadonlyArray<Send>) => Producer.use((producer) => producer.sendAll(sends))

/** Waits while the refiner has a window of rows before it, or the stream is not ours; woken when a batch was committed. */
const room = (run: Run, claim: Manifest.Claim) =>
  Effect.gen(function* () {
    const wakeups = yield* Wakeups
    const look = Effect.map(run.transaction(Manifest.inFlight(claim)), (rows) =>
      rows < windowRows ? Option.some(true) : Option.none()
    )
    yield* wakeups.until(`window:${claim.jobId}`, look, "500 millis")
  })

/** The next slice is somebody's turn; the row says which one runs. */
const giveWay = (claim: Manifest.Claim) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const slice = yield* Manifest.nextSlice(claim)
    const { jobId, stream, tenantId } = claim
    yield* commands.send([{ type: "extract", tenantId, jobId, key: stream, slice }])
  })

const end = (claim: Manifest.Claim) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const sealed = yield* Manifest.end(claim)
    const event = { tenantId: claim.tenantId, jobId: claim.jobId, key: claim.stream }
    yield* commands.emit([{ type: "stream-ended", ...event }, ...(sealed ? [{ type: "stream-sealed", ...event }] : [])])
  })

/** For those who tap; nothing of ours depends on it. */
const markEnd = (claim: Manifest.Claim, connection: OpenConnection) =>
  Effect.gen(function* () {
    const raw = yield* RawBatches
    const producer = yield* Producer
    const nowMillis = yield* Clock.currentTimeMillis
    const fed = connection.connector.streams.filter((s) => s.name === claim.stream || s.parent === claim.stream)
    const names = new Set(
      fed
        .map((s) => s.entity)
        .filter((e) => e !== null)
        .filter((e) => claim.entities.includes(e))
    )
    const sends = yield* Effect.forEach(names, (e) => raw.end(claim, connection, e, nowMillis))
    yield* producer.sendAll(sends)
  })
