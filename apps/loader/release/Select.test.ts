import { describe, expect, it } from "vitest"
import type { Released } from "../Batches.ts"
import { cut } from "./Select.ts"

const root = (id: number, parts: number): Released => ({
  sourceId: String(id),
  hash: "h".repeat(64),
  resolution: "r".repeat(64),
  parts: Array.from({ length: parts }, (_, n) => ({
    entity: "comment" as const,
    sourceId: String(id * 100_000 + n),
    hash: "h".repeat(64),
    resolution: "r".repeat(64)
  }))
})

const ids = (roots: ReadonlyArray<Released>) => roots.map(({ sourceId }) => sourceId)

describe("a release", () => {
  it("is cut into batches of the sink's size, in order and numbered on", () => {
    const roots = [1, 2, 3, 4, 5].map((id) => root(id, 2))
    const batches = cut(roots, 2, 7)
    expect(batches.map(({ number }) => number)).toEqual([7, 8, 9])
    expect(batches.flatMap(({ records }) => ids(records))).toEqual(["1", "2", "3", "4", "5"])
  })

  it("puts no more long conversations into one batch than its row can hold and be read again", () => {
    const roots = Array.from({ length: 30 }, (_, id) => root(id + 1, 5_000))
    const batches = cut([...roots, root(99, 30_000), root(100, 1)], 100, 0)
    expect(batches.flatMap(({ records }) => ids(records))).toEqual([...ids(roots), "99", "100"])
    for (const { records } of batches)
      expect(Buffer.byteLength(JSON.stringify(records))).toBeLessThan(records.length === 1 ? 8_000_000 : 5_000_000)
  })
})
