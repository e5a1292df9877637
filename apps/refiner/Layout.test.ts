import { describe, expect, it } from "vitest"
import type { RefinedRecord } from "./Batch.ts"
import { elsewhere } from "./Layout.ts"

const record = (bytes: number): RefinedRecord => ({ element: Buffer.alloc(bytes) }) as RefinedRecord
const kb = 1024
const together = (records: ReadonlyArray<RefinedRecord>) =>
  records.reduce((sum, { element }) => sum + (element?.length ?? 0), 0)

describe("elements of a batch", () => {
  it("lie in its row, but for those that are large by themselves", () => {
    const [small, large] = [record(200 * kb), record(300 * kb)]
    expect(elsewhere([small, large, small])).toEqual([large])
  })

  it("go to the blob store, the largest first, where together they are more than a row may have", () => {
    const records = Array.from({ length: 500 }, (_, i) => record((100 + (i % 2) * 50) * kb))
    const away = new Set(elsewhere(records))
    const kept = records.filter((one) => !away.has(one))
    expect(together(kept)).toBeLessThanOrEqual(8 * kb * kb)
    expect(kept.length).toBeGreaterThan(70)
    expect(Math.max(...kept.map(({ element }) => element?.length ?? 0))).toBe(100 * kb)
  })
})
