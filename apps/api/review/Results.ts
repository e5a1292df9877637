// After loading: outcomes per entity, failures in the vendor's words, the audit report and the check of its chain. For Routes.

import { problem } from "@bridge/contract/Problem"
import type { AuditVerification, LoadingResults } from "@bridge/contract/Review"
import { type ChainedEntry, genesis, verifyEntries } from "@bridge/domain/AuditChain"
import type { Json } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import { approvedOnly } from "@bridge/review/Reviewed"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type JobRow, jobRow } from "../jobs/Stored.ts"

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
    const job = yield* jobRow(jobId)
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<Row>`select a.entity, a.approved, coalesce(o.created, 0)::int as created, coalesce(o.matched, 0)::int as matched,
        coalesce(o.updated, 0)::int as updated, coalesce(o.skipped, 0)::int as skipped, coalesce(o.merged, 0)::int as merged,
        coalesce(o.failed, 0)::int as failed, coalesce(o.unknown, 0)::int as unknown
      from (select e as entity, (select count(*) from job_records where job_id = ${job.id}::uuid and entity = e
          and ${sql.literal(approvedOnly)})::int as approved from unnest(${job.entities}::text[]) as t(e)) a
      left join (select entity, ${sql.literal(
        ["created", "matched", "updated", "skipped", "merged", "failed", "unknown"]
          .map((w) => `count(*) filter (where outcome = '${w}') as ${w}`)
          .join(", ")
      )} from job_record_outcomes where job_id = ${job.id}::uuid group by entity) o using (entity)`
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
      results: results.map((r) => r.result)
    } satisfies typeof LoadingResults.Type
  })

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

interface ReportRow {
  readonly body: Json
  readonly html: string | null
  readonly hash: string
}

const reportRow = (job: JobRow) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<ReportRow>`select body, html, hash from reports where job_id = ${job.id}::uuid and kind = 'audit'`,
      (rows) => rows[0]
    )
  )

export const reportOf = (jobId: string) =>
  Effect.gen(function* () {
    const job = yield* jobRow(jobId)
    const report = yield* reportRow(job)
    return report ?? (yield* Effect.fail(problem("report-missing", `The job is ${job.state}.`)))
  })

interface EntryRow {
  readonly seq: string
  readonly event_seq: string
  readonly job_id: string | null
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly detail: Json
  readonly previous_hash: string
  readonly hash: string
}

const pageSize = 2_000

/** Walks the tenant's whole chain: an entry that was changed, removed or put in is found. */
export const verificationOf = (jobId: string) =>
  Effect.gen(function* () {
    const job = yield* jobRow(jobId)
    const sql = yield* SqlClient.SqlClient
    let after = { seq: 0, hash: genesis(job.tenant_id) }
    let broken: { readonly seq: number; readonly problem: string } | null = null
    for (let more = true; more && broken === null; ) {
      const rows =
        yield* sql<EntryRow>`select seq::text, event_seq::text, job_id, actor, action, detail, previous_hash, hash,
          to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
        from audit_log where tenant_id = ${job.tenant_id}::uuid and seq > ${after.seq}::bigint order by seq limit ${pageSize}`
      const verified = verifyEntries(
        job.tenant_id,
        rows.map((r) => entryOf(job.tenant_id, r)),
        after
      )
      if (verified.ok) after = { seq: verified.entries, hash: verified.head }
      else broken = { seq: verified.seq, problem: verified.problem }
      more = rows.length === pageSize
    }
    const [counts] = yield* sql<{ mine: number; unchained: number; chained: number }>`select
        (select count(*) from audit_log where tenant_id = ${job.tenant_id}::uuid and job_id = ${job.id}::uuid)::int as mine,
        (select count(*) from job_events where tenant_id = ${job.tenant_id}::uuid and not chained)::int as unchained,
        (select count(*) from job_events where tenant_id = ${job.tenant_id}::uuid and chained)::int as chained`
    // A cut tail does not show in the chain alone: there must be an entry for every event that was chained.
    if (broken === null && (counts?.chained ?? 0) > after.seq)
      broken = { seq: after.seq + 1, problem: `entry ${after.seq + 1} is missing` }
    return {
      ok: broken === null,
      entries: after.seq,
      head: after.seq === 0 ? null : after.hash,
      firstBroken: broken?.seq ?? null,
      problem: broken?.problem ?? null,
      jobEntries: counts?.mine ?? 0,
      unchained: counts?.unchained ?? 0,
      report: null
    } satisfies typeof AuditVerification.Type
  })

const entryOf = (tenantId: string, r: EntryRow): ChainedEntry => ({
  tenantId,
  seq: Number(r.seq),
  eventSeq: Number(r.event_seq),
  jobId: r.job_id,
  at: r.at,
  actor: r.actor,
  action: r.action,
  detail: r.detail,
  previousHash: r.previous_hash,
  hash: r.hash
})
