import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isDay, isPlain, millisOf } from "./Instant.ts"

const pad = (n: number, digits: number): string => String(n).padStart(digits, "0")

describe("an instant", () => {
  const near = fc
    .tuple(fc.integer({ min: 0, max: 9999 }), ...[14, 33, 26, 62, 62].map((max) => fc.integer({ min: 0, max })))
    .map(
      ([y, m, d, h, i, s]) =>
        `${pad(y, 4)}-${pad(m ?? 0, 2)}-${pad(d ?? 0, 2)}T${pad(h ?? 0, 2)}:${pad(i ?? 0, 2)}:${pad(s ?? 0, 2)}Z`
    )
  const text = fc.oneof(
    { weight: 5, arbitrary: near },
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString().replace(".000Z", "Z")),
    fc.date({ noInvalidDate: true }).map((date) => date.toString()),
    fc.string({ unit: fc.constantFrom("0", "2", "9", "-", ":", "T", "Z", " ", "x"), minLength: 19, maxLength: 21 }),
    fc.string()
  )

  it("is what Date.parse says, whatever the text", () =>
    fc.assert(
      fc.property(text, (one) => {
        expect(millisOf(one)).toBe(Date.parse(one))
      }),
      { numRuns: 5000 }
    ))

  it("is what Date.parse says on every day from 1970 to 2100", () => {
    for (let at = 0; at < Date.UTC(2100, 11, 31); at += 86_400_000) {
      const one = new Date(at + 3_723_000).toISOString().replace(".000Z", "Z")
      if (millisOf(one) !== at + 3_723_000) expect(one).toBe(at)
    }
  })

  it.each([
    ["2024-05-10T11:32:29Z", true],
    ["2024-05-10T11:32:29z", false],
    ["2024-05-10T11:32:29.5Z", false],
    ["2024-05-10T11:32:2 Z", false]
  ])("%s is plain: %s", (one, expected) => expect(isPlain(one)).toBe(expected))

  it("is on a day that exists", () => {
    for (const text of ["2024-02-29", "2024-02-29T23:59:59Z", "2026-12-31T00:00:00.123+01:00"])
      expect(isDay(text)).toBe(true)
    for (const text of ["2026-02-29", "2026-02-31T00:00:00Z", "2026-04-31", "2026-13-01", "x"])
      expect(isDay(text)).toBe(false)
  })
})
