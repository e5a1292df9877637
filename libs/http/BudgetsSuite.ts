// What every layer of Budgets promises. A layer's test gives two processes' views of one connection's budgets.
import { Duration, Effect, Option, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import type { Budgets } from "./Budgets.ts"
import type { Lane, Lesson } from "./Lane.ts"

type Service = typeof Budgets.Service

export const budgetsSuite = (
  name: string,
  /** Runs with the budgets of two processes and closes them. */
  run: <A>(body: (one: Service, other: Service) => Effect.Effect<A, never, Scope.Scope>) => Promise<A>
): void => {
  let connection = 0
  const laneOf = (limit: number, share = 1): Lane => ({
    tenantId: "t",
    connectionId: `c${++connection}`,
    budgets: [{ name: "account", limit, windowMillis: 3_600_000, form: "fixed", told: true }],
    share
  })
  const told = (limit: number, remaining: number): Lesson => ({
    readings: [{ budget: "account", limit, remaining }],
    answered: true
  })
  const soon = <A>(effect: Effect.Effect<A>) => Effect.timeoutOption(effect, Duration.millis(700))
  /** The first call goes alone; its answer brings the limit. */
  const begin = (budgets: Service, lane: Lane, limit: number) =>
    Effect.flatMap(budgets.acquire(lane, ["account"]), (permit) => budgets.settle(lane, permit, told(limit, limit - 1)))

  describe(`budgets, ${name}`, () => {
    /** Calls that two processes get leave for together after the first one: those asked for, and then no more. */
    const grantedOf = (lane: Lane, expected: number) =>
      run((one, other) =>
        Effect.gen(function* () {
          yield* begin(one, lane, 20)
          yield* Effect.sleep("400 millis")
          let granted = 0
          const ask = (budgets: Service) =>
            Effect.forkScoped(Effect.tap(budgets.acquire(lane, ["account"]), () => Effect.sync(() => granted++)))
          for (let i = 0; i < 30; i++) yield* ask(i % 2 === 0 ? one : other)
          yield* Effect.sleep("20 millis").pipe(Effect.repeat({ until: () => granted >= expected }))
          yield* Effect.sleep("700 millis")
          return granted
        })
      )

    it("give two processes together no more than the limit", async () => {
      expect(await grantedOf(laneOf(20), 19)).toBe(19)
    })

    it("give two processes together no more than the tenant's share of it", async () => {
      expect(await grantedOf(laneOf(20, 0.5), 9)).toBe(9)
    })

    it("hold all processes when one is refused", async () => {
      const waits = await run((one, other) =>
        Effect.gen(function* () {
          const lane = laneOf(100)
          yield* begin(one, lane, 100)
          const permit = yield* one.acquire(lane, ["account"])
          yield* one.settle(lane, permit, { readings: [], throttledMillis: 60_000 })
          return Option.isNone(yield* soon(other.acquire(lane, ["account"])))
        })
      )
      expect(waits).toBe(true)
    })

    it("keep connections apart", async () => {
      const goes = await run((one, other) =>
        Effect.gen(function* () {
          const held = laneOf(100)
          const permit = yield* one.acquire(held, ["account"])
          yield* one.settle(held, permit, { readings: [], throttledMillis: 60_000 })
          return Option.isSome(yield* soon(other.acquire(laneOf(100), ["account"])))
        })
      )
      expect(goes).toBe(true)
    })

    it("let a caller that waits be interrupted, and its place be taken", async () => {
      const goes = await run((one) =>
        Effect.gen(function* () {
          const lane = laneOf(2)
          yield* begin(one, lane, 2)
          const last = yield* one.acquire(lane, ["account"])
          yield* soon(one.acquire(lane, ["account"]))
          yield* one.settle(lane, last, told(1_000, 900))
          return Option.isSome(yield* Effect.timeoutOption(one.acquire(lane, ["account"]), "3 seconds"))
        })
      )
      expect(goes).toBe(true)
    })

    it("count no call as in flight whose caller was interrupted, wherever that was", async () => {
      const goes = await run((one) =>
        Effect.gen(function* () {
          const lane = laneOf(1_000)
          yield* begin(one, lane, 1_000)
          // Settled as VendorHttp does: by whoever has it, whatever becomes of the call.
          const call = Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(restore(one.acquire(lane, ["account"])), (permit) =>
              Effect.ensuring(restore(Effect.sleep("3 millis")), one.settle(lane, permit, { readings: [] }))
            )
          )
          for (let i = 0; i < 120; i++) yield* Effect.timeoutOption(call, Duration.millis(i % 8))
          yield* Effect.sleep("1500 millis")
          // Nearly nothing is left, and the vendor counts those that are under way: one that never ends is in the way.
          const last = yield* one.acquire(lane, ["account"])
          yield* one.settle(lane, last, told(1_000, 1))
          yield* Effect.sleep("400 millis")
          return Option.isSome(yield* soon(one.acquire(lane, ["account"])))
        })
      )
      expect(goes).toBe(true)
    })
  })
}
