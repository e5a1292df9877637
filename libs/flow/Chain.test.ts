import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import fc from "fast-check"
import { Chains, inOrder } from "./Chain.ts"

const straight = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect

describe("Chain", () => {
  it.live("sends in the order of the runs, whatever happens to some of them", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ delay: fc.nat(5), fate: fc.constantFrom("sends", "skips", "fails", "dies") }), {
            minLength: 1,
            maxLength: 8
          }),
          (runs) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const chains = new Chains()
                const sent: Array<number> = []
                const fibers = yield* Effect.forEach(runs, ({ delay, fate }, n) => {
                  const turn = chains.next("actor")
                  const send = inOrder(
                    turn,
                    straight
                  )(fate === "fails" ? Effect.fail("no") : Effect.sync(() => void sent.push(n)))
                  const work = fate === "skips" ? Effect.void : fate === "dies" ? Effect.die("bug") : send
                  return Effect.sleep(delay).pipe(
                    Effect.andThen(work),
                    Effect.exit,
                    Effect.ensuring(Effect.sync(() => chains.end("actor", turn))),
                    Effect.forkChild
                  )
                })
                yield* Effect.forEach(fibers, Fiber.await)
                assert.deepStrictEqual(
                  sent,
                  runs.flatMap((r, n) => (r.fate === "sends" ? [n] : []))
                )
              })
            )
        ),
        { numRuns: 60 }
      )
    )
  )

  it("keeps the turn when the send failed, so that the next run does not overtake the retry", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const chains = new Chains()
        const first = chains.next("a")
        const second = chains.next("a")
        yield* Effect.exit(inOrder(first, straight)(Effect.fail("broker away")))
        assert.isFalse(second.come)
        yield* inOrder(first, straight)(Effect.void)
        assert.isTrue(second.come)
      })
    ))

  it("does not let a run that skipped pass on a turn it never had", () => {
    const chains = new Chains()
    const first = chains.next("a")
    const second = chains.next("a")
    const third = chains.next("a")
    chains.end("a", second)
    assert.isFalse(third.come)
    chains.end("a", first)
    assert.isTrue(third.come)
  })

  it("does not let a run overtake those that still work because the one before it has ended already", () => {
    const chains = new Chains()
    const first = chains.next("a")
    const second = chains.next("a")
    chains.end("a", second)
    const third = chains.next("a")
    assert.isFalse(third.come)
    chains.end("a", third)
    chains.end("a", first)
    assert.isTrue(chains.next("a").come)
  })

  it("gives the permit back only when it has to wait", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const chains = new Chains()
        let waited = 0
        const counting = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
          waited++
          return effect
        }
        const first = chains.next("a")
        const second = chains.next("a")
        const late = yield* Effect.forkChild(inOrder(second, counting)(Effect.void), { startImmediately: true })
        assert.strictEqual(waited, 1)
        yield* inOrder(first, counting)(Effect.void)
        yield* Fiber.join(late)
        assert.strictEqual(waited, 1)
      })
    ))
})
