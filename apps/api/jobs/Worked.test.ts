import { assert, describe, it } from "vitest"
import { millisFor, workOf } from "./Worked.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
/** Marks of 100 after each of these gaps. */
const marks = (...gaps: ReadonlyArray<number>) => {
  let at = 0
  return gaps.map((gap) => {
    at += gap
    return { at, units: 100 }
  })
}
const steady = (n: number, gap: number) => Array.from({ length: n }, () => gap)
/** For 100. */
const pace = (gaps: ReadonlyArray<number>, began: number | null = 0) => millisFor(100, workOf(marks(...gaps), began))

describe("the time in which somebody worked", () => {
  it("is that of all that was done, from its beginning", () => {
    assert.deepStrictEqual(workOf(marks(...steady(10, 30 * second)), 0), { units: 1_000, millis: 5 * minute })
    assert.deepStrictEqual(workOf(marks(...steady(10, 30 * second)), null), { units: 900, millis: 4.5 * minute })
    assert.deepStrictEqual(workOf(marks(3 * second), 0), { units: 100, millis: 3 * second })
  })

  it("leaves out a pause, a crash and an outage, wherever they are", () => {
    for (const idle of [10 * minute, hour, 8 * hour]) {
      assert.strictEqual(pace([...steady(10, 37 * second), idle, ...steady(3, 37 * second)]), 37 * second)
      assert.strictEqual(pace([...steady(10, 37 * second), idle]), 37 * second)
      assert.strictEqual(pace([idle, ...steady(2, 37 * second)]), 37 * second)
      assert.strictEqual(pace([idle, ...steady(4, second), idle, idle, ...steady(50, second)], null), second)
    }
  })

  it("is long where every step is", () =>
    assert.strictEqual(pace([...steady(5, 7 * minute), 8 * hour, ...steady(5, 6 * minute)]), 6.5 * minute))

  it("is not that between bursts, nor that of one burst", () => {
    const bursts = Array.from({ length: 8 }, () => [5 * minute, ...steady(15, 0.1 * second)]).flat()
    assert.closeTo(pace(bursts), (5 * minute + 1.5 * second) / 16, 1)
    assert.closeTo(
      pace([...bursts, 8 * hour, ...steady(15, 0.1 * second), ...bursts]),
      (5 * minute + 1.5 * second) / 16,
      1
    )
  })

  it("is not known before anything was done, nor where one long step may have been a pause", () => {
    assert.isNull(workOf([], 0))
    assert.isNull(workOf(marks(second), null))
    assert.isNull(workOf(marks(8 * hour), 0))
    assert.strictEqual(pace([8 * hour]), 0)
  })

  it("goes by when things were done, in whatever order they are told", () => {
    const told = marks(...steady(10, 30 * second))
    assert.deepStrictEqual(workOf([...told].reverse(), 0), workOf(told, 0))
  })
})
