import type { Estimate, JobView } from "@bridge/contract/Jobs"
import { entityIds } from "@bridge/domain/Entities"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Caller, refusedAs, startApi, type TestApi } from "./TestApi.ts"

let api: TestApi
let acme: Caller
let stranger: Caller
let source: string
let destination: string
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  stranger = await api.tenant("stranger")
  const both = await api.connections(acme)
  source = both[0]
  destination = both[1]
})
afterAll(() => api.stop())

const begin = async (more: Readonly<Record<string, unknown>> = {}) => {
  const reply = await acme.post<JobView>("/api/migrations", { source, destination, ...more })
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.body
}
const counts = async () => {
  const [row] = await api.owner<Record<string, unknown>>(
    (sql) => sql`select (select count(*) from jobs)::int as jobs, (select count(*) from job_streams)::int as streams,
      (select count(*) from timers)::int as timers, (select count(*) from job_events)::int as events,
      (select count(*) from mappings)::int as mappings, (select count(*) from outbox)::int as outbox`
  )
  return row
}
const eventsOf = (jobId: string) =>
  api.owner<{ type: string; actor: string }>(
    (sql) => sql`select type, actor from job_events where job_id = ${jobId}::uuid order by seq`
  )
const set = (jobId: string, state: string, more = "") =>
  api.owner((sql) => sql.unsafe(`update jobs set state = '${state}' ${more} where id = '${jobId}'`))

describe("a new migration", () => {
  it("moves all that both sides can, when nothing is named", async () => {
    const job = await begin()
    assert.deepStrictEqual(job.entities, [...entityIds])
    assert.deepInclude(job, { state: "queued", revision: 1, approved: null, createdBy: "admin@acme.example" })
    assert.strictEqual(job.source.account, "freshservice:acme")
    assert.strictEqual(job.destination?.account, "zendesk:acme")
    const streams = await api.owner<{ stream: string }>(
      (sql) => sql`select stream from job_streams where job_id = ${job.id}::uuid order by stream`
    )
    assert.deepStrictEqual(
      streams.map((s) => s.stream),
      [
        "agent_fields",
        "agents",
        "asset_types",
        "assets",
        "change_fields",
        "changes",
        "department_fields",
        "departments",
        "groups",
        "locations",
        "problem_fields",
        "problems",
        "relationships",
        "requester_fields",
        "requesters",
        "ticket_fields",
        "tickets"
      ]
    )
    assert.deepStrictEqual(await eventsOf(job.id), [{ type: "job-created", actor: "admin@acme.example" }])
    const timers = await api.owner((sql) => sql`select 1 from timers where kind = 'sweep' and key = ${job.id}`)
    assert.lengthOf(timers, 1)
    const mapping = await acme.get(`/api/mappings/${job.mapping?.id}`)
    assert.deepInclude(mapping.body, { version: 1, source: "freshservice", destination: "zendesk" })
  })

  it("takes aliases, and the parents along", async () => {
    const job = await begin({ entities: ["Notes", "users"] })
    assert.deepStrictEqual(job.entities, ["person", "ticket", "comment"])
    const streams = await api.owner<{ stream: string }>(
      (sql) => sql`select stream from job_streams where job_id = ${job.id}::uuid order by stream`
    )
    assert.deepStrictEqual(
      streams.map((s) => s.stream),
      ["agents", "requesters", "tickets"]
    )
  })

  it("is refused for an unknown entity, and nothing is there", async () => {
    const before = await counts()
    const reply = await acme.post("/api/migrations", { source, destination, entities: ["tickets", "widgets"] })
    refusedAs(reply, 422, "entity-unknown")
    assert.deepStrictEqual(reply.body["errors"], [{ path: ["entities", 1], message: "widgets is no entity" }])
    assert.deepStrictEqual(await counts(), before)
  })

  it("is refused for connections that do not fit, and nothing is there", async () => {
    const before = await counts()
    const swapped = await acme.post("/api/migrations", { source: destination, destination: source })
    refusedAs(swapped, 422, "connection-unfit")
    refusedAs(await acme.post("/api/migrations", { source, destination: source }), 422, "connection-unfit")
    refusedAs(await acme.post("/api/migrations", { source, destination: acme.tenantId }), 422, "connection-unfit")
    refusedAs(await acme.post("/api/migrations", { source }), 400, "invalid-request")
    refusedAs(await stranger.post("/api/migrations", { source, destination }), 422, "connection-unfit")
    assert.deepStrictEqual(await counts(), before)
  })

  it("is refused for options that contradict each other or are none", async () => {
    const before = await counts()
    const span = { since: "2026-02-01T00:00:00Z", until: "2026-01-01T00:00:00Z" }
    refusedAs(await acme.post("/api/migrations", { source, destination, options: span }), 422, "options-invalid")
    const never = { since: "2026-02-31T99:00:00Z" }
    refusedAs(await acme.post("/api/migrations", { source, destination, options: never }), 422, "options-invalid")
    refusedAs(
      await acme.post("/api/migrations", { source, destination, options: { batchSize: 0 } }),
      400,
      "invalid-request"
    )
    const odd = { filters: { ticket: { colour: "red" } }, sampleSize: 5 }
    const reply = await acme.post("/api/migrations", { source, destination, entities: ["people"], options: odd })
    refusedAs(reply, 422, "options-invalid")
    assert.deepStrictEqual(
      (reply.body["errors"] as ReadonlyArray<{ path: unknown }>).map((e) => e.path),
      [
        ["options", "filters", "ticket"],
        ["options", "sampleSize"]
      ]
    )
    for (const options of [{ sampleSize: 0 }, { sampleSize: 10_001 }, { filters: { ticket: { status: {} } } }])
      refusedAs(await acme.post("/api/migrations", { source, destination, options }), 400, "invalid-request")
    assert.deepStrictEqual(await counts(), before)
  })

  it("keeps its options, and is a sample when a number of tickets is asked for", async () => {
    const options = { filters: { tickets: { status: ["open", 6] } }, sampleSize: 20, batchSize: 50 }
    const job = await begin({ options })
    const kept = { filters: { ticket: { status: ["open", 6] } }, sampleSize: 20, batchSize: 50 }
    assert.deepInclude(job, { kind: "sample", options: kept })
    assert.deepInclude((await acme.get<JobView>(`/api/jobs/${job.id}`)).body, { kind: "sample", options: kept })
  })

  it("is estimated before it begins, and refused alike; nothing is there afterwards", async () => {
    const before = await counts()
    const body = { source, destination, options: { sampleSize: 5 } }
    const reply = await acme.post<typeof Estimate.Type>("/api/migrations/estimate", body)
    assert.strictEqual(reply.status, 200)
    const { entities, jobId, secondsLeft, streams } = reply.body
    assert.deepStrictEqual([jobId, secondsLeft], [null, 0])
    assert.deepStrictEqual(
      entities.map((e) => e.entity),
      [...entityIds]
    )
    assert.deepInclude(streams, { stream: "tickets", entity: "ticket", rows: 0, read: 0, calls: 0, called: 0 })
    const odd = await acme.post("/api/migrations/estimate", { ...body, entities: ["people"] })
    refusedAs(odd, 422, "options-invalid")
    refusedAs(await stranger.post("/api/migrations/estimate", body), 422, "connection-unfit")
    assert.deepStrictEqual(await counts(), before)
  })

  it("is made once for many posts with one key at the same moment", async () => {
    const body = { source, destination, name: "once" }
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => acme.post<JobView>("/api/migrations", body, "m1"))
    )
    assert.deepStrictEqual(new Set(replies.map((r) => r.status)), new Set([201]))
    assert.strictEqual(new Set(replies.map((r) => r.body.id)).size, 1)
    const made = await api.owner((sql) => sql`select 1 from jobs where name = 'once'`)
    assert.lengthOf(made, 1)
    refusedAs(await acme.post("/api/migrations", { ...body, name: "twice" }, "m1"), 422, "key-reused")
  })
})

describe("a job", () => {
  it("of another tenant is as unknown as none, everywhere", async () => {
    const job = await begin()
    for (const id of [job.id, acme.tenantId, "nonsense"]) {
      for (const path of [
        `/api/jobs/${id}`,
        `/api/migrations/${id}`,
        `/api/migrations/${id}/estimate`,
        `/api/jobs/${id}/extraction-summary`,
        `/api/jobs/${id}/records`,
        `/api/jobs/${id}/records/ticket:1`,
        `/api/jobs/${id}/download/csv/tickets`,
        `/api/jobs/${id}/loading-results`,
        `/api/jobs/${id}/download/audit-report`,
        `/api/jobs/${id}/audit/verify`,
        `/api/jobs/${id}/progress-stream`
      ])
        refusedAs(await stranger.get(path), 404, "job-unknown")
      for (const word of ["pause", "resume", "cancel"])
        refusedAs(await stranger.post(`/api/jobs/${id}/${word}`, undefined), 404, "job-unknown")
      refusedAs(await stranger.post(`/api/jobs/${id}/remap`, { mappingId: job.mapping?.id }), 404, "job-unknown")
      const approval = { hashes: {}, mapping: job.mapping, destination: "zendesk:acme" }
      refusedAs(await stranger.post(`/api/jobs/${id}/approve-loading`, approval), 404, "job-unknown")
    }
    assert.deepStrictEqual((await acme.get<JobView>(`/api/jobs/${job.id}`)).body, job)
    assert.deepStrictEqual((await stranger.get("/api/jobs")).body, { jobs: [], next: null })
    assert.lengthOf(await eventsOf(job.id), 1)
  })

  it("is listed newest first, page by page", async () => {
    const all: Array<string> = []
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { body: { jobs: ReadonlyArray<JobView>; next: string | null } } = await acme.get(
        `/api/jobs?limit=2&cursor=${cursor}`
      )
      all.push(...page.body.jobs.map((j) => j.id))
      cursor = page.body.next
    }
    assert.deepStrictEqual(all, all.toSorted().toReversed())
    assert.strictEqual(new Set(all).size, all.length)
    assert.isAbove(all.length, 3)
    refusedAs(await acme.get("/api/jobs?limit=0"), 400, "invalid-request")
    refusedAs(await acme.get("/api/jobs?state=sleeping"), 400, "invalid-request")
  })

  it("is paused, resumed and cancelled once, however often it is said", async () => {
    const { id } = await begin()
    const say = (word: string) => acme.post<JobView>(`/api/jobs/${id}/${word}`, undefined)
    assert.isTrue((await say("pause")).body.paused)
    assert.isTrue((await say("pause")).body.paused)
    assert.isFalse((await say("resume")).body.paused)
    assert.isTrue((await say("cancel")).body.cancelRequested)
    assert.isTrue((await say("cancel")).body.cancelRequested)
    assert.deepStrictEqual(
      (await eventsOf(id)).map((e) => e.type),
      ["job-created", "job-paused", "job-resumed", "job-cancel-requested"]
    )
    await set(id, "cancelled")
    refusedAs(await say("pause"), 409, "job-ended")
    await set(id, "completed")
    refusedAs(await say("resume"), 409, "job-ended")
  })

  it("is mapped anew only while it waits for its review, and an approval is void then", async () => {
    const job = await begin()
    const { body } = await acme.get<{ mapping: Record<string, unknown> }>(`/api/mappings/${job.mapping?.id}`)
    const remap = (payload: unknown) => acme.post<JobView>(`/api/jobs/${job.id}/remap`, payload)
    for (const state of ["queued", "extracting", "loading", "completed", "cancelled"]) {
      await set(job.id, state)
      refusedAs(await remap({ mapping: body.mapping }), 409, "job-not-reviewable")
    }
    await set(
      job.id,
      "validation_pending",
      `, settled_revision = 1, approval = '{"revision":1,"approvedBy":"a","approvedAt":"b"}'`
    )
    const broken = await remap({ mapping: { ...body.mapping, format: 9 } })
    refusedAs(broken, 422, "mapping-invalid")
    refusedAs(await remap({ mappingId: acme.tenantId }), 404, "mapping-unknown")
    assert.strictEqual((await acme.get<JobView>(`/api/jobs/${job.id}`)).body.revision, 1)
    const changed = await remap({ mapping: { ...body.mapping, name: "Changed" } })
    const id = job.mapping?.id ?? ""
    assert.deepInclude(changed.body, { revision: 2, approved: null, mapping: { id, version: 2 } })
    const [row] = await api.owner<Record<string, unknown>>(
      (sql) => sql`select approval, settled_revision from jobs where id = ${job.id}::uuid`
    )
    assert.deepStrictEqual(row, { approval: null, settled_revision: null })
    assert.strictEqual((await eventsOf(job.id)).at(-1)?.type, "mapping-changed")
    const back = await remap({ mappingId: id, version: 1 })
    assert.deepInclude(back.body, { revision: 3, mapping: { id, version: 1 } })
  })

  it("may be changed by those whose role allows it only", async () => {
    const { id } = await begin()
    const role = async (name: string) => {
      const token = await acme.post("/api/tokens", { name, role: name })
      return new Caller(api.origin, String(token.body["token"]))
    }
    const [viewer, operator] = [await role("viewer"), await role("operator")]
    refusedAs(await viewer.post(`/api/jobs/${id}/pause`, undefined), 403, "not-allowed")
    refusedAs(await viewer.post(`/api/jobs/${id}/cancel`, undefined), 403, "not-allowed")
    const approval = { hashes: {}, mapping: { id, version: 1 }, destination: "x" }
    refusedAs(await operator.post(`/api/jobs/${id}/approve-loading`, approval), 403, "not-allowed")
    assert.strictEqual((await viewer.get(`/api/jobs/${id}`)).status, 200)
    assert.strictEqual((await operator.post(`/api/jobs/${id}/pause`, undefined)).status, 200)
  })
})

describe("a mapping", () => {
  it("keeps every version, and refuses what is none with a place for each fault", async () => {
    const job = await begin()
    const { body } = await acme.get<{ mapping: Record<string, unknown> }>(`/api/mappings/${job.mapping?.id}`)
    const stored = await acme.post<{ id: string; name: string; version: number }>("/api/mappings", {
      name: "Ours",
      mapping: body.mapping
    })
    assert.deepInclude(stored.body, { version: 1, name: "Ours" })
    const next = await acme.post<{ version: number }>("/api/mappings", { id: stored.body.id, mapping: body.mapping })
    assert.strictEqual(next.body.version, 2)
    assert.strictEqual((await acme.get(`/api/mappings/${stored.body.id}?version=1`)).body["version"], 1)
    refusedAs(await acme.get(`/api/mappings/${stored.body.id}?version=9`), 404, "mapping-unknown")
    const broken = await acme.post("/api/mappings", { mapping: { ...body.mapping, options: {}, values: 7 } })
    refusedAs(broken, 422, "mapping-invalid")
    assert.isAbove((broken.body["errors"] as Array<unknown>).length, 1)
    refusedAs(await stranger.get(`/api/mappings/${stored.body.id}`), 404, "mapping-unknown")
    refusedAs(
      await stranger.post("/api/mappings", { id: stored.body.id, mapping: body.mapping }),
      404,
      "mapping-unknown"
    )
    assert.deepStrictEqual((await stranger.get<ReadonlyArray<unknown>>("/api/mappings")).body, [])
  })
})

describe("whatever is wrong with a request", () => {
  it("is answered by a problem document with a code", async () => {
    refusedAs(await acme.get("/api/nowhere"), 404, "route-unknown")
    refusedAs(await acme.get("/"), 404, "route-unknown")
    refusedAs(await acme.ask("PUT", "/api/jobs"), 405, "method-not-allowed")
    refusedAs(await acme.ask("DELETE", `/api/jobs/${acme.tenantId}`), 405, "method-not-allowed")
    refusedAs(await acme.ask("POST", "/api/migrations", "{ not json"), 400, "invalid-request")
    refusedAs(await acme.ask("POST", "/api/migrations", "[]"), 400, "invalid-request")
    const xml = { "content-type": "text/xml" }
    refusedAs(await acme.ask("POST", "/api/migrations", "<x/>", xml), 415, "media-type-unsupported")
    const large = JSON.stringify({ name: "x".repeat(1024 * 1024) })
    refusedAs(await acme.ask("POST", "/api/migrations", large), 413, "body-too-large")
  })

  it("is refused when a body without a length grows too large", async () => {
    const chunks = new ReadableStream({
      start(c) {
        for (let i = 0; i < 20; i++) c.enqueue(new TextEncoder().encode(`${" ".repeat(100_000)}`))
        c.close()
      }
    })
    const answer = await fetch(`${api.origin}/api/migrations`, {
      method: "POST",
      headers: { authorization: `Bearer ${acme.token}`, "content-type": "application/json" },
      body: chunks,
      duplex: "half"
    } as RequestInit)
    assert.strictEqual(answer.status, 413)
    assert.strictEqual(((await answer.json()) as { code: string }).code, "body-too-large")
  })
})

describe("the documents", () => {
  it("know every route of the design that is there", async () => {
    const { body } = await api.anybody.get<{ paths: Record<string, Record<string, unknown>> }>("/api/openapi.json")
    const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m.toUpperCase()} ${path}`)
    )
    assert.deepStrictEqual(routes.toSorted(), [...designed].toSorted())
    const docs = await fetch(`${api.origin}/api/docs`)
    assert.strictEqual(docs.status, 200)
    assert.include(await docs.text(), "<html")
    const metrics = await fetch(`${api.origin}/metrics`)
    assert.strictEqual(metrics.status, 200)
    assert.deepStrictEqual((await api.anybody.get("/health/live")).body, { status: "ok" })
  })
})

const designed = [
  ...["login", "refresh", "logout", "tenants", "tokens"].map((r) => `POST /api/${r}`),
  "GET /api/profile",
  ...["tenant", "tenants/{id}"].flatMap((r) => [`GET /api/${r}`, `PATCH /api/${r}`]),
  "GET /api/tokens",
  "DELETE /api/tokens/{id}",
  "GET /api/connectors/types",
  "GET /api/connectors",
  "POST /api/connectors",
  "POST /api/connectors/test",
  "GET /api/connectors/{id}",
  "PATCH /api/connectors/{id}",
  "DELETE /api/connectors/{id}",
  "GET /api/connectors/{id}/streams",
  "GET /api/mappings",
  "POST /api/mappings",
  "GET /api/mappings/{id}",
  "GET /api/mappings/{id}/versions",
  "GET /api/mappings/{id}/diff",
  "POST /api/mappings/{id}/preview",
  "POST /api/migrations",
  "GET /api/migrations",
  "GET /api/migrations/{id}",
  "POST /api/migrations/estimate",
  "GET /api/migrations/{id}/estimate",
  "GET /api/jobs",
  "GET /api/jobs/{id}",
  ...["pause", "resume", "cancel", "remap", "approve-loading"].map((r) => `POST /api/jobs/{id}/${r}`),
  "GET /api/jobs/{id}/extraction-summary",
  "GET /api/jobs/{id}/records",
  "GET /api/jobs/{id}/records/{recordId}",
  "GET /api/jobs/{id}/download/csv/{entity_type}",
  "GET /api/jobs/{id}/loading-results",
  "GET /api/jobs/{id}/download/audit-report",
  "GET /api/jobs/{id}/audit/verify",
  "GET /api/jobs/{id}/progress-stream",
  "GET /health/live",
  "GET /health/ready"
]
