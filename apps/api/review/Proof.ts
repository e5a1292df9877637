// The audit report and the check of the chained log. For Routes. Writing both is the auditor's.
import { problem } from "@bridge/contract/Problem"
import type { AuditVerification } from "@bridge/contract/Review"
import { type ChainedEntry, genesis, verifyEntries } from "@bridge/domain/AuditChain"
import { hashJson, type Json } from "@bridge/domain/Canonical"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type JobRow, jobRow, jobWithResults } from "../jobs/Stored.ts"

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
    const job = yield* jobWithResults(jobId)
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
        from audit_log where tenant_id = ${job.tenant_id}::uuid and seq > ${after.seq}::bigint order by audit_log.seq limit ${pageSize}`
      const verified = verifyEntries(
        job.tenant_id,
        rows.map((r) => entryOf(job.tenant_id, r)),
        after
      )
      if (verified.ok) after = { seq: verified.entries, hash: verified.head }
      else broken = { seq: verified.seq, problem: verified.problem }
      more = rows.length === pageSize
    }
    if (broken === null) broken = yield* stray(job.tenant_id, after.seq + 1)
    const [counts] = yield* sql<{ mine: number; unchained: number }>`select
        (select count(*) from audit_log where tenant_id = ${job.tenant_id}::uuid and job_id = ${job.id}::uuid)::int as mine,
        (select count(*) from job_events where tenant_id = ${job.tenant_id}::uuid and not chained)::int as unchained`
    return {
      ok: broken === null,
      entries: after.seq,
      head: after.seq === 0 ? null : after.hash,
      firstBroken: broken?.seq ?? null,
      problem: broken?.problem ?? null,
      jobEntries: counts?.mine ?? 0,
      unchained: counts?.unchained ?? 0,
      report: yield* reportCheck(job)
    } satisfies typeof AuditVerification.Type
  })

/** A cut tail does not show in the chain alone: every chained event has an entry that says the same. */
const stray = (tenantId: string, seq: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ seq: string }>`select e.seq::text from job_events e left join audit_log l
        on l.tenant_id = e.tenant_id and l.event_seq = e.seq
      where e.tenant_id = ${tenantId}::uuid and e.chained and (l.seq is null or l.action <> e.type or l.actor <> e.actor
        or l.detail <> e.detail or l.job_id is distinct from e.job_id) order by e.seq limit 1`
    return row === undefined
      ? null
      : { seq, problem: `event ${row.seq} was chained and has no entry that says the same` }
  })

/** The report is what it was when the chain recorded its hash. */
const reportCheck = (job: JobRow) =>
  Effect.gen(function* () {
    const report = yield* reportRow(job)
    if (report === undefined) return null
    const sql = yield* SqlClient.SqlClient
    const recorded = yield* sql`select 1 from audit_log where job_id = ${job.id}::uuid and action = 'audited'
      and detail->>'report' = ${report.hash}`
    return { hash: report.hash, ok: hashJson(report.body) === report.hash && recorded.length > 0 }
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
