// Limits as vendors keep them: fixed and sliding windows, buckets, with headers or without. For tests and benchmarks of the pacer.
import type { LimitReading } from "./Call.ts"

/** A vendor's counter: says whether a call at this time is let in, and what its headers tell. */
export interface Limiter {
  readonly hit: (
    now: number,
    cost?: number
  ) => {
    readonly ok: boolean
    readonly reading: LimitReading | null
    readonly retryAfterMillis: number
  }
}

export type Tell = "nothing" | "remaining" | "reset-floor" | "reset-ceil"

const reading = (tell: Tell, limit: number, remaining: number, resetMillis: number): LimitReading | null => {
  if (tell === "nothing") return null
  const reset = tell === "reset-floor" ? Math.floor(resetMillis / 1000) * 1000 : Math.ceil(resetMillis / 1000) * 1000
  return { budget: "account", limit, remaining, ...(tell !== "remaining" && { resetMillis: reset }) }
}

/** Windows that start anew every `window` milliseconds; `others` is the share that other clients take of each. */
export const fixed = (limit: number, window: number, tell: Tell, phase = 17_300, others = 0): Limiter => {
  let current = -1
  let used = 0
  return {
    hit: (now, cost = 1) => {
      const number = Math.floor((now + phase) / window)
      if (number !== current) {
        current = number
        used = limit * others
      }
      const left = window - ((now + phase) % window)
      const ok = used + cost <= limit
      if (ok) used += cost
      return {
        ok,
        reading: reading(tell, limit, Math.floor(limit - used), left),
        retryAfterMillis: Math.ceil(left / 1000) * 1000
      }
    }
  }
}

/** At most `limit` in any stretch of `window` milliseconds. */
export const sliding = (limit: number, window: number, tell: Tell): Limiter => {
  const hits: Array<number> = []
  return {
    hit: (now) => {
      while (hits[0] !== undefined && hits[0] <= now - window) hits.shift()
      const ok = hits.length < limit
      if (ok) hits.push(now)
      const wait = (hits[0] ?? now) + window - now
      return {
        ok,
        reading: reading(tell, limit, limit - hits.length, wait),
        retryAfterMillis: Math.ceil(wait / 1000) * 1000
      }
    }
  }
}

export const bucket = (limit: number, window: number, tell: Tell): Limiter => {
  let tokens = limit
  let at = 0
  return {
    hit: (now) => {
      tokens = Math.min(limit, tokens + ((now - at) * limit) / window)
      at = now
      const ok = tokens >= 1
      if (ok) tokens -= 1
      return { ok, reading: reading(tell, limit, Math.floor(tokens), 0), retryAfterMillis: 1_000 }
    }
  }
}
