import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Looked, nextPage, partsOf, wantedIn } from "./Shares.ts"

const pageRows = 100

/** Looked at as a count leaves it (1, 2, 4, 8 ... and the last page), then where least is known. */
const surveyed = (rows: number, asked: (i: number) => boolean, most = 12) => {
  const at = (page: number): Looked => {
    const all = Array.from({ length: pageRows }, (_, i) => (page - 1) * pageRows + i).filter((i) => i < rows)
    return { rows: all.length, taken: all.filter(asked).length }
  }
  const last = Math.ceil(rows / pageRows)
  const pages = new Map<number, Looked>()
  for (let page = 1; page < last; page *= 2) pages.set(page, at(page))
  pages.set(last, at(last))
  let calls = 0
  for (let page = nextPage(pages); page !== null && calls < most; page = nextPage(pages)) {
    expect(pages.has(page)).toBe(false)
    pages.set(page, at(page))
    calls += 1
  }
  return { parts: partsOf(rows, pageRows, pages), calls }
}
const wanted = (rows: number, asked: (i: number) => boolean) => wantedIn(surveyed(rows, asked).parts)
const off = (found: number, real: number) => Math.abs(found - real) / real

describe("the part of a list that is asked for", () => {
  it("is found at either end of it, wherever it begins", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 500, max: 100_000 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (rows, part) => {
          const n = Math.ceil(rows * part)
          expect(
            off(
              wanted(rows, (i) => i >= rows - n),
              n
            )
          ).toBeLessThan(0.1)
          expect(
            off(
              wanted(rows, (i) => i < n),
              n
            )
          ).toBeLessThan(0.1)
        }
      )
    ))

  it("is told by the parts that are ahead", () => {
    const { parts } = surveyed(10_000, (i) => i >= 9_000)
    const ahead = parts.filter((_, i) => parts.slice(0, i + 1).reduce((n, p) => n + p.rows, 0) <= 8_000)
    expect(wantedIn(ahead)).toBe(0)
    expect(parts.reduce((n, p) => n + p.rows, 0)).toBe(10_000)
  })

  it("is told by what is spread over it", () =>
    expect(
      off(
        wanted(50_000, (i) => (i * 7919) % 100 < 30),
        15_000
      )
    ).toBeLessThan(0.1))

  it("takes no further calls where all of it is known, or the list is short", () => {
    expect(surveyed(150, () => true).calls).toBe(0)
    expect(surveyed(80, () => false)).toEqual({ parts: [{ rows: 80, share: 0, looked: 80 }], calls: 0 })
    expect(nextPage(new Map())).toBeNull()
    expect(partsOf(0, 100, new Map())).toEqual([])
  })
})
