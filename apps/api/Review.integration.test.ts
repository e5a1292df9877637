import type { JobView } from "@bridge/contract/Jobs"
import type { Summary } from "@bridge/contract/Review"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Caller, refusedAs, startApi, type TestApi } from "./TestApi.ts"
import { archived, type Seed, reviewedJob as seededJob } from "./TestReview.ts"

let api: TestApi
let acme: Caller
let source: string
let destination: string
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  const both = await api.connections(acme)
  source = both[0]
  destination = both[1]
})
afterAll(() => api.stop())

const reviewedJob = (tickets: ReadonlyArray<Seed>) => seededJob(api, acme, [source, destination], tickets)

const three: ReadonlyArray<Seed> = [
  { id: "1", subject: "First", warnings: [{ code: "truncated", message: "the text was cut" }] },
  {
    id: "2",
    subject: "Second",
    resolution: { refs: { requester_id: { entity: "person", missing: "7", use: "placeholder" } } }
  },
  { id: "3", subject: "Third", state: "excluded", reason: "unmapped status 9" }
]

const summaryOf = async (job: JobView) => (await acme.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)).body
const csv = (job: JobView, entity: string, more = "") => acme.get(`/api/jobs/${job.id}/download/csv/${entity}${more}`)
const rowOf = async (job: JobView) => {
  const [row] = await api.sql<Record<string, unknown>>(
    acme.tenantId,
    (sql) => sql`select to_jsonb(j) as job, (select count(*)::int from job_events e where e.job_id = j.id) as events
      from jobs j where id = ${job.id}::uuid`
  )
  return row
}

describe("the extraction summary", () => {
  it("counts what is there and names the hashes, the same every time", async () => {
    const job = await reviewedJob(three)
    const summary = await summaryOf(job)
    const ticket = summary.entities.find((e) => e.entity === "ticket")
    assert.deepInclude(ticket, { archived: 3, excluded: 1, approved: 2, dead: 0, withWarnings: 1 })
    assert.deepStrictEqual(ticket?.warnings, [{ code: "truncated", count: 1 }])
    assert.deepStrictEqual(ticket?.exclusions, [{ reason: "unmapped status 9", count: 1 }])
    assert.isTrue(summary.settled)
    assert.match(ticket?.hash ?? "", /^[0-9a-f]{64}$/)
    assert.strictEqual(summary.approval?.destination, "zendesk:acme")
    assert.deepStrictEqual(summary.approval?.mapping, job.mapping)
    assert.deepStrictEqual(await summaryOf(job), summary)
  })

  it("names what the source did not let us read", async () => {
    const job = await reviewedJob(three)
    assert.deepStrictEqual((await summaryOf(job)).streamWarnings, [])
    const gap = { stream: "assets", message: "assets: listAssets: not in your plan" }
    await api.sql(
      acme.tenantId,
      (sql) => sql`update job_streams set gaps = ${JSON.stringify([gap])}::jsonb
        where job_id = ${job.id}::uuid and stream = 'assets'`
    )
    assert.deepStrictEqual((await summaryOf(job)).streamWarnings, [{ ...gap, entity: "asset", code: "not-readable" }])
  })

  it("has no hashes before the job is settled", async () => {
    const job = await reviewedJob(three)
    await api.sql(acme.tenantId, (sql) => sql`update jobs set settled_revision = null where id = ${job.id}::uuid`)
    const summary = await summaryOf(job)
    assert.isFalse(summary.settled)
    assert.isNull(summary.approval)
    assert.isNull(summary.entities.find((e) => e.entity === "ticket")?.hash)
  })

  it("changes its hash with any record, resolution or exclusion", async () => {
    const job = await reviewedJob(three)
    const hashes = new Set<string>()
    const changes = [
      "set state = state",
      "set transformed_hash = 'x' where source_id = '1'",
      `set resolution = '{"excluded":"because"}' where source_id = '1'`,
      `set resolution = '{"merged":{"into":"2"}}' where source_id = '1'`
    ]
    for (const change of changes) {
      const [update, where] = change.split(" where ")
      await api.sql(acme.tenantId, (sql) =>
        sql.unsafe(
          `update job_records ${update} where job_id = '${job.id}' ${where === undefined ? "" : `and ${where}`}`
        )
      )
      hashes.add((await summaryOf(job)).approval?.hashes["ticket"] ?? "")
    }
    assert.strictEqual(hashes.size, changes.length)
  })
})

describe("what retention has removed", () => {
  it("is told as gone and never shown as empty; results stay, with the auditor's counts", async () => {
    const job = await reviewedJob(three)
    const remove = (sets: string) =>
      api.sql(acme.tenantId, (sql) => sql.unsafe(`update jobs set ${sets} where id = '${job.id}'`))
    const paths = ["extraction-summary", "download/csv/tickets", "records", "records/ticket:1"]
    for (const path of paths) assert.strictEqual((await acme.get(`/api/jobs/${job.id}/${path}`)).status, 200)
    await api.sql(
      acme.tenantId,
      (
        sql
      ) => sql`insert into migration_results (tenant_id, job_id, entity, topic, archived, dead, excluded, approved, loaded,
          matched, failed, missing, doubled, changed, hashes)
        values (${acme.tenantId}::uuid, ${job.id}::uuid, 'ticket', 3, 3, 0, 1, 2, 2, 0, 0, 0, 0, 0, '{}')`
    )
    await api.sql(acme.tenantId, (sql) => sql`delete from job_records where job_id = ${job.id}::uuid`)
    await remove("data_expired_at = '2026-01-02T03:04:05Z', state = 'completed'")
    for (const path of paths) refusedAs(await acme.get(`/api/jobs/${job.id}/${path}`), 410, "data-expired")
    const view = (await acme.get<JobView>(`/api/jobs/${job.id}`)).body
    assert.deepStrictEqual(view.expired, { data: "2026-01-02T03:04:05.000Z", results: null })
    const results = await acme.get<{ entities: ReadonlyArray<{ entity: string; approved: number }> }>(
      `/api/jobs/${job.id}/loading-results`
    )
    assert.deepInclude(
      results.body.entities.find((e) => e.entity === "ticket"),
      { approved: 2 }
    )
    await remove("results_expired_at = now()")
    for (const path of ["loading-results", "download/audit-report"])
      refusedAs(await acme.get(`/api/jobs/${job.id}/${path}`), 410, "results-expired")
  })
})

describe("an approval", () => {
  const approve = (job: JobView, body: unknown, key?: string) =>
    acme.post<JobView>(`/api/jobs/${job.id}/approve-loading`, body, key)

  it("of exactly what was reviewed is kept, once", async () => {
    const job = await reviewedJob(three)
    const { approval } = await summaryOf(job)
    const replies = await Promise.all(Array.from({ length: 4 }, () => approve(job, approval, "a1")))
    assert.deepStrictEqual(new Set(replies.map((r) => r.status)), new Set([200]))
    assert.strictEqual(replies[0]?.body.approved?.by, "admin@acme.example")
    const events = await api.owner(
      (sql) => sql`select 1 from job_events where job_id = ${job.id}::uuid and type = 'approved'`
    )
    assert.lengthOf(events, 1)
    const [stored] = await api.owner<{ approval: Record<string, unknown> }>(
      (sql) => sql`select approval from jobs where id = ${job.id}::uuid`
    )
    assert.deepInclude(stored?.approval, { revision: 1, hashes: approval?.hashes, exclusions: approval?.exclusions })
  })

  it("with an old hash is refused, says which one, and changes nothing", async () => {
    const job = await reviewedJob(three)
    const { approval } = await summaryOf(job)
    await api.sql(
      acme.tenantId,
      (sql) => sql`update job_records set transformed_hash = 'other' where job_id = ${job.id}::uuid and source_id = '2'`
    )
    const before = await rowOf(job)
    const reply = await approve(job, approval)
    refusedAs(reply, 409, "approval-outdated")
    const { errors } = JSON.parse(reply.text)
    assert.strictEqual(errors.length, 1)
    assert.deepStrictEqual(errors[0].path, ["hashes", "ticket"])
    assert.include(errors[0].message, (await summaryOf(job)).approval?.hashes["ticket"] ?? "?")
    assert.deepStrictEqual(await rowOf(job), before)
  })

  it("that leaves something out, or means another mapping or destination, is refused", async () => {
    const job = await reviewedJob(three)
    const { approval } = await summaryOf(job)
    if (approval === null) throw new Error("no approval")
    const { ticket: _, ...others } = approval.hashes
    const before = await rowOf(job)
    for (const wrong of [
      { ...approval, hashes: others },
      { ...approval, hashes: {} },
      { ...approval, mapping: { ...approval.mapping, version: 2 } },
      { ...approval, destination: "zendesk:other" },
      { ...approval, exclusions: "0".repeat(64) }
    ])
      refusedAs(await approve(job, wrong), 409, "approval-outdated")
    refusedAs(await approve(job, { ...approval, hashes: { ...approval.hashes, widget: "x" } }), 422, "entity-unknown")
    refusedAs(await approve(job, {}), 400, "invalid-request")
    assert.deepStrictEqual(await rowOf(job), before)
  })

  it("is refused while a batch is behind, the job is not settled, or it is not its time", async () => {
    const job = await reviewedJob(three)
    const { approval } = await summaryOf(job)
    const update = (statement: string) => api.sql(acme.tenantId, (sql) => sql.unsafe(statement.replace("$", job.id)))
    await update("update jobs set revision = 2, settled_revision = 2 where id = '$'")
    refusedAs(await approve(job, approval), 409, "job-not-reviewable")
    await update("update job_batches set revision = 2 where job_id = '$'")
    await update("update jobs set settled_revision = 1 where id = '$'")
    refusedAs(await approve(job, approval), 409, "job-not-reviewable")
    await update("update jobs set settled_revision = 2, state = 'loading' where id = '$'")
    refusedAs(await approve(job, approval), 409, "job-not-reviewable")
    await update("update jobs set state = 'validation_pending', cancel_requested = true where id = '$'")
    refusedAs(await approve(job, approval), 409, "job-not-reviewable")
    await update("update jobs set cancel_requested = false where id = '$'")
    assert.strictEqual((await approve(job, approval)).status, 200)
  })
})

describe("a review CSV", () => {
  const lines = (text: string) => text.split("\r\n")

  it("shows what needs a decision first, and every record", async () => {
    const job = await reviewedJob(three)
    const reply = await csv(job, "tickets")
    assert.strictEqual(reply.status, 200)
    assert.match(reply.headers.get("content-type") ?? "", /^text\/csv/)
    assert.match(reply.headers.get("content-disposition") ?? "", /attachment; filename="tickets-/)
    const [head, first, second, third, end, ...more] = lines(reply.text)
    assert.isTrue(head?.startsWith("decision,reason,unmapped_value,agent,no_email,merged,text_limit,"))
    assert.include(head, ",source_id,native_id,")
    assert.include(head, ",to.subject,")
    assert.isTrue(first?.startsWith("load,,,,,,the text was cut,"))
    assert.include(first, "First")
    assert.include(second, "requester_id: person 7 (placeholder)")
    assert.isTrue(third?.startsWith("exclude,unmapped status 9,unmapped status 9,"))
    assert.deepStrictEqual([end, ...more], [""])
    assert.strictEqual((await csv(job, "incidents")).text, reply.text)
  })

  it("shows what a record came under also where the vendor's row does not say it: a note of a problem", async () => {
    const job = await reviewedJob(three)
    const raw = JSON.stringify([
      { id: 41, user_id: 7, body: "<p>Cause found</p>", body_text: "Cause found", created_at: "2026-01-02T00:00:00Z" }
    ])
    await api.sql(
      acme.tenantId,
      (sql) => sql`with batch as (insert into job_extracted_data (job_id, tenant_id, entity_type, stream, batch_number,
          source_system, raw_data, transformed_data, record_count, extraction_timestamp, expires_at)
        values (${job.id}::uuid, ${acme.tenantId}::uuid, 'comment', 'problems', 0, 'freshservice', ${Buffer.from(raw)},
          '[{"body":{"html_body":"<p>Cause found</p>"},"refs":{},"meta":null}]', 1, now(), now() + interval '30 days'))
        insert into job_records (tenant_id, job_id, entity, source_id, native_id, parent_id, parent_entity, stream, batch,
          position, raw_hash, state, title)
        values (${acme.tenantId}::uuid, ${job.id}::uuid, 'comment', 'problem_notes/41', '41', '5', 'problem', 'problems', 0, 0,
          'h', 'ready', 'Cause found')`
    )
    const [head = "", note = ""] = lines((await csv(job, "comments")).text)
    const cells = Object.fromEntries(head.split(",").map((name, i) => [name, note.split(",")[i]]))
    assert.deepInclude(cells, { parent_id: "5", author: "7", visibility: "private", text: "Cause found" })
  })

  it("of an entity without rows is its header line", async () => {
    const job = await reviewedJob(three)
    const reply = await csv(job, "users")
    assert.strictEqual(reply.status, 200)
    assert.lengthOf(lines(reply.text), 2)
    assert.isTrue(reply.text.startsWith("decision,reason,"))
  })

  it("of what is no entity, or not in the job, is refused with a code", async () => {
    const job = await reviewedJob(three)
    refusedAs(await csv(job, "widgets"), 404, "entity-not-in-job")
    const few = await acme.post<JobView>("/api/migrations", { source, destination, entities: ["group"] })
    refusedAs(await csv(few.body, "tickets"), 404, "entity-not-in-job")
  })

  it("makes text of formulas, and keeps quotes, lines and other scripts", async () => {
    const evil = [
      '=HYPERLINK("http://evil")',
      "+1",
      "-1",
      "@SUM(A1)",
      "\t=1",
      'a "quoted", text',
      "two\r\nlines",
      "\u{202e}שלום 😀"
    ]
    const job = await reviewedJob(evil.map((subject, i) => ({ id: String(i + 1), subject })))
    const { text } = await csv(job, "ticket")
    assert.notMatch(text, /(^|[,\n])"?[=+@\t]/)
    assert.include(text, `"'=HYPERLINK(""http://evil"")"`)
    assert.include(text, `,'+1,`)
    assert.include(text, `"a ""quoted"", text"`)
    assert.include(text, '"two\r\nlines"')
    assert.include(text, "\u{202e}שלום 😀")
  })

  it("is begun four times at once by one tenant, and others wait for their turn", async () => {
    const long = (n: number) => ({ id: String(n), subject: "long", description: "long ".repeat(60_000) })
    const job = await reviewedJob([long(1)])
    // More than the sockets between us hold by themselves.
    for (let n = 1; n <= 12; n++) await archived(api, acme, job.id, n, [3 * n, 3 * n + 1, 3 * n + 2].map(long))
    const path = `${api.origin}/api/jobs/${job.id}/download/csv/tickets`
    const begin = async () => {
      const stop = new AbortController()
      const answer = await fetch(path, { headers: { authorization: `Bearer ${acme.token}` }, signal: stop.signal })
      const reader = answer.body?.getReader()
      return { stop: () => stop.abort(), read: async () => (await reader?.read())?.value?.length ?? 0 }
    }
    const unread = await Promise.all([1, 2, 3, 4].map(begin))
    for (const one of unread) while ((await one.read()) < 10_000);
    const fifth = await begin()
    assert.isBelow(await fifth.read(), 5_000)
    const more = fifth.read()
    const first = await Promise.race([more, new Promise((later) => setTimeout(() => later("waits"), 700))])
    assert.strictEqual(first, "waits")
    unread[0]?.stop()
    assert.isAbove(await more, 0)
    for (const one of [...unread, fifth]) one.stop()
  })

  it("says that it is UTF-8 when asked", async () => {
    const job = await reviewedJob(three)
    const answer = await fetch(`${api.origin}/api/jobs/${job.id}/download/csv/ticket?bom=true`, {
      headers: { authorization: `Bearer ${acme.token}` }
    })
    assert.deepStrictEqual([...new Uint8Array(await answer.arrayBuffer()).slice(0, 3)], [0xef, 0xbb, 0xbf])
  })
})

describe("the records of a job", () => {
  it("come page by page and by state", async () => {
    const job = await reviewedJob(Array.from({ length: 7 }, (_, i) => ({ id: String(i + 1), subject: `T${i + 1}` })))
    const ids: Array<string> = []
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { body: { records: ReadonlyArray<{ id: string }>; next: string | null } } = await acme.get(
        `/api/jobs/${job.id}/records?entity=incidents&limit=3&cursor=${encodeURIComponent(cursor)}`
      )
      ids.push(...page.body.records.map((r) => r.id))
      cursor = page.body.next
    }
    assert.deepStrictEqual(
      ids,
      [1, 2, 3, 4, 5, 6, 7].map((n) => `ticket:${n}`)
    )
    const excluded = await acme.get<{ records: ReadonlyArray<unknown> }>(`/api/jobs/${job.id}/records?state=excluded`)
    assert.deepStrictEqual(excluded.body.records, [])
    refusedAs(await acme.get(`/api/jobs/${job.id}/records?entity=widget`), 422, "entity-unknown")
  })

  it("each tell their whole history", async () => {
    const job = await reviewedJob(three)
    const { body } = await acme.get(`/api/jobs/${job.id}/records/ticket:1`)
    assert.deepInclude(body, { id: "ticket:1", title: "First", state: "ready", load: null, ledger: null })
    assert.deepInclude(body["raw"] as object, { subject: "First" })
    assert.deepInclude((body["transformed"] as { body: object }).body, { subject: "First" })
    const slash = await api.sql(
      acme.tenantId,
      (sql) => sql`insert into job_records
      (tenant_id, job_id, entity, source_id, native_id, stream, batch, position, raw_hash)
      values (${acme.tenantId}::uuid, ${job.id}::uuid, 'person', 'requesters/7', '7', 'requesters', 0, 0, 'h') returning 1`
    )
    assert.lengthOf(slash, 1)
    const person = await acme.get(`/api/jobs/${job.id}/records/${encodeURIComponent("person:requesters/7")}`)
    assert.deepInclude(person.body, { id: "person:requesters/7", sourceId: "requesters/7" })
    refusedAs(await acme.get(`/api/jobs/${job.id}/records/ticket:99`), 404, "record-unknown")
    refusedAs(await acme.get(`/api/jobs/${job.id}/records/nonsense`), 404, "record-unknown")
  })
})

describe("after loading", () => {
  it("outcomes are counted and failures are told in the vendor's words", async () => {
    const job = await reviewedJob(three)
    const error = { code: "RecordInvalid", message: "Subject: cannot be blank", hint: "Map a subject." }
    await api.sql(
      acme.tenantId,
      (
        sql
      ) => sql`insert into job_record_outcomes (tenant_id, job_id, entity, source_id, outcome, destination_id, error)
      values (${acme.tenantId}::uuid, ${job.id}::uuid, 'ticket', '1', 'created', '900', null),
        (${acme.tenantId}::uuid, ${job.id}::uuid, 'ticket', '2', 'failed', null, ${JSON.stringify(error)}::jsonb)`
    )
    const { body } = await acme.get<{
      entities: ReadonlyArray<Record<string, unknown>>
      failures: ReadonlyArray<unknown>
    }>(`/api/jobs/${job.id}/loading-results`)
    const ticket = body.entities.find((e) => e["entity"] === "ticket")
    assert.deepInclude(ticket, { approved: 2, created: 1, failed: 1, open: 0 })
    assert.deepStrictEqual(body.failures, [{ entity: "ticket", sourceId: "2", ...error }])
    refusedAs(await acme.get(`/api/jobs/${job.id}/download/audit-report`), 404, "report-missing")
  })
})
