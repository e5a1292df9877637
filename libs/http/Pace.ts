// When the next call may go, from what a vendor says about its limit and from what was sent: the pure core of Budgets. A
// state is plain JSON owned by one caller at a time; the clock is an argument. Promise 7.
import type { Budget, LimitReading } from "./Call.ts"
import * as Fixed from "./PaceFixed.ts"
import { type PaceState, unknownWindow } from "./PaceState.ts"

/** Answers without headers before a documented limit is no longer believed. */
const enoughSilence = 3
export const boundless = Number.MAX_SAFE_INTEGER

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
  log: [],
  foreign: 0,
  tokens: budget.limit * share,
  tokensAt: now
})

/** Milliseconds until a call of this cost may go; 0 when it may go now. One that costs more than there ever is goes alone. */
export const waitMillis = (pace: PaceState, now: number, cost = 1): number => {
  if (now < pace.pausedUntil) return pace.pausedUntil - now
  const due = Math.min(cost, Math.max(1, Math.floor(pace.limit * pace.share)))
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
  const slot = slotOf(pace, now)
  const last = pace.log.at(-1)
  if (last !== undefined && last[0] === slot) last[1] += cost
  else pace.log.push([slot, cost])
}

/** One call has ended, with or without an answer. */
export const ended = (pace: PaceState, cost = 1): void => {
  pace.inFlight = Math.max(0, pace.inFlight - cost)
}

/** An answer came that was no refusal. `told`: it spoke of this limit; after a few that do not, there is none we know. */
export const answered = (pace: PaceState, told: boolean, now: number): void => {
  if (pace.form === "fixed") Fixed.passed(pace, now)
  if (told || pace.silent === null) return
  pace.silent += 1
  if (pace.silent === enoughSilence && !pace.guessed) pace.limit = boundless
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
    if (pace.form === "bucket") pace.tokens = Math.min(pace.tokens, reading.remaining)
  }
}

/** The vendor said no. Everything waits as long as it asks; a fixed window then starts at that time. */
export const refuse = (pace: PaceState, retryAfterMillis: number, now: number): void => {
  pace.pausedUntil = Math.max(pace.pausedUntil, now + retryAfterMillis)
  pace.tokens = Math.min(pace.tokens, 0)
  if (pace.silent !== null) guess(pace, retryAfterMillis, now)
  else if (pace.form === "bucket") doubtForm(pace)
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

/** Fewer calls than this before a refusal, or a shorter wait after it, say nothing about a limit: it was a fault. */
const fewest = 10
const shortestWindowMillis = 500
/** Refusals after about the same number of calls that make a limit. */
const enoughAlike = 2

/** Full windows that a guess should last before it has grown too large again. */
const fewestClean = 5
/** Refusals that a form cannot explain before it is given up. */
const enoughDoubt = 3

/** Calls spread over a window, as `unknown` does, keep to a limit of any form. */
const doubtForm = (pace: PaceState): void => {
  const misses = pace.fixed.misses + 1
  pace.fixed = { ...pace.fixed, misses }
  if (misses >= enoughDoubt) pace.form = "unknown"
}

/** No header says what the limit is: when window after window lets about as much through, it is a little less than that. */
const guess = (pace: PaceState, retryAfterMillis: number, now: number): void => {
  const { alike, lastWent, startedAt, used } = pace.fixed
  if (pace.form === "fixed" && used >= boundless) return // the first refusal of a window counts
  const went = (pace.form === "fixed" ? used : sentInWindow(pace, now)) - pace.inFlight - 1
  const likely = went >= fewest && retryAfterMillis >= shortestWindowMillis
  if ((!likely && retryAfterMillis >= shortestWindowMillis) || (pace.guessed && pace.fixed.clean < fewestClean))
    doubtForm(pace)
  const again = likely && Math.abs(went - lastWent) <= lastWent * 0.2
  const since = pace.form === "fixed" ? startedAt : now
  pace.fixed = { ...pace.fixed, lastWent: went, alike: again ? alike + 1 : 0, clean: 0, startedAt: since }
  if (!again || pace.fixed.alike < enoughAlike) return
  if (!pace.guessed && pace.form === "fixed" && startedAt > 0)
    pace.windowMillis = Math.min(pace.windowMillis, now + retryAfterMillis - startedAt)
  pace.limit = Math.floor(Math.min(went, lastWent) * 0.98) / pace.share
  pace.guessed = true
}

/** A window is no shorter than a wait in it; a wait longer than the documented window means a limit by the hour. */
const longerWindow = (pace: PaceState, retryAfterMillis: number): number =>
  retryAfterMillis > pace.documentedMillis * 1.2 ? Math.max(3_600_000, retryAfterMillis) : retryAfterMillis

// --- sliding windows ---

/** Slots of the log of what was sent; the oldest counts until it has left the window whole. */
const slots = 60

const slotMillis = (pace: PaceState): number => pace.windowMillis / slots
const slotOf = (pace: PaceState, now: number): number => Math.floor(now / slotMillis(pace))

const sentInWindow = (pace: PaceState, now: number): number => {
  const first = slotOf(pace, now) - slots
  while (pace.log[0] !== undefined && pace.log[0][0] < first) pace.log.shift()
  return pace.log.reduce((sum, [, count]) => sum + count, 0)
}

const waitSliding = (pace: PaceState, now: number, cost: number): number => {
  const sent = sentInWindow(pace, now)
  if (Math.min(pace.limit * pace.share - sent, pace.limit - sent - pace.foreign) >= cost) return 0
  if (pace.guessed && now - pace.fixed.startedAt >= Math.max(pace.windowMillis, pace.documentedMillis)) {
    pace.fixed = { ...pace.fixed, startedAt: now }
    Fixed.growGuess(pace)
  }
  const oldest = pace.log[0]
  if (oldest === undefined) {
    pace.foreign = 0 // others hold it all: ask again after a slot
    return slotMillis(pace)
  }
  return Math.max(1, Math.ceil((oldest[0] + slots + 1) * slotMillis(pace) - now))
}

// --- buckets ---

const waitBucket = (pace: PaceState, now: number, cost: number): number => {
  const rate = (pace.limit * pace.share) / pace.windowMillis
  pace.tokens = Math.min(pace.limit * pace.share, pace.tokens + Math.max(0, now - pace.tokensAt) * rate)
  pace.tokensAt = now
  return pace.tokens >= cost ? 0 : Math.max(1, Math.ceil((cost - pace.tokens) / rate))
}
