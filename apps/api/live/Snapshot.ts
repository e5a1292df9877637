// Where a job stands, computed from the tables and never from counters of messages. For Watch.ts.
import type { EntityProgress, JobProgress } from "@bridge/contract/Live"
import type { EntityId } from "@bridge/domain/Entities"
import { approvedOnly } from "@bridge/review/Reviewed"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { broughtBy, forecastOf } from "../jobs/Estimate.ts"
import { jobRow } from "../jobs/Stored.ts"

/** Without rates: they come from two snapshots (Pace.ts). */
export type Standing = Omit<JobProgress, "entities"> & {
  readonly entities: ReadonlyArray<Omit<EntityProgress, "rate" | "secondsLeft">>
}

/** What takes longer the more records a job has. */
export interface Counts {
  readonly entity: EntityId
  readonly archived: number
  readonly excluded: number
  readonly approved: number
  readonly loaded: number
  readonly failed: number
  /** Rows that the archived records came from: one that came twice (a type's field with each type below) is two. */
  readonly refined: number
}

export interface Look {
  readonly standing: Standing
  readonly counts: ReadonlyArray<Counts>
}

/** In the tenant's transaction; `known` counts are taken as they are, so that a page is told at once in any job. */
export const standingOf = (jobId: string, known?: ReadonlyArray<Counts>) =>
  Effect.gen(function* () {
    const job = yield* jobRow(jobId)
    const brought = yield* broughtBy(job.id)
    const counted = known ?? (yield* job.data_expired_at === null ? countsOf(job.id) : keptCountsOf(job.id))
    const counts = new Map(counted.map((c) => [c.entity, c]))
    const outcomes = counted.map((c) => ({ ...c, done: c.loaded + c.failed }))
    const { eta, expected, extracting, secondsLeft } = yield* forecastOf(job, brought, outcomes)
    const dead = new Map((yield* deadOf(job.id)).map((d) => [d.entity, d.dead]))
    const standing: Standing = {
      jobId: job.id,
      state: job.state,
      paused: job.paused,
      cancelRequested: job.cancel_requested,
      revision: job.revision,
      auditComplete: job.audit_complete,
      error: job.error,
      at: DateTime.formatIso(yield* DateTime.now),
      secondsLeft,
      eta,
      entities: job.entities.map((entity) => {
        const { refined, ...c } = counts.get(entity) ?? none(entity)
        const kept = c.archived + (dead.get(entity) ?? 0)
        const again = Math.max(0, refined - kept)
        const rows = brought.filter((b) => b.entity === entity).reduce((n, b) => n + b.rows, 0)
        const ahead = extracting ? expected(entity) : null
        return {
          ...c,
          // A count of the source is no news when it was read.
          expected: ahead === null ? null : ahead - again,
          extracted: whole.has(job.state) ? Math.min(rows, kept) : rows - again
        }
      })
    }
    return { standing, counts: counted } satisfies Look
  })

const whole: ReadonlySet<string> = new Set(["data_ready", "validation_pending", "loading", "completed"])

const deadOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{
      entity: EntityId
      dead: number
    }>`select entity, count(distinct coalesce(source_id, id::text))::int as dead
      from dead_letters where job_id = ${jobId}::uuid and state = 'open' and entity is not null group by entity`
  )

const none = (entity: EntityId): Counts => ({
  entity,
  archived: 0,
  excluded: 0,
  approved: 0,
  loaded: 0,
  failed: 0,
  refined: 0
})

/** When the records are gone, as the auditor has counted them. */
const keptCountsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql<Counts>`select entity, archived, excluded, approved, loaded + matched as loaded, failed, archived as refined
      from migration_results where job_id = ${jobId}::uuid`
  )

/** Indexes by job serve each part. */
export const countsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Counts>`select entity, coalesce(r.archived, 0)::int as archived,
        coalesce(r.archived - r.approved, 0)::int as excluded, coalesce(r.approved, 0)::int as approved,
        coalesce(o.loaded, 0)::int as loaded, coalesce(o.failed, 0)::int as failed, coalesce(b.refined, 0)::int as refined
      from (select entity, count(*) as archived, count(*) filter (where ${sql.literal(approvedOnly)}) as approved
        from job_records where job_id = ${jobId}::uuid group by entity) r
      full join (select entity, count(*) filter (where outcome not in ('failed', 'unknown')) as loaded,
          count(*) filter (where outcome in ('failed', 'unknown')) as failed
        from job_record_outcomes where job_id = ${jobId}::uuid group by entity) o using (entity)
      left join (select entity, sum(rows) as refined from job_batches
        where job_id = ${jobId}::uuid and state = 'refined' group by entity) b using (entity)`
  )
