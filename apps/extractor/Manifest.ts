// The extractor's tables: the manifest of batches and the checkpoint of a stream, under the stream's epoch.
// Postgres says which batches count; a Kafka send cannot be fenced. All functions run inside the caller's transaction.
import type { Cursor } from "@bridge/connectors/Connector"
import type { Gap } from "@bridge/connectors/Reading"
import type { FileOutcome } from "@bridge/connectors/Row"
import type { Survey } from "@bridge/connectors/Survey"
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import type { JobOptions } from "@bridge/domain/Jobs"
import { wake } from "@bridge/flow/Wakeups"
import { nullable } from "@bridge/store/Arrays"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Batch, Group } from "./Cut.ts"

/** The stream as this owner has it: everything a slice needs. */
export interface Claim {
  readonly tenantId: string
  readonly jobId: string
  readonly stream: string
  readonly entity: EntityId
  readonly epoch: number
  readonly checkpoint: Cursor | null
  /** Listed rows taken up to the checkpoint. */
  readonly taken: number
  /** The stream was counted (Counting.ts). */
  readonly surveyed: boolean
  readonly nextBatch: Readonly<Record<string, number>>
  /** Start of the whole read, fixed at the first claim: UTC, ISO 8601. */
  readonly readAt: string
  readonly connectionId: string
  readonly entities: ReadonlyArray<string>
  readonly options: JobOptions
}

interface ClaimRow {
  readonly entity: EntityId
  readonly taken: bigint
  readonly surveyed: boolean
  readonly epoch: bigint
  readonly checkpoint: Cursor | null
  readonly next_batch: Readonly<Record<string, number>>
  readonly read_at: Date
  readonly source_connection: string
  readonly entities: ReadonlyArray<string>
  readonly options: JobOptions
}

/**
 * Takes the stream for a slice: raises the epoch (every older owner is fenced from here on), abandons what the old owner
 * was sending. Undefined when the command is stale: another slice, ended, or the job does not extract now.
 */
export const claim = (tenantId: string, jobId: string, stream: string, slice: number, owner: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<ClaimRow>`update job_streams s set epoch = s.epoch + 1, owner = ${owner},
        started_at = coalesce(s.started_at, now()), read_at = coalesce(s.read_at, now()), updated_at = now()
      from jobs j
      where s.job_id = ${jobId}::uuid and s.stream = ${stream} and s.slice = ${slice} and not s.ended and j.id = s.job_id
        and j.state in ('running', 'extracting') and not j.paused and not j.cancel_requested
      returning s.entity, s.taken, s.survey is not null as surveyed, s.epoch, s.checkpoint, s.next_batch, s.read_at, j.source_connection::text, j.entities, j.options`
    if (row === undefined) return undefined
    yield* sql`update job_batches set state = 'abandoned'
      where job_id = ${jobId}::uuid and stream = ${stream} and state = 'sending' and epoch < ${row.epoch}`
    return {
      tenantId,
      jobId,
      stream,
      entity: row.entity,
      epoch: Number(row.epoch),
      checkpoint: row.checkpoint,
      taken: Number(row.taken),
      surveyed: row.surveyed,
      nextBatch: row.next_batch,
      readAt: row.read_at.toISOString().replace(/\.\d+Z$/, "Z"),
      connectionId: row.source_connection,
      entities: row.entities,
      options: row.options
    } satisfies Claim
  })

export type Standing = "mine" | "lost" | "stopped"

/** Locks the stream row: still this owner's, and still wanted? Promise 8, and cancel within 5 s. */
export const standing = (c: Claim) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ epoch: bigint; wanted: boolean }>`select s.epoch,
        j.state in ('running', 'extracting') and not j.paused and not j.cancel_requested as wanted
      from job_streams s join jobs j on j.id = s.job_id where s.job_id = ${c.jobId}::uuid and s.stream = ${c.stream} for update of s`
    if (row === undefined || Number(row.epoch) !== c.epoch) return "lost" as Standing
    return (row.wanted ? "mine" : "stopped") as Standing
  })

/** Writes batches into the manifest before they are sent; the numbers are used up whether or not the send comes through. */
export const begin = (c: Claim, batches: ReadonlyArray<Batch>, next: Readonly<Record<string, number>>) =>
  Effect.gen(function* () {
    if (batches.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into job_batches (tenant_id, job_id, stream, entity, number, epoch, rows, bytes, hash, state)
      select ${c.tenantId}::uuid, ${c.jobId}::uuid, ${c.stream}, e, n, ${c.epoch}, r, b, h, 'sending'
      from unnest(${batches.map((b) => b.entity)}::text[], ${batches.map((b) => b.number)}::int[], ${batches.map((b) => b.rows.length)}::int[],
        ${batches.map((b) => b.bytes)}::int[], ${batches.map(batchHash)}::text[]) as t(e, n, r, b, h)`
    yield* sql`update job_streams set next_batch = ${JSON.stringify(next)}::jsonb where job_id = ${c.jobId}::uuid and stream = ${c.stream}`
  })

/** After the send: the batches count and the checkpoint moves, in one step. Promise 1. */
export const finish = (c: Claim, batches: ReadonlyArray<Batch>, group: Omit<Group, "rows">) =>
  Effect.gen(function* () {
    const { calls, gaps, leftOut, next: checkpoint, poison, taken } = group
    const sql = yield* SqlClient.SqlClient
    if (batches.length > 0) {
      yield* sql`update job_batches b set state = 'sent', sent_at = now()
        from unnest(${batches.map((b) => b.entity)}::text[], ${batches.map((b) => b.number)}::int[]) as t(e, n)
        where b.job_id = ${c.jobId}::uuid and b.stream = ${c.stream} and b.entity = t.e and b.number = t.n and b.epoch = ${c.epoch}`
    }
    yield* letters(c, poison)
    yield* missing(c, gaps)
    const rows = batches.reduce((n, b) => n + b.rows.length, 0)
    yield* sql`update job_streams set checkpoint = coalesce(${checkpoint === null ? null : JSON.stringify(checkpoint)}::jsonb, checkpoint),
        rows = rows + ${rows}, calls = calls + ${calls}, taken = taken + ${taken}, left_out = left_out + ${leftOut},
        error = null, updated_at = now()
      where job_id = ${c.jobId}::uuid and stream = ${c.stream}`
    yield* wake(`batches:${c.jobId}`)
  })

/** Rows that cannot even be named: nothing of them is lost, the reason stands beside the bytes. Promise 2. */
const letters = (c: Claim, poison: Group["poison"]) =>
  Effect.gen(function* () {
    if (poison.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into dead_letters (tenant_id, job_id, stage, entity, event_id, topic, part, position, error_class, error, payload)
      select ${c.tenantId}::uuid, ${c.jobId}::uuid, 'extract', n, i, ${c.stream}, 0, 0, 'unnamed-row', e::jsonb, decode(p, 'base64')
      from unnest(${nullable(poison.map((p) => p.entity))}::text[], ${poison.map((p) => `${c.jobId}/${p.stream}/${sha256(p.json)}`)}::text[],
        ${poison.map((p) => JSON.stringify({ message: p.error, stream: p.stream }))}::text[],
        ${poison.map((p) => p.json.toString("base64"))}::text[]) as t(n, i, e, p) on conflict do nothing`
  })

/** What the stream goes on without; the same again, from a page that is read again, says nothing new. */
const missing = (c: Claim, gaps: ReadonlyArray<Gap>) =>
  Effect.gen(function* () {
    if (gaps.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`update job_streams s set gaps = (select jsonb_agg(distinct g) from jsonb_array_elements(s.gaps || ${JSON.stringify(gaps)}::jsonb) g)
      where job_id = ${c.jobId}::uuid and stream = ${c.stream}`
  })

/** A file that is in the blob store, whoever has put it there for this job. */
export const keptFile = (c: Claim, sourceId: string, version: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ sha256: string; bytes: bigint }>`select sha256, bytes from job_files
      where job_id = ${c.jobId}::uuid and source_id = ${sourceId} and version = ${version} and state = 'stored'`
    return row === undefined ? undefined : { sha256: row.sha256, bytes: Number(row.bytes) }
  })

/** What became of a file; the newest counts. */
export const keepFile = (c: Claim, sourceId: string, version: string, outcome: FileOutcome) =>
  Effect.gen(function* () {
    if (outcome.state === "unread") return
    const sql = yield* SqlClient.SqlClient
    const stored = outcome.state === "stored" ? outcome : undefined
    yield* sql`insert into job_files (tenant_id, job_id, source_id, version, state, sha256, bytes, problem)
      values (${c.tenantId}::uuid, ${c.jobId}::uuid, ${sourceId}, ${version}, ${outcome.state}, ${stored?.sha256 ?? null},
        ${stored?.size ?? null}, ${outcome.problem ?? null})
      on conflict (job_id, source_id) do update set version = excluded.version, state = excluded.state,
        sha256 = excluded.sha256, bytes = excluded.bytes, problem = excluded.problem, at = now()`
  })

/** How much there is, for those who ask how long it takes. */
export const surveyed = (c: Claim, survey: Survey) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update job_streams set survey = ${JSON.stringify(survey)}::jsonb
      where job_id = ${c.jobId}::uuid and stream = ${c.stream} and epoch = ${c.epoch}`
  )

/** Which records of an entity what was read so far refers to, by the vendor's ids. */
export const referredTo = (c: Claim) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ native: string }>`with mine as materialized (
        select refs from job_records where job_id = ${c.jobId}::uuid and refs is not null)
      select distinct k.value ->> 'nativeId' as native from mine, jsonb_each(mine.refs) k
      where k.value ->> 'entity' = ${c.entity}`
    return new Set(rows.map(({ native }) => native))
  })

/** Rows between extractor and refiner right now. */
export const inFlight = (c: Claim) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ rows: number }>`select coalesce(sum(rows), 0)::int as rows from job_batches
      where job_id = ${c.jobId}::uuid and stream = ${c.stream} and state in ('sending', 'sent')`
    return row?.rows ?? 0
  })

/** The stream has come to its end; sealed at once when the refiner has already caught up. */
export const end = (c: Claim) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ sealed: boolean }>`update job_streams s set ended = true, updated_at = now(),
        sealed_at = case when not exists (select 1 from job_batches b where b.job_id = s.job_id and b.stream = s.stream
          and b.state in ('sending', 'sent')) then now() end
      where job_id = ${c.jobId}::uuid and stream = ${c.stream} and epoch = ${c.epoch} returning sealed_at is not null as sealed`
    return row?.sealed ?? false
  })

/** The next slice is somebody's turn: the row says which one runs. */
export const nextSlice = (c: Claim) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ slice: number }>`update job_streams set slice = slice + 1, updated_at = now()
      where job_id = ${c.jobId}::uuid and stream = ${c.stream} returning slice`
    return row?.slice ?? 0
  })

/** Stopped in the middle: what is on its way does not count, and nobody waits for it. It is read again after a pause. */
export const abandon = (c: Claim) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    if ((yield* standing(c)) === "lost") return
    yield* sql`update job_batches set state = 'abandoned'
      where job_id = ${c.jobId}::uuid and stream = ${c.stream} and state = 'sending' and epoch = ${c.epoch}`
    yield* wake(`batches:${c.jobId}`)
  })

/** The stream cannot go on without a person: the scheduler fails the job with these words. False: it does not run. */
export const fail = (jobId: string, stream: string, error: { readonly code: string; readonly message: string }) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql`update job_streams s set error = ${JSON.stringify(error)}::jsonb, updated_at = now()
      from jobs j where s.job_id = ${jobId}::uuid and s.stream = ${stream} and not s.ended and j.id = s.job_id
        and j.state in ('running', 'extracting') returning s.stream`
    return rows.length > 0
  })

/** The stream waits (for a window, a limit): it moves, it only takes its time. */
export const touch = (c: Claim) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) =>
      sql`update job_streams set updated_at = now() where job_id = ${c.jobId}::uuid and stream = ${c.stream} and epoch = ${c.epoch}`
  )

const batchHash = (b: Batch): string => sha256(b.rows.map((r) => r.hash).join(""))
