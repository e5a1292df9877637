// The right to make a call now: budgets per tenant, connection and endpoint class, whose form is learnt from the vendor's
// answers. For VendorHttp. The memory layer serves one process; BudgetsPostgres.ts shares over all (Promise 7).
import { Clock, Context, Effect, Layer, Semaphore } from "effect"
import { type Lane, LaneState, type Lesson, type Permit, takeAll, teach } from "./Lane.ts"

export class Budgets extends Context.Service<
  Budgets,
  {
    /** Waits until a call of these classes may go. Callers of one class go in the order in which they came. */
    readonly acquire: (lane: Lane, names: ReadonlyArray<string>, cost?: number) => Effect.Effect<Permit>
    /** Gives the permit back with what the call taught; always, also when the call failed. */
    readonly settle: (lane: Lane, permit: Permit, lesson: Lesson) => Effect.Effect<void>
  }
>()("bridge/http/Budgets") {
  static readonly layerMemory = Layer.sync(Budgets, () => memory())
}

/** Longest sleep before a waiting call looks again: what others learn in the meantime may free it. */
export const longestNapMillis = 1_000

interface Held {
  readonly state: LaneState
  readonly turns: Map<string, Semaphore.Semaphore>
}

const memory = () => {
  const lanes = new Map<string, Held>()
  const heldOf = (lane: Lane): Held => {
    const key = `${lane.tenantId}/${lane.connectionId}`
    const known = lanes.get(key) ?? { state: new LaneState(lane), turns: new Map() }
    lanes.set(key, known)
    return known
  }
  return Budgets.of({
    acquire: (lane, names, cost = 1) => {
      const { state, turns } = heldOf(lane)
      const key = names.join("+")
      const turn = turns.get(key) ?? Semaphore.makeUnsafe(1)
      turns.set(key, turn)
      const once = Effect.gen(function* () {
        for (;;) {
          const now = yield* Clock.currentTimeMillis
          const wait = takeAll(state, names, now, cost)
          if (wait === 0) return { names, sentAt: now, cost }
          yield* Effect.sleep(Math.min(wait, longestNapMillis))
        }
      })
      return turn.withPermit(once)
    },
    settle: (lane, permit, lesson) =>
      Effect.map(Clock.currentTimeMillis, (now) => teach(heldOf(lane).state, permit, lesson, now))
  })
}
