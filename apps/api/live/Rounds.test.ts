import { assert, describe, it } from "vitest"
import { isDue, restUntil, untilNext } from "./Rounds.ts"

const job = (due: boolean, readAt: number, rests = readAt + 100) => ({ due, readAt, restUntil: rests })

describe("a watched job", () => {
  it("is looked at as soon as something happens, a tenth of a second after the last look", () => {
    assert.isTrue(isDue(job(true, 1_000), 1_100))
    assert.isFalse(isDue(job(true, 1_000), 1_099))
    assert.strictEqual(untilNext([job(false, 1_000), job(true, 1_000)], 1_040), 60)
    assert.strictEqual(untilNext([job(true, 1_000)], 5_000), 1)
  })

  it("is looked at every two seconds when no message tells of it", () => {
    assert.isFalse(isDue(job(false, 1_000), 2_999))
    assert.isTrue(isDue(job(false, 1_000), 3_000))
    assert.strictEqual(untilNext([job(false, 1_000)], 2_000), 250)
    assert.strictEqual(untilNext([], 2_000), 250)
  })

  it("rests three times as long as a look at it takes", () => {
    assert.strictEqual(restUntil(1_000, 1_010), 1_110)
    assert.strictEqual(restUntil(1_000, 1_200), 1_800)
  })
})
