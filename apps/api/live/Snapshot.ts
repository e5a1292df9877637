// Where a job stands, computed from the tables and never from counters of messages. For Watch.ts.
import type { EntityProgress, JobProgress } from "@bridge/contract/Live"
import type { EntityId } from "@bridge/domain/Entities"
import { approvedOnly } from "@bridge/review/Reviewed"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { jobRow } from "../jobs/Stored.ts"

/** Without rates: they come from two snapshots (Pace.ts). */
export type Standing = Omit<JobProgress, "entities"> & {
  readonly entities: ReadonlyArray<Omit<EntityProgress, "rate" | "secondsLeft">>
}

interface Row {
  readonly entity: EntityId
  readonly expected: number | null
  readonly extracted: number
  readonly archived: number
  readonly excluded: number
  readonly approved: number
  readonly loaded: number
  readonly failed: number
}

/** One statement and the job row, in the tenant's transaction; indexes by job serve each part. */
export const standingOf = (jobId: string) =>
  Effect.gen(function* () {
    const job = yield* jobRow(jobId)
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<Row>`select e as entity, p.expected::int as expected, coalesce(b.extracted, 0)::int as extracted,
        coalesce(r.archived, 0)::int as archived, coalesce(r.archived - r.approved, 0)::int as excluded,
        coalesce(r.approved, 0)::int as approved, coalesce(o.loaded, 0)::int as loaded, coalesce(o.failed, 0)::int as failed
      from unnest(${job.entities}::text[]) with ordinality as t(e, n)
      left join job_progress p on p.job_id = ${job.id}::uuid and p.entity = e
      left join (select entity, sum(rows) as extracted from job_batches
        where job_id = ${job.id}::uuid and state in ('sent', 'refined') group by entity) b on b.entity = e
      left join (select entity, count(*) as archived, count(*) filter (where ${sql.literal(approvedOnly)}) as approved
        from job_records where job_id = ${job.id}::uuid group by entity) r on r.entity = e
      left join (select entity, count(*) filter (where outcome not in ('failed', 'unknown')) as loaded,
          count(*) filter (where outcome in ('failed', 'unknown')) as failed
        from job_record_outcomes where job_id = ${job.id}::uuid group by entity) o on o.entity = e
      order by n`
    return {
      jobId: job.id,
      state: job.state,
      paused: job.paused,
      cancelRequested: job.cancel_requested,
      revision: job.revision,
      auditComplete: job.audit_complete,
      error: job.error,
      at: DateTime.formatIso(yield* DateTime.now),
      entities: rows
    } satisfies Standing
  })
