// Turns by name (a tenant): a few at once go in, the others wait among themselves and in nobody else's way. Promise 5.
// For Rows.ts (connections of the database are few) and the downloads (each holds a batch in memory).
import { Context, Effect, type Scope, Semaphore } from "effect"

export interface Turns {
  readonly within: (name: string) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The turn lasts as long as the scope. */
  readonly held: (name: string) => Effect.Effect<void, never, Scope.Scope>
}

interface Lane {
  readonly semaphore: Semaphore.Semaphore
  users: number
}

export const makeTurns = (atOnce: number): Turns => {
  const lanes = new Map<string, Lane>()
  const enter = (name: string) =>
    Effect.sync(() => {
      const lane = lanes.get(name) ?? { semaphore: Semaphore.makeUnsafe(atOnce), users: 0 }
      lane.users++
      lanes.set(name, lane)
      return lane
    })
  const leave = (name: string, lane: Lane) =>
    Effect.sync(() => {
      lane.users--
      if (lane.users === 0) lanes.delete(name)
    })
  return {
    within: (name) => (self) =>
      Effect.acquireUseRelease(
        enter(name),
        (lane) => lane.semaphore.withPermits(1)(self),
        (lane) => leave(name, lane)
      ),
    held: (name) =>
      Effect.gen(function* () {
        const lane = yield* Effect.acquireRelease(enter(name), (entered) => leave(name, entered))
        yield* Effect.acquireRelease(lane.semaphore.take(1), () => lane.semaphore.release(1), { interruptible: true })
      })
  }
}

/** Of the pool's five connections one tenant holds three at most; who is not known yet counts as one. */
export const SqlTurns = Context.Reference("bridge/api/SqlTurns", { defaultValue: () => makeTurns(3) })

/** Whose turn a fiber has already: what it opens inside its own transaction needs no second one. */
const Mine = Context.Reference("bridge/api/SqlTurns/Mine", { defaultValue: () => "" })

export const strangers = "strangers"

export const inTurn =
  (name: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      if ((yield* Mine) === name) return yield* self
      const turns = yield* SqlTurns
      return yield* turns.within(name)(Effect.provideService(self, Mine, name))
    })
