import { expect, test } from "vitest"
import { atLeast, atMost, isMet, shortOf, verdict } from "./Aims.ts"

const rate = atLeast("page to archive", 6_000, 12_000, "records/s")
const cost = atMost("CPU", 150, 150, "us/record")

test("a bound is met when it is reached, and not a step before", () => {
  expect(isMet(cost)).toBe(true)
  expect(isMet({ ...cost, figure: 150.1 })).toBe(false)
  expect(isMet({ ...rate, figure: 12_000 })).toBe(true)
  expect(isMet({ ...rate, figure: 11_999 })).toBe(false)
})

test("a slower machine is asked for as much less, a faster one for no more", () => {
  expect(isMet({ ...rate, floor: { is: 20_000, expected: 40_000 } })).toBe(true)
  expect(isMet({ ...rate, floor: { is: 20_001, expected: 40_000 } })).toBe(false)
  expect(isMet({ ...rate, figure: 12_000, floor: { is: 80_000, expected: 40_000 } })).toBe(true)
  expect(isMet({ ...cost, figure: 300, floor: { is: 20_000, expected: 40_000 } })).toBe(true)
  expect(isMet({ ...cost, figure: 301, floor: { is: 20_000, expected: 40_000 } })).toBe(false)
  expect(isMet({ ...cost, figure: 151, floor: { is: 80_000, expected: 40_000 } })).toBe(false)
})

test("what was not measured meets nothing", () => {
  const nothing = { figure: Number.NaN }
  expect(shortOf([{ ...rate, ...nothing }, { ...cost, ...nothing }, cost])).toHaveLength(2)
})

test("the verdict names what falls short, with figure and bound", () => {
  const slow = { is: 30_000, expected: 40_000 }
  expect(verdict([{ ...rate, floor: slow }, cost])).toBe(
    "1 of 2 aims met, short of:\n" +
      "  page to archive: 6,000 records/s, at least 9,000 wanted here (12,000 where the floor is 40,000)\n"
  )
  expect(verdict([{ ...cost, figure: 12.345, bound: 1.5 }])).toContain("CPU: 12.35 us/record, at most 1.5 wanted\n")
  expect(verdict([cost])).toBe("1 of 1 aims met\n")
})
