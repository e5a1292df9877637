// The refine stage: a batch of raw rows becomes archive, records and normalized messages, in one transaction behind the
// manifest and the version guard. A projection: whatever is repeated, late or out of order changes nothing.
import type { EntityId } from "@bridge/domain/Entities"
import { Commands } from "@bridge/flow/Commands"
import { type Chain, cutSteps } from "@bridge/flow/Cuts"
import { batchAddress, header } from "@bridge/flow/Envelope"
import { topics } from "@bridge/flow/Flow"
import { orStageError } from "@bridge/flow/Retry"
import { Poison, type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { Wakeups } from "@bridge/flow/Wakeups"
import { Producer, type Rec } from "@bridge/kafka/Broker"
import { withRules } from "@bridge/mapping/rules/Rules"
import type { Blobs } from "@bridge/store/Blobs"
import { Clock, Effect, Metric, Option } from "effect"
import type { SqlClient } from "effect/sql"
import * as Archive from "./Archive.ts"
import { type DeadRow, type RawRow, type RefinedBatch, type RefinedRecord, refineRows } from "./Batch.ts"
import { madeOf } from "./chain/Link.ts"
import type { Made } from "./chain/Made.ts"
import { Envelopes, type Head, type RawBatch, type RawRecord } from "./Envelopes.ts"
import { batchKeyOf } from "./Keys.ts"
import { archiveRows } from "./Layout.ts"
import { type CompiledMapping, Mappings } from "./Mappings.ts"
import { Normalized } from "./Normalized.ts"
import { isRefused, withoutRefused } from "./Refused.ts"
import { largeElements, withBodies } from "./Rows.ts"
import { Sources } from "./Sources.ts"

export type Needs =
  | Blobs
  | Commands
  | Envelopes
  | Mappings
  | Normalized
  | Producer
  | SqlClient.SqlClient
  | Sources
  | Wakeups

const stage = "refine"
const mib = 1024 * 1024

/** A record of the run, with its row where it could be read. */
interface Read {
  readonly recs: ReadonlyArray<Rec>
  readonly raw: RawBatch
  readonly rows: ReadonlyArray<RawRow>
  /** Records that are no rows at all. */
  readonly unreadable: ReadonlyArray<{ readonly rec: Rec; readonly error: Poison }>
}

/** The job changed under our hands: what was made is out of date. Nobody acts; it is made again. */
const stale = Symbol("stale")
type Outcome = "done" | "dropped" | typeof stale

/** Of senders that were replaced, of jobs that have ended or are approved; tallies do not count them either. */
const dropped = Metric.counter("bridge_batches_dropped_total", {
  description: "Batches that do not count and were dropped",
  incremental: true
})

const handle = (run: Run, made: MadeOf | null): Effect.Effect<void, StageError, Needs> =>
  Effect.gen(function* () {
    const named = batchKeyOf(run)
    if (named === undefined) return yield* poisoned("Unaddressable", `${run.id} names no batch`)
    const { epoch, key } = named
    const { prepared, standing } = yield* counted(run, key, epoch)
    if (standing.state === "refined") return
    // Abandoned or unknown: nothing of it counts. Promise 2: the owner that replaced this one reads it again.
    if (standing.state !== "sent") return yield* Metric.update(dropped, 1)
    // Every row was acknowledged before the batch became `sent`: what is missing comes, or we must look for it.
    if (run.records.length !== standing.rows)
      return yield* failed(new Error(`${run.id}: ${run.records.length} of ${standing.rows} rows`))
    const read = yield* readRows(run, key, epoch, made)
    let fresh = prepared
    const once = Effect.suspend(() => {
      const first = fresh
      fresh = undefined
      return refineOnce(run, key, epoch, read, first)
    })
    const outcome = yield* once.pipe(Effect.repeat({ while: (outcome) => outcome === stale, times: 20 }))
    if (outcome === stale) return yield* failed(new Error(`${run.id}: the mapping changes all the time`))
    if (outcome === "dropped") yield* Metric.update(dropped, 1)
  }).pipe(orStageError(stage))

const failed = (cause: unknown) => Effect.fail(new StageError({ stage, reason: new Transient({ cause }) }))
const poisoned = (errorClass: string, message: string) =>
  Effect.fail(new StageError({ stage, reason: new Poison({ errorClass, message }) }))

interface Counted {
  readonly standing: Archive.Standing
  /** The job as it was at the same time, where the batch counts and may be written. */
  readonly prepared: Prepared | undefined
}

/** What the manifest says, once it is no longer `sending`; the permit is given back meanwhile. */
const counted = (run: Run, key: Archive.BatchKey, epoch: bigint) => {
  const sent = run.transaction(
    Effect.gen(function* () {
      const standing = yield* Archive.standing(key, epoch, false)
      if (standing.state === "sent") return Option.some<Counted>({ standing, prepared: yield* jobOf(key) })
      if (standing.state !== "sending") return Option.some<Counted>({ standing, prepared: undefined })
      // Of a job that has ended nobody says any more what became of the batch.
      const job = yield* Archive.jobFacts(key.jobId, "none")
      if (job?.writable === true) return Option.none<Counted>()
      return Option.some<Counted>({ standing: { state: "unknown" }, prepared: undefined })
    })
  )
  return Effect.flatMap(sent, (now) =>
    Option.isSome(now)
      ? Effect.succeed(now.value)
      : Effect.flatMap(Wakeups, (wakeups) => run.waiting(wakeups.until(`batches:${key.jobId}`, sent, "500 millis")))
  )
}

type MadeOf = (rec: Rec) => Made | undefined

const readRows = (run: Run, key: Archive.BatchKey, epoch: bigint, made: MadeOf | null) =>
  Effect.gen(function* () {
    const envelopes = yield* Envelopes
    const values = run.records.flatMap((rec) => (rec.value === null ? [] : [rec.value]))
    const reader = yield* envelopes.reader(key.entity, values).pipe(Effect.catchIf((error) => error.transient, failed))
    const rows: Array<RawRecord> = []
    const unreadable: Array<Read["unreadable"][number]> = []
    let head: Head | undefined
    for (const [position, rec] of run.records.entries()) {
      try {
        const one = reader(rec.value ?? Buffer.alloc(0), header(rec, "ce_id") ?? "")
        if (one.head !== head && !isOf(one.head, key, epoch))
          throw new Error("the headers name another batch than the value")
        if (one.row.position !== position) throw new Error(`position ${one.row.position} stands at ${position}`)
        head = one.head
        const before = made?.(rec)
        rows.push(before === undefined ? one.row : { ...one.row, made: before })
      } catch (fault) {
        unreadable.push({
          rec,
          error: letter("Undecodable", fault instanceof Error ? fault.message : String(fault), key)
        })
      }
    }
    const bodies = yield* withBodies(run.tenantId, rows)
    return {
      recs: run.records,
      raw: head?.batch ?? { connectionId: "", sourceSystem: "", extractedAt: 0 },
      rows: bodies.rows,
      unreadable: [
        ...unreadable,
        ...bodies.lost.map((row) => ({
          rec: run.records[row.position] as Rec,
          error: letter("BlobMissing", "the body is not in the blob store", key, row.sourceId)
        }))
      ]
    } satisfies Read
  })

const isOf = (head: Head, key: Archive.BatchKey, epoch: bigint): boolean =>
  head.jobId === key.jobId && head.stream === key.stream && head.number === key.number && head.epoch === epoch

const letter = (errorClass: string, message: string, key: Archive.BatchKey, sourceId?: string): Poison =>
  new Poison({ errorClass, message, entity: key.entity, jobId: key.jobId, ...(sourceId !== undefined && { sourceId }) })

interface Prepared extends CompiledMapping {
  readonly job: Archive.JobFacts
}

/** The job and its mapping; undefined when nothing may be written any more. Runs inside a transaction of the tenant. */
const jobOf = (key: Archive.BatchKey) =>
  Effect.gen(function* () {
    const mappings = yield* Mappings
    const job = yield* Archive.jobFacts(key.jobId, "none")
    if (job === undefined || !job.writable) return undefined
    return { ...(yield* mappings.of(job)), job } satisfies Prepared
  }).pipe(Effect.catchTag("MappingUnusable", failed))

const refineOnce = (run: Run, key: Archive.BatchKey, epoch: bigint, read: Read, first: Prepared | undefined) =>
  Effect.gen(function* () {
    const prepared = first ?? (yield* run.transaction(jobOf(key)))
    if (prepared === undefined) return "dropped" as Outcome
    const sources = yield* Sources
    const { normaliser } = yield* sources.reader(run.tenantId, prepared.job.sourceConnection).pipe(Effect.catch(failed))
    const wanted = new Set(prepared.job.entities)
    const normalized = yield* Normalized
    const now = yield* Clock.currentTimeMillis
    const tell = yield* normalized.teller(key, read.raw, prepared.job.revision, now).pipe(Effect.catch(failed))
    const batch = yield* withRules(prepared.mapping, prepared.transforms, (transforms, asking) =>
      refineRows(key.entity, read.rows, { normaliser, transforms, wanted, tell: asking ? null : tell })
    )
    const stored = yield* largeElements(run.tenantId, batch.records)
    const publishing = publish(run, batch.records)
    const [rows] = yield* Effect.all([laidOut(key, read, batch, stored), publishing], { concurrency: 2 })
    return yield* store(run, key, epoch, read, prepared, { batch, stored, rows })
  })

/** Acknowledged before the commit: what is in the tables is in the topics. */
const publish = (run: Run, records: ReadonlyArray<RefinedRecord>) =>
  Effect.gen(function* () {
    const normalized = yield* Normalized
    const producer = yield* Producer
    yield* run.inOrder(producer.sendAll(normalized.sends(run.tenantId, records)))
  })

/** A batch as it goes into the tables. */
interface Laid {
  readonly batch: RefinedBatch
  /** What stands in the archive for elements too large for it. */
  readonly stored: ReadonlyMap<RefinedRecord, string>
  readonly rows: ReadonlyArray<Archive.ArchiveRow>
}

const laidOut = (key: Archive.BatchKey, read: Read, batch: RefinedBatch, stored: Laid["stored"]) =>
  Archive.packedRows(archiveRows(key.entity, read.recs.length, read.rows, batch, stored))

const store = (run: Run, key: Archive.BatchKey, epoch: bigint, read: Read, prepared: Prepared, laid: Laid) =>
  Effect.gen(function* () {
    const { batch, stored } = laid
    const attempt = commit(run, key, epoch, read, prepared, laid)
    const part = (some: ReadonlyArray<RawRow>, batch: RefinedBatch) =>
      Effect.map(laidOut(key, { ...read, rows: some }, batch, stored), (rows): Laid => ({ batch, stored, rows }))
    const rest = withoutRefused(run, read.rows, batch, (some, of) =>
      Effect.flatMap(part(some, of), (one) => write(key, read, prepared, one))
    ).pipe(
      Effect.flatMap((rest) => part(read.rows, rest)),
      Effect.flatMap((one) => commit(run, key, epoch, read, prepared, one))
    )
    const outcome = yield* attempt.pipe(Effect.catchIf(isRefused, () => rest))
    // Nobody waits for it: it would keep the next batch from work.
    if (outcome === "done") yield* Effect.forkDetach(announce(run, key, batch))
    return outcome
  })

const write = (key: Archive.BatchKey, read: Read, prepared: Prepared, { batch, rows }: Laid) =>
  Effect.gen(function* () {
    yield* Archive.archive(key, read.raw.sourceSystem, read.raw.extractedAt, rows)
    yield* Archive.records(key, prepared.job.revision, batch.records)
  })

/** Promise 1: archive, records, dead letters and the end of the batch become true together, or not at all. */
const commit = (run: Run, key: Archive.BatchKey, epoch: bigint, read: Read, prepared: Prepared, laid: Laid) =>
  run.transaction(
    Effect.gen(function* () {
      // Promise 3: from approval on nothing changes; the share lock keeps approvals out until we are done.
      const job = yield* Archive.jobFacts(key.jobId, "share")
      if (job === undefined || !job.writable) return "dropped" as Outcome
      if (job.revision !== prepared.job.revision) return stale as Outcome
      const standing = yield* Archive.standing(key, epoch, true)
      if (standing.state !== "sent") return "dropped" as Outcome
      yield* write(key, read, prepared, laid)
      yield* run.deadLetter([...read.unreadable, ...laid.batch.dead.map((dead) => letterOf(key, read, dead))])
      yield* Archive.refined(key, job.revision)
      yield* sealed(key)
      return "done" as Outcome
    })
  )

const letterOf = (key: Archive.BatchKey, read: Read, { code, message, row }: DeadRow) => ({
  rec: read.recs[row.position] as Rec,
  error: letter(code, message, key, row.sourceId)
})

/** In the same transaction as the last batch: the event cannot be lost. */
export const sealed = (key: Pick<Archive.BatchKey, "jobId" | "stream" | "tenantId">) =>
  Effect.gen(function* () {
    if (!(yield* Archive.seal(key.jobId, key.stream))) return
    const commands = yield* Commands
    const { jobId, stream, tenantId } = key
    yield* commands.emit([{ type: "stream-sealed", tenantId, jobId, key: stream, detail: { stream } }])
  })

/** After the commit; a lost one changes nothing. */
const announce = (run: Run, key: Archive.BatchKey, { records }: RefinedBatch) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const counts = new Map<EntityId, number>([[key.entity, 0]])
    for (const record of records) counts.set(record.entity, (counts.get(record.entity) ?? 0) + 1)
    yield* commands
      .progress(
        [...counts].map(([entity, rows]) => ({ tenantId: run.tenantId, jobId: key.jobId, stage, entity, rows }))
      )
      .pipe(Effect.ignore)
  })

/** The whole batch is in dead letters: it counts as refined, so that the stream can be sealed without it. */
const onPoison = (run: Run) =>
  Effect.gen(function* () {
    const named = batchKeyOf(run)
    if (named === undefined) return
    const job = yield* Archive.jobFacts(named.key.jobId, "share")
    const standing = yield* Archive.standing(named.key, named.epoch, true)
    // Rows that never came are in no dead letter either: the stream stays open until somebody has looked.
    if (standing.state !== "sent" || run.records.length !== standing.rows) return
    yield* Archive.refined(named.key, job?.revision ?? 1)
    yield* sealed(named.key)
  })

/** The stage over raw records, or over those that stages before it have begun with. */
export const refineFrom = (kind: Chain["reads"]): Stage<Needs> => ({
  stage,
  topics: topics(true, cutSteps).flatMap((topic) => (topic.kind === kind ? [topic.name] : [])),
  address: batchAddress,
  // Stack measurements: four runs in flight; one at a time costs 35 %.
  runsInFlight: 4,
  permits: 4,
  maxBytes: 64 * mib,
  maxPartitionBytes: 8 * mib,
  handle: (run) => handle(run, kind === "raw" ? null : madeOf),
  onPoison
})

export const refine = refineFrom("raw")
