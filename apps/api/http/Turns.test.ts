import { Deferred, Effect, Exit, Fiber } from "effect"
import { assert, describe, it } from "vitest"
import { inTurn, makeTurns, SqlTurns } from "./Turns.ts"

describe("turns", () => {
  it("let a few of one name in at once, and others at any time", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const turns = makeTurns(2)
        const open = yield* Deferred.make<void>()
        let inside = 0
        const visit = Effect.andThen(
          Effect.sync(() => inside++),
          Deferred.await(open)
        )
        const crowd = yield* Effect.forkChild(
          Effect.replicateEffect(turns.within("a")(visit), 50, { concurrency: "unbounded" })
        )
        for (let i = 0; i < 10; i++) yield* Effect.yieldNow
        assert.strictEqual(inside, 2)
        assert.strictEqual(yield* turns.within("b")(Effect.succeed("served")), "served")
        yield* Deferred.succeed(open, undefined)
        yield* Fiber.join(crowd)
        assert.strictEqual(inside, 50)
      })
    ))

  it("are given back by who fails, and by who is interrupted while waiting or inside", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const turns = makeTurns(1)
        yield* Effect.exit(turns.within("a")(Effect.fail("no")))
        const inside = yield* Effect.forkChild(turns.within("a")(Effect.never))
        const waiting = yield* Effect.forkChild(turns.within("a")(Effect.never))
        const holding = yield* Effect.forkChild(Effect.scoped(Effect.andThen(turns.held("a"), Effect.never)))
        for (let i = 0; i < 10; i++) yield* Effect.yieldNow
        yield* Fiber.interrupt(waiting)
        yield* Fiber.interrupt(holding)
        yield* Fiber.interrupt(inside)
        assert.strictEqual(yield* turns.within("a")(Effect.succeed(1)).pipe(Effect.timeout("1 second")), 1)
      })
    ))

  it("are not asked for twice by who has one", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const nested = inTurn("a")(inTurn("a")(Effect.succeed("inner")))
        const exit = yield* Effect.exit(nested.pipe(Effect.timeout("1 second")))
        assert.isTrue(Exit.isSuccess(exit))
      }).pipe(Effect.provideService(SqlTurns, makeTurns(1)))
    ))
})
