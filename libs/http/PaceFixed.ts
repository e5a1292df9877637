// Limits that start anew at fixed times: where the window lies and what is left in it, from headers that may name the reset,
// only the rest, or nothing. Pure; the part of Pace.ts for the commonest form. Promise 7.
import type { LimitReading } from "./Call.ts"
import type { PaceState, Window } from "./PaceState.ts"

const set = (pace: PaceState, change: Partial<Window>): void => {
  pace.fixed = { ...pace.fixed, ...change }
}

/** What the vendor has counted outweighs what we have: it need not count every call. Calls in flight may not be counted yet. */
const exhausted = (pace: PaceState, cost = 1): boolean => {
  const { free, used } = pace.fixed
  if (free === null) return pace.limit * pace.share - used < cost
  const left = free - pace.inFlight
  return Math.min(pace.limit * pace.share - Math.min(used, pace.limit - left), left) < cost
}

export const wait = (pace: PaceState, now: number, cost: number): number => {
  roll(pace, now)
  if (awaitsFirst(pace, now)) return 25
  if (!exhausted(pace, cost)) return 0
  const { doubtful, end, probeAt } = pace.fixed
  if (end !== null && !doubtful) return Math.max(1, end - now)
  // The phase is not known: one call asks for it, after a moment, instead of waiting a whole window in the dark.
  if (pace.inFlight > 0) return 50
  if (probeAt === 0) set(pace, { probeAt: now + Math.min(1_000, pace.windowMillis / 60) })
  return Math.max(0, pace.fixed.probeAt - now)
}

/**
 * Until a window has answered once, one call goes alone: its start is our guess. Not for ever: calls that never end (a host that
 * says nothing) must not hold up the rest.
 */
const awaitsFirst = (pace: PaceState, now: number): boolean => {
  const { confirmed, startedAt } = pace.fixed
  if (confirmed || pace.inFlight === 0) return false
  return startedAt <= 0 || now - startedAt < Math.max(1_000, pace.windowMillis / 4)
}

export const sent = (pace: PaceState, now: number, cost: number): void => {
  const asking = pace.fixed.probeAt !== 0 && exhausted(pace, cost)
  set(pace, {
    used: pace.fixed.used + cost,
    peak: Math.max(pace.fixed.peak, pace.inFlight),
    ...(asking && { probeAt: now + pace.windowMillis, confirmed: false })
  })
}

/** A call went through. Where no header tells of this limit and ours were used up, its window must have started anew. */
export const passed = (pace: PaceState, now: number): void => {
  const anew = pace.fixed.free === null && pace.fixed.probeAt > now && exhausted(pace)
  set(pace, { confirmed: true, ...(anew && { used: pace.inFlight, startedAt: now, probeAt: 0 }) })
}

/** Starts a new window when the time has come. */
const roll = (pace: PaceState, now: number): void => {
  const { end } = pace.fixed
  if (end === null || now < end) return
  const start = end + Math.floor((now - end) / pace.windowMillis) * pace.windowMillis
  set(pace, {
    end: start + pace.windowMillis,
    startedAt: start,
    free: pace.fixed.free === null ? null : pace.limit,
    used: pace.inFlight,
    peak: pace.inFlight,
    confirmed: false,
    probeAt: 0
  })
}

export const learn = (pace: PaceState, reading: LimitReading, sentAt: number, now: number): void => {
  // No time at all is said by the last second of a window, and by those that have none.
  const reset = reading.resetMillis !== undefined && reading.resetMillis > 0 ? reading.resetMillis : undefined
  if (reset !== undefined) learnReset(pace, reset, now)
  const free = reading.remaining
  if (free === undefined) return
  const { fixed } = pace
  if (fixed.free !== null && free > fixed.free + fixed.peak + 1) learnRise(pace, free, reset !== undefined, now)
  else if (sentAt >= fixed.startedAt) {
    const startsAnew =
      fixed.free === null || fixed.free < pace.limit || free >= pace.limit * 0.5 || fixed.used > pace.limit * 0.2
    set(pace, { free: Math.min(fixed.free ?? free, free) })
    if (!startsAnew) learnMiss(pace)
  }
}

/** The window did not start anew when it was to: it is longer than was learnt, or, at its documented length, it slides. */
const learnMiss = (pace: PaceState): void => {
  const { misses, startedAt } = pace.fixed
  if (pace.windowMillis < pace.documentedMillis) {
    pace.windowMillis = Math.min(pace.documentedMillis, pace.windowMillis * 1.25)
    set(pace, { end: startedAt + pace.windowMillis / 4 })
    return
  }
  set(pace, { misses: misses + 1 })
  if (misses + 1 >= 2) pace.form = "sliding"
}

/** A header names the end of the window, in whole seconds: the latest of several readings is nearest without being early. */
const learnReset = (pace: PaceState, resetMillis: number, now: number): void => {
  const named = now + resetMillis
  const { end } = pace.fixed
  const sameWindow = end !== null && Math.abs(end - named) < 2_000
  set(pace, { end: sameWindow ? Math.max(end, named) : named, doubtful: false })
  if (resetMillis > pace.windowMillis * 1.2) pace.windowMillis = resetMillis
}

/** Another client may have taken its part in the moment a window started, but not time after time. */
const learnGradual = (pace: PaceState, free: number): void => {
  const misses = pace.fixed.misses + 1
  set(pace, { misses, free })
  if (misses >= 3) pace.form = "sliding"
}

/** The vendor has more left than it had: its window started anew between the two answers. */
const learnRise = (pace: PaceState, free: number, knowsReset: boolean, now: number): void => {
  const { doubted, doubtful, end, startedAt } = pace.fixed
  // A window that starts anew has nearly all of its limit; one that slides, and a bucket, get some of it back.
  if (free + pace.fixed.peak < pace.limit * 0.8) {
    learnGradual(pace, free)
    return
  }
  if (doubtful) pace.windowMillis = Math.min(pace.windowMillis, Math.max(500, now - startedAt))
  const doubt = !doubted && end === null && !knowsReset
  if (!knowsReset) learnLength(pace, now)
  const next = now + pace.windowMillis
  set(pace, {
    ...(!knowsReset && { end: end === null || end < now ? next : Math.min(end, next), lastReset: now }),
    startedAt: now,
    free,
    used: pace.inFlight,
    peak: pace.inFlight,
    probeAt: 0,
    doubtful: doubt,
    doubted: doubted || doubt
  })
}

/** Two resets in quick succession, twice alike: the window is shorter than documented. */
const learnLength = (pace: PaceState, now: number): void => {
  const { lastReset, shortGap } = pace.fixed
  const gap = now - lastReset
  if (lastReset === 0 || gap > pace.windowMillis * 0.8) return
  if (shortGap > 0 && Math.abs(gap - shortGap) < shortGap * 0.25) pace.windowMillis = Math.max(gap, shortGap)
  set(pace, { shortGap: gap })
}

/** Refused: the window ends when the vendor says. A short wait makes the documented length doubtful, once. */
export const refused = (pace: PaceState, retryAfterMillis: number, now: number): void => {
  const until = now + retryAfterMillis
  const { doubted, doubtful, end, startedAt } = pace.fixed
  if (doubtful) pace.windowMillis = Math.min(pace.windowMillis, Math.max(500, until - startedAt))
  const doubt = !doubted && end === null && retryAfterMillis < pace.windowMillis / 2
  const spent = pace.silent === null ? { free: 0 } : { free: null, used: Number.MAX_SAFE_INTEGER }
  set(pace, { end: until, ...spent, probeAt: 0, doubtful: doubt, doubted: doubted || doubt })
}
