import type { JobView } from "@bridge/contract/Jobs"
import { chain, genesis } from "@bridge/domain/AuditChain"
import { hashJson } from "@bridge/domain/Canonical"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Caller, startApi, type TestApi } from "./TestApi.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

interface Event {
  readonly seq: number
  readonly job_id: string | null
  readonly type: string
  readonly actor: string
  readonly detail: { readonly [key: string]: string }
  readonly at: string
}

/** Chains every event of the tenant, as the auditor does. */
const chained = async (tenantId: string): Promise<void> => {
  const events = await api.owner<Event>(
    (
      sql
    ) => sql`select seq::int, job_id, type, actor, detail, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
      from job_events where tenant_id = ${tenantId}::uuid order by job_events.seq`
  )
  const entries = chain(
    genesis(tenantId),
    events.map((e, i) => ({
      tenantId,
      seq: i + 1,
      eventSeq: e.seq,
      jobId: e.job_id,
      at: e.at,
      actor: e.actor,
      action: e.type,
      detail: e.detail
    }))
  )
  for (const e of entries)
    await api.owner(
      (
        sql
      ) => sql`insert into audit_log (tenant_id, seq, event_seq, job_id, at, actor, action, detail, previous_hash, hash)
        values (${tenantId}::uuid, ${e.seq}, ${e.eventSeq}, ${e.jobId}::uuid, ${e.at}::timestamptz, ${e.actor}, ${e.action},
          ${JSON.stringify(e.detail)}::jsonb, ${e.previousHash}, ${e.hash})`
    )
  await api.owner((sql) => sql`update job_events set chained = true where tenant_id = ${tenantId}::uuid`)
}

const report = { holds: true, entities: [] }

/** A job with a dozen events and a report, all of them chained. */
const audited = async (slug: string): Promise<{ readonly caller: Caller; readonly job: JobView }> => {
  const caller = await api.tenant(slug)
  const [source, destination] = await api.connections(caller)
  const { body: job } = await caller.post<JobView>("/api/migrations", { source, destination })
  for (let i = 0; i < 8; i++) await caller.post(`/api/jobs/${job.id}/${i % 2 === 0 ? "pause" : "resume"}`, undefined)
  const hash = hashJson(report)
  await api.sql(
    caller.tenantId,
    (sql) => sql`insert into reports (tenant_id, job_id, kind, body, html, hash)
    values (${caller.tenantId}::uuid, ${job.id}::uuid, 'audit', ${JSON.stringify(report)}::jsonb, '<p>holds</p>', ${hash})`
  )
  await api.sql(
    caller.tenantId,
    (sql) => sql`insert into job_events (tenant_id, job_id, type, detail)
    values (${caller.tenantId}::uuid, ${job.id}::uuid, 'audited', ${JSON.stringify({ report: hash })}::jsonb)`
  )
  await chained(caller.tenantId)
  return { caller, job }
}
const verify = async ({ caller, job }: Awaited<ReturnType<typeof audited>>) =>
  (await caller.get(`/api/jobs/${job.id}/audit/verify`)).body
const tamper = (tenantId: string, statement: string) =>
  api.owner((sql) => sql.unsafe(`${statement} and tenant_id = '${tenantId}'`))

describe("the check of the audit log", () => {
  it("holds for what was chained, and says what is not chained yet", async () => {
    const a = await audited("whole")
    const before = await verify(a)
    assert.deepInclude(before, { ok: true, firstBroken: null, problem: null, unchained: 0 })
    assert.isAbove(Number(before["entries"]), 11)
    assert.deepStrictEqual(before["report"], { hash: hashJson(report), ok: true })
    await a.caller.post(`/api/jobs/${a.job.id}/pause`, undefined)
    assert.deepInclude(await verify(a), { ok: true, unchained: 1 })
  })

  it("finds an entry that was changed, one that was removed, and a tail that was cut", async () => {
    const changes = [
      [`update audit_log set actor = 'somebody else' where seq = 5`, 5],
      [`update audit_log set detail = '{}' where seq = 3`, 3],
      [`delete from audit_log where seq = 4`, 4],
      [`delete from audit_log where seq > 11`, 12]
    ] as const
    for (const [i, [statement, seq]] of changes.entries()) {
      const a = await audited(`changed-${i}`)
      await tamper(a.caller.tenantId, statement)
      assert.deepInclude(await verify(a), { ok: false, firstBroken: seq }, statement)
    }
  })

  it("finds an event that was changed after it was chained", async () => {
    const a = await audited("event")
    await tamper(a.caller.tenantId, "update job_events set actor = 'nobody' where type = 'job-created'")
    assert.deepInclude(await verify(a), { ok: false })
  })

  it("finds a report that is not the one that was recorded", async () => {
    const a = await audited("report")
    await tamper(a.caller.tenantId, `update reports set body = '{"holds":true,"entities":[1]}' where kind = 'audit'`)
    assert.deepInclude((await verify(a))["report"] as object, { ok: false })
    const other = hashJson({ holds: false })
    await tamper(
      a.caller.tenantId,
      `update reports set body = '{"holds":false}', hash = '${other}' where kind = 'audit'`
    )
    assert.deepInclude((await verify(a))["report"] as object, { ok: false })
  })
})

describe("the audit report", () => {
  it("comes as JSON and as a page that runs nothing", async () => {
    const { caller, job } = await audited("pages")
    const json = await caller.get(`/api/jobs/${job.id}/download/audit-report`)
    assert.deepStrictEqual(json.body, { ...report, entities: [] })
    const page = await caller.get(`/api/jobs/${job.id}/download/audit-report?format=html`)
    assert.strictEqual(page.text, "<p>holds</p>")
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/)
    assert.include(page.headers.get("content-security-policy"), "default-src 'none'")
  })
})
