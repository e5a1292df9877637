// The right to make a call now: budgets per tenant, connection and endpoint class, whose form is learnt from the vendor's
// answers. For VendorHttp. The memory layer serves one process; BudgetsPostgres.ts shares over all (Promise 7).
import { Clock, Context, Effect, Layer, Semaphore } from "effect"
import type { Budget, LimitReading } from "./Call.ts"
import { answered, boundless, ended, hold, learn, type PaceState, paceOf, refuse, take, waitMillis } from "./Pace.ts"

/** What shares one vendor account's limits. */
export interface Lane {
  readonly tenantId: string
  readonly connectionId: string
  readonly budgets: ReadonlyArray<Budget>
  readonly share: number
}

/** The right to make one call, until it is settled. */
export interface Permit {
  readonly names: ReadonlyArray<string>
  readonly sentAt: number
}

/** What a call taught. `throttledMillis`: refused with 429, the whole connection waits. */
export interface Lesson {
  readonly readings: ReadonlyArray<LimitReading>
  /** A whole answer came that was no refusal: where it says nothing of a limit, that is a lesson too. */
  readonly answered?: boolean
  readonly throttledMillis?: number
}

export class Budgets extends Context.Service<
  Budgets,
  {
    /** Waits until a call of these classes may go. Callers of one class go in the order in which they came. */
    readonly acquire: (lane: Lane, names: ReadonlyArray<string>) => Effect.Effect<Permit>
    /** Gives the permit back with what the call taught; always, also when the call failed. */
    readonly settle: (lane: Lane, permit: Permit, lesson: Lesson) => Effect.Effect<void>
  }
>()("bridge/http/Budgets") {
  static readonly layerMemory = Layer.sync(Budgets, () => memory())
}

/** Longest sleep before a waiting call looks again: what others learn in the meantime may free it. */
const longestNapMillis = 1_000

/** The states of one lane by budget name. A class the connector does not declare has no limit until a header gives one. */
export class LaneState {
  readonly #paces = new Map<string, PaceState>()
  readonly #turns = new Map<string, Semaphore.Semaphore>()
  readonly #lane: Lane

  constructor(lane: Lane) {
    this.#lane = lane
  }

  pace(name: string, now: number): PaceState {
    const known = this.#paces.get(name)
    if (known !== undefined) return known
    const declared = this.#lane.budgets.find((budget) => budget.name === name) ?? { name, ...undeclared }
    const made = paceOf(declared, this.#lane.share, now)
    this.#paces.set(name, made)
    return made
  }

  get paces(): ReadonlyMap<string, PaceState> {
    return this.#paces
  }

  turn(names: ReadonlyArray<string>): Semaphore.Semaphore {
    const key = names.join("+")
    const known = this.#turns.get(key) ?? Semaphore.makeUnsafe(1)
    this.#turns.set(key, known)
    return known
  }
}

const undeclared = { limit: boundless, windowMillis: 60_000, form: "fixed" } as const

/** Takes one call from every named budget, or says how long to wait for the slowest of them. */
export const takeAll = (state: LaneState, names: ReadonlyArray<string>, now: number): number => {
  const paces = names.map((name) => state.pace(name, now))
  const wait = Math.max(0, ...paces.map((pace) => waitMillis(pace, now)))
  if (wait === 0) for (const pace of paces) take(pace, now)
  return wait
}

/** Applies what a call taught to all budgets of its lane. */
export const teach = (state: LaneState, permit: Permit, lesson: Lesson, now: number): void => {
  for (const name of permit.names) ended(state.pace(name, now))
  if (lesson.answered === true)
    for (const name of permit.names) {
      const told = lesson.readings.some(({ budget }) => budget === name)
      answered(state.pace(name, now), told)
    }
  for (const reading of lesson.readings) learn(state.pace(reading.budget, now), reading, permit.sentAt, now)
  if (lesson.throttledMillis === undefined) return
  const spent = lesson.readings
    .filter(({ remaining }) => remaining !== undefined && remaining <= 0)
    .map(({ budget }) => budget)
  for (const name of spent.length > 0 ? spent : permit.names) refuse(state.pace(name, now), lesson.throttledMillis, now)
  for (const pace of state.paces.values()) hold(pace, now + lesson.throttledMillis)
}

const memory = () => {
  const lanes = new Map<string, LaneState>()
  const stateOf = (lane: Lane): LaneState => {
    const key = `${lane.tenantId}/${lane.connectionId}`
    const known = lanes.get(key) ?? new LaneState(lane)
    lanes.set(key, known)
    return known
  }
  return Budgets.of({
    acquire: Effect.fnUntraced(function* (lane, names) {
      const state = stateOf(lane)
      const once = Effect.gen(function* () {
        for (;;) {
          const now = yield* Clock.currentTimeMillis
          const wait = takeAll(state, names, now)
          if (wait === 0) return { names, sentAt: now }
          yield* Effect.sleep(Math.min(wait, longestNapMillis))
        }
      })
      return yield* state.turn(names).withPermit(once)
    }),
    settle: (lane, permit, lesson) =>
      Effect.map(Clock.currentTimeMillis, (now) => teach(stateOf(lane), permit, lesson, now))
  })
}
