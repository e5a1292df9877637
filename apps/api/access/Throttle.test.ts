import { assert, describe, it } from "vitest"
import { makeThrottle } from "./Throttle.ts"

const minute = 60_000

describe("the throttle of logins", () => {
  it("makes wait after ten failures, until the first of them is a quarter of an hour old", () => {
    const t = makeThrottle()
    for (let i = 0; i < 9; i++) t.failed(["a"], i * minute)
    assert.strictEqual(t.waitMillis(["a"], 9 * minute), 0)
    t.failed(["a"], 9 * minute)
    assert.strictEqual(t.waitMillis(["a"], 9 * minute), 6 * minute)
    assert.strictEqual(t.waitMillis(["a"], 15 * minute + 1), 0)
  })

  it("keeps names apart, and forgets with a success", () => {
    const t = makeThrottle()
    for (let i = 0; i < 10; i++) t.failed(["a", "address"], 0)
    assert.strictEqual(t.waitMillis(["b"], 0), 0)
    assert.isAbove(t.waitMillis(["b", "address"], 0), 0)
    t.succeeded(["a"])
    assert.strictEqual(t.waitMillis(["a"], 0), 0)
  })

  it("lets shared keys fail more often", () => {
    const t = makeThrottle((key) => (key === "address" ? 50 : 10))
    for (let i = 0; i < 49; i++) t.failed(["address"], 0)
    assert.strictEqual(t.waitMillis(["address"], 0), 0)
    t.failed(["address"], 0)
    assert.isAbove(t.waitMillis(["address"], 0), 0)
  })
})
