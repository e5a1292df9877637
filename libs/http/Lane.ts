// The budgets of one connection together: what is taken, what is learnt, who waits for whom. Pure; for the two layers of Budgets.
import type { Budget, LimitReading } from "./Call.ts"
import { answered, ended, hold, learn, paceOf, refuse, take, waitMillis } from "./Pace.ts"
import { boundless } from "./PaceGuess.ts"
import type { PaceState } from "./PaceState.ts"

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
  readonly cost: number
}

/** What a call taught. `throttledMillis`: refused with 429, the whole connection waits. */
export interface Lesson {
  readonly readings: ReadonlyArray<LimitReading>
  /** A whole answer came that was no refusal: where it says nothing of a limit, that is a lesson too. */
  readonly answered?: boolean
  readonly throttledMillis?: number
}

/** Plain JSON: what each budget knows, by its name. */
export type Paces = { [name: string]: PaceState }

/** The states of one lane. A class the connector does not declare has no limit until a header gives one. */
export class LaneState {
  readonly paces: Paces
  readonly #lane: Lane
  readonly #ready = new Set<string>()

  constructor(lane: Lane, paces: Paces = {}) {
    this.#lane = lane
    this.paces = paces
  }

  pace(name: string, now: number): PaceState {
    const known = this.paces[name]
    if (known !== undefined && this.#ready.has(name)) return known
    const declared = this.#lane.budgets.find((budget) => budget.name === name) ?? { name, ...undeclared }
    const fresh = paceOf(declared, this.#lane.share, now)
    // What was stored may be of an older version, and the tenant may have changed the share.
    const made = { ...fresh, ...known, share: fresh.share, fixed: { ...fresh.fixed, ...known?.fixed } }
    this.#ready.add(name)
    this.paces[name] = made
    return made
  }
}

const undeclared = { limit: boundless, windowMillis: 60_000, form: "fixed" } as const

/** Takes one call from every named budget, or says how long to wait for the slowest of them. */
export const takeAll = (state: LaneState, names: ReadonlyArray<string>, now: number, cost: number): number => {
  const paces = names.map((name) => state.pace(name, now))
  const wait = Math.max(0, ...paces.map((pace) => waitMillis(pace, now, cost)))
  if (wait === 0) for (const pace of paces) take(pace, now, cost)
  return wait
}

/** Applies what a call taught to all budgets of its lane. */
export const teach = (state: LaneState, permit: Permit, lesson: Lesson, now: number): void => {
  for (const name of permit.names) ended(state.pace(name, now), permit.sentAt, now, permit.cost)
  if (lesson.answered === true)
    for (const name of permit.names) {
      const told = lesson.readings.some(({ budget }) => budget === name)
      answered(state.pace(name, now), told, now, permit.cost)
    }
  for (const reading of lesson.readings) learn(state.pace(reading.budget, now), reading, permit.sentAt, now)
  if (lesson.throttledMillis === undefined) return
  const spent = lesson.readings
    .filter(({ remaining }) => remaining !== undefined && remaining <= 0)
    .map(({ budget }) => budget)
  for (const name of spent.length > 0 ? spent : permit.names)
    refuse(state.pace(name, now), lesson.throttledMillis, permit.sentAt, now, permit.cost)
  for (const pace of Object.values(state.paces)) hold(pace, now + lesson.throttledMillis)
}
