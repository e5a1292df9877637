import { httpTo, json, testVendor } from "@bridge/http/TestVendor"
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ReadOptions } from "./Connector.ts"
import { decodeConfig } from "./Connectors.ts"
import { admitting } from "./Filters.ts"
import { freshservice } from "./freshservice/Freshservice.ts"
import { account } from "./freshservice/TestAccount.ts"
import { countRows, survey } from "./Survey.ts"

/** A list of so many rows; `deepest`: no page behind it is given. */
const list = (rows: number, pageRows: number, deepest = Number.POSITIVE_INFINITY) => {
  let calls = 0
  const at = (page: number) =>
    Effect.sync(() => {
      calls += 1
      if (page > deepest) return null
      return Math.max(0, Math.min(pageRows, rows - (page - 1) * pageRows))
    })
  return { counted: Effect.runSync(countRows(pageRows, at)), calls }
}

it("a list is counted to the row, with a few calls however long it is", () =>
  fc.assert(
    fc.property(fc.nat(2_000_000), fc.integer({ min: 1, max: 200 }), (rows, pageRows) => {
      const { calls, counted } = list(rows, pageRows)
      expect(counted).toBe(rows)
      expect(calls).toBeLessThanOrEqual(3 + 2 * Math.log2(Math.max(1, rows / pageRows) + 1))
    })
  ))

it("a list that gives no page behind a certain one is counted as far as it gives them", () =>
  expect(list(100_000, 100, 300).counted).toBe(30_000))

it("a list that refuses its first page is not counted", () =>
  expect(list(500, 100, 0)).toEqual({ counted: null, calls: 1 }))

const config = await Effect.runPromise(decodeConfig(freshservice, account.config))
const filters = freshservice.streams.find(({ name }) => name === "tickets")?.filters ?? []
const time = (i: number) => `${new Date(Date.UTC(2020, 0, 1) + i * 3_600_000).toISOString().slice(0, 19)}Z`

interface Ticket {
  readonly id: number
  readonly updated_at: string
  readonly status: number
  readonly workspace_id?: number
}
/** One an hour; the last tenth of them is open. */
const tickets = (rows: number, workspace?: number): ReadonlyArray<Ticket> =>
  Array.from({ length: rows }, (_, i) => ({
    id: i + 1,
    updated_at: time(i),
    status: i < rows * 0.9 ? 5 : 2,
    ...(workspace !== undefined && { workspace_id: workspace })
  }))

/** The tickets of an account by workspace, the primary one first. */
const surveyed = async (
  workspaces: Readonly<Record<string, ReadonlyArray<Ticket>>>,
  options: Omit<ReadOptions, "now"> = {},
  refuses: ReadonlyArray<string> = []
) => {
  const body = Effect.gen(function* () {
    const { calls, port } = yield* testVendor((call, response) => {
      const asked = call.url.searchParams
      if (refuses.some((name) => call.url.pathname.endsWith(name))) return json(response, 403, {})
      if (call.url.pathname.endsWith("/workspaces"))
        return json(response, 200, { workspaces: Object.keys(workspaces).map((id) => ({ id: Number(id) })) })
      const all = workspaces[asked.get("workspace_id") ?? Object.keys(workspaces)[0] ?? ""] ?? []
      const listed = asked.has("filter") ? [] : asked.get("order_type") === "desc" ? all.toReversed() : all
      const page = Number(asked.get("page"))
      json(response, 200, { tickets: listed.slice((page - 1) * 100, page * 100) })
    })
    const source = { connector: freshservice, config, tenantId: "t", connectionId: "c", share: 1 }
    const found = yield* survey(source as never, "tickets", {
      options: { now: "", ...options },
      wanted: new Set(["tickets"]),
      admits: admitting(filters, options.filters ?? {}, options)
    }).pipe(Effect.provide(httpTo({ "*.freshservice.com": `http://127.0.0.1:${port}` })))
    return { ...found, wanted: Math.round((found.rows ?? Number.NaN) * found.share), made: calls.length }
  })
  return await Effect.runPromise(Effect.scoped(body))
}

describe("a stream is counted", () => {
  it("up to the time asked for, with a few calls", async () => {
    const found = await surveyed({ 2: tickets(10_000) }, { until: time(1_049) })
    expect([found.rows, found.wanted]).toEqual([1_050, 1_050])
    expect(found.calls).toBeLessThan(20)
    expect(found.made).toBe(found.calls)
    expect((await surveyed({ 2: tickets(300) }, { until: "2019-01-01T00:00:00Z" })).rows).toBe(0)
  })

  it("to its end where its rows are in no order, or the newest come first", async () => {
    const mixed = tickets(1_000).map((ticket, i) => ({ ...ticket, updated_at: time((i * 37) % 1_000) }))
    const found = await surveyed({ 2: mixed }, { until: time(499) })
    expect(found.rows).toBe(1_000)
    expect(found.wanted).toBeGreaterThan(450)
    expect(found.wanted).toBeLessThan(550)
    const newest = await surveyed({ 2: tickets(2_000) }, { until: time(1_499), newestFirst: true })
    expect([newest.rows, newest.wanted]).toEqual([2_000, 1_500])
  })

  it("with what is asked for of each part of it", async () => {
    const found = await surveyed({ 2: tickets(10_000) }, { filters: { status: ["2"] } })
    expect(found.rows).toBe(10_000)
    expect(Math.abs(found.wanted - 1_000)).toBeLessThan(100)
    expect(found.parts?.[0]?.share).toBe(0)
    expect(found.parts?.at(-1)?.share).toBe(1)
    expect(found.calls).toBeLessThan(40)
  })

  it("in every workspace that its rows do not lie in", async () => {
    const three = { 2: tickets(250, 2), 3: tickets(1_050, 3), 4: tickets(7, 4) }
    expect(await surveyed(three)).toMatchObject({ rows: 1_307, wanted: 1_307, lists: 9 })
    const some = await surveyed(three, { filters: { workspace_id: ["3", "4"] } })
    expect([some.rows, some.lists]).toEqual([1_057, 6])
    expect((await surveyed({ 2: tickets(250) })).lists).toBe(3)
    expect((await surveyed(three, {}, ["/workspaces"])).rows).toBe(250)
  })

  it("not at all in more workspaces than a few calls would do for", async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i + 2, tickets(3, i + 2)]))
    expect(await surveyed(many)).toMatchObject({ rows: null, calls: 4 })
  })
})
