// What is known of one limit at one time: plain JSON, in memory or in a row of `rate_budgets`. For Pace.ts, which changes it.
import type { Budget } from "./Call.ts"

export interface PaceState {
  limit: number
  windowMillis: number
  /** The window as documented; what is learnt may be shorter or longer. */
  documentedMillis: number
  /** `unknown` paces like `sliding`, which keeps a fixed window too, whatever its phase. */
  form: Budget["form"]
  share: number
  /** Answers without a word on limits, from a vendor that is to give them; null once it did, or where it need not. */
  silent: number | null
  /** The limit is a guess from a refusal: it grows again while nothing is refused. */
  guessed: boolean
  inFlight: number
  pausedUntil: number
  fixed: Window
  /** What was sent within the last window, a sixtieth of it in each: [first, how many, last]. */
  sent: Array<[first: number, calls: number, last: number]>
  /** How long answers take at most: so much later than we a vendor may count a call. */
  lagMillis: number
  /** Others' calls in a sliding window, as the headers show them. */
  foreign: number
  /** Bucket: tokens and when they were counted. */
  tokens: number
  tokensAt: number
}

export interface Window {
  /** When the window is believed to end, late rather than early; null until the vendor has shown it. */
  readonly end: number | null
  /** Answers to calls sent before this are of an earlier window. */
  readonly startedAt: number
  /** The least the vendor said it has left in this window; null before its first word. */
  readonly free: number | null
  /** Ours in this window. */
  readonly used: number
  /** Most calls in flight at one time: as far apart may answers come out of order. */
  readonly peak: number
  /** An answer of this window has come; until then one call goes alone. */
  readonly confirmed: boolean
  /** When a call may ask for a phase that is not known; 0 when none is due. */
  readonly probeAt: number
  /** The window may be much shorter than documented: one more call asks. */
  readonly doubtful: boolean
  readonly doubted: boolean
  /** Windows that did not start anew; at two the limit is taken for a sliding one. */
  readonly misses: number
  /** Calls let through before the last refusal, where no header tells, when it came, and those let through since. */
  readonly lastWent: number
  readonly refusedAt: number
  readonly since: number
  /** Most calls of a window that are known to go through; beyond them they go one by one. 0: nothing was ever refused. */
  readonly proven: number
  /** Refusals in a row after about as many, and full windows in a row without any. */
  readonly alike: number
  readonly clean: number
  readonly shortGap: number
  readonly lastReset: number
}

export const unknownWindow: Window = {
  end: null,
  startedAt: Number.MIN_SAFE_INTEGER,
  free: null,
  used: 0,
  peak: 0,
  confirmed: false,
  probeAt: 0,
  doubtful: false,
  doubted: false,
  misses: 0,
  lastWent: 0,
  refusedAt: Number.MIN_SAFE_INTEGER,
  since: 0,
  proven: 0,
  alike: 0,
  clean: 0,
  shortGap: 0,
  lastReset: 0
}
