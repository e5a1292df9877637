// When the next call may go, from what a vendor says about its limit and from what was sent: the pure core of Budgets. A
// state is plain JSON owned by one caller at a time; the clock is an argument. Promise 7.
import type { Budget, LimitReading } from "./Call.ts"
import * as Fixed from "./PaceFixed.ts"
import { feelsItsWay, growGuess, guess, passedSilently } from "./PaceGuess.ts"
import { noteAnswer, noteRefused, noteSent, sentInWindow, untilFewer } from "./PaceSent.ts"
import { type PaceState, unknownWindow } from "./PaceState.ts"

export const paceOf = (budget: Budget, share: number, now: number): PaceState => ({
  limit: budget.limit,
  windowMillis: budget.windowMillis,
  documentedMillis: budget.windowMillis,
  form: budget.form,
  share,
  silent: budget.told === true ? 0 : null,
  guessed: false,
  inFlight: 0,
  pausedUntil: 0,
  fixed: unknownWindow,
  sent: [],
  lagMillis: 0,
  foreign: 0,
  tokens: budget.limit * share,
  tokensAt: now
})

/** Milliseconds until a call of this cost may go; 0 when it may go now. One that costs more than there ever is goes alone. */
export const waitMillis = (pace: PaceState, now: number, cost = 1): number => {
  if (now < pace.pausedUntil) return pace.pausedUntil - now
  const due = Math.min(cost, Math.max(1, Math.floor(pace.limit * pace.share)))
  const wait = waitByForm(pace, now, due)
  return wait === 0 && feelsItsWay(pace, now) ? 25 : wait
}

const waitByForm = (pace: PaceState, now: number, due: number): number => {
  switch (pace.form) {
    case "fixed":
      return Fixed.wait(pace, now, due)
    case "bucket":
      return waitBucket(pace, now, due)
    default:
      return waitSliding(pace, now, due)
  }
}

/** Counts one call as sent. Only after `waitMillis` said 0. */
export const take = (pace: PaceState, now: number, cost = 1): void => {
  pace.inFlight += cost
  pace.tokens -= cost
  Fixed.sent(pace, now, cost)
  noteSent(pace, now, cost)
}

/** A call sent at `sentAt` has ended, with or without an answer. */
export const ended = (pace: PaceState, sentAt: number, now: number, cost = 1): void => {
  pace.inFlight = Math.max(0, pace.inFlight - cost)
  noteAnswer(pace, sentAt, now)
}

/** An answer came that was no refusal. `told`: it spoke of this limit. */
export const answered = (pace: PaceState, told: boolean, now: number, cost = 1): void => {
  if (pace.form === "fixed") Fixed.passed(pace, now)
  if (!told) passedSilently(pace, now, cost)
}

/** Learns from the headers of an answer to a call sent at `sentAt`. */
export const learn = (pace: PaceState, reading: LimitReading, sentAt: number, now: number): void => {
  if (reading.atLeast !== undefined && reading.atLeast > pace.limit) setLimit(pace, reading.atLeast)
  if (reading.limit === undefined && reading.remaining === undefined) return
  pace.silent = null
  pace.guessed = false
  if (reading.limit !== undefined && reading.limit > 0) setLimit(pace, reading.limit)
  if (pace.form === "fixed") Fixed.learn(pace, reading, sentAt, now)
  else if (reading.remaining !== undefined) {
    pace.foreign = Math.max(0, pace.limit - reading.remaining - sentInWindow(pace, now))
    if (pace.form === "bucket") pace.tokens = Math.min(pace.tokens, reading.remaining - pace.inFlight)
  }
}

/** The vendor said no to a call sent at `sentAt`. Everything waits as long as it asks; a fixed window then starts. */
export const refuse = (pace: PaceState, retryAfterMillis: number, sentAt: number, now: number, cost = 1): void => {
  pace.pausedUntil = Math.max(pace.pausedUntil, now + retryAfterMillis)
  pace.tokens = Math.min(pace.tokens, 0)
  noteRefused(pace, cost)
  if (pace.silent !== null) guess(pace, retryAfterMillis, sentAt, now)
  else if (pace.form === "bucket") doubtBucket(pace, retryAfterMillis)
  if (retryAfterMillis > pace.windowMillis * 1.2) pace.windowMillis = longerWindow(pace, retryAfterMillis)
  if (pace.form === "fixed") Fixed.refused(pace, retryAfterMillis, now)
}

/** Nothing may go before `until`: another budget of the same connection was refused. */
export const hold = (pace: PaceState, until: number): void => {
  pace.pausedUntil = Math.max(pace.pausedUntil, until)
}

const setLimit = (pace: PaceState, limit: number): void => {
  pace.tokens += (limit - pace.limit) * pace.share
  pace.limit = limit
}

/** Refusals that a bucket cannot explain before it is taken for none. */
const enoughDoubt = 3

/** A bucket asks to wait for its next token or so, in whole seconds: much more is no bucket's, and it never keeps refusing. */
const doubtBucket = (pace: PaceState, retryAfterMillis: number): void => {
  const misses = pace.fixed.misses + 1
  pace.fixed = { ...pace.fixed, misses }
  if (misses >= enoughDoubt || retryAfterMillis > 2_000 + (3 * pace.windowMillis) / pace.limit) pace.form = "unknown"
}

/** A window is no shorter than a wait in it; a wait longer than the documented window means a limit by the hour. */
const longerWindow = (pace: PaceState, retryAfterMillis: number): number =>
  retryAfterMillis > pace.documentedMillis * 1.2 ? Math.max(3_600_000, retryAfterMillis) : retryAfterMillis

const waitSliding = (pace: PaceState, now: number, cost: number): number => {
  const sent = sentInWindow(pace, now)
  if (Math.min(pace.limit * pace.share - sent, pace.limit - sent - pace.foreign) >= cost) return 0
  if (pace.guessed && now - pace.fixed.startedAt >= Math.max(pace.windowMillis, pace.documentedMillis)) {
    pace.fixed = { ...pace.fixed, startedAt: now }
    growGuess(pace)
  }
  const wait = untilFewer(pace, now)
  if (wait !== undefined) return wait
  pace.foreign = 0 // others hold it all: ask again after a moment
  return pace.windowMillis / 60
}

// --- buckets ---

const waitBucket = (pace: PaceState, now: number, cost: number): number => {
  const rate = (pace.limit * pace.share) / pace.windowMillis
  pace.tokens = Math.min(pace.limit * pace.share, pace.tokens + Math.max(0, now - pace.tokensAt) * rate)
  pace.tokensAt = now
  return pace.tokens >= cost ? 0 : Math.max(1, Math.ceil((cost - pace.tokens) / rate))
}
