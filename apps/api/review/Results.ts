// After loading: outcomes per entity, failures in the vendor's words, the audit report and the check of its chain. For Routes.
import type { LoadingResults } from "@bridge/contract/Review"
import type { Json } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import { approvedOnly } from "@bridge/review/Reviewed"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type JobRow, jobWithResults } from "../jobs/Stored.ts"

type Entities = (typeof LoadingResults.Type)["entities"]
type Row = { readonly entity: EntityId } & Omit<Entities[number], "entity" | "open">

interface FailureRow {
  readonly entity: EntityId
  readonly source_id: string
  readonly outcome: string
  readonly error: Json
}

export const resultsOf = (jobId: string, asked: { readonly cursor?: string; readonly limit?: number }) =>
  Effect.gen(function* () {
    const job = yield* jobWithResults(jobId)
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<Row>`select a.entity, coalesce(m.approved, a.approved) as approved, coalesce(o.created, 0)::int as created, coalesce(o.matched, 0)::int as matched,
        coalesce(o.updated, 0)::int as updated, coalesce(o.skipped, 0)::int as skipped, coalesce(o.merged, 0)::int as merged,
        coalesce(o.failed, 0)::int as failed, coalesce(o.unknown, 0)::int as unknown
      from (select e as entity, (select count(*) from job_records where job_id = ${job.id}::uuid and entity = e
          and ${sql.literal(approvedOnly)})::int as approved from unnest(${job.entities}::text[]) as t(e)) a
      left join (select entity, ${sql.literal(
        ["created", "matched", "updated", "skipped", "merged", "failed", "unknown"]
          .map((w) => `count(*) filter (where outcome = '${w}') as ${w}`)
          .join(", ")
      )} from job_record_outcomes where job_id = ${job.id}::uuid group by entity) o using (entity)
      -- The records are gone before the results are: then the auditor's count stands.
      left join (select entity, approved from migration_results where job_id = ${job.id}::uuid
        and ${job.data_expired_at !== null}::boolean) m using (entity)`
    const failures = yield* failuresOf(job, asked.cursor, asked.limit ?? 100)
    const results = yield* sql<{ result: Record<string, Json> }>`select to_jsonb(m) - 'tenant_id' - 'job_id' as result
      from migration_results m where job_id = ${job.id}::uuid order by entity`
    return {
      jobId: job.id,
      state: job.state,
      entities: rows.map((r) => ({
        ...r,
        open: Math.max(0, r.approved - r.created - r.matched - r.updated - r.skipped - r.merged - r.failed - r.unknown)
      })),
      ...failures,
      warnings: yield* warningsOf(job),
      results: results.map((r) => r.result)
    } satisfies typeof LoadingResults.Type
  })

/** Source ids named by warning; a record's own page says what is different with it. */
const named = 20

const warningsOf = (job: JobRow) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<
      (typeof LoadingResults.Type)["warnings"][number]
    >`select entity, w->>'code' as code, count(*)::int as count,
        min(w->>'message') as message, (array_agg(source_id order by source_id collate "C"))[1:${sql.literal(String(named))}] as "sourceIds"
      from job_record_outcomes, jsonb_array_elements(warnings) w where job_id = ${job.id}::uuid and warnings is not null
      group by 1, 2 order by 3 desc, 1, 2`
  )

const failuresOf = (job: JobRow, cursor: string | undefined, limit: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [entity, ...rest] = (cursor ?? "").split(":")
    const rows = yield* sql<FailureRow>`select entity, source_id, outcome, error from job_record_outcomes
      where job_id = ${job.id}::uuid and outcome in ('failed', 'unknown')
        and (entity collate "C", source_id collate "C") > (${entity ?? ""}, ${rest.join(":")})
      order by entity collate "C", source_id collate "C" limit ${limit + 1}`
    const shown = rows.slice(0, limit)
    const last = shown.at(-1)
    return {
      failures: shown.map(failureOf),
      next: rows.length > limit && last !== undefined ? `${last.entity}:${last.source_id}` : null
    }
  })

const failureOf = (r: FailureRow) => {
  const error = isObject(r.error) ? r.error : {}
  const text = (key: string, otherwise: string): string => {
    const value = error[key]
    return typeof value === "string" ? value : otherwise
  }
  return {
    entity: r.entity,
    sourceId: r.source_id,
    code: text("code", r.outcome),
    message: text("message", "no words were given"),
    hint: text("hint", "")
  }
}

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
