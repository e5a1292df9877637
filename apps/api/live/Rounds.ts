// When a watched job is looked at again: at once after something happened, unless it rests. Pure. For Watch.ts.

/** Between two looks at one job, however many pages come: what is stored is told within 300 ms, 95 times of 100. */
const restMillis = 100
const roundMillis = 250
const slowMillis = 2_000

export interface Looked {
  /** Something happened since the last look. */
  readonly due: boolean
  readonly readAt: number
  readonly restUntil: number
}

export const isDue = (w: Looked, nowMillis: number): boolean =>
  nowMillis >= w.restUntil && (w.due || nowMillis - w.readAt >= slowMillis)

/** Looked at a moment ago, by whoever. */
export const isFresh = (w: Looked, nowMillis: number): boolean => nowMillis - w.readAt < slowMillis

/** Looking at a job with millions of records takes a while: at most a quarter of the time is spent on it. */
export const restUntil = (beganMillis: number, readMillis: number): number =>
  readMillis + Math.max(restMillis, 3 * (readMillis - beganMillis))

/** Until the first of those that are due has rested; when none is, a round of its own. */
export const untilNext = (jobs: Iterable<Looked>, nowMillis: number): number =>
  Math.max(1, Math.min(roundMillis, ...[...jobs].flatMap((w) => (w.due ? [w.restUntil - nowMillis] : []))))
