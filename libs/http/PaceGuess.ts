// A limit that no header tells of: found out from refusals, kept a little below, and felt for again, one call at a time.
// Pure; the part of Pace.ts for silent vendors. Promise 7.
import { sentInWindow } from "./PaceSent.ts"
import type { PaceState, Window } from "./PaceState.ts"

export const boundless = Number.MAX_SAFE_INTEGER

/** Answers without headers before a documented limit is no longer believed. */
const enoughSilence = 3
/** Fewer calls than this before a refusal, or a shorter wait after it, say nothing about a limit: it was a fault. */
const fewest = 5
const shortestWindowMillis = 500
/** Refusals after about the same number of calls that make a limit. */
const enoughAlike = 2
const set = (pace: PaceState, change: Partial<Window>): void => {
  pace.fixed = { ...pace.fixed, ...change }
}

/** More than ever went through in one window: a call goes alone, so that no more than one is refused. */
export const feelsItsWay = (pace: PaceState, now: number): boolean =>
  pace.silent !== null && pace.fixed.proven > 0 && pace.inFlight > 0 && sentInWindow(pace, now) >= pace.fixed.proven

/** A call went through whose answer says nothing of the limit. After a few of them there is none that we know. */
export const passedSilently = (pace: PaceState, now: number, cost: number): void => {
  if (pace.silent === null) return
  pace.silent += 1
  if (pace.silent === enoughSilence && !pace.guessed) pace.limit = boundless
  const { lastWent, proven } = pace.fixed
  const since = pace.fixed.since + cost
  set(pace, { since })
  if (proven === 0) return
  const went = sentInWindow(pace, now) - pace.inFlight
  if (!pace.guessed && since > lastWent * 1.25) set(pace, { lastWent: 0, alike: 0, proven: 0 })
  else if (went > proven) set(pace, { proven: went })
}

/**
 * Refused: when about as much goes through again and again, the limit is a little less than that. Calls are spread over a
 * window from here on, which keeps to a limit of any form.
 */
export const guess = (pace: PaceState, retryAfterMillis: number, sentAt: number, now: number): void => {
  const { alike, lastWent, refusedAt, since } = pace.fixed
  set(pace, { since: 0 })
  if (sentAt <= refusedAt) return // it was on its way when another was refused
  // A long wait is for a new window, a short one for the oldest call to leave it.
  const inWindow = sentInWindow(pace, now) - pace.inFlight
  const isLong = retryAfterMillis > Math.max(1_000, pace.windowMillis / 10)
  const went = isLong ? Math.min(since, inWindow) : inWindow
  const likely = went >= fewest && retryAfterMillis >= shortestWindowMillis
  const again = likely && Math.abs(went - lastWent) <= Math.max(2, lastWent * 0.2)
  set(pace, { refusedAt: now, lastWent: went, alike: again ? alike + 1 : 0, clean: 0, startedAt: now })
  if (!likely) return
  pace.form = "unknown"
  set(pace, { proven: Math.max(1, Math.floor(went * 0.95)) })
  if (pace.fixed.alike < enoughAlike) return
  pace.limit = Math.floor(Math.min(went, lastWent) * 0.98) / pace.share
  pace.guessed = true
}

/** A guess that is never refused was too small: it grows slowly, and faster when that goes on. */
export const growGuess = (pace: PaceState): void => {
  const clean = pace.fixed.clean + 1
  pace.limit *= clean > 30 ? 1.25 : clean > 20 ? 1.1 : clean > 10 ? 1.03 : clean > 5 ? 1.01 : 1.002
  set(pace, { clean })
}
