import { describe, expect, it } from "vitest"
import type { Filter } from "./Conditions.ts"
import { admitting, conditionsOf } from "./Filters.ts"
import type { Row } from "./Row.ts"

const filters: ReadonlyArray<Filter> = [
  { name: "status", title: "Status", values: { open: "2", closed: "5" } },
  { name: "type", title: "Type" },
  { name: "workspace_id", title: "Workspace", kind: "id", scope: true },
  { name: "spam", title: "Spam", kind: "boolean" }
]
const row = (json: object, version = "2026-01-02T00:00:00Z"): Row => ({
  sourceId: "1",
  version,
  op: "upsert",
  json: Buffer.from(JSON.stringify(json))
})
const admits = (asked: Parameters<typeof conditionsOf>[1], range = {}) => {
  const test = admitting(filters, conditionsOf(filters, asked).conditions, range)
  return (json: object, version?: string) => test === null || test(row(json, version))
}

describe("filters of a job", () => {
  it("take any of a condition's values, by name or as the vendor writes them, and all conditions", () => {
    const open = admits({ status: ["Open", 6], type: "Incident" })
    expect(open({ status: 2, type: "Incident" })).toBe(true)
    expect(open({ status: 6, type: "Incident" })).toBe(true)
    expect(open({ status: 5, type: "Incident" })).toBe(false)
    expect(open({ status: 2, type: "incident" })).toBe(false)
    expect(open({ status: 2 })).toBe(false)
    expect(open({ status: null, type: "Incident" })).toBe(false)
  })

  it("believe the vendor where it was asked for a place that rows need not name", () => {
    const there = admits({ workspace_id: 3 })
    expect([there({}), there({ workspace_id: 3 }), there({ workspace_id: 4 })]).toEqual([true, true, false])
  })

  it("hold a row against the dates, both included, and let one without a date pass", () => {
    const within = admits({}, { since: "2026-01-02T00:00:00Z", until: "2026-01-03T00:00:00Z" })
    expect(within({}, "2026-01-02T00:00:00Z")).toBe(true)
    expect(within({}, "2026-01-03T00:00:00Z")).toBe(true)
    expect(within({}, "2026-01-01T23:59:59Z")).toBe(false)
    expect(within({}, "2026-01-03T00:00:01Z")).toBe(false)
    expect(within({}, "")).toBe(true)
  })

  it("are nothing to look at where nothing is asked for", () => expect(admitting(filters, {}, {})).toBeNull())

  it("take values of their kind only, and say what that is", () => {
    const said = (asked: Parameters<typeof conditionsOf>[1]) =>
      conditionsOf(filters, asked).refused.map(({ name, message }) => `${name}: ${message}`)
    const names = "is none of open, closed, or a number of the account's own"
    for (const value of ["constructor", "__proto__", "toString", "06", "-2", 1.5, 1e21, true, ""])
      expect(said({ status: value })).toEqual([`status: ${value === "" ? "an empty text" : value} ${names}`])
    for (const value of ["abc", "1.5", 1.5, 1e21, 2 ** 53, 0, "07", -3, false])
      expect(said({ workspace_id: value })).toEqual([
        `workspace_id: ${value} is no id: a whole number such as 21000000001`
      ])
    for (const value of ["yes", 1, "0"])
      expect(said({ spam: value })).toEqual([`spam: ${value} is neither true nor false`])
    expect(said({ type: " " })).toEqual(["type: an empty text is no value"])
    const good = { status: [" OPEN ", 7, "12"], workspace_id: ["21000000001", 3], spam: ["TRUE", false], type: 5 }
    expect(conditionsOf(filters, good)).toEqual({
      conditions: {
        status: ["2", "7", "12"],
        workspace_id: ["21000000001", "3"],
        spam: ["true", "false"],
        type: ["5"]
      },
      refused: []
    })
  })

  it("let no row pass that a refused value stands for", () =>
    expect(admits({ status: "shut" })({ status: 2 })).toBe(false))

  it("say what is wrong with a name or a value", () =>
    expect(conditionsOf(filters, { colour: "red", status: "shut", type: [] }).refused.map((r) => r.name)).toEqual([
      "colour",
      "status",
      "type"
    ]))
})
