import type { Row } from "@bridge/connectors/Row"
import fc from "fast-check"
import { expect, it } from "vitest"
import { choosing } from "./Choice.ts"

const row = (id: number): Row => ({ sourceId: String(id), version: "", op: "upsert", json: Buffer.from("{}") })

it("a sample is the first rows that are asked for, wherever it was cut off and went on", () =>
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(9), { maxLength: 6 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(5),
      (pages, most, cutOff) => {
        const admits = (one: Row) => Number(one.sourceId) % 3 !== 0
        const all = pages.flat().filter((id) => id % 3 !== 0)
        const taken: Array<string> = []
        let leftOut = 0
        let choose = choosing(admits, most)
        for (const [n, page] of pages.entries()) {
          if (n === cutOff) choose = choosing(admits, most - taken.length)
          const chosen = choose(page.map(row))
          taken.push(...chosen.rows.map((one) => one.sourceId))
          leftOut += chosen.leftOut
          if (chosen.over) break
        }
        expect(taken).toEqual(all.slice(0, most).map(String))
        if (all.length < most) expect(leftOut).toBe(pages.flat().length - all.length)
      }
    )
  ))
