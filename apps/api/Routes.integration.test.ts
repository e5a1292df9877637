import { roles } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import type { JobView } from "@bridge/contract/Jobs"
import { OpenApi } from "effect/http-api"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Caller, freshserviceConfig, type Reply, refusedAs, startApi, type TestApi } from "./TestApi.ts"

let api: TestApi
let acme: Caller
let stranger: Caller
let source: string
let job: JobView
let token: string
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  stranger = await api.tenant("stranger")
  const both = await api.connections(acme)
  source = both[0]
  job = (await acme.post<JobView>("/api/migrations", { source, destination: both[1] })).body
  token = String((await acme.post("/api/tokens", { name: "secret name" })).body["id"])
})
afterAll(() => api.stop())

/** Every route there is, taken from the interface itself: a new one must be told apart here before it passes. */
const routes = Object.entries(OpenApi.fromApi(Api).paths).flatMap(([path, methods]) =>
  (["get", "post", "put", "patch", "delete"] as const).flatMap((method) => {
    const operation = methods[method]
    if (operation === undefined) return []
    const [open, body] = [(operation.security ?? []).length === 0, operation.requestBody !== undefined]
    return [{ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, open, body }]
  })
)

/** The operator's, by his own token: another tenant's id is no secret to him, and to nobody else an answer. */
const operators = ["GET /api/tenants/{id}", "PATCH /api/tenants/{id}"]
const open = [
  "POST /api/login",
  "POST /api/refresh",
  "POST /api/tenants",
  "GET /health/live",
  "GET /health/ready",
  ...operators
]

/** Bodies that are right but for what they name. */
const bodies = (): Readonly<Record<string, unknown>> => ({
  "POST /api/tokens": { name: "x", role: "viewer" },
  "PATCH /api/tenant": { retentionDays: 45 },
  "PATCH /api/tenants/{id}": { tier: "premium" },
  "POST /api/connectors": {
    vendor: "freshservice",
    config: { ...freshserviceConfig, domain: "nobody.freshservice.com" }
  },
  "POST /api/connectors/test": { vendor: "nobody", config: {} },
  "PATCH /api/connectors/{id}": { name: "mine" },
  "POST /api/mappings": { id: job.mapping?.id, mapping: {} },
  "POST /api/mappings/{id}/preview": { job: job.id },
  "POST /api/migrations": { source, destination: job.destination?.connection },
  "POST /api/migrations/estimate": { source, destination: job.destination?.connection },
  "POST /api/jobs/{id}/remap": { mappingId: job.mapping?.id },
  "POST /api/jobs/{id}/approve-loading": { hashes: {}, mapping: job.mapping, destination: "zendesk:acme" }
})

const bodyOf = (route: (typeof routes)[number]): unknown => {
  if (!route.body) return undefined
  const body = bodies()[route.name]
  if (body === undefined) throw new Error(`write a body for ${route.name} here`)
  return body
}

/** Whose id stands in the address. */
const idsOf = (path: string): readonly [string, string] => {
  const [, , room] = path.split("/")
  const known: Readonly<Record<string, readonly [string, string]>> = {
    jobs: [job.id, "job-unknown"],
    migrations: [job.id, "job-unknown"],
    connectors: [source, "connection-unknown"],
    mappings: [job.mapping?.id ?? "", "mapping-unknown"],
    tokens: [token, "token-unknown"]
  }
  const found = known[room ?? ""]
  if (found === undefined) throw new Error(`say here what the id of ${path} is`)
  return found
}

const addressed = (path: string, id: string): string => {
  const full = path
    .replace("/diff", "/diff?from=1&to=1")
    .replace("{id}", id)
    .replace("{entity_type}", "tickets")
    .replace("{recordId}", "ticket:1")
  if (full.includes("{")) throw new Error(`say here what stands in ${full}`)
  return full
}

/** Everything that a tenant has, as text. */
const everythingOf = async (tenantId: string): Promise<string> => {
  const tables = await api.owner<{ name: string }>(
    (
      sql
    ) => sql`select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname not in ('leases', 'timers') order by 1`
  )
  const parts = await Promise.all(
    tables.map(({ name }) =>
      api.owner<{ text: string }>((sql) =>
        sql.unsafe(
          `select coalesce(string_agg(to_jsonb(t)::text, e'\\n' order by to_jsonb(t)::text), '') as text from ${name} t where tenant_id = '${tenantId}'`
        )
      )
    )
  )
  return parts.map((p, i) => `${tables[i]?.name}\n${p[0]?.text}`).join("\n")
}

const refusalOf = (reply: Reply) => ({ status: reply.status, code: reply.body["code"] })

describe("what belongs to another tenant", () => {
  it("is on every route as if it were not there, and nothing of it changes", async () => {
    const before = await everythingOf(acme.tenantId)
    for (const route of routes.filter((r) => r.path.includes("{id}") && !operators.includes(r.name))) {
      const [id, code] = idsOf(route.path)
      const ask = (one: string) => stranger.ask(route.method, addressed(route.path, one), bodyOf(route))
      const theirs = await ask(id)
      assert.deepStrictEqual(refusalOf(theirs), { status: 404, code }, route.name)
      const nobodys = await ask("01900000-0000-7000-8000-000000000000")
      assert.strictEqual(
        theirs.text.replaceAll(id, "ID"),
        nobodys.text.replaceAll("01900000-0000-7000-8000-000000000000", "ID"),
        route.name
      )
    }
    assert.strictEqual(await everythingOf(acme.tenantId), before)
  })

  it("is in no list and no answer of a route without an id", async () => {
    const before = await everythingOf(acme.tenantId)
    const secrets = [job.id, source, token, job.mapping?.id ?? "", acme.tenantId, "secret name", "good-key"]
    for (const route of routes.filter((r) => !r.path.includes("{") && !open.includes(r.name))) {
      if (route.name === "POST /api/logout") continue
      const reply = await stranger.ask(route.method, route.path, bodyOf(route))
      assert.isBelow(reply.status, 500, `${route.name} ${reply.text}`)
      const said = new Set(Object.values(reply.status >= 400 ? { ids: [source, job.mapping?.id] } : {}).flat())
      for (const secret of secrets)
        if (!said.has(secret)) assert.notInclude(reply.text, secret, `${route.name} tells ${secret}`)
    }
    assert.strictEqual(await everythingOf(acme.tenantId), before)
  })

  it("cannot be used in the body of one's own request", async () => {
    const [from, to] = await api.connections(stranger)
    const mine = (await stranger.post<JobView>("/api/migrations", { source: from, destination: to })).body
    const { body } = await acme.get<{ mapping: object }>(`/api/mappings/${job.mapping?.id}`)
    const mapping = { id: job.mapping?.id }
    const begin = (more: object) => stranger.post("/api/migrations", { source: from, destination: to, ...more })
    refusedAs(await begin({ source }), 422, "connection-unfit")
    refusedAs(await begin({ destination: job.destination?.connection }), 422, "connection-unfit")
    refusedAs(await begin({ mapping }), 422, "mapping-invalid")
    refusedAs(await stranger.post("/api/mappings", { id: mapping.id, mapping: body.mapping }), 404, "mapping-unknown")
    await api.owner((sql) => sql`update jobs set state = 'validation_pending' where id = ${mine.id}::uuid`)
    refusedAs(await stranger.post(`/api/jobs/${mine.id}/remap`, { mappingId: mapping.id }), 404, "mapping-unknown")
  })
})

/** What each route needs; everybody who is logged in may see, and care for his own tokens. */
const needs: Readonly<Record<string, "run" | "approve" | "connect" | "administer">> = {
  "PATCH /api/tenant": "administer",
  "POST /api/connectors": "connect",
  "POST /api/connectors/test": "connect",
  "PATCH /api/connectors/{id}": "connect",
  "DELETE /api/connectors/{id}": "connect",
  "POST /api/mappings": "run",
  "POST /api/migrations": "run",
  "POST /api/migrations/estimate": "run",
  "POST /api/jobs/{id}/pause": "run",
  "POST /api/jobs/{id}/resume": "run",
  "POST /api/jobs/{id}/cancel": "run",
  "POST /api/jobs/{id}/remap": "run",
  "POST /api/jobs/{id}/approve-loading": "approve"
}
/** Everybody's: nothing of others is changed. */
const own = ["POST /api/mappings/{id}/preview", "POST /api/tokens", "DELETE /api/tokens/{id}", "POST /api/logout"]
const may: Readonly<Record<string, ReadonlyArray<string>>> = {
  run: ["operator", "approver", "admin"],
  approve: ["approver", "admin"],
  connect: ["admin"],
  administer: ["admin"]
}

describe("every role on every route", () => {
  it("may what its table says, and a route that changes something stands in it", async () => {
    for (const route of routes.filter((r) => r.method !== "GET" && !open.includes(r.name)))
      assert.isTrue(route.name in needs || own.includes(route.name), `say who may ${route.name}`)
    for (const role of roles) {
      const made = await acme.post("/api/tokens", { name: role, role })
      const caller = new Caller(api.origin, String(made.body["token"]))
      for (const route of routes.filter((r) => !open.includes(r.name))) {
        const nobodys = addressed(route.path, "01900000-0000-7000-8000-000000000000")
        const reply = await caller.ask(route.method, nobodys, bodyOf(route))
        const need = needs[route.name]
        const allowed = need === undefined || may[need]?.includes(role) === true
        if (allowed) assert.notInclude([401, 403, 500], reply.status, `${role}: ${route.name} ${reply.text}`)
        else refusedAs(reply, 403, "not-allowed")
      }
    }
  })

  it("needs a token, but for the few that are open", async () => {
    assert.deepStrictEqual(
      routes
        .filter((r) => r.open)
        .map((r) => r.name)
        .toSorted(),
      open.toSorted()
    )
    for (const route of routes.filter((r) => !open.includes(r.name))) {
      const path = addressed(route.path, job.id)
      refusedAs(await api.anybody.ask(route.method, path, bodyOf(route)), 401, "sign-in-needed")
      refusedAs(await new Caller(api.origin, "brg_x").ask(route.method, path, bodyOf(route)), 401, "sign-in-needed")
    }
  })
})
