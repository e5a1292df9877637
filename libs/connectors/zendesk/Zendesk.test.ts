import { type Answer, Malformed } from "@bridge/http/Call"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Sink, Write } from "../Connector.ts"
import { decodeConfig } from "../Connectors.ts"
import { connectorSuite } from "../Suite.ts"
import { limits, verdict } from "./Answers.ts"
import { exportList, nextOf } from "./Lists.ts"
import * as Normalise from "./Normalise.ts"
import { outcomeOf, readJob, readOpenJobs, readWrite } from "./Outcomes.ts"
import { account } from "./TestAccount.ts"
import { sinks } from "./Write.ts"
import { zendesk } from "./Zendesk.ts"

connectorSuite(zendesk, account)

const config = (await Effect.runPromise(decodeConfig(zendesk, account.config))) as never
const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
})
const read = { operation: "x", method: "GET", path: "/", idempotent: true } as const
const now = "2026-06-01T00:00:00Z"

describe("exports of Zendesk", () => {
  const tickets = exportList({
    stream: "tickets",
    versionKey: "generated_timestamp",
    operation: "x",
    path: "/x",
    key: "tickets"
  })
  const page = (rows: ReadonlyArray<object>, more: object) => answer(200, { tickets: rows, ...more })

  it("start in the beginning, or some minutes ago at the latest", () => {
    expect(tickets.start(config, { now }).start_time).toBe(0)
    expect(tickets.start(config, { now, since: now }).start_time).toBe(Date.parse(now) / 1000 - 310)
  })

  it("keep the last cursor that was not null", () => {
    const end = tickets.read(config, { cursor: "abc" }, page([], { after_cursor: null, end_of_stream: true }))
    expect(end).toMatchObject({ next: null, bookmark: { cursor: "abc" } })
  })

  it("are a failure where they go on and name no place to go on from", () => {
    const rows = [{ id: 1, generated_timestamp: 5 }]
    const lost = page(rows, { after_cursor: null, end_of_stream: false })
    expect(() => tickets.read(config, { cursor: "abc" }, lost)).toThrow(Malformed)
    const last = page(rows, { after_cursor: null, end_of_stream: true })
    expect(tickets.read(config, { cursor: "abc" }, last).next).toBeNull()
  })

  it("leave out a row that the next page repeats, and keep one that changed", () => {
    const first = tickets.read(
      config,
      {},
      page([{ id: 1, generated_timestamp: 5 }], { after_cursor: "a", end_of_stream: false })
    )
    const rows = [
      { id: 1, generated_timestamp: 5 },
      { id: 1, generated_timestamp: 6 }
    ]
    const second = tickets.read(config, first.next ?? {}, page(rows, { after_cursor: "b", end_of_stream: true }))
    expect(second.rows.map(({ version }) => version)).toEqual(["6"])
  })

  it("give way to the list where they are refused and there is one, and are a failure where there is none", () => {
    const users = exportList({
      stream: "users",
      versionKey: "updated_at",
      operation: "x",
      path: "/x",
      key: "users",
      otherwise: "/users"
    })
    const listed = users.without({ start_time: 0 })?.next ?? {}
    expect(users.page(config, listed)).toMatchObject({ path: "/users", query: { "page[size]": 100 } })
    const more = { meta: { has_more: true, after_cursor: "c" } }
    expect(users.read(config, listed, answer(200, { users: [{ id: 1 }], ...more })).next).toEqual({
      after: "c",
      listed: true
    })
    expect(users.without(listed)).toBeNull()
    expect(tickets.without({ start_time: 0 })).toBeNull()
  })

  it("ask for half of a page that took too long, down to a floor", () => {
    let cursor = tickets.smaller({ cursor: "abc", per_page: 1000 })
    expect(cursor).toEqual({ cursor: "abc", per_page: 500 })
    for (let i = 0; i < 20 && cursor !== null; i++) cursor = tickets.smaller(cursor)
    expect(cursor).toBeNull()
  })
})

describe("lists of Zendesk", () => {
  it("end on has_more, never on a link that stays filled", () => {
    expect(nextOf({ meta: '{"has_more":false,"after_cursor":"x"}', links: '{"next":"https://x"}' })).toBeNull()
    expect(nextOf({ meta: '{"has_more":true,"after_cursor":"x"}' })).toEqual({ after: "x" })
    expect(() => nextOf({ meta: '{"has_more":true,"after_cursor":null}' })).toThrow("no cursor")
  })
})

describe("answers of Zendesk", () => {
  it("tell the account's limit and named ones, but not jobs in flight", () => {
    const headers = {
      "ratelimit-limit": "700",
      "ratelimit-remaining": "697.0",
      "ratelimit-reset": "17",
      "zendesk-ratelimit-incremental-exports-cursor": "total=20; remaining=19; resets=14",
      "zendesk-ratelimit-inflight-jobs": "total=30; remaining=29; resets=60"
    }
    expect(limits(read, answer(200, "", headers))).toEqual([
      { budget: "account", limit: 700, remaining: 697, resetMillis: 17_000 },
      { budget: "incremental-exports-cursor", limit: 20, remaining: 19, resetMillis: 14_000 }
    ])
    expect(limits(read, answer(200, "", { "x-rate-limit": "400", "x-rate-limit-remaining": "1" }))).toEqual([
      { budget: "account", limit: 400, remaining: 1 }
    ])
  })

  it.each([
    [
      {
        error: "RecordInvalid",
        description: "Record validation errors",
        details: { name: [{ description: "Name: cannot be blank", error: "BlankValue" }] }
      },
      "RecordInvalid",
      "Name: cannot be blank"
    ],
    [
      { error: "RecordInvalid", details: { email: [{ description: "Email: taken", error: "DuplicateValue" }] } },
      "DuplicateValue",
      "Email: taken"
    ],
    [{ error: { title: "Forbidden", message: "You do not have access" } }, "Forbidden", "You do not have access"],
    [
      { errors: [{ code: "InvalidPaginationDepth", title: "t", detail: "too deep" }] },
      "InvalidPaginationDepth",
      "too deep"
    ],
    [{ error: "InvalidValue", description: "Too recent start_time" }, "InvalidValue", "Too recent start_time"],
    ["<html>", "status_422", "status_422"],
    ["", "status_422", "status_422"],
    ["[]", "status_422", "status_422"]
  ])("say what is wrong in each envelope: %j", (body, code, words) => {
    const seen = verdict({ ...read, idempotent: false }, answer(422, body))
    expect(seen).toMatchObject({ _tag: "Refused", code })
    expect("message" in seen ? seen.message : "").toContain(words)
  })

  it("tell a collision from a refusal: it may work the next time, also where it was a create", () => {
    const create = { ...read, idempotent: false }
    expect(verdict(create, answer(409, { error: "DatabaseConflict" }))._tag).toBe("Transient")
    expect(verdict(create, answer(409, ""))._tag).toBe("Transient")
    expect(verdict(create, answer(409, { error: "IdempotentRequestError" }))._tag).toBe("Refused")
    expect(outcomeOf({ index: 0, error: "DatabaseConflict", details: "Database collision" })._tag).toBe("Unknown")
    expect(outcomeOf({ index: 0, error: "RecordInvalid", details: "Name: bad" })._tag).toBe("Failed")
  })

  it("tell too many jobs from too many calls", () => {
    expect(verdict(read, answer(429, { error: "TooManyJobs" }))).toEqual({ _tag: "Throttled", scope: "call" })
    expect(
      verdict(read, answer(429, "Number of allowed API requests per minute exceeded", { "ratelimit-reset": "7" }))
    ).toEqual({ _tag: "Throttled", retryAfterMillis: 7_000 })
  })
})

const write = (body: Write["body"], sourceKey = "freshservice:acme:x:1"): Write => ({
  entity: "person",
  sourceId: "1",
  sourceKey,
  body
})
const two = [write({ name: "a" }, "k1"), write({ name: "b" }, "k2")]
const job = (status: string, results: unknown) =>
  answer(200, { job_status: { id: "j", status, message: "m", results } })

describe("jobs of Zendesk", () => {
  it.each(["queued", "working"])("are pending while %s", (status) =>
    expect(readJob(two, job(status, null))._tag).toBe("Pending")
  )

  it("give results by index, never by position, with errors in either form", () => {
    const results = [
      { index: 1, id: 8 },
      { index: 0, error: "RecordInvalid", details: "Requester: is suspended" }
    ]
    expect(readJob(two, job("completed", results))).toMatchObject({
      outcomes: [
        { _tag: "Failed", code: "RecordInvalid", message: "Requester: is suspended" },
        { _tag: "Created", destinationId: "8" }
      ]
    })
    const others = [
      { index: 0, errors: "Name: cannot be blank" },
      { index: 1, id: 8, success: true, errors: "", action: "update", status: "Updated" }
    ]
    expect(readJob(two, job("completed", others))).toMatchObject({
      outcomes: [
        { _tag: "Failed", message: "Name: cannot be blank" },
        { _tag: "Updated", destinationId: "8" }
      ]
    })
  })

  it("leave open what no result speaks of, and are not good because they are completed", () => {
    for (const results of [null, [], [{ id: 5 }], [{ index: 1, id: 8 }]])
      expect(readJob(two, job("completed", results))).toMatchObject({ outcomes: [{ _tag: "Unknown" }, {}] })
    expect(readJob(two, job("killed", null))).toMatchObject({
      _tag: "Done",
      outcomes: [{ _tag: "Unknown" }, { _tag: "Unknown" }]
    })
    expect(readJob(two, answer(404, {}))._tag).toBe("Lost")
  })

  it("find the write of a result without index by its source key", () =>
    expect(readJob(two, job("completed", [{ id: 8, external_id: "k2" }]))).toMatchObject({
      outcomes: [{ _tag: "Unknown" }, { _tag: "Created", destinationId: "8" }]
    }))

  it("are not all known when the list is full", () => {
    const list = (n: number) =>
      answer(200, {
        job_statuses: Array.from({ length: n }, (_, i) => ({ id: `j${i}`, status: i === 0 ? "working" : "completed" }))
      })
    expect(readOpenJobs(list(3))).toMatchObject({ open: ["j0"], known: true })
    expect(readOpenJobs(list(100)).known).toBe(false)
  })
})

describe("writes to Zendesk", () => {
  it("read one record, its Location, a job, a busy vendor", () => {
    const [one] = two
    const single = one === undefined ? [] : [one]
    expect(readWrite("user", single, answer(201, { user: { id: 7 } }))).toEqual({
      _tag: "Results",
      outcomes: [{ _tag: "Created", destinationId: "7" }]
    })
    expect(
      readWrite("user", single, answer(201, "", { location: "https://acme.zendesk.com/api/v2/users/7.json" }))
    ).toEqual({
      _tag: "Results",
      outcomes: [{ _tag: "Created", destinationId: "7" }]
    })
    expect(readWrite("user", two, answer(200, { job_status: { id: "j" } }))).toEqual({ _tag: "Job", jobId: "j" })
    expect(readWrite("user", two, answer(429, {}, { "retry-after": "3" }))).toEqual({
      _tag: "Busy",
      retryAfterMillis: 3_000
    })
    expect(readWrite("user", single, answer(201, {}))).toMatchObject({ outcomes: [{ _tag: "Unknown" }] })
  })

  it("go one by one when a batch is refused, and fail with the vendor's words when one is", () => {
    expect(readWrite("user", two, answer(403, ""))._tag).toBe("BatchRefused")
    expect(
      readWrite(
        "user",
        two.slice(1),
        answer(422, { error: "RecordInvalid", details: { name: [{ description: "Name: bad" }] } })
      )
    ).toMatchObject({
      outcomes: [{ _tag: "Failed", code: "RecordInvalid", message: "name: Name: bad" }]
    })
  })

  const sink = (stream: string): Sink<never> => sinks.find((one) => one.stream === stream) as Sink<never>

  it("import tickets with the source key, and never change what is there", () => {
    const ticket = write({ subject: "s", comments: [{ body: "b" }] }, "freshservice:acme:ticket:1")
    const call = sink("tickets").createMany?.(config, [ticket])
    expect(call).toMatchObject({
      path: "/api/v2/imports/tickets/create_many",
      idempotent: false,
      body: { tickets: [{ subject: "s", external_id: "freshservice:acme:ticket:1" }] }
    })
    const calls = sinks.flatMap((one) => [
      [one.stream, one.createOne(config, ticket)] as const,
      [one.stream, one.createMany?.(config, [ticket])] as const
    ])
    const updating = calls.filter(([, call]) => JSON.stringify(call ?? null).includes("create_or_update"))
    // Only where the key can be nobody else's.
    expect(new Set(updating.map(([stream]) => stream))).toEqual(new Set(["custom_object_records"]))
  })

  it("send no mail to people that are created", () =>
    expect(sink("users").createOne(config, write({ name: "a" })).body).toMatchObject({
      user: { skip_verify_email: true, verified: true }
    }))

  it("find only the record with exactly the source key, oldest first, and no deleted user", () => {
    const rows = [
      { id: 30, external_id: "k1" },
      { id: 4, external_id: "k1" },
      { id: 1, external_id: "k" },
      { id: 2, external_id: "k1", active: false }
    ]
    expect(sink("users").lookup[0]?.read(write({}, "k1"), answer(200, { users: rows }))).toEqual(["4", "30"])
  })

  it("match a person by e-mail and an organization by name, whatever the case, and nothing that is only near", () => {
    const found = [
      { id: 1, email: "ab@x.org" },
      { id: 2, email: "A@X.org" },
      // Deleted: its address is free.
      { id: 3, email: "a@x.org", active: false }
    ]
    expect(sink("users").match?.[0]?.read(write({ email: " a@x.ORG" }), answer(200, { users: found }))).toEqual(["2"])
    expect(sink("users").match?.[0]?.call(config, write({ name: "no address" }))).toBeNull()
    const organizations = [
      { id: 1, name: "Sales Team" },
      { id: 2, name: " sales " }
    ]
    expect(sink("organizations").match?.[0]?.read(write({ name: "Sales" }), answer(200, { organizations }))).toEqual([
      "2"
    ])
  })
})

describe("records of Zendesk", () => {
  it("keep field values by id, and know a comment's ticket from its parent", () => {
    const row = {
      id: 1,
      custom_fields: [
        { id: 501, value: ["a"] },
        { id: 502, value: null }
      ],
      fields: [{ id: 9, value: 1 }],
      status: "hold",
      priority: null
    }
    expect(Normalise.ticket(config, row)[0]?.record).toMatchObject({
      custom: { 501: ["a"], 502: null },
      status: "on_hold",
      priority: null
    })
    expect(Normalise.comment(config, { id: 2, public: false }, "7")[0]).toMatchObject({
      parentId: "7",
      record: { ticket: "7", visibility: "private" }
    })
    expect(Normalise.comment(config, { id: 2 })).toEqual([])
  })

  it("say that a suspended or deleted user is not active", () => {
    const active = (row: object) =>
      Normalise.user(config, { id: 1, name: "Ann van Loo", role: "agent", ...row })[0]?.record
    expect(active({ active: true, suspended: true })).toMatchObject({
      active: false,
      first_name: "Ann",
      last_name: "van Loo",
      is_agent: true
    })
    expect(active({ active: true, suspended: false })).toMatchObject({ active: true })
  })
})
