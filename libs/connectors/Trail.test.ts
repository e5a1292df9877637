// What a way through pages may do, and what shows that it leads nowhere.
import { describe, expect, it } from "vitest"
import type { Call } from "./Connector.ts"
import type { Row } from "./Row.ts"
import { Trail } from "./Trail.ts"

const call = (page: number): Call => ({
  operation: "list",
  method: "GET",
  path: "/x",
  query: { page },
  idempotent: true
})
const row = (id: number, version = "1"): Row => ({
  sourceId: String(id),
  version,
  op: "upsert",
  json: Buffer.from("{}")
})

describe("the way through pages", () => {
  it("may be long, show a row twice, and hold some pages with nothing new", () => {
    const trail = new Trail()
    for (let page = 1; page < 500; page++) {
      const barren = page % 20 !== 0
      expect(trail.after({ rows: barren ? [] : [row(page), row(1)], barren }, call(page + 1))).toBe(null)
    }
    expect(trail.after({ rows: [row(500)] }, null)).toBe(null)
  })

  it("leads nowhere when a page names one that was read before, however many lie between", () => {
    const trail = new Trail()
    for (let page = 1; page < 50; page++) expect(trail.after({ rows: [row(page)] }, call(page + 1))).toBe(null)
    expect(trail.after({ rows: [row(50)] }, call(7))).toMatch("read before")
  })

  it("leads nowhere when a page holds what the last one held, unless it ends there or a row has changed", () => {
    const trail = new Trail()
    expect(trail.after({ rows: [row(1), row(2)] }, call(2))).toBe(null)
    expect(trail.after({ rows: [row(1), row(2, "2")] }, call(3))).toBe(null)
    expect(trail.after({ rows: [row(1), row(2, "2")] }, call(4))).toMatch("same rows")
    expect(trail.after({ rows: [row(1), row(2, "2")] }, null)).toBe(null)
  })

  it("leads nowhere when page after page holds nothing new and names another", () => {
    const trail = new Trail()
    const words = Array.from({ length: 21 }, (_, i) => trail.after({ rows: [], barren: true }, call(i + 2)))
    expect(words.slice(0, -1).every((one) => one === null)).toBe(true)
    expect(words.at(-1)).toMatch("nothing new")
  })
})
