import { describe, expect, it } from "vitest"
import { type TestSandbox, withSandbox } from "../TestClient.ts"

const make = async ({ zen }: TestSandbox, count: number, from = 0): Promise<void> => {
  for (let k = from; k < from + count; k++)
    await zen("/api/v2/imports/tickets", {
      body: { ticket: { subject: `s${k}`, description: "x", external_id: `e${k}` } }
    })
}

const numbers = (rows: ReadonlyArray<{ id: number }>): ReadonlyArray<number> => rows.map((row) => row.id)
const pathOf = (link: string): string => link.replace("https://acme.zendesk.com", "")

describe("who calls", () => {
  it("says yes to a stranger at /users/me only, and 401 to a wrong token everywhere", () =>
    withSandbox({}, async ({ zen }) => {
      const as = (authorization: string) => ({ headers: { authorization } })
      const basic = (text: string) => as(`Basic ${Buffer.from(text).toString("base64")}`)
      expect(await zen("/api/v2/users/me", as(""))).toMatchObject({
        status: 200,
        body: { user: { id: null, name: "Anonymous user" } }
      })
      expect((await zen("/api/v2/users/me", basic("owner@acme.example:password"))).status).toBe(200)
      for (const wrong of [basic("owner@acme.example/token:bad"), as("Bearer bad")]) {
        expect(await zen("/api/v2/users/me", wrong)).toMatchObject({
          status: 401,
          body: { error: "Couldn't authenticate you" }
        })
      }
      expect((await zen("/api/v2/account/settings", as(""))).status).toBe(401)
      expect((await zen("/api/v2/account/settings.json")).status).toBe(200)
      expect((await zen("/api/v2/tickets/count", as("Bearer zd-sandbox-oauth"))).status).toBe(200)
      expect((await zen("/api/v2/account")).body.account.subdomain).toBe("acme")
    }))

  it("asks a bearer for its scope, and knows paths, records and help desks that are not there", () =>
    withSandbox({}, async ({ zen }) => {
      const read = { authorization: "Bearer zd-sandbox-read" }
      expect((await zen("/api/v2/tickets", { headers: read })).status).toBe(200)
      expect(await zen("/api/v2/users", { headers: read, body: { user: { name: "x" } } })).toMatchObject({
        status: 403,
        body: { error: "Forbidden", description: "Missing the following required scopes: write" }
      })
      expect((await zen("/api/v2/tickets/9")).body).toEqual({ error: "RecordNotFound", description: "Not found" })
      expect((await zen("/api/v2/nothing")).body).toEqual({ error: "InvalidEndpoint", description: "Not found" })
      const nobody = await zen("/api/v2/tickets", { host: "nobody.zendesk.com" })
      expect(nobody).toMatchObject({ status: 404, body: { error: { title: "No help desk at nobody.zendesk.com" } } })
      const free = (name: string) =>
        zen(`/api/v2/accounts/available?subdomain=${name}`, { host: "any.zendesk.com", headers: { authorization: "" } })
      expect([(await free("acme")).body.success, (await free("nobody")).body.success]).toEqual([false, true])
    }))
})

describe("lists", () => {
  it("are paged by offset unless page[size] is there, and then have next filled on the last page too", () =>
    withSandbox({}, async (test) => {
      await make(test, 5)
      const offset = (await test.zen("/api/v2/tickets.json?per_page=2&page=2")).body
      expect(numbers(offset.tickets)).toEqual([3, 4])
      expect(offset.count).toBe(5)
      expect(offset.next_page).toBe("https://acme.zendesk.com/api/v2/tickets.json?per_page=2&page=3")
      expect(offset.previous_page).toContain("page=1")
      const seen: Array<number> = []
      let path = "/api/v2/tickets?page[size]=2"
      for (let page = 0; page < 3; page++) {
        const { body } = await test.zen(path)
        seen.push(...numbers(body.tickets))
        expect(body.meta.has_more).toBe(page < 2)
        expect(body.links.next).not.toBe(null)
        path = pathOf(body.links.next)
      }
      expect(seen).toEqual([1, 2, 3, 4, 5])
      const beyond = (await test.zen(path)).body
      expect(beyond).toMatchObject({ tickets: [], meta: { has_more: false, after_cursor: null } })
    }))

  it("go on after a row that was deleted meanwhile", () =>
    withSandbox({}, async (test) => {
      await make(test, 5)
      const { links } = (await test.zen("/api/v2/tickets?page[size]=2")).body
      await test.zen("/api/v2/tickets/2", { method: "DELETE" })
      expect(numbers((await test.zen(pathOf(links.next))).body.tickets)).toEqual([3, 4])
      const back = (await test.zen("/api/v2/tickets?page[size]=2&sort=-id")).body
      expect(numbers(back.tickets)).toEqual([5, 4])
      expect(numbers((await test.zen(pathOf(back.links.next))).body.tickets)).toEqual([3, 1])
    }))

  it("end at 10,000 rows by offset and refuse odd page parameters", () =>
    withSandbox({}, async ({ zen }) => {
      expect((await zen("/api/v2/tickets?page=101&per_page=100")).body.errors[0].code).toBe("InvalidPaginationDepth")
      expect((await zen("/api/v2/tickets?page=100")).status).toBe(200)
      for (const query of ["page=0", "per_page=x", "page[size]=101", "page[size]=2&page[after]=zzz"]) {
        expect(await zen(`/api/v2/tickets?${query}`)).toMatchObject({
          status: 400,
          body: { errors: [{ code: "InvalidPaginationParameter" }] }
        })
      }
    }))

  it("serve a malformed query as a default offset page", () =>
    withSandbox({}, async (test) => {
      await make(test, 1)
      expect((await test.zen("/api/v2/tickets?a&page%5Bsize=1")).body).toHaveProperty("next_page")
    }))
})

describe("incremental export", () => {
  it("goes on by cursor to the end of the stream, whose empty page has null cursors", () =>
    withSandbox({}, async (test) => {
      await make(test, 5)
      test.pass(61_000)
      const first = (await test.zen("/api/v2/incremental/tickets/cursor?start_time=0&per_page=3")).body
      expect(numbers(first.tickets)).toEqual([1, 2, 3])
      expect(first).toMatchObject({ end_of_stream: false })
      expect(Buffer.from(first.after_cursor, "base64").toString()).toMatch(/^\d+\.0\|\|3\|$/)
      const second = (await test.zen(pathOf(first.after_url))).body
      expect(numbers(second.tickets)).toEqual([4, 5])
      expect(second.end_of_stream).toBe(true)
      const exact = (await test.zen("/api/v2/incremental/tickets/cursor?start_time=0&per_page=5")).body
      expect([exact.tickets.length, exact.end_of_stream]).toEqual([5, true])
      const third = (await test.zen(pathOf(second.after_url))).body
      expect(third).toMatchObject({ tickets: [], after_cursor: null, after_url: null, end_of_stream: true })
    }))

  it("repeats the last row of the page before, when told to", () =>
    withSandbox({ zendesk: { exportRepeats: true } }, async (test) => {
      await make(test, 4)
      test.pass(61_000)
      const first = (await test.zen("/api/v2/incremental/tickets/cursor?start_time=0&per_page=3")).body
      expect(numbers((await test.zen(pathOf(first.after_url))).body.tickets)).toEqual([3, 4])
    }))

  it("hides the last minute and refuses to start within it", () =>
    withSandbox({}, async (test) => {
      await make(test, 1)
      const start = Math.floor(test.now() / 1000) - 3600
      const seen = async () =>
        (await test.zen(`/api/v2/incremental/tickets/cursor?start_time=${start}`)).body.tickets.length
      expect(await seen()).toBe(0)
      test.pass(59_000)
      expect(await seen()).toBe(0)
      test.pass(2000)
      expect(await seen()).toBe(1)
      const recent = await test.zen(
        `/api/v2/incremental/tickets/cursor?start_time=${Math.floor(test.now() / 1000) - 30}`
      )
      expect(recent).toMatchObject({
        status: 422,
        body: { error: "InvalidValue", description: "Too recent start_time. Use a start_time older than 60 seconds" }
      })
    }))

  it("hides a second only, when the clock runs sixty times as fast", () =>
    withSandbox({ timeFactor: 60 }, async (test) => {
      await make(test, 1)
      test.pass(2000)
      expect((await test.zen("/api/v2/incremental/tickets/cursor?start_time=0")).body.tickets).toHaveLength(1)
    }))

  it("repeats the boundary second by time, with next_page filled at the end", () =>
    withSandbox({}, async (test) => {
      await make(test, 3)
      test.pass(5000)
      await make(test, 2, 3)
      test.pass(61_000)
      const first = (await test.zen("/api/v2/incremental/tickets?start_time=0&per_page=4")).body
      expect(numbers(first.tickets)).toEqual([1, 2, 3, 4])
      const second = (await test.zen(pathOf(first.next_page))).body
      expect(numbers(second.tickets)).toEqual([4, 5])
      expect(second).toMatchObject({ end_of_stream: true, count: 2 })
      expect(second.next_page).toContain(`start_time=${second.end_time}`)
    }))

  it("exports comments as events of their tickets", () =>
    withSandbox({}, async ({ zen, pass }) => {
      const comments = [{ value: "one" }, { value: "two", public: false }]
      await zen("/api/v2/imports/tickets", { body: { ticket: { subject: "x", comments } } })
      pass(61_000)
      const { ticket_events: events } = (
        await zen("/api/v2/incremental/ticket_events?start_time=0&include=comment_events")
      ).body
      const children = events.flatMap((event: { child_events: Array<{ event_type: string }> }) => event.child_events)
      expect(children.map((child: { event_type: string }) => child.event_type)).toEqual([
        "Create",
        "Comment",
        "Comment"
      ])
      expect(children.at(-1)).toMatchObject({ body: "two", public: false })
    }))

  it("reads an account that holds thousands of tickets, deleted and archived ones too, each once", () =>
    withSandbox({ zendeskTickets: 2500 }, async (test) => {
      const seen: Array<number> = []
      let path = "/api/v2/incremental/tickets/cursor?start_time=0"
      for (;;) {
        const { body } = await test.zen(path)
        seen.push(...numbers(body.tickets))
        if (body.end_of_stream) break
        path = pathOf(body.after_url)
      }
      expect(seen).toHaveLength(2500)
      expect(new Set(seen).size).toBe(2500)
      const listed = (await test.zen("/api/v2/tickets/count")).body.count.value
      expect(listed).toBeLessThan(2000)
      expect((await test.zen("/api/v2/users/count")).body.count.value).toBe(626)
      const events = (await test.zen("/api/v2/incremental/ticket_events?start_time=0&include=comment_events")).body
      expect(events.ticket_events.length).toBeGreaterThan(900)
      const { comments } = (await test.zen("/api/v2/tickets/1/comments")).body
      expect(events.ticket_events[0].child_events.at(-1).body).toBe(comments[0].body)
      expect((await test.zen("/api/v2/tickets?external_id=src-2499")).body.tickets.length).toBeLessThanOrEqual(1)
    }))
})

describe("search", () => {
  it("finds a ticket only after the index has caught up, while external_id finds it at once", () =>
    withSandbox({}, async (test) => {
      await make(test, 2)
      const found = async () => (await test.zen("/api/v2/search?query=type:ticket%20external_id:e1")).body
      expect((await test.zen("/api/v2/tickets?external_id=e1")).body.tickets).toHaveLength(1)
      expect((await found()).count).toBe(0)
      test.pass(119_000)
      expect((await found()).count).toBe(0)
      test.pass(2000)
      expect(await found()).toMatchObject({
        count: 1,
        facets: null,
        next_page: null,
        results: [{ id: 2, result_type: "ticket" }]
      })
      expect((await test.zen("/api/v2/search/export?query=s&filter[type]=ticket")).body.results).toHaveLength(2)
    }))

  it("shows at most 1000 results", () =>
    withSandbox({}, async ({ zen }) => {
      expect(await zen("/api/v2/search?query=type:user&page=11")).toMatchObject({
        status: 422,
        body: {
          error: "invalid",
          description: "Invalid search: Requested response size was greater than Search Response Limits"
        }
      })
    }))
})

describe("limits", () => {
  it("are the account's, with every header, and 429 in plain text with retry-after", () =>
    withSandbox({ limits: true, zendesk: { plan: "essential" } }, async ({ zen, pass }) => {
      const first = await zen("/api/v2/users")
      expect(first.headers).toMatchObject({
        "x-rate-limit": "10",
        "x-rate-limit-remaining": "9",
        "ratelimit-limit": "10",
        "ratelimit-remaining": "9",
        "ratelimit-reset": "60",
        "x-zendesk-api-version": "v2"
      })
      for (let k = 0; k < 9; k++) await zen("/api/v2/users")
      pass(15_000)
      const refused = await zen("/api/v2/users")
      expect(refused).toMatchObject({ status: 429, text: "Number of allowed API requests per minute exceeded" })
      expect(refused.headers["retry-after"]).toBe("45")
      pass(45_000)
      expect((await zen("/api/v2/users")).status).toBe(200)
    }))

  it("count exports and changes of one user in buckets of their own", () =>
    withSandbox({ limits: true, timeFactor: 1 }, async ({ zen, pass }) => {
      const exported = () => zen("/api/v2/incremental/organizations?start_time=0")
      expect((await exported()).headers["zendesk-ratelimit-incremental-exports"]).toBe(
        "total=10; remaining=9; resets=60"
      )
      for (let k = 0; k < 9; k++) await exported()
      expect((await exported()).status).toBe(429)
      expect(
        (await zen("/api/v2/incremental/users/cursor?start_time=0")).headers[
          "zendesk-ratelimit-incremental-exports-cursor"
        ]
      ).toContain("total=20")
      const { id } = (await zen("/api/v2/users", { body: { user: { name: "A" } } })).body.user
      const statuses: Array<number> = []
      for (let k = 0; k < 6; k++) {
        statuses.push(
          (await zen(`/api/v2/users/${id}`, { method: "PUT", body: { user: { notes: String(k) } } })).status
        )
        pass(1000)
      }
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
    }))
})
