import { Effect } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { countRows } from "./Survey.ts"

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
