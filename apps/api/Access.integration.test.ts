import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Caller, operatorToken, refusedAs, startApi, type TestApi } from "./TestApi.ts"

let api: TestApi
let admin: Caller
beforeAll(async () => {
  api = await startApi()
  admin = await api.tenant("acme")
})
afterAll(() => api.stop())

const login = (email: string, password: string) => api.anybody.post("/api/login", { email, password })

describe("what holds for a tenant", () => {
  it("is changed by its admin where it takes nothing from others, and else by the operator; the audit log tells", async () => {
    const mine = await api.tenant("settled")
    const operator = new Caller(api.origin, operatorToken)
    const path = `/api/tenants/${mine.tenantId}`
    const first = (await mine.get("/api/tenant")).body
    assert.deepInclude(first, { tier: "standard", weight: 1, weightSet: false, retentionDays: 30 })
    const kept = await mine.ask("PATCH", "/api/tenant", { retentionDays: 60 })
    assert.deepStrictEqual(kept.body, { ...first, retentionDays: 60 })
    refusedAs(await mine.ask("PATCH", "/api/tenant", { tier: "enterprise" }), 400, "invalid-request")
    refusedAs(await mine.ask("PATCH", "/api/tenant", { retentionDays: 91 }), 400, "invalid-request")
    refusedAs(await mine.ask("PATCH", path, { tier: "enterprise" }), 401, "sign-in-needed")
    const raised = await operator.ask("PATCH", path, { tier: "premium", weight: 7 })
    assert.deepInclude(raised.body, { tier: "premium", weight: 7, weightSet: true, retentionDays: 60 })
    const again = await operator.ask("PATCH", path, { weight: null })
    assert.deepInclude(again.body, { tier: "premium", weight: 2, weightSet: false })
    assert.deepStrictEqual((await operator.get(path)).body, again.body)
    refusedAs(await operator.get("/api/tenants/01900000-0000-7000-8000-000000000000"), 404, "tenant-unknown")
    refusedAs(await operator.get("/api/tenants/acme"), 404, "tenant-unknown")
    const events = await api.owner<{ actor: string; to: number }>(
      (sql) => sql`select actor, (detail->'to'->>'weight')::int as to from job_events
        where tenant_id = ${mine.tenantId}::uuid and type = 'tenant-changed' order by seq`
    )
    assert.deepStrictEqual(events, [
      { actor: "admin@settled.example", to: 1 },
      { actor: "operator", to: 7 },
      { actor: "operator", to: 2 }
    ])
  })
})

describe("tenants", () => {
  it("are made with the operator's token only", async () => {
    const asked = { slug: "intruder", name: "x", admin: { email: "a@intruder.example", password: "long enough 1" } }
    refusedAs(await api.anybody.post("/api/tenants", asked), 401, "sign-in-needed")
    refusedAs(await new Caller(api.origin, "wrong").post("/api/tenants", asked), 401, "sign-in-needed")
    refusedAs(await admin.post("/api/tenants", asked), 401, "sign-in-needed")
    assert.lengthOf(await api.owner((sql) => sql`select 1 from tenants where slug = 'intruder'`), 0)
  })

  it("have a name and an address nobody else has", async () => {
    const operator = new Caller(api.origin, operatorToken)
    const asked = { slug: "acme", name: "x", admin: { email: "new@acme.example", password: "long enough 1" } }
    refusedAs(await operator.post("/api/tenants", asked), 409, "tenant-exists")
    const same = { slug: "other", name: "x", admin: { email: "ADMIN@acme.example", password: "long enough 1" } }
    refusedAs(await operator.post("/api/tenants", same), 409, "tenant-exists")
    assert.lengthOf(await api.owner((sql) => sql`select 1 from tenants where slug = 'other'`), 0)
  })
})

describe("a login", () => {
  it("gives a token that says who one is", async () => {
    const me = await admin.get("/api/profile")
    assert.deepInclude(me.body, { email: "admin@acme.example", role: "admin" })
    assert.deepInclude(me.body["tenant"], { id: admin.tenantId, slug: "acme" })
  })

  it("is refused alike for a wrong password and for nobody", async () => {
    const wrong = await login("admin@acme.example", "not the password")
    const nobody = await login("nobody@acme.example", "not the password")
    refusedAs(wrong, 401, "credentials-wrong")
    refusedAs(nobody, 401, "credentials-wrong")
    assert.strictEqual(wrong.text, nobody.text)
  })

  it("is refused for a while after ten failures, also with the right password", async () => {
    const slow = await api.tenant("slow")
    assert.isDefined(slow.token)
    for (let i = 0; i < 10; i++) refusedAs(await login("Admin@slow.example", `guess ${i}`), 401, "credentials-wrong")
    const reply = await login("admin@slow.example", "the password of slow")
    refusedAs(reply, 429, "too-many-attempts")
    assert.isAbove(Number(reply.headers.get("retry-after")), 600)
    assert.strictEqual((await login("admin@acme.example", "the password of acme")).status, 200)
  })

  it("is guessed no more often by many at once, nor with words without end", async () => {
    await api.tenant("stormed")
    const guesses = Array.from({ length: 40 }, (_, i) => login("admin@stormed.example", `guess ${i}`))
    const codes = (await Promise.all(guesses)).map((r) => r.body["code"])
    assert.lengthOf(
      codes.filter((code) => code === "credentials-wrong"),
      10
    )
    assert.lengthOf(
      codes.filter((code) => code === "too-many-attempts"),
      30
    )
    refusedAs(await login("admin@acme.example", "x".repeat(257)), 400, "invalid-request")
    refusedAs(await login(`${"x".repeat(320)}@acme.example`, "x"), 400, "invalid-request")
    refusedAs(await api.anybody.post("/api/refresh", { refreshToken: "x".repeat(201) }), 400, "invalid-request")
  })

  it("is kept as a hash, with nothing to log in with", async () => {
    const rows = await api.owner<{ text: string }>(
      (sql) =>
        sql`select to_jsonb(u)::text || coalesce((select string_agg(to_jsonb(s)::text, '') from sessions s), '') as text from users u`
    )
    for (const { text } of rows) {
      assert.include(text, "$argon2id$")
      assert.notInclude(text, "the password of")
      assert.notInclude(text, String(admin.token))
    }
  })

  it("ends with a logout at once", async () => {
    const { body } = await login("admin@acme.example", "the password of acme")
    const session = new Caller(api.origin, String(body["accessToken"]))
    assert.strictEqual((await session.get("/api/profile")).status, 200)
    assert.strictEqual((await session.post("/api/logout", undefined)).status, 204)
    refusedAs(await session.get("/api/profile"), 401, "sign-in-needed")
    refusedAs(await api.anybody.post("/api/refresh", { refreshToken: body["refreshToken"] }), 401, "refresh-rejected")
    assert.strictEqual((await admin.get("/api/profile")).status, 200)
  })
})

describe("a refresh token", () => {
  const refresh = (refreshToken: unknown) => api.anybody.post("/api/refresh", { refreshToken })

  it("works once, of two at the same moment for one", async () => {
    const { body } = await login("admin@acme.example", "the password of acme")
    const both = await Promise.all([refresh(body["refreshToken"]), refresh(body["refreshToken"])])
    assert.deepStrictEqual(both.map((r) => r.status).toSorted(), [200, 401])
    const next = both.find((r) => r.status === 200)
    assert.strictEqual((await refresh(next?.body["refreshToken"])).status, 200)
  })

  it("ends its session when it comes back later", async () => {
    const { body } = await login("admin@acme.example", "the password of acme")
    const next = await refresh(body["refreshToken"])
    await api.owner(
      (sql) => sql`update sessions set rotated_at = now() - interval '1 minute' where rotated_at is not null`
    )
    refusedAs(await refresh(body["refreshToken"]), 401, "refresh-rejected")
    refusedAs(await refresh(next.body["refreshToken"]), 401, "refresh-rejected")
  })

  it("is refused when it was never given", async () => {
    refusedAs(await refresh("nonsense"), 401, "refresh-rejected")
    refusedAs(await api.anybody.post("/api/refresh", {}), 401, "refresh-rejected")
  })
})

describe("an API token", () => {
  it("is shown once, works, and ends when revoked", async () => {
    const made = await admin.post("/api/tokens", { name: "script", role: "viewer" })
    assert.strictEqual(made.status, 201)
    const script = new Caller(api.origin, String(made.body["token"]))
    assert.deepInclude((await script.get("/api/profile")).body, { role: "viewer", email: "admin@acme.example" })
    const list = await admin.get<ReadonlyArray<Record<string, unknown>>>("/api/tokens")
    assert.deepStrictEqual(
      list.body.map((t) => t["name"]),
      ["script"]
    )
    assert.notInclude(list.text, String(made.body["token"]))
    assert.strictEqual((await admin.ask("DELETE", `/api/tokens/${String(made.body["id"])}`)).status, 204)
    refusedAs(await script.get("/api/profile"), 401, "sign-in-needed")
    refusedAs(await admin.ask("DELETE", `/api/tokens/${String(made.body["id"])}`), 404, "token-unknown")
  })

  it("never may more than its owner", async () => {
    const made = await admin.post("/api/tokens", { name: "watcher", role: "viewer" })
    const viewer = new Caller(api.origin, String(made.body["token"]))
    refusedAs(await viewer.post("/api/tokens", { name: "more", role: "admin" }), 403, "not-allowed")
    refusedAs(await viewer.post("/api/connectors", { vendor: "zendesk", config: {} }), 403, "not-allowed")
    refusedAs(
      await viewer.post("/api/migrations", { source: admin.tenantId, destination: admin.tenantId }),
      403,
      "not-allowed"
    )
  })

  it("never may more than its owner may now", async () => {
    const owner = await api.tenant("demoted")
    const made = await owner.post("/api/tokens", { name: "old" })
    const script = new Caller(api.origin, String(made.body["token"]))
    assert.strictEqual((await script.get("/api/profile")).body["role"], "admin")
    await api.owner((sql) => sql`update users set role = 'operator' where tenant_id = ${owner.tenantId}::uuid`)
    assert.strictEqual((await script.get("/api/profile")).body["role"], "operator")
    refusedAs(await script.post("/api/tokens", { name: "more", role: "admin" }), 403, "not-allowed")
  })

  it("ends none that may more, and makes none that lives longer", async () => {
    const strong = await admin.post("/api/tokens", { name: "strong" })
    const weak = await admin.post("/api/tokens", { name: "weak", role: "viewer", expiresInDays: 2 })
    const viewer = new Caller(api.origin, String(weak.body["token"]))
    refusedAs(await viewer.ask("DELETE", `/api/tokens/${String(strong.body["id"])}`), 403, "not-allowed")
    assert.strictEqual((await new Caller(api.origin, String(strong.body["token"])).get("/api/profile")).status, 200)
    const ends = (body: Record<string, unknown>) => Date.parse(String(body["expiresAt"]))
    for (const more of [{}, { expiresInDays: 300 }])
      assert.strictEqual(ends((await viewer.post("/api/tokens", { name: "heir", ...more })).body), ends(weak.body))
    assert.isBelow(ends((await viewer.post("/api/tokens", { name: "heir", expiresInDays: 1 })).body), ends(weak.body))
  })

  it("of one tenant cannot be seen or revoked by another", async () => {
    const made = await admin.post("/api/tokens", { name: "mine" })
    const stranger = await api.tenant("stranger")
    refusedAs(await stranger.ask("DELETE", `/api/tokens/${String(made.body["id"])}`), 404, "token-unknown")
    assert.strictEqual((await new Caller(api.origin, String(made.body["token"])).get("/api/profile")).status, 200)
  })
})

describe("a token that is not ours", () => {
  const payload = (claims: object) => Buffer.from(JSON.stringify(claims)).toString("base64url")
  it("opens nothing", async () => {
    const [, body] = String(admin.token).split(".")
    const none = `${payload({ alg: "none", typ: "at+jwt" })}.${body}.`
    for (const token of ["", "x", "brg_x", none, `${String(admin.token).slice(0, -3)}abc`])
      refusedAs(await new Caller(api.origin, token).get("/api/profile"), 401, "sign-in-needed")
    refusedAs(await api.anybody.get("/api/profile"), 401, "sign-in-needed")
  })
})

describe("the browser's cookie", () => {
  const cookie = async (): Promise<string> => {
    const { headers } = await login("admin@acme.example", "the password of acme")
    const set = headers.getSetCookie()
    for (const one of set) assert.match(one, /HttpOnly/i)
    for (const one of set) assert.match(one, /SameSite=Strict/i)
    return set.map((c) => c.split(";")[0]).join("; ")
  }
  it("reads, and changes things for our own pages only", async () => {
    const jar = await cookie()
    assert.strictEqual((await api.anybody.ask("GET", "/api/profile", undefined, { cookie: jar })).status, 200)
    const from = (origin: string) => api.anybody.ask("POST", "/api/tokens", { name: "x" }, { cookie: jar, origin })
    refusedAs(await from("https://evil.example"), 403, "origin-refused")
    refusedAs(await from("null"), 403, "origin-refused")
    assert.strictEqual((await from(api.origin)).status, 201)
  })

  it("is refreshed for our own pages only", async () => {
    const jar = await cookie()
    const from = (origin: string) => api.anybody.ask("POST", "/api/refresh", {}, { cookie: jar, origin })
    refusedAs(await from("https://evil.example"), 403, "origin-refused")
    assert.strictEqual((await from(api.origin)).status, 200)
  })
})

describe("an installation without an operator's token", () => {
  it("lets one tenant be made, and hashes nothing for those who come later", async () => {
    const fresh = await startApi({ BRIDGE_OPERATOR_TOKEN: "" })
    try {
      await fresh.tenant("first")
      const asked = { slug: "second", name: "x", admin: { email: "a@second.example", password: "long enough 1" } }
      const timed = async (ask: () => Promise<unknown>) => {
        const began = performance.now()
        for (let i = 0; i < 8; i++) await ask()
        return performance.now() - began
      }
      for (const token of [undefined, ""])
        refusedAs(await new Caller(fresh.origin, token).post("/api/tenants", asked), 401, "sign-in-needed")
      const hashed = await timed(() => fresh.anybody.post("/api/login", { email: "a@first.example", password: "no" }))
      assert.isBelow(await timed(() => fresh.anybody.post("/api/tenants", asked)), hashed / 2)
    } finally {
      await fresh.stop()
    }
  })
})
