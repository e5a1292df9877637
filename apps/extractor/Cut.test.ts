import type { Row } from "@bridge/connectors/Row"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cut, type Group, merge } from "./Cut.ts"

const row = (id: number, bytes: number): Row => ({
  sourceId: String(id),
  version: "",
  op: "upsert",
  json: Buffer.alloc(bytes, 32)
})

const group = (tickets: ReadonlyArray<number>, comments: ReadonlyArray<number>, page: number): Group => ({
  rows: [
    { stream: "tickets", entity: "ticket", rows: tickets.map((b, i) => row(page * 1000 + i, b)) },
    { stream: "conversations", entity: "comment", rows: comments.map((b, i) => row(page * 1000 + i, b)) }
  ],
  poison: [],
  gaps: [],
  next: { page: page + 1 },
  calls: 1,
  taken: tickets.length,
  leftOut: 0
})

const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 })

describe("cutting pages into batches", () => {
  it("keeps every row once and in order, within rows and bytes, with numbers that go on", () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(sizes, sizes), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (pages, maxRows) => {
          const groups = pages.map(([t, c], i) => group(t, c, i))
          const { batches, next } = cut(merge(groups), { ticket: 7 }, maxRows, 500)
          for (const entity of ["ticket", "comment"] as const) {
            const mine = batches.filter((b) => b.entity === entity)
            const first = entity === "ticket" ? 7 : 0
            expect(mine.map((b) => b.number)).toEqual(mine.map((_, i) => first + i))
            expect(next[entity] ?? first).toBe(first + mine.length)
            const expected = groups.flatMap((g) => g.rows.filter((s) => s.entity === entity).flatMap((s) => s.rows))
            expect(mine.flatMap((b) => b.rows.map((r) => r.row))).toEqual(expected)
            for (const b of mine) {
              expect(b.rows.length).toBeLessThanOrEqual(maxRows)
              expect(b.bytes <= 500 || b.rows.length === 1).toBe(true)
              expect(b.bytes).toBe(b.rows.reduce((n, r) => n + r.row.json.length, 0))
            }
          }
        }
      )
    ))

  it("goes on from the last page's cursor", () =>
    expect(merge([group([1], [], 1), group([1], [], 2)]).next).toEqual({ page: 3 }))
})
