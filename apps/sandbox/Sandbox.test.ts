import { describe, expect, it } from "vitest"
import { startSandbox } from "./Sandbox.ts"
import { withSandbox } from "./TestClient.ts"

const ticket = (k: number) => ({ ticket: { subject: `s${k}`, description: "x", external_id: `e${k}` } })

describe("fault orders", () => {
  it("answer 429 for so many calls, in each vendor's way, and nothing is done", () =>
    withSandbox({ tickets: 20 }, async ({ fresh, zen, admin, lines }) => {
      await admin("faults", {
        body: [
          { kind: "429", count: 2, retryAfter: 3, vendor: "zendesk", method: "POST" },
          { kind: "429", count: 1, vendor: "freshservice" }
        ]
      })
      expect(await zen("/api/v2/imports/tickets", { body: ticket(1) })).toMatchObject({
        status: 429,
        headers: { "retry-after": "3" }
      })
      expect((await zen("/api/v2/tickets")).status).toBe(200)
      expect((await zen("/api/v2/imports/tickets", { body: ticket(1) })).status).toBe(429)
      expect((await zen("/api/v2/imports/tickets", { body: ticket(1) })).status).toBe(201)
      expect(await fresh("/api/v2/tickets")).toMatchObject({ status: 429, text: "" })
      expect(await lines("ledger")).toHaveLength(1)
    }))

  it("answer a status, an HTML page, the text of a 504", () =>
    withSandbox({ tickets: 20 }, async ({ fresh, admin }) => {
      const order = (fault: object) => admin("faults", { body: { count: 1, ...fault } })
      await order({ kind: "status", status: 503, retryAfter: 7 })
      expect(await fresh("/api/v2/tickets")).toMatchObject({ status: 503, headers: { "retry-after": "7" } })
      await order({ kind: "status", status: 504 })
      expect((await fresh("/api/v2/tickets")).text).toBe("upstream request timeout")
      await order({ kind: "html", path: "/tickets/\\d+$" })
      expect((await fresh("/api/v2/tickets")).status).toBe(200)
      expect((await fresh("/api/v2/tickets/1")).text).toContain("<!DOCTYPE html>")
    }))

  it("cut a body in the middle, or end it early as if it were whole", () =>
    withSandbox({ tickets: 20 }, async ({ fresh, admin }) => {
      await admin("faults", {
        body: [
          { kind: "cut", count: 1 },
          { kind: "truncate", count: 1 }
        ]
      })
      await expect(fresh("/api/v2/tickets")).rejects.toThrow()
      const truncated = await fresh("/api/v2/tickets")
      expect(truncated).toMatchObject({ status: 200, body: undefined })
      expect(truncated.text).toMatch(/^{"tickets":\[/)
    }))

  it("do the write and destroy the socket, or destroy it before anything is done", () =>
    withSandbox({ tickets: 20 }, async ({ zen, admin, lines }) => {
      await admin("faults", { body: { kind: "unanswered", method: "POST", count: 1 } })
      await expect(zen("/api/v2/imports/tickets", { body: ticket(1) })).rejects.toThrow()
      expect((await zen("/api/v2/tickets?external_id=e1")).body.count).toBe(1)
      await admin("faults", { body: { kind: "drop", method: "POST", count: 1 } })
      await expect(zen("/api/v2/imports/tickets", { body: ticket(2) })).rejects.toThrow()
      expect((await zen("/api/v2/tickets?external_id=e2")).body.count).toBe(0)
      expect(await lines("ledger")).toHaveLength(1)
      const { counts } = (await admin("calls")).body
      expect(counts).toContainEqual({
        vendor: "zendesk",
        account: "acme",
        operation: "imports.create",
        status: 0,
        count: 1
      })
    }))

  it("are slow, skip the first calls, end after seconds, hit a share drawn from a seed, and are withdrawn", () =>
    withSandbox({ tickets: 20 }, async ({ fresh, admin, pass }) => {
      await admin("faults", { body: { kind: "slow", ms: 120, count: 1 } })
      const begun = performance.now()
      await fresh("/api/v2/tickets")
      expect(performance.now() - begun).toBeGreaterThan(100)
      await admin("faults", { body: { kind: "status", skip: 1, seconds: 10 } })
      expect((await fresh("/api/v2/tickets")).status).toBe(200)
      expect((await fresh("/api/v2/tickets")).status).toBe(500)
      pass(11_000)
      expect((await fresh("/api/v2/tickets")).status).toBe(200)
      const share = async (): Promise<ReadonlyArray<number>> => {
        await admin("faults", { method: "DELETE" })
        await admin("faults", { body: { kind: "status", probability: 0.3, seed: 4 } })
        const statuses: Array<number> = []
        for (let k = 0; k < 40; k++) statuses.push((await fresh("/api/v2/groups")).status)
        return statuses
      }
      const first = await share()
      expect(first.filter((status) => status === 500).length).toBeGreaterThan(3)
      expect(first.filter((status) => status === 500).length).toBeLessThan(25)
      expect(await share()).toEqual(first)
      await admin("faults", { method: "DELETE" })
      expect((await admin("faults")).body.faults).toEqual([])
    }))

  it("are refused when they make no sense", () =>
    withSandbox({ tickets: 20 }, async ({ admin }) => {
      for (const body of [
        { kind: "odd" },
        { kind: "429", path: "(" },
        { kind: "429", counts: 1 },
        { kind: "429", vendor: "x" },
        { kind: "429", count: "1" },
        3
      ]) {
        expect((await admin("faults", { body })).status).toBe(400)
      }
    }))
})

describe("administration", () => {
  it("tells the source's truth as the API shows it, and which tickets will be refused", () =>
    withSandbox({ tickets: 400 }, async ({ fresh, admin, lines }) => {
      const tickets = await lines("corpus?entity=ticket")
      expect(tickets).toHaveLength(400)
      expect(await lines("corpus?entity=comment")).toHaveLength(1200)
      expect(await lines("corpus?entity=person")).toHaveLength(100)
      const all = await lines("corpus")
      expect(new Set(all.map((line) => line.entity))).toEqual(
        new Set(
          "ticket comment person group group-member department location asset-type asset relation problem problem-note change change-note custom-field attachment".split(
            " "
          )
        )
      )
      const [{ id, row }] = tickets as [{ id: number; row: object }]
      expect((await fresh(`/api/v2/tickets/${id}`)).body.ticket).toEqual(row)
      const { expectedFailures } = (await admin("expected-failures")).body
      expect(expectedFailures.map((failure: { id: number }) => failure.id)).toEqual(
        tickets.filter((line) => line.refused).map((line) => line.id)
      )
      expect(expectedFailures).toHaveLength(1)
      expect((await admin("corpus?entity=odd")).status).toBe(400)
      expect((await admin("odd")).status).toBe(404)
    }))

  it("keeps every accepted write in order, and every call with its request id when asked", () =>
    withSandbox({ tickets: 20, logCalls: true }, async ({ zen, admin, lines }) => {
      await zen("/api/v2/users", { body: { user: { name: "A", email: "a@acme.example", external_id: "p1" } } })
      await zen("/api/v2/users", { body: { user: { name: "B", email: "A@acme.example" } } })
      const got = await zen("/api/v2/imports/tickets", { body: ticket(1) })
      const ledger = await lines("ledger")
      expect(ledger.map((write) => [write.seq, write.kind, write.external_id])).toEqual([
        [1, "user.create", "p1"],
        [2, "ticket.import", "e1"]
      ])
      expect(ledger[1].request_id).toBe(got.headers["x-request-id"])
      expect((await lines("ledger?since=1")).map((write) => write.seq)).toEqual([2])
      const calls = await lines("calls?full=true")
      expect(calls.map((call) => [call.operation, call.status])).toEqual([
        ["users.create", 201],
        ["users.create", 422],
        ["imports.create", 201]
      ])
      expect((await admin("calls")).body.counts).toContainEqual({
        vendor: "zendesk",
        account: "acme",
        operation: "users.create",
        status: 422,
        count: 1
      })
    }))

  it("adds accounts that know nothing of each other", () =>
    withSandbox({ tickets: 20 }, async ({ fresh, zen, admin }) => {
      const beta = await admin("accounts", { body: { vendor: "freshservice", domain: "beta", tickets: 8, seed: 9 } })
      expect(beta).toMatchObject({ status: 201, body: { domain: "beta.freshservice.com", api_key: "fs-sandbox-key" } })
      expect((await admin("accounts", { body: { vendor: "freshservice", domain: "beta" } })).status).toBe(409)
      expect((await admin("accounts", { body: { vendor: "odd" } })).status).toBe(400)
      const list = "/api/v2/tickets?per_page=100&updated_since=2000-01-01T00:00:00Z"
      expect((await fresh(list, { host: "beta.freshservice.com" })).body.tickets.length).toBeLessThanOrEqual(8)
      await admin("accounts", { body: { vendor: "zendesk", subdomain: "gamma" } })
      await zen("/api/v2/imports/tickets", { body: ticket(1), host: "gamma.zendesk.com" })
      expect((await zen("/api/v2/tickets", { host: "gamma.zendesk.com" })).body.count).toBe(1)
      expect((await zen("/api/v2/tickets")).body.count).toBe(0)
    }))

  it("takes new refusals, and begins anew on reset", () =>
    withSandbox({ tickets: 20 }, async ({ zen, admin, lines }) => {
      const refusal = { field: "external_id", pattern: "^e2$", description: "External: is on the list" }
      expect((await admin("refusals", { body: refusal })).body.refusals).toHaveLength(2)
      expect((await zen("/api/v2/imports/tickets", { body: ticket(2) })).body.details.external_id[0].description).toBe(
        "External: is on the list"
      )
      await zen("/api/v2/imports/tickets", { body: ticket(1) })
      await admin("faults", { body: { kind: "status" } })
      expect((await admin("reset", { method: "POST" })).status).toBe(204)
      expect(await lines("ledger")).toEqual([])
      expect((await zen("/api/v2/tickets")).body.count).toBe(0)
      expect((await admin("health")).body).toMatchObject({
        ok: true,
        freshservice: [{ counts: { ticket: 20, comment: 60, person: 5 } }]
      })
    }))

  it("stands for the vendors' hosts only", () =>
    withSandbox({ tickets: 20 }, async ({ fresh }) => {
      expect((await fresh("/api/v2/tickets", { host: "example.com" })).status).toBe(421)
    }))
})

it("starts, names its addresses and a host map, and stops", async () => {
  const sandbox = await startSandbox({ tickets: 8, seed: "x" })
  expect(sandbox.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(sandbox.hostMap).toEqual({
    "*.freshservice.com": sandbox.origin,
    "*.zendesk.com": sandbox.origin,
    "*.zdusercontent.com": sandbox.origin
  })
  expect(sandbox.credentials.freshservice.domain).toBe(sandbox.hosts.freshservice)
  await sandbox.stop()
  await expect(fetch(sandbox.adminUrl)).rejects.toThrow()
})
