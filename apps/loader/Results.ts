// The end of a load batch in the tables: outcomes per record and per archive row. Runs in the caller's transaction.
import type { LoadWarning } from "@bridge/domain/Adapted"
import type { EntityId } from "@bridge/domain/Entities"
import { nullable } from "@bridge/store/Arrays"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Batch } from "./Batches.ts"
import type { Told } from "./Messages.ts"
import { type Outcome, succeeded } from "./Outcome.ts"

interface Line {
  readonly entity: EntityId
  readonly sourceId: string
  readonly outcome: Outcome
  readonly warnings: ReadonlyArray<LoadWarning>
}

const linesOf = (entity: EntityId, told: ReadonlyArray<Told>): ReadonlyArray<Line> =>
  told.flatMap((t) => [
    { entity, sourceId: t.sourceId, outcome: t.outcome, warnings: t.warnings },
    ...t.parts.map((p) => ({ entity: p.entity, sourceId: p.sourceId, outcome: p, warnings: [] }))
  ])

/** What became of each record in this job. */
export const saveOutcomes = (batch: Batch, told: ReadonlyArray<Told>) =>
  Effect.gen(function* () {
    const lines = linesOf(batch.entity, told).toSorted((a, b) =>
      a.entity !== b.entity ? (a.entity < b.entity ? -1 : 1) : a.sourceId < b.sourceId ? -1 : 1
    )
    if (lines.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into job_record_outcomes as o (tenant_id, job_id, entity, source_id, outcome, destination_id, loaded_hash, error, warnings)
      select ${batch.tenantId}::uuid, ${batch.jobId}::uuid, e, i, w, d, h, r::jsonb, n::jsonb
      from unnest(${lines.map((l) => l.entity)}::text[], ${lines.map((l) => l.sourceId)}::text[],
        ${lines.map((l) => l.outcome.word)}::text[], ${nullable(lines.map((l) => l.outcome.destinationId))}::text[],
        ${nullable(lines.map((l) => l.outcome.hash))}::text[],
        ${nullable(lines.map((l) => (l.outcome.error === null ? null : JSON.stringify(l.outcome.error))))}::text[],
        ${nullable(lines.map((l) => (l.warnings.length === 0 ? null : JSON.stringify(l.warnings))))}::text[]) as t(e, i, w, d, h, r, n)
      on conflict (job_id, entity, source_id) do update set outcome = excluded.outcome, destination_id = excluded.destination_id,
        loaded_hash = excluded.loaded_hash, error = excluded.error, warnings = excluded.warnings, at = now()`
  })

/** Failures shown per archive row; all of them are in `job_record_outcomes`. */
const shownFailures = 20

/** Counts per row of the archive; called once per batch, in the transaction that ends it. */
export const saveLoadResults = (batch: Batch, vendor: string, told: ReadonlyArray<Told>) =>
  Effect.gen(function* () {
    const lines = linesOf(batch.entity, told)
    if (lines.length === 0) return
    const failures = lines.map((l) =>
      succeeded(l.outcome.word) ? null : JSON.stringify({ entity: l.entity, source_id: l.sourceId, ...l.outcome.error })
    )
    const sql = yield* SqlClient.SqlClient
    // Record by record and row by row: a join here reads all of the job for every batch.
    yield* sql`with lines as materialized (
        select * from unnest(${lines.map((l) => l.entity)}::text[], ${lines.map((l) => l.sourceId)}::text[],
          ${nullable(failures)}::text[]) as t(entity, source_id, failure)
      ), counted as materialized (
        select l.entity, j.stream, j.batch, count(*) filter (where l.failure is null) as succeeded,
          count(*) filter (where l.failure is not null) as failed,
          jsonb_agg(l.failure::jsonb) filter (where l.failure is not null) as failures
        from lines l, lateral (select stream, batch from job_records where job_id = ${batch.jobId}::uuid
          and entity = l.entity and source_id = l.source_id offset 0) as j
        group by l.entity, j.stream, j.batch
      )
      insert into job_load_results as r (tenant_id, job_id, job_extracted_data_id, destination_system, success_count,
        failed_count, error_details, retry_count, loaded_at)
      select ${batch.tenantId}::uuid, ${batch.jobId}::uuid, d.id, ${vendor}, c.succeeded, c.failed, c.failures,
        ${batch.attempt - 1}::int, now()
      from counted c, lateral (select id from job_extracted_data where job_id = ${batch.jobId}::uuid
        and entity_type = c.entity and stream = c.stream and batch_number = c.batch offset 0) as d
      order by d.id
      on conflict (job_extracted_data_id, destination_system) do update set
        success_count = r.success_count + excluded.success_count, failed_count = r.failed_count + excluded.failed_count,
        error_details = case when jsonb_array_length(coalesce(r.error_details, '[]')) >= ${shownFailures} then r.error_details
          else nullif(coalesce(r.error_details, '[]') || coalesce(excluded.error_details, '[]'), '[]') end,
        retry_count = r.retry_count + excluded.retry_count, loaded_at = now(), updated_at = now()`
  })
