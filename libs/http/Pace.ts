// When the next call may go, from what a vendor says about its limit and from what was sent: the pure core of Budgets. A
// state is plain JSON owned by one caller at a time; the clock is an argument. Promise 7.
import type { Budget, LimitReading } from "./Call.ts"

/** Answers without headers before a documented limit is no longer believed. */
const enoughSilence = 3
const boundless = Number.MAX_SAFE_INTEGER

/** Slots of the log of what was sent; the oldest counts until it has left the window whole. */
const slots = 60

export interface PaceState {
  limit: number
  windowMillis: number
  /** `unknown` paces like `sliding`, which keeps a fixed window too, whatever its phase. */
  form: Budget["form"]
  share: number
  /** Answers without a word on limits, from a vendor that is to give them; null once it did, or where it need not. */
  silent: number | null
  /** The limit is a guess from a refusal: it grows again while nothing is refused. */
  guessed: boolean
  /** Fixed: when the window is believed to end, late rather than early; null until the vendor has shown it. */
  windowEnd: number | null
  /** Ours in this window, and what the vendor has left as far as we know; null before its first word. */
  used: number
  left: number | null
  inFlight: number
  pausedUntil: number
  /** Counts by slot of time, for sliding windows: [slot number, count]. */
  log: Array<[number, number]>
  /** Bucket: tokens and when they were counted. */
  tokens: number
  tokensAt: number
  /** Others' calls in a sliding window, as the headers show them. */
  foreign: number
  /** Where a fixed window did not start anew; at two it is taken for a sliding one. */
  misses: number
  /** Fixed, shorter than documented: a gap between two resets that a second one must confirm. */
  shortGap: number
  lastReset: number
  probeAt: number
}

export const paceOf = (budget: Budget, share: number, now: number): PaceState => ({
  limit: budget.limit,
  windowMillis: budget.windowMillis,
  form: budget.form,
  share,
  silent: budget.told === true ? 0 : null,
  guessed: false,
  windowEnd: null,
  used: 0,
  left: null,
  inFlight: 0,
  pausedUntil: 0,
  log: [],
  tokens: budget.limit * share,
  tokensAt: now,
  foreign: 0,
  misses: 0,
  shortGap: 0,
  lastReset: 0,
  probeAt: 0
})

/** Milliseconds until a call may go; 0 when it may go now. */
export const waitMillis = (pace: PaceState, now: number): number => {
  if (now < pace.pausedUntil) return pace.pausedUntil - now
  switch (pace.form) {
    case "fixed":
      return waitFixed(pace, now)
    case "bucket":
      return waitBucket(pace, now)
    default:
      return waitSliding(pace, now)
  }
}

/** Counts one call as sent. Only after `waitMillis` said 0. */
export const take = (pace: PaceState, now: number): void => {
  if (pace.form === "fixed" && pace.windowEnd === null && exhausted(pace)) pace.probeAt = now + pace.windowMillis
  pace.inFlight += 1
  pace.used += 1
  pace.tokens -= 1
  if (pace.left !== null) pace.left -= 1
  const slot = slotOf(pace, now)
  const last = pace.log.at(-1)
  if (last !== undefined && last[0] === slot) last[1] += 1
  else pace.log.push([slot, 1])
}

/** One call has ended, with or without an answer. */
export const ended = (pace: PaceState): void => {
  pace.inFlight = Math.max(0, pace.inFlight - 1)
}

/** An answer said nothing on limits: after a few of them there is none that we know. */
export const unheard = (pace: PaceState): void => {
  if (pace.silent === null) return
  pace.silent += 1
  if (pace.silent === enoughSilence && !pace.guessed) pace.limit = boundless
}

/** Learns from the headers of an answer to a call sent at `sentAt`. */
export const learn = (pace: PaceState, reading: LimitReading, sentAt: number, now: number): void => {
  if (reading.atLeast !== undefined && reading.atLeast > pace.limit) setLimit(pace, reading.atLeast)
  if (reading.limit !== undefined || reading.remaining !== undefined) {
    pace.silent = null
    pace.guessed = false
  }
  if (reading.limit !== undefined && reading.limit > 0 && reading.limit !== pace.limit) setLimit(pace, reading.limit)
  if (pace.form === "fixed") learnFixed(pace, reading, sentAt, now)
  else if (reading.remaining !== undefined) {
    const free = reading.remaining
    pace.foreign = Math.max(0, pace.limit - free - sentInWindow(pace, now))
    if (pace.form === "bucket") pace.tokens = Math.min(pace.tokens, free)
  }
}

const setLimit = (pace: PaceState, limit: number): void => {
  if (pace.left !== null) pace.left += limit - pace.limit
  pace.tokens += (limit - pace.limit) * pace.share
  pace.limit = limit
}

/** The vendor said no. Everything waits as long as it asks; a fixed window then starts at that time. */
export const refuse = (pace: PaceState, retryAfterMillis: number, now: number): void => {
  const until = now + retryAfterMillis
  if (pace.silent !== null) guess(pace, now)
  if (retryAfterMillis > pace.windowMillis * 1.2) pace.windowMillis = longerWindow(retryAfterMillis)
  pace.pausedUntil = Math.max(pace.pausedUntil, until)
  pace.tokens = Math.min(pace.tokens, 0)
  if (pace.form !== "fixed") return
  pace.left = 0
  pace.windowEnd = until
}

/** No header says what the limit is: a little less than what went through in this window. */
const guess = (pace: PaceState, now: number): void => {
  const went = pace.form === "fixed" ? pace.used : sentInWindow(pace, now)
  pace.limit = Math.max(1, Math.floor((went - pace.inFlight) * 0.97) / Math.max(pace.share, 0.01))
  pace.guessed = true
}

/** A wait longer than the documented window: the account is limited by the hour. */
const longerWindow = (retryAfterMillis: number): number => Math.max(3_600_000, retryAfterMillis)

/** Nothing may go before `until`: another budget of the same connection was refused. */
export const hold = (pace: PaceState, until: number): void => {
  pace.pausedUntil = Math.max(pace.pausedUntil, until)
}

// --- fixed windows ---

/** What the vendor has counted outweighs what we have: it does not count every call. */
const exhausted = (pace: PaceState): boolean => {
  if (pace.left === null) return pace.limit * pace.share - pace.used < 1
  const used = Math.min(pace.used, pace.limit - pace.left)
  return Math.min(pace.limit * pace.share - used, pace.left) < 1
}

const waitFixed = (pace: PaceState, now: number): number => {
  roll(pace, now)
  if (!exhausted(pace)) return 0
  if (pace.windowEnd !== null) return Math.max(1, pace.windowEnd - now)
  // The phase is not known: one call asks for it, after a moment, instead of waiting a whole window in the dark.
  if (pace.probeAt === 0) pace.probeAt = now + Math.min(1_000, pace.windowMillis / 60)
  if (now < pace.probeAt) return pace.probeAt - now
  return pace.inFlight === 0 ? 0 : 50
}

const roll = (pace: PaceState, now: number): void => {
  if (pace.windowEnd === null || now < pace.windowEnd) return
  const windows = Math.floor((now - pace.windowEnd) / pace.windowMillis) + 1
  startWindow(pace, pace.windowEnd + (windows - 1) * pace.windowMillis)
}

const startWindow = (pace: PaceState, start: number): void => {
  if (pace.guessed && pace.used >= pace.limit * pace.share - 1) pace.limit *= 1.01
  pace.windowEnd = start + pace.windowMillis
  pace.used = pace.inFlight
  pace.left = pace.left === null ? null : pace.limit - pace.inFlight
  pace.probeAt = 0
}

const learnFixed = (pace: PaceState, reading: LimitReading, sentAt: number, now: number): void => {
  const started = pace.windowEnd === null ? Number.NEGATIVE_INFINITY : pace.windowEnd - pace.windowMillis
  if (reading.resetMillis !== undefined) learnReset(pace, reading.resetMillis, now)
  const free = reading.remaining
  if (free === undefined) return
  if (pace.left === null) pace.left = free - pace.inFlight
  else if (free > pace.left + pace.inFlight + 1) learnRise(pace, free, reading.resetMillis !== undefined, now)
  else if (sentAt >= started) {
    if (pace.used <= pace.limit * 0.2 && free < pace.limit * 0.5 && pace.left >= pace.limit * 0.7) learnMiss(pace)
    pace.left = Math.min(free, Math.max(free - pace.inFlight, pace.left))
  }
}

/** A header names the end of the window, in whole seconds: the latest of several readings is nearest without being early. */
const learnReset = (pace: PaceState, resetMillis: number, now: number): void => {
  const end = now + resetMillis
  const sameWindow = pace.windowEnd !== null && Math.abs(pace.windowEnd - end) < Math.min(2_000, pace.windowMillis / 4)
  if (pace.windowEnd !== null && !sameWindow && end < pace.windowEnd) pace.windowEnd = end
  else pace.windowEnd = Math.max(pace.windowEnd ?? 0, end)
  if (resetMillis > pace.windowMillis) pace.windowMillis = resetMillis
}

/** The vendor has more left than we left it: its window started anew between the two answers. */
const learnRise = (pace: PaceState, free: number, knowsReset: boolean, now: number): void => {
  const full = free + pace.inFlight + 1 >= pace.limit * 0.5
  if (full && !knowsReset) {
    learnLength(pace, now)
    const end = now + pace.windowMillis
    pace.windowEnd = pace.windowEnd === null || pace.windowEnd < now ? end : Math.min(pace.windowEnd, end)
    pace.lastReset = now
  }
  if (full) pace.used = pace.inFlight
  pace.left = free - pace.inFlight
  pace.probeAt = 0
}

/** Two resets in quick succession, twice alike: the window is shorter than documented. */
const learnLength = (pace: PaceState, now: number): void => {
  const gap = now - pace.lastReset
  if (pace.lastReset === 0 || gap > pace.windowMillis * 0.8) return
  if (pace.shortGap > 0 && Math.abs(gap - pace.shortGap) < pace.shortGap * 0.25)
    pace.windowMillis = Math.max(gap, pace.shortGap)
  pace.shortGap = gap
}

const learnMiss = (pace: PaceState): void => {
  pace.misses += 1
  if (pace.misses >= 2) pace.form = "sliding"
}

// --- sliding windows ---

const slotMillis = (pace: PaceState): number => pace.windowMillis / slots
const slotOf = (pace: PaceState, now: number): number => Math.floor(now / slotMillis(pace))

const sentInWindow = (pace: PaceState, now: number): number => {
  const first = slotOf(pace, now) - slots
  while (pace.log[0] !== undefined && pace.log[0][0] < first) pace.log.shift()
  return pace.log.reduce((sum, [, count]) => sum + count, 0)
}

const waitSliding = (pace: PaceState, now: number): number => {
  const ours = pace.limit * pace.share - sentInWindow(pace, now)
  const theirs = pace.limit - sentInWindow(pace, now) - pace.foreign
  if (Math.min(ours, theirs) >= 1) return 0
  const oldest = pace.log[0]
  if (oldest === undefined) {
    pace.foreign = 0 // others hold it all: ask again after a slot
    return slotMillis(pace)
  }
  return Math.max(1, Math.ceil((oldest[0] + slots + 1) * slotMillis(pace) - now))
}

// --- buckets ---

const waitBucket = (pace: PaceState, now: number): number => {
  const rate = (pace.limit * pace.share) / pace.windowMillis
  pace.tokens = Math.min(pace.limit * pace.share, pace.tokens + Math.max(0, now - pace.tokensAt) * rate)
  pace.tokensAt = now
  return pace.tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - pace.tokens) / rate))
}
