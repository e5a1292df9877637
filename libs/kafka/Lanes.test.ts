// Lanes keep order and exclude each other, and never wait for themselves.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Lanes } from "./Lanes.ts"

const task = fc.record({
  keys: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 }),
  ticks: fc.nat(5),
  fails: fc.boolean()
})

describe("Lanes", () => {
  it("runs tasks of one key in the order they were started, one at a time, whatever fails", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(task, { maxLength: 30 }), async (tasks) => {
        const lanes = new Lanes()
        const busy = new Set<string>()
        const seen = new Map<string, Array<number>>()
        const all = tasks.map(({ keys, ticks, fails }, index) =>
          lanes.run(keys, async () => {
            for (const key of keys) {
              expect(busy.has(key)).toBe(false)
              busy.add(key)
              seen.set(key, [...(seen.get(key) ?? []), index])
            }
            for (let i = 0; i < ticks; i++) await Promise.resolve()
            for (const key of keys) busy.delete(key)
            if (fails) throw new Error("on purpose")
            return index
          })
        )
        const results = await Promise.allSettled(all)
        expect(results.map(({ status }) => status === "rejected")).toEqual(tasks.map(({ fails }) => fails))
        for (const [key, order] of seen) {
          expect(order).toEqual(tasks.flatMap(({ keys }, index) => (keys.some((one) => one === key) ? [index] : [])))
        }
        await Promise.resolve()
        await new Promise((resolve) => setImmediate(resolve))
        expect(lanes.size).toBe(0)
      })
    )
  })

  it("lets tasks without a common key run side by side", async () => {
    const lanes = new Lanes()
    const gate = Promise.withResolvers<void>()
    const slow = lanes.run(["a"], () => gate.promise)
    await lanes.run(["b"], async () => {})
    gate.resolve()
    await slow
  })
})
