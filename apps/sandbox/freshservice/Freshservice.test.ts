import { describe, expect, it } from "vitest"
import { allPages, type TestSandbox, withSandbox } from "../TestClient.ts"

const always = "updated_since=2000-01-01T00:00:00Z"

const ids = (rows: ReadonlyArray<Record<string, unknown>>): ReadonlyArray<unknown> => rows.map((row) => row.id)

describe("authentication", () => {
  it("looks at the user part only, and says 401 in the vendor's words to a stranger", () =>
    withSandbox({ tickets: 20 }, async ({ fresh }) => {
      const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`
      expect(
        (await fresh("/api/v2/tickets", { headers: { authorization: basic("fs-sandbox-key:whatever") } })).status
      ).toBe(200)
      for (const authorization of ["", basic("wrong:X"), basic("X:fs-sandbox-key"), "Bearer fs-sandbox-key"]) {
        const got = await fresh("/api/v2/tickets", { headers: { authorization } })
        expect(got.status).toBe(401)
        expect(got.body).toEqual({
          code: "invalid_credentials",
          message: "You have to be logged in to perform this action."
        })
      }
    }))

  it("says 403 where the key's owner lacks the privilege or the plan the module", () =>
    withSandbox({ tickets: 20, freshservice: { plan: "growth" } }, async ({ fresh }) => {
      const restricted = {
        headers: { authorization: `Basic ${Buffer.from("fs-sandbox-restricted:X").toString("base64")}` }
      }
      expect((await fresh("/api/v2/tickets", restricted)).status).toBe(200)
      expect(await fresh("/api/v2/agents", restricted)).toMatchObject({ status: 403, body: { code: "access_denied" } })
      expect(await fresh("/api/v2/problems")).toMatchObject({ status: 403, body: { code: "require_feature" } })
    }))

  it("answers 404 without JSON for a domain nobody has, and 404, 405, 406 with empty bodies", () =>
    withSandbox({ tickets: 20 }, async ({ fresh }) => {
      expect(await fresh("/api/v2/tickets", { host: "nobody.freshservice.com" })).toMatchObject({
        status: 404,
        body: undefined
      })
      expect(await fresh("/api/v2/tickets/999999")).toMatchObject({ status: 404, text: "" })
      expect(await fresh("/api/v2/nothing")).toMatchObject({ status: 404, text: "" })
      expect(await fresh("/api/v2/tickets", { method: "PATCH" })).toMatchObject({ status: 405, text: "" })
      expect(await fresh("/api/v2/tickets", { headers: { accept: "text/csv" } })).toMatchObject({
        status: 406,
        text: ""
      })
    }))
})

describe("list of tickets", () => {
  it("shows only 30 days unless updated_since is given, and neither deleted nor spam", () =>
    withSandbox({ tickets: 400 }, async (test) => {
      const recent = await allPages(test, "/api/v2/tickets?per_page=100", "tickets")
      const all = await allPages(test, `/api/v2/tickets?per_page=100&${always}`, "tickets")
      const gone = await allPages(test, `/api/v2/tickets?per_page=100&filter=deleted&${always}`, "tickets")
      const spam = await allPages(test, `/api/v2/tickets?per_page=100&filter=spam&${always}`, "tickets")
      expect(recent.length).toBeGreaterThan(5)
      expect(recent.length).toBeLessThan(60)
      expect(all.length + gone.length + spam.length).toBe(400)
      expect(new Set([...ids(all), ...ids(gone), ...ids(spam)]).size).toBe(400)
      expect(all.every((row) => row.deleted === false && row.spam === false)).toBe(true)
      expect(gone.every((row) => row.deleted === true)).toBe(true)
      expect(spam.every((row) => row.spam === true)).toBe(true)
    }))

  it("pages by Link with the real host name, only while there is a next page", () =>
    withSandbox({ tickets: 60 }, async ({ fresh }) => {
      const first = await fresh(`/api/v2/tickets?${always}&order_by=updated_at&order_type=asc`)
      expect(first.body.tickets).toHaveLength(30)
      expect(first.headers.link).toMatch(
        /^<https:\/\/acme\.freshservice\.com\/api\/v2\/tickets\?.*page=2&per_page=30>; rel="next"$/
      )
      expect(first.headers.link).toContain("order_by=updated_at")
      const second = await fresh(`/api/v2/tickets?${always}&page=2`)
      expect(second.headers.link).toBeUndefined()
      expect((await fresh(`/api/v2/tickets?${always}&page=99`)).body.tickets).toEqual([])
      expect(Object.keys(first.body)).toEqual(["tickets"])
    }))

  it("orders by creation, newest first, unless asked otherwise", () =>
    withSandbox({ tickets: 90 }, async ({ fresh }) => {
      const times = async (query: string, key: string): Promise<ReadonlyArray<string>> =>
        (await fresh(`/api/v2/tickets?per_page=100&${always}&${query}`)).body.tickets.map(
          (row: Record<string, string>) => row[key]
        )
      const usual = await times("", "created_at")
      expect(usual).toEqual([...usual].sort().reverse())
      const updated = await times("order_by=updated_at&order_type=asc", "updated_at")
      expect(updated).toEqual([...updated].sort())
    }))

  it("takes updated_since at its word, inclusively", () =>
    withSandbox({ tickets: 90 }, async ({ fresh }) => {
      const all = (await fresh(`/api/v2/tickets?per_page=100&${always}&order_by=updated_at&order_type=asc`)).body
        .tickets
      const middle = all[40].updated_at
      const since = (await fresh(`/api/v2/tickets?per_page=100&updated_since=${middle}`)).body.tickets
      expect(since).toHaveLength(all.filter((row: { updated_at: string }) => row.updated_at >= middle).length)
    }))

  it("lacks the keys only a detail has, but has description and custom fields", () =>
    withSandbox({ tickets: 20 }, async ({ fresh }) => {
      const row = (await fresh(`/api/v2/tickets?${always}`)).body.tickets[0]
      const { ticket } = (await fresh(`/api/v2/tickets/${row.id}`)).body
      const only = [
        "urgency",
        "impact",
        "attachments",
        "tags",
        "bcc_emails",
        "sla_policy_id",
        "approval_status",
        "resolution_notes"
      ]
      for (const key of only) {
        expect(row).not.toHaveProperty(key)
        expect(ticket).toHaveProperty(key)
      }
      expect(row).toHaveProperty("description")
      expect(row).toHaveProperty("custom_fields")
      expect(ticket).toMatchObject(row)
    }))

  it("collects every wrong parameter in one validation envelope", () =>
    withSandbox({ tickets: 20 }, async ({ fresh }) => {
      const got = await fresh(
        "/api/v2/tickets?per_page=101&page=0&filter=odd&order_by=name&order_type=up&include=all&updated_since=never"
      )
      expect(got.status).toBe(400)
      expect(got.body.description).toBe("Validation failed")
      const fields = got.body.errors.map((error: { field: string }) => error.field)
      expect(fields.sort()).toEqual([
        "filter",
        "include",
        "order_by",
        "order_type",
        "page",
        "per_page",
        "updated_since"
      ])
      expect(
        got.body.errors.every(
          (error: { code: string; message: string }) => error.code === "invalid_value" && error.message.length > 0
        )
      ).toBe(true)
    }))

  it("embeds what include asks for and charges for it", () =>
    withSandbox({ tickets: 20 }, async ({ fresh }) => {
      const plain = await fresh(`/api/v2/tickets?${always}`)
      const rich = await fresh(`/api/v2/tickets?${always}&include=requester`)
      expect(plain.headers["x-ratelimit-used-currentrequest"]).toBe("1")
      expect(rich.headers["x-ratelimit-used-currentrequest"]).toBe("3")
      expect(rich.body.tickets[0].requester.id).toBe(rich.body.tickets[0].requester_id)
      const detail = await fresh("/api/v2/tickets/1?include=stats,conversations")
      expect(detail.headers["x-ratelimit-used-currentrequest"]).toBe("3")
      expect(detail.body.ticket.stats.ticket_id).toBe(1)
      expect(detail.body.ticket.conversations.length).toBeLessThanOrEqual(10)
    }))

  it("shows only the primary workspace, or all of them without local fields", () =>
    withSandbox({ tickets: 90, freshservice: { workspaces: 2 } }, async (test) => {
      const rows = async (query: string) => allPages(test, `/api/v2/tickets?per_page=100&${always}${query}`, "tickets")
      const [primary, second, all] = [await rows(""), await rows("&workspace_id=3"), await rows("&workspace_id=1")]
      expect(primary.every((row) => row.workspace_id === 2)).toBe(true)
      expect(second.length).toBeGreaterThan(5)
      expect(primary.length + second.length).toBe(all.length)
      expect(all.every((row) => JSON.stringify(row.custom_fields) === "{}")).toBe(true)
      expect((await test.fresh("/api/v2/tickets?workspace_id=9")).status).toBe(400)
    }))
})

describe("beneath and beside tickets", () => {
  it("reads a deleted ticket, and conversations of any ticket page by page", () =>
    withSandbox({ tickets: 200 }, async (test) => {
      const gone = (await test.fresh(`/api/v2/tickets?filter=deleted&${always}`)).body.tickets[0]
      expect((await test.fresh(`/api/v2/tickets/${gone.id}`)).body.ticket.deleted).toBe(true)
      const truth = await test.lines("corpus?entity=ticket")
      const longest = truth.reduce((a, b) => (a.conversations.length > b.conversations.length ? a : b))
      expect(longest.conversations.length).toBe(130)
      const read = await allPages(test, `/api/v2/tickets/${longest.id}/conversations?per_page=100`, "conversations")
      expect(read).toEqual(longest.conversations)
      expect((await test.fresh("/api/v2/tickets/98/conversations")).status).toBe(404)
    }))

  it("lists requesters without agents, agents apart, both as details too", () =>
    withSandbox({ tickets: 400 }, async (test) => {
      const requesters = await allPages(test, "/api/v2/requesters?per_page=100", "requesters")
      const agents = await allPages(test, "/api/v2/agents?per_page=100", "agents")
      const both = await allPages(test, "/api/v2/requesters?per_page=100&include_agents=true", "requesters")
      expect([requesters.length, agents.length, both.length]).toEqual([90, 10, 100])
      expect(requesters.every((row) => "primary_email" in row && row.is_agent === false)).toBe(true)
      expect(agents.every((row) => "email" in row && !("primary_email" in row) && row.is_agent === true)).toBe(true)
      expect((await test.fresh(`/api/v2/requesters/${requesters[3]?.id}`)).body.requester).toEqual(requesters[3])
      expect((await test.fresh(`/api/v2/agents/${agents[3]?.id}`)).body.agent).toEqual(agents[3])
      expect((await test.fresh(`/api/v2/agents/${requesters[3]?.id}`)).status).toBe(404)
      expect((await test.fresh("/api/v2/agents?active=false")).body.agents.length).toBeGreaterThan(0)
    }))

  it("lists groups with members, departments, fields, and their details", () =>
    withSandbox({ tickets: 400 }, async ({ fresh }) => {
      const { groups } = (await fresh("/api/v2/groups")).body
      expect(groups.some((group: { members: Array<number> }) => group.members.length > 0)).toBe(true)
      expect((await fresh(`/api/v2/groups/${groups[1].id}`)).body.group).toEqual(groups[1])
      const { departments } = (await fresh("/api/v2/departments")).body
      expect((await fresh(`/api/v2/departments/${departments[1].id}`)).body.department).toEqual(departments[1])
      const { ticket_fields: fields } = (await fresh("/api/v2/ticket_form_fields")).body
      const kinds = fields
        .filter((field: { default_field: boolean }) => !field.default_field)
        .map((field: { field_type: string }) => field.field_type)
      expect(kinds).toContain("custom_multi_select_dropdown")
      const status = fields.find((field: { name: string }) => field.name === "status")
      expect(status.choices).toContainEqual({ id: 6, value: "In Progress" })
      for (const key of ["locations", "workspaces", "roles", "requester_fields", "department_fields"]) {
        expect((await fresh(`/api/v2/${key}`)).body[key].length).toBeGreaterThan(0)
      }
    }))

  it("searches 30 rows a page whatever is asked, with a total", () =>
    withSandbox({ tickets: 400 }, async ({ fresh }) => {
      const query = encodeURIComponent('"status:5"')
      const first = await fresh(`/api/v2/tickets/filter?query=${query}&per_page=100`)
      expect(first.body.tickets).toHaveLength(30)
      expect(first.body.total).toBeGreaterThan(100)
      expect(first.headers.link).toContain("page=2")
      expect((await fresh("/api/v2/tickets/filter?query=status:5")).status).toBe(400)
      const people = await fresh(`/api/v2/requesters?query=${encodeURIComponent('"active:false"')}`)
      expect(people.body.requesters.every((row: { active: boolean }) => !row.active)).toBe(true)
    }))
})

describe("limits", () => {
  const limited = { tickets: 20, limits: true, freshservice: { plan: "starter" as const } }
  const times = async (count: number, run: () => Promise<{ status: number }>): Promise<ReadonlyArray<number>> => {
    const statuses: Array<number> = []
    for (let k = 0; k < count; k++) statuses.push((await run()).status)
    return statuses
  }

  it("counts lists of tickets in their own bucket, and answers 429 with Retry-After and no body", () =>
    withSandbox(limited, async ({ fresh, pass }) => {
      const first = await fresh("/api/v2/tickets")
      expect(first.headers).toMatchObject({
        "x-ratelimit-total": "40",
        "x-ratelimit-remaining": "39",
        "x-ratelimit-used-currentrequest": "1"
      })
      await times(39, () => fresh("/api/v2/tickets"))
      pass(20_500)
      const refused = await fresh("/api/v2/tickets")
      expect(refused).toMatchObject({ status: 429, text: "" })
      expect(refused.headers["retry-after"]).toBe("40")
      expect((await fresh("/api/v2/groups")).headers).toMatchObject({
        "x-ratelimit-total": "100",
        "x-ratelimit-remaining": "59"
      })
      pass(39_500)
      expect((await fresh("/api/v2/tickets")).status).toBe(200)
    }))

  it("drains the overall bucket with every call, wrong ones too", () =>
    withSandbox(limited, async ({ fresh }) => {
      const stranger = { headers: { authorization: "" } }
      await times(100, () => fresh("/api/v2/groups", stranger))
      expect((await fresh("/api/v2/tickets")).status).toBe(429)
      expect((await fresh("/api/v2/groups", stranger)).headers["x-ratelimit-remaining"]).toBe("0")
    }))

  it("lets a minute last 60 / factor seconds", () =>
    withSandbox({ ...limited, timeFactor: 60 }, async ({ fresh, pass }) => {
      expect((await times(41, () => fresh("/api/v2/tickets"))).at(-1)).toBe(429)
      expect((await fresh("/api/v2/tickets")).headers["retry-after"]).toBe("1")
      pass(1000)
      expect((await fresh("/api/v2/tickets")).status).toBe(200)
    }))
})

describe("a source that changes while it is read", () => {
  const read = async (test: TestSandbox): Promise<ReadonlyArray<unknown>> =>
    ids(await allPages(test, `/api/v2/tickets?per_page=20&${always}&order_by=updated_at&order_type=asc`, "tickets"))

  it("shifts the pages: an updated row moves to the end, an inserted one appears", () =>
    withSandbox({ tickets: 100 }, async (test) => {
      const before = await read(test)
      await test.admin("mutate", { body: { insert: 2, update: 10, everyLists: 2, times: 2 } })
      const seen = new Set(await read(test))
      expect(before.filter((id) => !seen.has(id)).length).toBeGreaterThan(0)
      expect(seen.has(102)).toBe(true)
      expect(await test.lines("corpus?entity=ticket")).toHaveLength(104)
      expect((await read(test)).length).toBe(before.length + 4)
    }))

  it("changes what is asked at once, with a new conversation", () =>
    withSandbox({ tickets: 50 }, async ({ fresh, admin, pass }) => {
      const before = (await fresh("/api/v2/tickets/7/conversations?per_page=100")).body.conversations.length
      pass(5000)
      const changed = await admin("mutate", { body: { ids: [7], changes: { status: 4 } } })
      expect(changed.body).toEqual({ inserted: [], updated: [7], deleted: [] })
      expect((await fresh("/api/v2/tickets/7")).body.ticket).toMatchObject({
        status: 4,
        updated_at: "2026-11-01T12:00:05Z"
      })
      expect((await fresh("/api/v2/tickets/7/conversations?per_page=100")).body.conversations).toHaveLength(before + 1)
      expect((await admin("mutate", { body: { inserts: 1 } })).status).toBe(400)
    }))
})
