import { assert, describe, it } from "vitest"
import { aheadOf, overrun } from "./Ahead.ts"
import { counted, stream } from "./TestFacts.ts"

describe("what is ahead of a stream", () => {
  it("is what the count has left, as far as it is asked for", () => {
    assert.deepStrictEqual(aheadOf(stream({ taken: 300 })), { listed: 700, rows: 700 })
    assert.deepStrictEqual(aheadOf(stream({ survey: counted(1_000, { share: 0.25 }) })), { listed: 1_000, rows: 250 })
    assert.deepStrictEqual(aheadOf(stream({ taken: 100, leftOut: 100 })), { listed: 800, rows: 400 })
  })

  it("ends a sample with its last row, wherever the list ends", () =>
    assert.deepStrictEqual(aheadOf(stream({ most: 40, survey: counted(1_000, { share: 0.5 }) })), {
      listed: 80,
      rows: 40
    }))

  it("is not known without a count, and nothing where the stream has ended", () => {
    assert.deepStrictEqual(aheadOf(stream({ survey: null })), { listed: null, rows: null })
    assert.deepStrictEqual(aheadOf(stream({ survey: counted(null) })), { listed: null, rows: null })
    assert.deepStrictEqual(aheadOf(stream({ ended: true, survey: null })), { listed: 0, rows: 0 })
    assert.deepStrictEqual(aheadOf(stream({ taken: 1_100 })), { listed: 0, rows: 0 })
  })

  it("is not known where more was read than was counted", () => {
    for (const s of [stream({ taken: 1_200 }), stream({ taken: 400, leftOut: 800 })]) {
      assert.isTrue(overrun(s))
      assert.deepStrictEqual(aheadOf(s), { listed: null, rows: null })
      assert.isFalse(overrun({ ...s, ended: true }))
    }
  })

  it("is what the parts ahead have, whatever the first rows were", () => {
    const parts = [
      { rows: 9_000, share: 0, looked: 1_500 },
      { rows: 1_000, share: 1, looked: 500 }
    ]
    const newest = stream({ survey: counted(10_000, { share: 0.1, parts }) })
    for (const leftOut of [0, 500, 2_000, 8_900])
      assert.deepStrictEqual(aheadOf({ ...newest, leftOut }), { listed: 10_000 - leftOut, rows: 1_000 })
    assert.deepStrictEqual(aheadOf({ ...newest, leftOut: 9_000, taken: 400 }), { listed: 600, rows: 600 })
    assert.deepStrictEqual(aheadOf({ ...newest, leftOut: 1_000, most: 50 }), { listed: 8_050, rows: 50 })
    const oldest = stream({ survey: counted(10_000, { share: 0.1, parts: [...parts].reverse() }) })
    assert.deepStrictEqual(aheadOf({ ...oldest, taken: 1_000 }), { listed: 9_000, rows: 0 })
  })

  it("is told by what was read and what was looked at together, where they agree", () => {
    const parts = [{ rows: 10_000, share: 0.02, looked: 1_000 }]
    const few = stream({ survey: counted(10_000, { share: 0.02, parts }), taken: 100, leftOut: 3_900 })
    assert.strictEqual(aheadOf(few).rows, 146)
    assert.strictEqual(aheadOf({ ...few, taken: 1_000, leftOut: 3_000 }).rows, 120)
    const none = stream({ survey: counted(10_000, { parts: [{ rows: 10_000, share: 0, looked: 1_000 }] }) })
    assert.strictEqual(aheadOf({ ...none, taken: 10, leftOut: 3_990 }).rows, 13)
  })
})
