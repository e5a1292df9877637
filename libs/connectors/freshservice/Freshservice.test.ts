import type { Answer } from "@bridge/http/Call"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Cursor } from "../Connector.ts"
import { decodeConfig } from "../Connectors.ts"
import { connectorSuite } from "../Suite.ts"
import { limits, verdict } from "./Answers.ts"
import { ticketList } from "./Desk.ts"
import { freshservice } from "./Freshservice.ts"
import { nextPage } from "./Lists.ts"
import * as Normalise from "./Normalise.ts"
import { account, tickets } from "./TestAccount.ts"

const { page: ticketPage, read: readTickets, start: startTickets } = ticketList

connectorSuite(freshservice, account)

const config = await Effect.runPromise(decodeConfig(freshservice, account.config))
const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
})
const now = "2026-06-01T00:00:00Z"
const call = { operation: "x", method: "GET", path: "/", idempotent: true } as const
const link = { link: '<https://acme.freshservice.com/api/v2/tickets?page=2&per_page=100>; rel="next"' }

/** Walks the ticket list over a function from query to rows, two to a page, and gives the ids in order. */
const walk = (rowsOf: (query: URLSearchParams, number: number) => ReadonlyArray<object>, most = 60) => {
  const ids: Array<string> = []
  let cursor: Cursor | null = startTickets(config as never, { now })
  let calls = 0
  for (; cursor !== null && calls < most; calls++) {
    const { query = {}, operation } = ticketPage(config as never, cursor)
    if (operation === "listWorkspaces") break
    const search = new URLSearchParams(Object.entries(query).map(([k, v]): [string, string] => [k, String(v)]))
    const rows = search.has("filter") ? [] : rowsOf(search, calls)
    const page = Number(search.get("page"))
    const shown = rows.slice((page - 1) * 2, page * 2)
    const read = readTickets(
      config as never,
      cursor,
      answer(200, { tickets: shown }, rows.length > page * 2 ? link : {})
    )
    ids.push(...read.rows.map(({ sourceId }) => sourceId))
    cursor = read.next
  }
  return { ids, calls }
}

describe("the ticket list", () => {
  it("is asked for from the beginning, or tickets older than 30 days would be missing", () => {
    const cursor = startTickets(config as never, { now })
    expect(ticketPage(config as never, cursor).query).toMatchObject({
      updated_since: "2000-01-01T00:00:00Z",
      order_by: "updated_at",
      order_type: "asc",
      per_page: 100,
      page: 1
    })
  })

  it("asks the vendor for what it can be asked: one value of a parameter, workspace by workspace, the newest first", () => {
    const filters = { type: ["Incident"], requester_id: ["7", "8"], status: ["2"], workspace_id: ["3", "4"] }
    const start = startTickets(config as never, { now, filters, newestFirst: true })
    const { query } = ticketPage(config as never, start)
    expect(query).toMatchObject({ type: "Incident", workspace_id: "3", order_by: "updated_at", order_type: "desc" })
    expect(query).not.toHaveProperty("requester_id")
    expect(query).not.toHaveProperty("status")
    const plain = ticketList.plainer(ticketList.plainer(start) ?? start) ?? start
    expect(ticketPage(config as never, plain).query).not.toHaveProperty("type")
    let cursor: Cursor | null = start
    const asked: Array<unknown> = []
    for (let n = 0; cursor !== null && n < 9; n++) {
      asked.push(ticketPage(config as never, cursor).query?.workspace_id)
      cursor = readTickets(config as never, cursor, answer(200, { tickets: [] })).next
    }
    expect(asked).toEqual(["3", "3", "3", "4", "4", "4"])
  })

  it("ends a pass behind the last date that is asked for, and says how many rows were outside", () => {
    const start = startTickets(config as never, { now, until: "2024-01-02T00:00:00Z" })
    const rows = (...days: ReadonlyArray<number>) => days.map((id) => ({ id, updated_at: `2024-01-0${id}T00:00:00Z` }))
    const first = readTickets(config as never, start, answer(200, { tickets: rows(1, 2, 3) }, link))
    expect(first.rows.map((row) => row.sourceId)).toEqual(["1", "2"])
    expect(first.outside).toBe(1)
    const second = readTickets(config as never, first.next ?? start, answer(200, { tickets: rows(4, 5) }, link))
    expect(second.rows).toEqual([])
    expect(ticketPage(config as never, second.next ?? start).query).toMatchObject({ filter: "deleted" })
  })

  it("starts at the start date, and for changes five minutes before", () => {
    const dated = { ...(config as object), start_date: "2024-01-31" } as never
    expect(startTickets(dated, { now }).since).toBe("2024-01-31T00:00:00Z")
    expect(startTickets(dated, { now, since: "2024-03-01T00:05:00Z" }).since).toBe("2024-03-01T00:00:00Z")
  })

  it("loses no ticket when one that was read changes while we read, and the pages shift", () => {
    const all = tickets()
    const served = freshOf(all, (number) => {
      const first = all.find(({ id }) => id === 1)
      if (number === 1 && first !== undefined) first.updated_at = "2024-01-02T00:00:00Z"
    })
    expect(new Set(walk(served).ids)).toEqual(new Set(["1", "2", "3", "4", "5", "6"]))
  })

  it("goes by page numbers where updated_since is not obeyed, and gives each row once", () => {
    const rows = [1, 2, 3, 4, 5].map((id) => ({ id, updated_at: `2024-01-0${id}T00:00:00Z` }))
    expect(walk(() => rows).ids).toEqual(["1", "2", "3", "4", "5"])
  })

  it("goes by page numbers where the order is not kept", () => {
    const rows = [5, 4, 3, 2, 1].map((id) => ({ id, updated_at: `2024-01-0${id}T00:00:00Z` }))
    expect(walk(() => rows).ids).toEqual(["5", "4", "3", "2", "1"])
  })

  it("gets past any number of tickets with one time", () => {
    const rows = Array.from({ length: 9 }, (_, i) => ({ id: i + 1, updated_at: "2024-01-01T00:00:00Z" }))
    expect(walk(() => rows).ids).toEqual(rows.map(({ id }) => String(id)))
  })

  it("sets apart what is no ticket, and goes on", () => {
    const page = readTickets(
      config as never,
      startTickets(config as never, { now }),
      answer(200, { tickets: [{ id: 1 }, null, { x: 1 }, { id: "" }] })
    )
    expect(page.rows.map(({ sourceId }) => sourceId)).toEqual(["1"])
    expect(page.poison?.map(({ error }) => error)).toEqual([
      "the row is no object",
      "the row has no id",
      "the row has no id"
    ])
  })
})

const freshOf =
  (all: ReturnType<typeof tickets>, after: (number: number) => void) => (query: URLSearchParams, number: number) => {
    const since = Date.parse(query.get("updated_since") ?? "")
    const rows = all
      .filter((one) => !one.deleted && !one.spam && one.workspace_id === 2 && Date.parse(one.updated_at) >= since)
      .toSorted((a, b) => Date.parse(a.updated_at) - Date.parse(b.updated_at) || a.id - b.id)
      .map((one) => ({ ...one }))
    after(number)
    return rows
  }

describe("answers of Freshservice", () => {
  it.each([
    ['<https://x/api/v2/tickets?page=4&per_page=100>; rel="next"', 3, 4],
    ["<https://x/api/v2/tickets?page=4>; rel=next", 3, 4],
    ['<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next"', 2, 3],
    ['<https://x/?after=abc>; rel="next"', 2, 3],
    ['<https://x/?page=1>; rel="prev"', 2, null]
  ])("name the next page: %s", (header, page, next) =>
    expect(nextPage(answer(200, "", { link: header }), page)).toBe(next)
  )

  it("tell limits as integers and as floats, of the bucket that applies", () => {
    const headers = {
      "x-ratelimit-total": "140.0",
      "x-ratelimit-remaining": "139.0",
      "x-ratelimit-used-currentrequest": "1"
    }
    expect(limits({ ...call, budget: "tickets.list" }, answer(200, "", headers))).toEqual([
      { budget: "account", atLeast: 500 },
      { budget: "tickets.list", limit: 140, remaining: 139, used: 1 }
    ])
    expect(limits(call, answer(200, ""))).toEqual([])
  })

  it.each([
    [
      {
        description: "Validation failed",
        errors: [{ field: "priority", message: "This field cannot be empty", code: "missing_field" }]
      },
      "missing_field",
      "priority"
    ],
    [{ code: "require_feature", message: "not in your plan" }, "require_feature", "not in your plan"],
    ["<html>", "status_400", "status 400"],
    ["", "status_400", "status 400"]
  ])("say what is wrong in each envelope", (body, code, words) => {
    const seen = verdict({ ...call, idempotent: false }, answer(400, body))
    expect(seen).toMatchObject({ _tag: "Refused", code })
    expect("message" in seen ? seen.message : "").toContain(words)
  })

  it.each([
    [200, "Ok"],
    [204, "Ok"],
    [401, "AuthRejected"],
    [403, "AuthRejected"],
    [404, "Gone"],
    [429, "Throttled"],
    [500, "Transient"],
    [409, "Refused"]
  ])("%i means %s", (status, tag) => expect(verdict(call, answer(status, ""))._tag).toBe(tag))
})

describe("records of Freshservice", () => {
  const [ticket] = Normalise.ticket(config, {
    id: "9007199254740993",
    status: 7,
    priority: 4,
    source: 99,
    type: "Service Request",
    requester_id: 21000418005,
    responder_id: null,
    tags: null,
    cc_emails: ["a@b.c", null],
    custom_fields: { site: "N4", list: ["a"] },
    created_at: "2024-05-10T13:32:29+02:00",
    deleted: false
  })

  it("keep ids exact, raw values beside canonical ones, and times in UTC", () =>
    expect(ticket?.record).toMatchObject({
      source_id: "9007199254740993",
      status: null,
      status_raw: "7",
      priority: "critical",
      source_channel: null,
      source_channel_raw: "99",
      kind: "service_request",
      requester: "21000418005",
      assignee: null,
      tags: [],
      watchers: ["a@b.c"],
      custom: { site: "N4", list: ["a"] },
      created_at: "2024-05-10T11:32:29Z"
    }))

  it("name a deleted ticket so, whatever its status", () =>
    expect(Normalise.ticket(config, { id: 1, status: 5, deleted: true })[0]?.record).toMatchObject({
      status: "deleted",
      status_raw: "5"
    }))

  it("make members of all lists of a group, each once, with the strongest role", () => {
    const records = Normalise.group(config, {
      id: 5,
      leaders: [1],
      members: [1, 2],
      observers: [2, 3],
      agent_ids: [2, 4]
    })
    expect(
      records
        .slice(1)
        .map(({ record, sourceId }) => [sourceId, "role" in record && record.role])
        .toSorted()
    ).toEqual([
      ["5/1", "leader"],
      ["5/2", "member"],
      ["5/3", "observer"],
      ["5/4", "member"]
    ])
  })

  it("put the stream in front of a person's id, and keep the address as given but for blanks", () => {
    expect(Normalise.agent(config, { id: 7, email: " A@x.org " })[0]).toMatchObject({
      sourceId: "agents/7",
      record: { native_id: "7", email: "A@x.org", is_agent: true }
    })
    expect(Normalise.requester(config, { id: 7, primary_email: "" })[0]).toMatchObject({
      sourceId: "requesters/7",
      record: { email: null, is_agent: false }
    })
  })
})
