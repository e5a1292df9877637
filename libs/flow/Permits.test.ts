import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { Permits } from "./Permits.ts"

/** Lets `grants` runs through one after the other and says whose they were. */
const served = (permits: Permits, asked: ReadonlyArray<readonly [tenant: string, cost: number]>): Array<string> => {
  const order: Array<string> = []
  for (const [i, [tenant, cost]] of asked.entries())
    permits.request(tenant, `${tenant}/${i}`, cost, () => order.push(tenant))
  for (let i = 0; i < asked.length; i++) permits.release()
  return order
}
const times = (n: number, tenant: string, cost = 1) => Array.from({ length: n }, () => [tenant, cost] as const)
/** All permits taken, so that the next requests have to wait. */
const busy = (count: number, weight?: (tenant: string) => number): Permits => {
  const permits = new Permits(count, weight)
  for (let i = 0; i < count; i++) permits.request("busy", "busy", 1, () => {})
  return permits
}

describe("Permits", () => {
  it("never grants more than there are, and in the end everything that was asked for", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 4 }), fc.boolean()), {
          maxLength: 60
        }),
        (count, asked) => {
          const permits = new Permits(count)
          let held = 0
          let granted = 0
          for (const [tenant, cost, release] of asked) {
            permits.request(tenant, tenant, cost, () => {
              held++
              granted++
              assert.isAtMost(held, count)
            })
            if (release && held > 0) {
              held--
              permits.release()
            }
          }
          while (held > 0) {
            held--
            permits.release()
          }
          assert.strictEqual(granted, asked.length)
          assert.strictEqual(permits.held, 0)
        }
      )
    ))

  it("serves a small tenant next, however long a big one's queue is", () => {
    const order = served(busy(1), [...times(100, "big"), ...times(3, "small")])
    assert.deepStrictEqual(order.slice(0, 6), ["big", "small", "big", "small", "big", "small"])
  })

  it("hands out permits by weight", () => {
    const order = served(
      busy(1, (t) => (t === "premium" ? 3 : 1)),
      [...times(60, "standard"), ...times(60, "premium")]
    )
    assert.strictEqual(order.slice(0, 40).filter((t) => t === "premium").length, 30)
  })

  it("counts what a run costs: small runs are not slowed by a neighbour's large ones", () => {
    const order = served(busy(1), [...times(20, "large", 4), ...times(20, "small")])
    assert.strictEqual(order.slice(0, 15).filter((t) => t === "large").length, 3)
  })

  it("forgets who gave up waiting", () => {
    const permits = busy(1)
    const giveUp = permits.request("a", "a1", 1, () => assert.fail("granted after it gave up"))
    const order: Array<string> = []
    permits.request("b", "b1", 1, () => order.push("b"))
    giveUp()
    permits.release()
    assert.deepStrictEqual(order, ["b"])
  })

  it("is crowded when another actor waits, not when the same one does", () => {
    const permits = busy(1)
    permits.request("a", "a1", 1, () => {})
    assert.isFalse(permits.crowded("a1"))
    assert.isTrue(permits.crowded("a2"))
  })

  it("grants nothing after it was closed", () => {
    const permits = busy(1)
    permits.request("a", "a1", 1, () => assert.fail("granted after closing"))
    permits.close()
    permits.release()
    assert.strictEqual(permits.held, 0)
  })
})
