import { assert, describe, it } from "vitest"
import { makeThrottle } from "./Throttle.ts"

const minute = 60_000

describe("the throttle of logins", () => {
  it("makes wait after ten failures, until the first of them is a quarter of an hour old", () => {
    const t = makeThrottle()
    for (let i = 0; i < 9; i++) t.tried(["a"], i * minute)
    assert.strictEqual(t.waitMillis(["a"], 9 * minute), 0)
    t.tried(["a"], 9 * minute)
    assert.strictEqual(t.waitMillis(["a"], 9 * minute), 6 * minute)
    assert.strictEqual(t.waitMillis(["a"], 15 * minute + 1), 0)
  })

  it("keeps names apart, and forgets with a success", () => {
    const t = makeThrottle()
    for (let i = 0; i < 10; i++) t.tried(["a", "address"], 0)
    assert.strictEqual(t.waitMillis(["b"], 0), 0)
    assert.isAbove(t.waitMillis(["b", "address"], 0), 0)
    t.forget("a")
    assert.strictEqual(t.waitMillis(["a"], 0), 0)
  })

  it("takes back a try that was no failure", () => {
    const t = makeThrottle()
    for (let i = 0; i < 10; i++) t.tried(["a", "address"], i)
    t.undone(["address"], 5)
    assert.strictEqual(t.waitMillis(["address"], 10), 0)
    assert.isAbove(t.waitMillis(["a"], 10), 0)
    t.undone(["address", "nobody"], 99)
    t.tried(["address"], 10)
    assert.isAbove(t.waitMillis(["address"], 10), 0)
  })

  it("lets shared keys fail more often", () => {
    const t = makeThrottle((key) => (key === "address" ? 50 : 10))
    for (let i = 0; i < 49; i++) t.tried(["address"], 0)
    assert.strictEqual(t.waitMillis(["address"], 0), 0)
    t.tried(["address"], 0)
    assert.isAbove(t.waitMillis(["address"], 0), 0)
  })

  it("is not forgotten by ten thousand others that fail", () => {
    const t = makeThrottle()
    for (let i = 0; i < 10; i++) t.tried(["a"], 0)
    for (let i = 0; i < 9_999; i++) t.tried([`stranger ${i}`], 1)
    assert.isAbove(t.waitMillis(["a"], 2), 0)
    t.tried(["a"], 2)
    for (let i = 0; i < 9_999; i++) t.tried([`other ${i}`], 3)
    assert.isAbove(t.waitMillis(["a"], 4), 0)
    assert.strictEqual(t.waitMillis(["stranger 1"], 4), 0)
  })
})
