import { describe, expect, it } from "vitest"
import { jobDone, type TestSandbox, withSandbox } from "../TestClient.ts"

const importPath = "/api/v2/imports/tickets.json"
const manyPath = "/api/v2/imports/tickets/create_many"

const user = async ({ zen }: TestSandbox, fields: Record<string, unknown>): Promise<number> =>
  (await zen("/api/v2/users.json", { body: { user: fields } })).body.user.id

const group = async ({ zen }: TestSandbox, name: string): Promise<number> =>
  (await zen("/api/v2/groups", { body: { group: { name } } })).body.group.id

const faultOf = async (test: TestSandbox, ticket: Record<string, unknown>) => {
  const got = await test.zen(importPath, { body: { ticket } })
  return got.status === 422 ? got.body.details : got.status
}

describe("ticket import", () => {
  it("keeps dates, authors, comments and a closed status, and answers 201 with a place", () =>
    withSandbox({}, async (test) => {
      const requester = await user(test, { name: "Req", email: "req@acme.example" })
      const agent = await user(test, { name: "Agent", email: "agent1@acme.example", role: "agent" })
      const ticket = {
        external_id: "fs:1",
        subject: "Printer",
        status: "closed",
        priority: "high",
        requester_id: requester,
        created_at: "2020-01-02T03:04:05Z",
        updated_at: "2021-01-02T03:04:05Z",
        tags: ["Two Words", "two words", "VIP"],
        comments: [
          { author_id: requester, html_body: "<p>Hello &amp; bye</p>", created_at: "2020-01-02T03:04:05Z" },
          { author_id: agent, value: "Note\n2", public: false, created_at: "2020-01-03T00:00:00Z" }
        ]
      }
      const got = await test.zen(importPath, { body: { ticket } })
      expect(got.status).toBe(201)
      expect(got.headers.location).toBe("https://acme.zendesk.com/api/v2/tickets/1.json")
      expect(got.body.ticket).toMatchObject({
        id: 1,
        external_id: "fs:1",
        status: "closed",
        priority: "high",
        created_at: "2020-01-02T03:04:05Z",
        updated_at: "2021-01-02T03:04:05Z",
        description: "Hello & bye",
        tags: ["two_words", "vip"],
        generated_timestamp: 0
      })
      const { comments } = (await test.zen("/api/v2/tickets/1/comments?page[size]=10")).body
      expect(comments).toHaveLength(2)
      expect(comments[0]).toMatchObject({
        author_id: requester,
        html_body: "<p>Hello &amp; bye</p>",
        plain_body: "Hello & bye",
        public: true
      })
      expect(comments[1]).toMatchObject({
        author_id: agent,
        body: "Note\n2",
        public: false,
        created_at: "2020-01-03T00:00:00Z"
      })
    }))

  it("refuses each wrong row for its own reason, and all reasons at once", () =>
    withSandbox({}, async (test) => {
      const requester = await user(test, { name: "Req", email: "req@acme.example" })
      const agent = await user(test, { name: "Agent", email: "a@acme.example", role: "agent" })
      const suspended = await user(test, { name: "Old", email: "old@acme.example", role: "agent", suspended: true })
      const gone = await user(test, { name: "Gone", email: "gone@acme.example", role: "agent" })
      await test.zen(`/api/v2/users/${gone}`, { method: "DELETE" })
      const team = await group(test, "Team")
      const good = { subject: "x", requester_id: requester, comments: [{ value: "hello" }] }
      expect(await faultOf(test, { ...good, requester_id: 5 })).toMatchObject({
        requester: [{ error: "InvalidValue" }]
      })
      expect(await faultOf(test, { ...good, requester_id: gone })).toMatchObject({
        requester: [{ description: "Requester: is invalid" }]
      })
      expect(await faultOf(test, { ...good, assignee_id: requester })).toMatchObject({
        assignee: [{ description: "Assignee: is not an agent" }]
      })
      expect(await faultOf(test, { ...good, assignee_id: suspended })).toMatchObject({
        assignee: [{ description: "Assignee: is suspended" }]
      })
      expect(await faultOf(test, { ...good, assignee_id: agent, group_id: team })).toMatchObject({
        assignee: [{ description: "Assignee: is not a member of the group" }]
      })
      expect(await faultOf(test, { ...good, group_id: 77 })).toMatchObject({ group: [{ error: "InvalidValue" }] })
      expect(await faultOf(test, { ...good, organization_id: 77 })).toMatchObject({
        organization: [{ error: "InvalidValue" }]
      })
      expect(await faultOf(test, { ...good, created_at: "1969-12-31T00:00:00Z" })).toHaveProperty("created_at")
      expect(await faultOf(test, { ...good, created_at: "2030-01-01T00:00:00Z" })).toHaveProperty("created_at")
      expect(await faultOf(test, { ...good, comments: [{ value: "x", author_id: 3 }] })).toMatchObject({
        comments: [{ description: "Author: is invalid" }]
      })
      expect(await faultOf(test, { ...good, comments: [] })).toMatchObject({ base: [{ error: "BlankValue" }] })
      expect(await faultOf(test, { ...good, status: "odd", priority: "odd" })).toMatchObject({
        status: [{}],
        priority: [{}]
      })
      expect(await faultOf(test, { ...good, subject: "Hi {{ticket.reference}}" })).toEqual({
        subject: [{ description: "Subject: contains a placeholder that is not allowed", error: "InvalidValue" }]
      })
      await test.zen("/api/v2/group_memberships", { body: { group_membership: { user_id: agent, group_id: team } } })
      expect(await faultOf(test, { ...good, assignee_id: agent, group_id: team })).toBe(201)
      expect((await test.zen("/api/v2/tickets/count")).body.count.value).toBe(1)
    }))

  it("checks custom fields by their type, names the field, and drops fields it does not know", () =>
    withSandbox({}, async (test) => {
      const { ticket_fields: fields } = (await test.zen("/api/v2/ticket_fields")).body
      const field = (title: string) => fields.find((known: { title: string }) => known.title === title)
      const environment = field("Environment")
      const good = environment.custom_field_options[0].value
      const write = (custom_fields: unknown) =>
        test.zen(importPath, { body: { ticket: { subject: "x", description: "y", custom_fields } } })
      const refused = await write([{ id: environment.id, value: "nonsense" }])
      expect(refused.body.details[environment.id]).toEqual([
        {
          description: "Environment: is invalid",
          error: "InvalidValue",
          ticket_field_id: environment.id,
          ticket_field_type: "tagger"
        }
      ])
      expect((await write([{ id: field("Seats").id, value: "many" }])).status).toBe(422)
      const kept = await write([
        { id: environment.id, value: good },
        { id: 42, value: "dropped" },
        { id: field("Cost").id, value: 12.5 }
      ])
      expect(kept.status).toBe(201)
      expect(kept.body.ticket.tags).toContain(good)
      expect(kept.body.ticket.custom_fields).toContainEqual({ id: environment.id, value: good })
      expect(kept.body.ticket.custom_fields).toContainEqual({ id: field("Cost").id, value: 12.5 })
    }))

  it("cuts a comment at 64 kB without a word and refuses more than 5000 comments", () =>
    withSandbox({}, async (test) => {
      const body = "é".repeat(50_000)
      await test.zen(importPath, { body: { ticket: { subject: "long", comments: [{ value: body }] } } })
      const kept = (await test.zen("/api/v2/tickets/1/comments")).body.comments[0].body
      expect(Buffer.byteLength(kept)).toBe(65_534)
      const comments = Array.from({ length: 5001 }, () => ({ value: "x" }))
      expect(await faultOf(test, { subject: "many", comments })).toHaveProperty("base")
    }))

  it("knows no idempotency: the same row twice is two tickets", () =>
    withSandbox({}, async ({ zen }) => {
      const send = () =>
        zen(importPath, {
          body: { ticket: { subject: "x", description: "y", external_id: "same" } },
          headers: { "idempotency-key": "k" }
        })
      await send()
      await send()
      expect((await zen("/api/v2/tickets?external_id=same")).body.count).toBe(2)
    }))

  it("archives closed tickets at once when asked: no list shows them, search and export do", () =>
    withSandbox({}, async ({ zen, pass }) => {
      const rows = ["closed", "open"].map((status) => ({
        subject: status,
        status,
        description: "x",
        external_id: `e-${status}`
      }))
      for (const ticket of rows) await zen(`${importPath}?archive_immediately=true`, { body: { ticket } })
      expect((await zen("/api/v2/tickets")).body.tickets.map((row: { status: string }) => row.status)).toEqual(["open"])
      expect((await zen("/api/v2/tickets?external_id=e-closed")).body.tickets).toEqual([])
      expect((await zen("/api/v2/tickets/1")).status).toBe(200)
      pass(121_000)
      expect(
        (await zen("/api/v2/search?query=type:ticket external_id:e-closed".replaceAll(" ", "%20"))).body.count
      ).toBe(1)
      expect((await zen("/api/v2/incremental/tickets/cursor?start_time=0")).body.tickets).toHaveLength(2)
    }))
})

describe("import in bulk", () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, k) => ({ subject: `s${k}`, description: "x", external_id: `b-${k}` }))

  it("goes through queued and working to completed, rows being written on the way", () =>
    withSandbox({}, async (test) => {
      const started = await test.zen(manyPath, { body: { tickets: rows(100) } })
      expect(started.status).toBe(200)
      const job = started.body.job_status
      expect(job).toMatchObject({ status: "queued", total: 100, results: null, job_type: "Bulk Import Ticket" })
      expect(job.url).toBe(`https://acme.zendesk.com/api/v2/job_statuses/${job.id}.json`)
      const poll = async () => (await test.zen(`/api/v2/job_statuses/${job.id}.json`)).body.job_status
      expect((await poll()).status).toBe("queued")
      test.pass(4500)
      expect(await poll()).toMatchObject({ status: "working", progress: 50, results: [] })
      expect((await test.zen("/api/v2/tickets/count")).body.count.value).toBe(50)
      test.pass(2600)
      const done = await poll()
      expect(done).toMatchObject({ status: "completed", progress: 100 })
      expect(done.message).toMatch(/^Completed at /)
      expect(done.results[99]).toEqual({ index: 99, id: 100 })
    }))

  it("tells row by row what was refused, and completes all the same", () =>
    withSandbox({}, async (test) => {
      const tickets = [
        ...rows(1),
        { subject: "bad", requester_id: 1, description: "x" },
        { subject: "{{ticket.reference}}", description: "x" }
      ]
      const { job_status: job } = (await test.zen(manyPath, { body: { tickets } })).body
      expect(await jobDone(test, job.id)).toEqual([
        { index: 0, id: 1 },
        { index: 1, error: "RecordInvalid", details: "Requester: is invalid" },
        { index: 2, error: "RecordInvalid", details: "Subject: contains a placeholder that is not allowed" }
      ])
    }))

  it("writes the rows of a job nobody asks for", () =>
    withSandbox({}, async (test) => {
      await test.zen(manyPath, { body: { tickets: rows(3) } })
      test.pass(10_000)
      expect(await test.lines("destination?entity=ticket")).toHaveLength(3)
    }))

  it("never says completed at the first look, however late it comes", () =>
    withSandbox({}, async (test) => {
      const { job_status: job } = (await test.zen(manyPath, { body: { tickets: rows(1) } })).body
      test.pass(60_000)
      expect((await test.zen(`/api/v2/job_statuses/show_many?ids=${job.id}`)).body.job_statuses[0].status).toBe(
        "working"
      )
      expect((await test.zen(`/api/v2/job_statuses/${job.id}`)).body.job_status.status).toBe("completed")
    }))

  it("runs at most 30 jobs, then TooManyJobs with their ids; lists the last 100; forgets after a day", () =>
    withSandbox({}, async (test) => {
      for (let k = 0; k < 30; k++) expect((await test.zen(manyPath, { body: { tickets: rows(1) } })).status).toBe(200)
      const refused = await test.zen(manyPath, { body: { tickets: rows(1) } })
      expect(refused.status).toBe(429)
      expect(refused.body.error).toBe("TooManyJobs")
      expect(refused.body.current_job_ids).toHaveLength(30)
      expect(refused.headers["zendesk-ratelimit-inflight-jobs"]).toContain("total=30; remaining=0")
      for (let round = 0; round < 3; round++) {
        test.pass(10_000)
        for (let k = 0; k < 30; k++) await test.zen(manyPath, { body: { tickets: rows(1) } })
      }
      expect((await test.zen("/api/v2/job_statuses")).body.job_statuses).toHaveLength(100)
      test.pass(86_400_000)
      expect((await test.zen("/api/v2/job_statuses")).body.job_statuses).toHaveLength(0)
    }))

  it("takes at most 100 rows, from administrators only", () =>
    withSandbox({}, async ({ zen }) => {
      expect((await zen(manyPath, { body: { tickets: rows(101) } })).status).toBe(400)
      expect((await zen(manyPath, { body: {} })).status).toBe(400)
      const agent = {
        authorization: `Basic ${Buffer.from("agent@acme.example/token:zd-sandbox-agent").toString("base64")}`
      }
      expect(await zen(manyPath, { body: { tickets: rows(1) }, headers: agent })).toMatchObject({
        status: 403,
        body: { error: { title: "Forbidden" } }
      })
    }))
})

describe("tickets after they were made", () => {
  it("refuses any change to a closed one, a stale safe update, and forgets nothing of a deleted one", () =>
    withSandbox({}, async (test) => {
      const { zen, pass } = test
      await zen(importPath, { body: { ticket: { subject: "c", description: "x", status: "closed" } } })
      const closed = await zen("/api/v2/tickets/1", { method: "PUT", body: { ticket: { status: "open" } } })
      expect(closed.status).toBe(422)
      expect(closed.body.details.status[0].description).toContain("closed prevents ticket update")
      await zen("/api/v2/tickets", { body: { ticket: { subject: "n", comment: { body: "x" } } } })
      pass(1000)
      const update = (ticket: object) => zen("/api/v2/tickets/2", { method: "PUT", body: { ticket } })
      expect((await update({ priority: "low", comment: { body: "more", public: false } })).body.ticket.priority).toBe(
        "low"
      )
      expect((await update({ safe_update: true, updated_stamp: "2020-01-01T00:00:00Z", status: "open" })).status).toBe(
        409
      )
      expect((await zen("/api/v2/tickets/2/comments")).body.comments).toHaveLength(2)
      expect((await zen("/api/v2/tickets/2", { method: "DELETE" })).status).toBe(204)
      expect((await zen("/api/v2/tickets/2")).body).toEqual({ error: "RecordNotFound", description: "Not found" })
      expect((await zen("/api/v2/tickets/2/comments")).status).toBe(404)
      pass(61_000)
      const exported = (await zen("/api/v2/incremental/tickets/cursor?start_time=0")).body.tickets
      expect(exported.map((row: { status: string }) => row.status)).toEqual(["closed", "deleted"])
      expect((await test.lines("destination?entity=ticket")).map((line) => line.deleted)).toEqual([false, true])
    }))

  it("honours an idempotency key on the ordinary create for two hours", () =>
    withSandbox({}, async ({ zen, pass }) => {
      const send = (subject: string) =>
        zen("/api/v2/tickets", {
          body: { ticket: { subject, comment: { body: "x" } } },
          headers: { "idempotency-key": "k1" }
        })
      const [first, again, other] = [await send("a"), await send("a"), await send("b")]
      expect([first.headers["x-idempotency-lookup"], again.headers["x-idempotency-lookup"]]).toEqual(["miss", "hit"])
      expect(again.body.ticket.id).toBe(first.body.ticket.id)
      expect(other).toMatchObject({ status: 400, body: { error: "IdempotentRequestError" } })
      pass(7_200_001)
      expect((await send("a")).body.ticket.id).toBe(2)
    }))
})
