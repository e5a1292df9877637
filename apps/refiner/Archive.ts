// The refiner's tables: the archive of batches, the records, the end of a batch and the seal of a stream.
// All functions run inside the caller's transaction of the tenant. What does not belong here: what is written (Batch.ts).
import type { EntityId } from "@bridge/domain/Entities"
import { wake } from "@bridge/flow/Wakeups"
import { cutPage } from "@bridge/http/Rows"
import { nullable } from "@bridge/store/Arrays"
import { packed, unpacked } from "@bridge/store/RawData"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { RefinedRecord } from "./Batch.ts"

/** A batch of the manifest. */
export interface BatchKey {
  readonly tenantId: string
  readonly jobId: string
  /** The driving stream. */
  readonly stream: string
  readonly entity: EntityId
  readonly number: number
}

/** The refiner writes only while nothing is approved and the job is alive; from approval on archive and records are frozen. */
export interface JobFacts {
  readonly writable: boolean
  readonly revision: number
  readonly mappingId: string | null
  readonly mappingVersion: number | null
  readonly sourceVendor: string
  readonly destinationVendor: string | null
  readonly sourceConnection: string
  readonly entities: ReadonlyArray<string>
  /** Only some tickets are moved, with what they lead to. */
  readonly sample: boolean
}

interface JobRow {
  readonly writable: boolean
  readonly revision: number
  readonly mapping_id: string | null
  readonly mapping_version: number | null
  readonly source_vendor: string
  readonly destination_vendor: string | null
  readonly source_connection: string
  readonly entities: ReadonlyArray<string>
  readonly sample: boolean
}

/** The job as it stands; `lock` keeps approvals and remaps out until the transaction ends. Undefined: no such job. */
export const jobFacts = (jobId: string, lock: "share" | "update" | "none") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] =
      yield* sql<JobRow>`select revision, mapping_id::text, mapping_version, source_vendor, destination_vendor,
        source_connection::text, entities, options ? 'sampleSize' as sample, approval is null and state in ('queued', 'running', 'extracting', 'data_ready',
          'validation_pending') as writable
      from jobs where id = ${jobId}::uuid ${sql.literal(lock === "none" ? "" : `for ${lock}`)}`
    if (row === undefined) return undefined
    return {
      writable: row.writable,
      revision: row.revision,
      mappingId: row.mapping_id,
      mappingVersion: row.mapping_version,
      sourceVendor: row.source_vendor,
      destinationVendor: row.destination_vendor,
      sourceConnection: row.source_connection,
      entities: row.entities,
      sample: row.sample
    } satisfies JobFacts
  })

export type Standing =
  | { readonly state: "sending" | "refined" | "unknown" }
  | { readonly state: "sent"; readonly rows: number }

/**
 * What the manifest says of a batch. A record of another epoch was sent by an owner that has been replaced: it does not
 * count, whatever became of its number.
 */
export const standing = (key: BatchKey, epoch: bigint, lock: boolean) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ state: string; epoch: bigint; rows: number }>`select state, epoch, rows from job_batches
      where job_id = ${key.jobId}::uuid and stream = ${key.stream} and entity = ${key.entity} and number = ${key.number}
      ${sql.literal(lock ? "for update" : "")}`
    if (row === undefined || row.epoch !== epoch || row.state === "abandoned") return { state: "unknown" } as Standing
    if (row.state === "sent") return { state: "sent", rows: row.rows } as Standing
    return { state: row.state === "refined" ? "refined" : "sending" } as Standing
  })

export interface ArchiveRow {
  readonly entity: EntityId
  /** The vendor's bytes, `[row,row,...]`, by `packedRows` as they are stored; null for derived records. */
  readonly raw: Buffer | null
  /** `[element,element,...]` as JSON text, in UTF-8. */
  readonly transformed: Buffer
  readonly count: number
}

/** The rows with their bytes packed: before the transaction, which is to be short. */
export const packedRows = (rows: ReadonlyArray<ArchiveRow>): Effect.Effect<ReadonlyArray<ArchiveRow>> =>
  Effect.forEach(rows, (row) =>
    row.raw === null ? Effect.succeed(row) : Effect.map(packed(row.raw), (raw) => ({ ...row, raw }))
  )

/** One archive row per entity that the batch yields. Again with the same key: the newer transform wins, the bytes stay. */
export const archive = (key: BatchKey, source: string, extractedAt: number, rows: ReadonlyArray<ArchiveRow>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const row of rows) {
      yield* sql`insert into job_extracted_data as d (job_id, tenant_id, entity_type, stream, batch_number, source_system,
          raw_data, transformed_data, record_count, extraction_timestamp, expires_at)
        select ${key.jobId}::uuid, t.id, ${row.entity}, ${key.stream}, ${key.number}, ${source},
          ${row.raw}::bytea, convert_from(${row.transformed}::bytea, 'UTF8')::json, ${row.count},
          to_timestamp(${extractedAt / 1000}::float8), now() + make_interval(days => t.retention_days)
        from tenants t where t.id = ${key.tenantId}::uuid
        on conflict (job_id, entity_type, stream, batch_number) do update
          set transformed_data = excluded.transformed_data, record_count = excluded.record_count, updated_at = now()`
    }
  })

/** What a batch's archive holds: the rows' bytes exactly as they came (`null` where dead), by position. */
export const archivedRows = (key: BatchKey) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ raw: Uint8Array | null }>`select raw_data as raw from job_extracted_data
      where job_id = ${key.jobId}::uuid and entity_type = ${key.entity} and stream = ${key.stream}
        and batch_number = ${key.number}`
    return row === undefined || row.raw === null
      ? []
      : cutPage(yield* unpacked(row.raw), "", []).rows.map(({ json }) => json)
  })

export interface ArchivedRecord {
  readonly sourceId: string
  readonly parentId: string | null
  readonly position: number
  readonly version: string
  readonly rawHash: string
  readonly deleted: boolean
}

/** The records of the batch's own entity that count: those that no newer batch has replaced. */
export const archivedRecords = (key: BatchKey) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql<ArchivedRecord>`select source_id as "sourceId", parent_id as "parentId", position, version, raw_hash as "rawHash",
        state = 'deleted' as deleted
      from job_records where job_id = ${key.jobId}::uuid and entity = ${key.entity} and stream = ${key.stream}
        and batch = ${key.number} order by position`
  })

/** Replaces the elements of a batch; the vendor's bytes stay. */
export const retransform = (key: BatchKey, rows: ReadonlyArray<Omit<ArchiveRow, "raw">>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const row of rows) {
      yield* sql`update job_extracted_data set transformed_data = convert_from(${row.transformed}::bytea, 'UTF8')::json, updated_at = now()
        where job_id = ${key.jobId}::uuid and entity_type = ${row.entity} and stream = ${key.stream}
          and batch_number = ${key.number}`
    }
  })

/** Rows of a batch that were readable before and are not any more. */
export const unreadable = (
  key: BatchKey,
  revision: number,
  rows: ReadonlyArray<{ sourceId: string; reason: string }>
) =>
  Effect.gen(function* () {
    if (rows.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`update job_records r set state = 'excluded', reason = u.reason, revision = ${revision}, resolution = null,
        transformed_hash = null, updated_at = now()
      from unnest(${rows.map((r) => r.sourceId)}::text[], ${rows.map((r) => r.reason)}::text[]) as u(id, reason)
      where r.job_id = ${key.jobId}::uuid and r.entity = ${key.entity} and r.source_id = u.id`
  })

/**
 * Writes records in the order of their ids. The newest wins, whatever comes first: by the vendor's version, then the batch,
 * the revision, the position in it, which another revision may count otherwise. A repeat changes nothing.
 */
export const records = (key: BatchKey, revision: number, list: ReadonlyArray<RefinedRecord>) =>
  Effect.gen(function* () {
    if (list.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into job_records as r (tenant_id, job_id, entity, source_id, native_id, parent_id, parent_entity, stream, batch,
        position, version, revision, raw_hash, transformed_hash, state, reason, match_key, sort_key, title, status,
        warnings, refs)
      select ${key.tenantId}::uuid, ${key.jobId}::uuid, e, s, n, p, pe, ${key.stream}, ${key.number}, o, v, ${revision}, h, t,
        x, y, m, k, l, u, w::jsonb, f::jsonb
      from unnest(${list.map((r) => r.entity)}::text[], ${list.map((r) => r.sourceId)}::text[],
        ${list.map((r) => r.nativeId)}::text[], ${nullable(list.map((r) => r.parentId))}::text[],
        ${nullable(list.map((r) => r.parentEntity))}::text[],
        ${list.map((r) => r.position)}::int[], ${list.map((r) => r.version)}::text[],
        ${list.map((r) => r.rawHash)}::text[], ${nullable(list.map((r) => r.hash))}::text[], ${list.map((r) => r.state)}::text[],
        ${nullable(list.map((r) => r.reason))}::text[], ${nullable(list.map((r) => r.matchKey))}::text[],
        ${list.map((r) => r.sortKey)}::text[], ${list.map((r) => r.title)}::text[], ${nullable(list.map((r) => r.status))}::text[],
        ${nullable(list.map((r) => r.warnings))}::text[], ${nullable(list.map((r) => r.refs))}::text[])
        as a(e, s, n, p, pe, o, v, h, t, x, y, m, k, l, u, w, f)
      on conflict (job_id, entity, source_id) do update set native_id = excluded.native_id, parent_id = excluded.parent_id, parent_entity = excluded.parent_entity,
        stream = excluded.stream, batch = excluded.batch, position = excluded.position, version = excluded.version,
        revision = excluded.revision, raw_hash = excluded.raw_hash, transformed_hash = excluded.transformed_hash,
        state = excluded.state, reason = excluded.reason, match_key = excluded.match_key, sort_key = excluded.sort_key,
        title = excluded.title, status = excluded.status, warnings = excluded.warnings, refs = excluded.refs,
        resolution = null, updated_at = now()
      where (excluded.version collate "C", excluded.batch, excluded.revision, excluded.position)
        > (r.version collate "C", r.batch, r.revision, r.position)`
  })

/** The batch is done under this revision. */
export const refined = (key: BatchKey, revision: number) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update job_batches set state = 'refined', revision = ${revision}, refined_at = now()
      where job_id = ${key.jobId}::uuid and stream = ${key.stream} and entity = ${key.entity} and number = ${key.number}`
  )

/**
 * Seals the stream when it has ended and nothing of it is unrefined. Under the row's lock, after the batch was marked:
 * of two runs that finish together the second sees both. True when this call sealed it. Wakes whoever waits for room.
 */
export const seal = (jobId: string, stream: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ ended: boolean; sealed: boolean }>`select ended, sealed_at is not null as sealed
      from job_streams where job_id = ${jobId}::uuid and stream = ${stream} for update`
    yield* wake(`window:${jobId}`)
    if (row === undefined || !row.ended || row.sealed) return false
    const done = yield* sql`update job_streams set sealed_at = now(), updated_at = now()
      where job_id = ${jobId}::uuid and stream = ${stream} and not exists (select 1 from job_batches
        where job_id = ${jobId}::uuid and stream = ${stream} and state in ('sending', 'sent')) returning stream`
    return done.length > 0
  })
