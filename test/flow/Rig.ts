// What the tests of this folder share: gates at the edges, the books of a job, what the source holds.
// What does not belong here: servers and tenants (harness/World.ts), what a test is about.
import { extract, extractWith, type Tuning } from "@bridge/extractor/Extractor"
import { Files } from "@bridge/extractor/Files"
import { RawBatches } from "@bridge/extractor/RawBatch"
import { Commands } from "@bridge/flow/Commands"
import type { RuntimeOptions } from "@bridge/flow/Runtime"
import { runStage } from "@bridge/flow/Runtime"
import type { Run, Stage } from "@bridge/flow/Stage"
import { cutPage } from "@bridge/http/Rows"
import { Producer, type Send } from "@bridge/kafka/Broker"
import { always } from "@bridge/platform/Platform"
import { Envelopes } from "@bridge/refiner/Envelopes"
import { Mappings } from "@bridge/refiner/Mappings"
import { Normalized } from "@bridge/refiner/Normalized"
import { refine } from "@bridge/refiner/Refiner"
import { settler } from "@bridge/refiner/Settler"
import { Sources } from "@bridge/refiner/Sources"
import type { Sandbox } from "@bridge/sandbox/Sandbox"
import { type CorpusEntity, corpusLines } from "@bridge/sandbox/Truth"
import { asTenant } from "@bridge/store/Postgres"
import { unpacked } from "@bridge/store/RawData"
import { PgClient } from "@effect/sql-pg"
import { Config, Deferred, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { eventually, type World } from "../harness/World.ts"

/** Somebody is held here until the test lets go. */
export interface Gate {
  readonly reached: Promise<void>
  readonly open: () => void
  /** Only the `at`-th one to come (from 1) is held. */
  readonly pass: Effect.Effect<void>
}

export const gate = (at = 1): Gate => {
  const reached = Deferred.makeUnsafe<void>()
  const opened = Deferred.makeUnsafe<void>()
  let came = 0
  return {
    reached: Effect.runPromise(Deferred.await(reached)),
    open: () => void Deferred.doneUnsafe(opened, Effect.void),
    pass: Effect.suspend(() => {
      if (++came !== at) return Effect.void
      return Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(opened))
    })
  }
}

/** The real producer, with something before and after sends to the topics named. */
export const producerWith = (
  topic: RegExp,
  around: { readonly before?: Effect.Effect<void>; readonly after?: Effect.Effect<void> }
) =>
  Layer.effect(
    Producer,
    Effect.map(Producer, ({ sendAll }) => {
      const meant = (sends: ReadonlyArray<Send>) => sends.some((s) => s.messages.length > 0 && topic.test(s.topic))
      const all = (sends: ReadonlyArray<Send>) =>
        meant(sends)
          ? Effect.andThen(around.before ?? Effect.void, sendAll(sends)).pipe(
              Effect.tap(() => around.after ?? Effect.void)
            )
          : sendAll(sends)
      return Producer.of({ send: (one) => all([one]), sendAll: all })
    })
  )

export interface Watched<R> {
  readonly stage: Stage<R>
  readonly running: () => number
}

export interface Gates {
  readonly before?: Gate
  readonly inside?: Gate
  /** Only runs of this job come to the gates: the topics are shared, and who reads them gets everybody's. */
  readonly job?: string
}

/** Counts the runs at work; what comes to a gate is a transaction: that is about to begin, or that has begun. */
export const watched = <R>(stage: Stage<R>, gates: Gates = {}): Watched<R> => {
  let running = 0
  const comes = (run: Run): boolean => gates.job === undefined || run.actor.startsWith(`${gates.job}/`)
  const before = gates.before?.pass ?? Effect.void
  const inside = gates.inside?.pass ?? Effect.void
  const heldUp = (run: Run): Run => ({
    ...run,
    transaction: (body) => Effect.andThen(before, run.transaction(Effect.andThen(inside, body)))
  })
  return {
    running: () => running,
    stage: {
      ...stage,
      handle: (run) =>
        Effect.suspend(() => {
          running++
          return stage.handle(comes(run) ? heldUp(run) : run)
        }).pipe(Effect.ensuring(Effect.sync(() => void running--)))
    }
  }
}

export const ended = ({ running }: { readonly running: () => number }) =>
  eventually(
    async () => running(),
    (n) => n === 0
  )

type EdgeLayer = Layer.Layer<Producer, never, Producer>

export interface Part {
  readonly options?: RuntimeOptions
  readonly edge?: EdgeLayer
}

const close = <R>(stage: Stage<R>, { options }: Part) => always(stage.stage, runStage(stage, options))

/** An extractor with other edges, tuning or group than the service has. */
export const extractorWith = (part: Part & { readonly tuning?: Tuning; readonly stage?: typeof extract } = {}) => {
  const stage = part.stage ?? (part.tuning === undefined ? extract : extractWith(part.tuning))
  const layer = close(stage, part).pipe(Layer.provide([RawBatches.layer, Files.layer]))
  return part.edge === undefined ? layer : layer.pipe(Layer.provide(part.edge))
}

/** What the refine stage needs beside the platform. */
export const refining = Layer.mergeAll(Envelopes.layer, Mappings.layer, Normalized.layer, Sources.layer)

/** The refiner, likewise; settling goes on as ever. */
export const refinerWith = (part: Part & { readonly stage?: typeof refine } = {}) => {
  const layer = Layer.merge(close(part.stage ?? refine, part), close(settler, {})).pipe(Layer.provide(refining))
  return part.edge === undefined ? layer : layer.pipe(Layer.provide(part.edge))
}

/** As the owner of the database: whoever may do what services may not. */
export const asOwner = <A>(
  w: World,
  use: (sql: SqlClient.SqlClient) => Effect.Effect<A, unknown>,
  database?: string
): Promise<A> =>
  Effect.gen(function* () {
    const url = new URL(yield* Config.String("DATABASE_URL"))
    if (database !== undefined) url.pathname = `/${database}`
    return yield* Effect.flatMap(SqlClient.SqlClient, use).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(url.href), maxConnections: 1 }))
    )
  }).pipe(Effect.provide(w.env), Effect.scoped, Effect.runPromise)

export interface StreamRow {
  readonly stream: string
  readonly slice: number
  readonly epoch: number
  readonly ended: boolean
  readonly sealed: boolean
  readonly rows: number
}

export const streams = (w: World, job: string) =>
  w.rows<StreamRow>(
    (sql) => sql<StreamRow>`select stream, slice, epoch::int, ended, sealed_at is not null as sealed, rows::int
      from job_streams where job_id = ${job}::uuid order by stream`
  )

export const state = (w: World, job: string): Promise<string | undefined> =>
  w.rows<{ state: string }>((sql) => sql`select state from jobs where id = ${job}::uuid`).then(([row]) => row?.state)

/** As the API does: the row, and the event that wakes the scheduler. */
export const decide = (w: World, job: string, type: "job-cancel-requested" | "job-paused" | "job-resumed") =>
  w.use(
    asTenant(w.tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const commands = yield* Commands
        yield* type === "job-cancel-requested"
          ? sql`update jobs set cancel_requested = true where id = ${job}::uuid`
          : sql`update jobs set paused = ${type === "job-paused"} where id = ${job}::uuid`
        yield* commands.emit([{ type, tenantId: w.tenantId, jobId: job }])
      })
    )
  )

/** Everything is archived and settled, and the source account is free again. */
export const reviewable = (w: World, job: string, withinMillis = 120_000) =>
  eventually(
    () => state(w, job),
    (is) => is === "validation_pending",
    withinMillis
  )

export interface Books {
  /** Rows of batches that count, by entity of the batch. */
  readonly manifest: Readonly<Record<string, number>>
  /** Rows in the archive. */
  readonly archive: Readonly<Record<string, number>>
  /** Source ids of records. */
  readonly records: Readonly<Record<string, ReadonlyArray<string>>>
  readonly dead: number
  /** Batches by state. */
  readonly batches: Readonly<Record<string, number>>
}

interface Count {
  readonly entity: string
  readonly n: number
}

const byEntity = (rows: ReadonlyArray<Count>) => Object.fromEntries(rows.map((r) => [r.entity, r.n]))

export const books = async (w: World, job: string): Promise<Books> => {
  const manifest = await w.rows<Count>(
    (sql) => sql<Count>`select entity, sum(rows)::int as n from job_batches where job_id = ${job}::uuid
      and state in ('sent', 'refined') group by entity order by entity`
  )
  const archive = await w.rows<Count>(
    (sql) => sql<Count>`select entity_type as entity, sum(record_count)::int as n from job_extracted_data
      where job_id = ${job}::uuid group by entity_type order by entity_type`
  )
  const ids = await w.rows<{ entity: string; ids: ReadonlyArray<string> }>(
    (sql) => sql`select entity, array_agg(source_id order by source_id collate "C") as ids from job_records
      where job_id = ${job}::uuid group by entity order by entity`
  )
  const [dead] = await w.rows<{ n: number }>(
    (sql) => sql`select count(*)::int as n from dead_letters where job_id = ${job}::uuid`
  )
  const batches = await w.rows<Count>(
    (sql) =>
      sql<Count>`select state as entity, count(*)::int as n from job_batches where job_id = ${job}::uuid group by state`
  )
  return {
    manifest: byEntity(manifest),
    archive: byEntity(archive),
    records: Object.fromEntries(ids.map((r) => [r.entity, r.ids])),
    dead: dead?.n ?? 0,
    batches: byEntity(batches)
  }
}

/** Ids of the source's tickets and conversations as they are now. */
export const sourceIds = (sandbox: Sandbox, entity: CorpusEntity, host?: string): ReadonlyArray<string> => {
  const account = sandbox.world.freshservice.get(host ?? sandbox.hosts.freshservice)
  if (account === undefined) throw new Error("no such account")
  return [...corpusLines(account, entity)].map((line) => String(Reflect.get(line, "id"))).toSorted()
}

/** The rows of an entity that the archive holds, as the vendor's bytes. */
export const archivedRows = async (of: World, job: string, entity: string) => {
  const batches = await of.rows(
    (sql) => sql<{
      stream: string
      batch: number
      raw: Uint8Array
    }>`select stream, batch_number as batch, raw_data as raw
      from job_extracted_data where job_id = ${job}::uuid and entity_type = ${entity} and raw_data is not null`
  )
  const cut = batches.map(async ({ batch, raw, stream }) =>
    cutPage(await Effect.runPromise(unpacked(raw)), "", []).rows.map(({ json }, position) => ({
      stream,
      batch,
      position,
      body: json
    }))
  )
  return (await Promise.all(cut)).flat()
}

/** The books of a job of tickets and comments when it can be reviewed, and what stands in them when each row was read once. */
export const readOnce = async (w: World, sandbox: Sandbox, job: string) => {
  await reviewable(w, job)
  const { archive, dead, manifest, records } = await books(w, job)
  const [ticket, comment] = [sourceIds(sandbox, "ticket"), sourceIds(sandbox, "comment")]
  const counts = { ticket: ticket.length, comment: comment.length }
  return {
    is: { manifest, archive, dead, records: { ticket: records.ticket, comment: records.comment } },
    should: { manifest: counts, archive: counts, dead: 0, records: { ticket, comment } }
  }
}
