import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { decodeAhead, encodeAhead, Tracker } from "./Tracker.ts"

/** A log with gaps, the order in which its records finish, and how many of them finish before the restart. */
const history = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 60 }).chain((gaps) => {
  let at = 0n
  const log = gaps.map((gap) => (at += BigInt(gap)))
  return fc.record({
    log: fc.constant(log),
    order: fc.shuffledSubarray(log, { minLength: log.length, maxLength: log.length }),
    finished: fc.nat(log.length)
  })
})

describe("Tracker", () => {
  it("never lets the low watermark pass an unfinished record", () =>
    fc.assert(
      fc.property(history, ({ log, order, finished }) => {
        const tracker = new Tracker(0n)
        for (const o of log) assert.strictEqual(tracker.accept(o), "work")
        const open = new Set(log)
        for (const o of order.slice(0, finished)) {
          tracker.complete(o)
          open.delete(o)
          const lowest = log.find((l) => open.has(l)) ?? (log.at(-1) as bigint) + 1n
          assert.strictEqual(tracker.low, lowest)
          assert.strictEqual(tracker.open, open.size)
        }
      })
    ))

  it("hands out after a restart exactly what was not finished, through two restarts", () =>
    fc.assert(
      fc.property(history, fc.nat(60), ({ log, order, finished }, half) => {
        const first = new Tracker(0n)
        for (const o of log) first.accept(o)
        for (const o of order.slice(0, finished)) first.complete(o)
        const open = new Set(order.slice(finished))
        // The second owner only reads a part of it before it leaves as well.
        const second = new Tracker(first.low, decodeAhead(first.low, first.ahead))
        for (const o of log.filter((l) => l >= first.low).slice(0, half)) {
          assert.strictEqual(second.accept(o), open.has(o) ? "work" : "done")
        }
        const third = new Tracker(second.low, decodeAhead(second.low, second.ahead))
        for (const o of log.filter((l) => l >= second.low)) {
          assert.strictEqual(third.accept(o), open.has(o) ? "work" : "done", `offset ${o}`)
        }
      })
    ))

  it("drops what the client delivers a second time", () => {
    const tracker = new Tracker(5n)
    assert.strictEqual(tracker.accept(4n), "duplicate")
    assert.strictEqual(tracker.accept(5n), "work")
    assert.strictEqual(tracker.accept(5n), "duplicate")
    assert.strictEqual(tracker.low, 5n)
  })

  it("reads damaged text as nothing finished", () => {
    for (const text of ["", "b1", "b2:1.1", "b1:1", "b1:1.1;", "garbage"])
      assert.strictEqual(decodeAhead(0n, text).size, 0)
    const offsets = [3n, 4n, 9n]
    assert.deepStrictEqual([...decodeAhead(2n, encodeAhead(2n, offsets))], offsets)
  })

  it("tells by its count whether anything changed", () => {
    const tracker = new Tracker(0n, new Set([2n]))
    const at = tracker.changes
    tracker.accept(1n)
    const accepted = tracker.changes
    tracker.complete(1n)
    const completed = tracker.changes
    tracker.accept(2n)
    assert.strictEqual(new Set([at, accepted, completed, tracker.changes]).size, 4)
  })
})
