// Fixed-window counters, for both vendors. A window is a slice of real time as long as the vendor's window lasts.
// Which buckets exist, and what a refusal looks like, is the vendors' business.
import type { Clock } from "./Clock.ts"

export type Bucket = {
  readonly name: string
  readonly total: number
  readonly windowMillis: number
}

export type Charge = {
  readonly bucket: Bucket
  readonly allowed: boolean
  readonly remaining: number
  /** Whole real seconds until the window ends, at least 1. */
  readonly resetsSeconds: number
}

export type Limits = {
  /** Takes `credits` from the bucket, unless that would go below zero. */
  readonly charge: (bucket: Bucket, credits: number) => Charge
  readonly reset: () => void
}

/** `factor` makes every bucket that much larger, as the vendors' paid add-ons do; `realTime` leaves a window its real length. */
export const makeLimits = (clock: Clock, factor = 1, realTime = false): Limits => {
  const used = new Map<string, { window: number; used: number }>()
  return {
    charge: (plain, credits) => {
      const bucket = factor === 1 ? plain : { ...plain, total: Math.round(plain.total * factor) }
      const now = clock.now()
      const length = realTime ? bucket.windowMillis : clock.lasts(bucket.windowMillis)
      const window = Math.floor(now / length)
      const resetsSeconds = Math.max(1, Math.ceil(((window + 1) * length - now) / 1000))
      let counter = used.get(bucket.name)
      if (counter === undefined || counter.window !== window) {
        if (used.size > 10_000) forget(used, window)
        counter = { window, used: 0 }
        used.set(bucket.name, counter)
      }
      const allowed = counter.used + credits <= bucket.total
      if (allowed) counter.used += credits
      return { bucket, allowed, remaining: allowed ? bucket.total - counter.used : 0, resetsSeconds }
    },
    reset: () => used.clear()
  }
}

/** Per-record buckets would grow without end; those of past windows say nothing any more. */
const forget = (used: Map<string, { window: number; used: number }>, window: number): void => {
  for (const [name, counter] of used) if (counter.window !== window) used.delete(name)
}
