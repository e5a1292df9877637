// The stage `load`: takes released batches, brings every record to a known outcome at the destination, and ends them in one
// transaction. A message only wakes it: what is to be done stands in `load_batches`, what was done in the ledger.
import { cleaned } from "@bridge/connectors/Clean"
import { Connections } from "@bridge/connectors/Connections"
import { entityNamed, loadOrder } from "@bridge/domain/Entities"
import { Commands } from "@bridge/flow/Commands"
import { batchAddress, batchOf } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import type { Partitions } from "@bridge/flow/Partition"
import { orStageError } from "@bridge/flow/Retry"
import { Poison, type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { wake } from "@bridge/flow/Wakeups"
import { secretsOf } from "@bridge/http/Scrub"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import type { Schemas } from "@bridge/kafka/Schemas"
import type { Elements } from "@bridge/review/Elements"
import type { Blobs } from "@bridge/store/Blobs"
import { enqueue } from "@bridge/store/Outbox"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Metric, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { type Loaded, load } from "./Aggregate.ts"
import { type Batch, type BatchKey, beat, claim, endBatch, holdBatch } from "./Batches.ts"
import { bookOf, type Desk, sinkOf, type Timing } from "./Desk.ts"
import { type JobCard, jobCard } from "./Guard.ts"
import { entriesOf, keyText, settle } from "./Ledger.ts"
import { loadedMessages, type Told } from "./Messages.ts"
import { type Outcome, type PartRef, partOutcomes } from "./Outcome.ts"
import { self } from "./Owner.ts"
import { bell, closeIfDone } from "./Phases.ts"
import { saveLoadResults, saveOutcomes } from "./Results.ts"

export type LoaderNeeds =
  | Blobs
  | Commands
  | Connections
  | Elements
  | Partitions
  | Schemas
  | SqlClient.SqlClient
  | VendorHttp

/** Rows still at work are touched this often; release takes one for abandoned after a minute. */
const beatEvery = "5 seconds"

const poison = (run: Run, message: string): StageError =>
  new StageError({ stage: run.stage, reason: new Poison({ errorClass: "LoadBatch", message }) })

/** Which batch a run is; the run id names it. */
export const keyOf = (run: Pick<Run, "id" | "tenantId">): BatchKey | undefined => {
  const named = batchOf(run.id)
  const [jobId, entityId] = named?.actor.split("/") ?? []
  const entity = entityNamed(entityId ?? "")
  if (named === undefined || jobId === undefined || entity === undefined) return undefined
  return { tenantId: run.tenantId, jobId, entity: entity.id, number: named.batch }
}

const handle = (timing: Timing) => (run: Run) =>
  Effect.gen(function* () {
    const key = keyOf(run)
    if (key === undefined) return yield* poison(run, `${run.id} names no load batch`)
    const claimed = yield* run.transaction(claimWithCard(key))
    if (claimed === undefined) return
    const { batch, card } = claimed
    const desk = yield* deskOf(run, batch, card, timing)
    const heart = Effect.repeat(Effect.delay(asTenant(run.tenantId)(beat(batch)), beatEvery), Schedule.forever)
    const loaded = yield* Effect.raceFirst(load(desk, batch), Effect.andThen(heart, Effect.never))
    yield* finish(desk, batch, loaded)
  }).pipe(
    Effect.catchTag(["BlobError", "VaultError", "RegistryError", "ConnectionError"], (cause) =>
      Effect.fail(new StageError({ stage: run.stage, reason: new Transient({ cause }) }))
    ),
    orStageError(run.stage)
  )

const claimWithCard = (key: BatchKey) =>
  Effect.gen(function* () {
    const batch = yield* claim(key, self)
    return batch === undefined ? undefined : { batch, card: yield* jobCard(batch.jobId) }
  })

const deskOf = (run: Run, batch: Batch, card: JobCard | undefined, timing: Timing) =>
  Effect.gen(function* () {
    if (card === undefined) return yield* poison(run, `job ${batch.jobId} has no destination`)
    const connection = yield* (yield* Connections).open(card.tenantId, card.destinationConnection)
    const sink = sinkOf(connection.connector, batch.entity)
    if (sink === undefined) return yield* poison(run, `${connection.vendor} has no sink for ${batch.entity}`)
    const desk: Desk = {
      transaction: run.transaction,
      waiting: run.waiting,
      card,
      book: bookOf(card),
      connection,
      // Asked for at each answer: the connection may have been opened anew.
      sink: cleaned(sink, () => secretsOf(desk.connection)),
      timing,
      owner: self,
      batch
    }
    return desk
  })

const records = Metric.counter("bridge_records_loaded_total", {
  description: "records whose outcome is known, by outcome",
  incremental: true
})

const count = (desk: Desk, batch: Batch, told: ReadonlyArray<Told>) =>
  Effect.forEach(
    Map.groupBy([...told.map((t) => t.outcome), ...told.flatMap((t) => t.parts)], (o) => o.word),
    ([outcome, list]) =>
      Metric.update(
        Metric.withAttributes(records, { vendor: desk.connection.vendor, entity: batch.entity, outcome }),
        list.length
      ),
    { discard: true }
  )

/** Everything the batch's end makes true, in one transaction; then the progress it speaks of. */
export const finish = (desk: Desk, batch: Batch, loaded: Loaded) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const told = yield* desk.transaction(
      Effect.gen(function* () {
        yield* holdBatch(batch)
        const told = yield* tellings(desk, batch, loaded)
        yield* settle(
          desk.book,
          batch.jobId,
          told
            .filter((t) => loaded.unsettled.has(t.sourceId))
            .map((t) => ({ entity: batch.entity, sourceId: t.sourceId, outcome: t.outcome }))
        )
        yield* saveOutcomes(batch, told)
        yield* enqueue(yield* loadedMessages(batch, told))
        yield* endBatch(batch, loaded.stopped ? "withdrawn" : "done", null)
        // Neighbours share rows of the archive: their locks are taken last.
        yield* saveLoadResults(batch, desk.connection.vendor, told)
        yield* closeIfDone(batch.tenantId, batch.jobId, batch.entity)
        yield* wake(bell(batch.jobId))
        return told
      })
    )
    yield* count(desk, batch, told)
    const rows = told.length + told.reduce((n, t) => n + t.parts.length, 0)
    yield* commands
      .progress([{ tenantId: batch.tenantId, jobId: batch.jobId, stage: "load", entity: batch.entity, rows }])
      .pipe(Effect.ignore)
  })

/** Roots in the order of the batch with their parts' outcomes. */
const tellings = (desk: Desk, batch: Batch, loaded: Loaded) =>
  Effect.gen(function* () {
    const known = batch.records.flatMap((record) => {
      const outcome = loaded.outcomes.get(record.sourceId)
      return outcome === undefined ? [] : [{ record, outcome }]
    })
    // Files may fail by themselves; comments share the fate of a root that was made now.
    const asked = known.flatMap(({ outcome, record }) =>
      wordsOfOld.has(outcome.word) ? record.parts : record.parts.filter((p) => p.entity === "attachment")
    )
    const entries = yield* entriesOf(desk.book, asked)
    const entryOf = (part: PartRef) => entries.get(keyText(part.entity, part.sourceId))
    return known.map(
      ({ outcome, record }): Told => ({
        sourceId: record.sourceId,
        outcome,
        warnings: outcome.word === "failed" ? [] : (loaded.warnings.get(record.sourceId) ?? []),
        parts: partOutcomes(outcome, record.parts, entryOf, batch.jobId)
      })
    )
  })

/** Roots that were there before: what became of their parts stands in the ledger. */
const wordsOfOld: ReadonlySet<Outcome["word"]> = new Set(["skipped", "updated", "matched"])

/** Each batch is an actor of its own; most of a batch's life is waiting, without a permit. */
export const loadStage = (timing: Timing): Stage<LoaderNeeds> => ({
  stage: "load",
  topics: loadOrder.map((e) => recordTopic("approved", e.id)),
  address: (rec) => {
    const address = batchAddress(rec)
    return address === null || address.run === null ? null : { ...address, actor: address.run.id }
  },
  runsInFlight: 1,
  permits: 6,
  maxBytes: 32 * 1024 * 1024,
  maxPartitionBytes: 8 * 1024 * 1024,
  retryFor: "6 hours",
  handle: handle(timing),
  onPoison: (run, error) => setAside(run, error.message)
})

/**
 * A batch that our own fault stops stays open, with the reason and word to the operator: what of it is done is not known
 * here, so it is neither failed nor done. Release wakes it again after a while.
 */
const setAside = (run: Run, message: string) =>
  Effect.gen(function* () {
    const key = keyOf(run)
    if (key === undefined) return
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql`update load_batches set error = ${JSON.stringify({ code: "load-stopped", message })}::jsonb,
        state = 'waiting', updated_at = now()
      where job_id = ${key.jobId}::uuid and entity = ${key.entity} and number = ${key.number}
        and state in ('released', 'sending', 'waiting') returning number`
    if (rows.length === 0) return
    const { jobId, tenantId } = key
    yield* (yield* Commands).emit([
      { type: "load-stopped", tenantId, jobId, key: key.entity, detail: { batch: key.number, message } }
    ])
  })
