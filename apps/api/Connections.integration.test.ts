import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Caller, freshserviceConfig, refusedAs, startApi, type TestApi, zendeskConfig } from "./TestApi.ts"

let api: TestApi
let acme: Caller
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
})
afterAll(() => api.stop())

const rows = (caller: Caller) =>
  api.sql<Record<string, unknown>>(
    caller.tenantId,
    (sql) => sql`select * from tenant_connectors where deleted_at is null`
  )

const refusedAndNotStored = async (body: unknown, status: number, code: Parameters<typeof refusedAs>[2]) => {
  const before = await rows(acme)
  const reply = await acme.post("/api/connectors", body)
  refusedAs(reply, status, code)
  assert.deepStrictEqual(await rows(acme), before)
  refusedAs(await acme.post("/api/connectors/test", body), status, code)
  return reply
}

describe("what can be connected", () => {
  it("comes with a form, in which secrets are marked", async () => {
    const { body } = await acme.get<ReadonlyArray<Record<string, unknown>>>("/api/connectors/types")
    const freshservice = body.find((t) => t["vendor"] === "freshservice")
    const zendesk = body.find((t) => t["vendor"] === "zendesk")
    assert.includeMembers(freshservice?.["source"] as Array<string>, [
      "ticket",
      "comment",
      "person",
      "group",
      "department"
    ])
    assert.includeMembers(zendesk?.["destination"] as Array<string>, [
      "ticket",
      "comment",
      "person",
      "group",
      "department"
    ])
    const form = freshservice?.["form"] as {
      properties: Record<string, Record<string, unknown>>
      required: Array<string>
    }
    assert.strictEqual(form.properties["api_key"]?.["writeOnly"], true)
    assert.includeMembers(form.required, ["domain", "api_key"])
  })
})

describe("a connection", () => {
  it("whose test succeeds is stored, its secret sealed and never shown", async () => {
    const made = await acme.post("/api/connectors", {
      vendor: "freshservice",
      name: "Desk",
      config: freshserviceConfig
    })
    assert.strictEqual(made.status, 201)
    assert.deepInclude(made.body, {
      vendor: "freshservice",
      name: "Desk",
      account: "freshservice:acme",
      config: { domain: "acme.freshservice.com" },
      secrets: ["api_key"]
    })
    const [stored] = await rows(acme)
    assert.notInclude(JSON.stringify(stored), "good-key")
    assert.notInclude(Buffer.from(stored?.["secrets"] as Uint8Array).toString("latin1"), "good-key")
    const list = await acme.get("/api/connectors")
    assert.notInclude(list.text + made.text, "good-key")
    assert.strictEqual((await acme.get(`/api/connectors/${String(made.body["id"])}/streams`)).status, 200)
  })

  it("with wrong credentials is refused in the vendor's words", async () => {
    const config = { ...freshserviceConfig, api_key: "bad-key" }
    const reply = await refusedAndNotStored({ vendor: "freshservice", config }, 422, "credentials-rejected")
    assert.include(String(reply.body["detail"]), "You have to be logged in")
    assert.notInclude(reply.text, "bad-key")
    const token = { ...zendeskConfig, api_token: "bad-token" }
    const other = await refusedAndNotStored({ vendor: "zendesk", config: token }, 422, "credentials-rejected")
    assert.include(String(other.body["detail"]), "Couldn't authenticate you")
    assert.notInclude(other.text, "bad-token")
  })

  it("that is half filled is refused field by field, before any call", async () => {
    const calls = api.vendors.seen.length
    const reply = await refusedAndNotStored({ vendor: "freshservice", config: { api_key: "k" } }, 422, "config-invalid")
    assert.deepInclude(reply.body["errors"] as Array<unknown>, { path: ["config", "domain"], message: "Missing key" })
    const both = await refusedAndNotStored({ vendor: "zendesk", config: {} }, 422, "config-invalid")
    assert.isNotEmpty(both.body["errors"])
    await refusedAndNotStored({ vendor: "freshservice", config: { domain: 7, api_key: "k" } }, 422, "config-invalid")
    await refusedAndNotStored(
      { vendor: "freshservice", config: { domain: "evil.example", api_key: "k" } },
      422,
      "config-invalid"
    )
    assert.strictEqual(api.vendors.seen.length, calls)
  })

  it("leads nowhere but to the vendor's own hosts, and nothing is called that does not", async () => {
    const calls = api.vendors.seen.length
    const own = freshserviceConfig.domain
    const domains = [
      ...[
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",

        "0x7f.1",
        "evil.example",
        "freshservice.com"
      ],
      ...[`${own}.evil.example`, `evil.example#${own}`, `evil.example/${own}`, `x@${own}`, `${own}@evil.example`],
      ...[
        `${own}:8080`,

        `${own}?x`,
        `${own}\\@evil.example`,

        `..${own}`,
        `a b.freshservice.com`
      ],
      `acme.freshservice.com\r\nhost: evil.example`
    ]
    for (const domain of domains)
      refusedAs(
        await acme.post("/api/connectors/test", { vendor: "freshservice", config: { ...freshserviceConfig, domain } }),
        422,
        "config-invalid"
      )
    for (const subdomain of [
      "evil.example/",
      "a.b",
      "127.0.0.1",
      "acme@evil",
      "acme:80",

      "acme#",
      "-",
      "acme\r\nx",
      ""
    ])
      refusedAs(
        await acme.post("/api/connectors/test", { vendor: "zendesk", config: { ...zendeskConfig, subdomain } }),
        422,
        "config-invalid"
      )
    assert.strictEqual(api.vendors.seen.length, calls)
  })

  it("to an account that does not exist is refused", async () => {
    const config = { ...freshserviceConfig, domain: "nobody.freshservice.com" }
    await refusedAndNotStored({ vendor: "freshservice", config }, 422, "account-unknown")
    await refusedAndNotStored(
      { vendor: "zendesk", config: { ...zendeskConfig, subdomain: "nobody" } },
      422,
      "account-unknown"
    )
  })

  it("to an unknown vendor, and a body that is none, are refused", async () => {
    await refusedAndNotStored({ vendor: "acme-desk", config: {} }, 422, "vendor-unknown")
    await refusedAndNotStored({ config: {} }, 400, "invalid-request")
    const typo = await refusedAndNotStored({ vendor: "zendesk", config: {}, nmae: "x" }, 400, "invalid-request")
    assert.deepStrictEqual(
      (typo.body["errors"] as Array<{ path: unknown }>).map((e) => e.path),
      [["payload", "nmae"]]
    )
  })

  it("changes only after a test, and keeps its account and its secret", async () => {
    const made = await acme.post("/api/connectors", { vendor: "zendesk", config: zendeskConfig })
    const at = `/api/connectors/${String(made.body["id"])}`
    refusedAs(await acme.ask("PATCH", at, { config: { api_token: "bad-token" } }), 422, "credentials-rejected")
    refusedAs(await acme.ask("PATCH", at, { config: { subdomain: "other" } }), 409, "account-changed")
    const renamed = await acme.ask("PATCH", at, { name: "New name", share: 0.5 })
    assert.deepInclude(renamed.body, { name: "New name", share: 0.5, config: made.body["config"] })
    assert.strictEqual((await acme.get(`${at}/streams`)).status, 200)
  })

  it("is removed with its secret, but not while a job uses it", async () => {
    const [source, destination] = await api.connections(acme)
    const job = await acme.post("/api/migrations", { source, destination })
    assert.strictEqual(job.status, 201)
    refusedAs(await acme.ask("DELETE", `/api/connectors/${source}`), 409, "connection-in-use")
    await api.sql(acme.tenantId, (sql) => sql`update jobs set state = 'cancelled'`)
    assert.strictEqual((await acme.ask("DELETE", `/api/connectors/${source}`)).status, 204)
    refusedAs(await acme.get(`/api/connectors/${source}`), 404, "connection-unknown")
    const kept = await api.sql<{ bytes: number }>(
      acme.tenantId,
      (sql) => sql`select length(secrets) as bytes from tenant_connectors where id = ${source}::uuid`
    )
    assert.deepStrictEqual(kept, [{ bytes: 0 }])
  })

  it("of another tenant is as unknown as none", async () => {
    const [source] = await api.connections(acme)
    const stranger = await api.tenant("stranger")
    for (const id of [source, acme.tenantId, "nonsense", "..%2F"]) {
      refusedAs(await stranger.get(`/api/connectors/${id}`), 404, "connection-unknown")
      refusedAs(await stranger.get(`/api/connectors/${id}/streams`), 404, "connection-unknown")
      refusedAs(await stranger.ask("PATCH", `/api/connectors/${id}`, { name: "mine" }), 404, "connection-unknown")
      refusedAs(await stranger.ask("DELETE", `/api/connectors/${id}`), 404, "connection-unknown")
    }
    assert.strictEqual((await acme.get(`/api/connectors/${source}`)).status, 200)
  })
})

describe("an Idempotency-Key", () => {
  it("makes one connection of many posts at the same moment", async () => {
    const tenant = await api.tenant("hasty")
    const body = { vendor: "freshservice", config: freshserviceConfig }
    const replies = await Promise.all(Array.from({ length: 8 }, () => tenant.post("/api/connectors", body, "one")))
    assert.deepStrictEqual(new Set(replies.map((r) => r.status)), new Set([201]))
    assert.strictEqual(new Set(replies.map((r) => r.body["id"])).size, 1)
    assert.lengthOf(await rows(tenant), 1)
    assert.strictEqual(replies.filter((r) => r.headers.get("idempotent-replayed") === "true").length, 7)
  })

  it("refuses another body, and keeps no failure", async () => {
    const tenant = await api.tenant("changing")
    const bad = { vendor: "freshservice", config: { ...freshserviceConfig, api_key: "bad" } }
    refusedAs(await tenant.post("/api/connectors", bad, "k"), 422, "credentials-rejected")
    const good = { vendor: "freshservice", config: freshserviceConfig }
    assert.strictEqual((await tenant.post("/api/connectors", good, "k")).status, 201)
    refusedAs(await tenant.post("/api/connectors", bad, "k"), 422, "key-reused")
    refusedAs(
      await tenant.post("/api/migrations", { source: tenant.tenantId, destination: tenant.tenantId }, "k"),
      422,
      "key-reused"
    )
    assert.lengthOf(await rows(tenant), 1)
  })

  it("of one tenant means nothing to another", async () => {
    const [one, two] = [await api.tenant("first"), await api.tenant("second")]
    const body = { vendor: "freshservice", config: freshserviceConfig }
    const replies = [await one.post("/api/connectors", body, "same"), await two.post("/api/connectors", body, "same")]
    assert.notStrictEqual(replies[0]?.body["id"], replies[1]?.body["id"])
  })

  it("is stored without the secrets of the body", async () => {
    const kept = await api.owner<{ text: string }>(
      (sql) => sql`select to_jsonb(k)::text as text from idempotency_keys k`
    )
    assert.isNotEmpty(kept)
    for (const { text } of kept) assert.notInclude(text, "good-key")
  })
})
