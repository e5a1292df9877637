// Callers who always have a call to make, against a simulated vendor, in simulated time. For tests of the pacer.
import type { Budget } from "./Call.ts"
import { answered, ended, learn, paceOf, refuse, take, waitMillis } from "./Pace.ts"
import type { Limiter } from "./TestLimiter.ts"

export const random = (seed: number) => () => {
  seed = (seed * 1664525 + 1013904223) % 4294967296
  return seed / 4294967296
}

export interface Figures {
  /** Calls let through, of those that the limit allows in that time. */
  readonly used: number
  readonly refused: number
  readonly calls: number
}

export interface Setting {
  readonly limiter: Limiter
  readonly budget: Budget
  readonly minutes: number
  /** The vendor's real limit and window. */
  readonly limit: number
  readonly window: number
  readonly share?: number
  readonly workers?: number
  /** What others use of the limit. */
  readonly others?: number
  /** Most milliseconds that a call is on its way to the vendor, and its answer back. */
  readonly latency?: number
  readonly seed?: number
  /** What a call costs, as it is declared, and what the vendor takes for it. */
  readonly cost?: () => number
  readonly taken?: (cost: number) => number
}

/** Any time will do but for those near 0, which no clock shows. */
const began = Date.UTC(2026, 0, 1)

/** Tasks in the order of their times. */
class Agenda {
  readonly #tasks: Array<{ readonly at: number; readonly run: () => void }> = []

  add(at: number, run: () => void): void {
    let index = this.#tasks.length
    while (index > 0 && (this.#tasks[index - 1]?.at ?? 0) > at) index -= 1
    this.#tasks.splice(index, 0, { at, run })
  }

  next(before: number) {
    const [first] = this.#tasks
    return first !== undefined && first.at < before ? this.#tasks.shift() : undefined
  }
}

export const simulate = (setting: Setting): Figures => {
  const {
    budget,
    latency = 80,
    limit,
    limiter,
    minutes,
    others = 0,
    seed = 7,
    share = 1,
    window,
    workers = 8
  } = setting
  const end = began + minutes * 60_000
  const pace = paceOf(budget, share, began)
  const dice = random(seed)
  const agenda = new Agenda()
  const underway = () => latency * (0.25 + 0.75 * dice())
  let now = began
  let good = 0
  let refused = 0
  const worker = (): void => {
    const cost = setting.cost?.() ?? 1
    const again = (): void => {
      const wait = waitMillis(pace, now, cost)
      if (wait > 0) agenda.add(now + Math.min(wait, 1_000), again)
      else go(cost)
    }
    again()
  }
  const go = (cost: number): void => {
    take(pace, now, cost)
    const sentAt = now
    const taken = setting.taken?.(cost) ?? cost
    agenda.add(now + underway(), () => {
      const answer = limiter.hit(now, taken)
      agenda.add(now + underway(), () => {
        ended(pace, sentAt, now, cost)
        if (answer.ok) answered(pace, answer.reading !== null, now, cost)
        if (answer.reading !== null) learn(pace, answer.reading, sentAt, now)
        if (answer.ok) good += taken
        else {
          refused += 1
          refuse(pace, answer.retryAfterMillis, sentAt, now, cost)
        }
        worker()
      })
    })
  }
  for (let i = 0; i < workers; i++) agenda.add(began + i, worker)
  for (let task = agenda.next(end); task !== undefined; task = agenda.next(end)) {
    now = task.at
    task.run()
  }
  const full = limit * Math.min(share, 1 - others) * ((end - began) / window)
  return { used: good / full, refused: refused / (good + refused), calls: good + refused }
}
