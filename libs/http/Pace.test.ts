// The pacer against vendors of every kind of limit, in simulated time: promise 7 in figures.
import { describe, expect, it } from "vitest"
import type { LimitReading } from "./Call.ts"
import { answered, ended, learn, paceOf, refuse, take, waitMillis } from "./Pace.ts"

/** A vendor's counter: says whether a call at this time is let in, and what its headers tell. */
interface Limiter {
  readonly hit: (now: number) => {
    readonly ok: boolean
    readonly reading: LimitReading | null
    readonly retryAfterMillis: number
  }
}

const random = (seed: number) => () => {
  seed = (seed * 1664525 + 1013904223) % 4294967296
  return seed / 4294967296
}

type Tell = "nothing" | "remaining" | "reset-floor" | "reset-ceil"

const reading = (tell: Tell, limit: number, remaining: number, resetMillis: number): LimitReading | null => {
  if (tell === "nothing") return null
  const reset = tell === "reset-floor" ? Math.floor(resetMillis / 1000) * 1000 : Math.ceil(resetMillis / 1000) * 1000
  return { budget: "account", limit, remaining, ...(tell !== "remaining" && { resetMillis: reset }) }
}

/** Windows that start anew every `window` milliseconds; `others` is the share that other clients take of each. */
const fixed = (limit: number, window: number, tell: Tell, phase = 17_300, others = 0): Limiter => {
  let current = -1
  let used = 0
  return {
    hit: (now) => {
      const number = Math.floor((now + phase) / window)
      if (number !== current) {
        current = number
        used = limit * others
      }
      const left = window - ((now + phase) % window)
      const ok = used < limit
      if (ok) used += 1
      return {
        ok,
        reading: reading(tell, limit, Math.floor(limit - used), left),
        retryAfterMillis: Math.ceil(left / 1000) * 1000
      }
    }
  }
}

/** At most `limit` in any stretch of `window` milliseconds. */
const sliding = (limit: number, window: number, tell: Tell): Limiter => {
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

const bucket = (limit: number, window: number, tell: Tell): Limiter => {
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

interface Figures {
  readonly used: number
  readonly refused: number
  readonly calls: number
}

/** Workers that always have a call to make, for `minutes`; what a full use would be is `limit` in each window. */
const run = (
  limiter: Limiter,
  budget: Parameters<typeof paceOf>[0],
  options: {
    readonly minutes: number
    readonly share?: number
    readonly workers?: number
    readonly limit: number
    readonly window: number
    readonly others?: number
  }
): Figures => {
  const share = options.share ?? 1
  const pace = paceOf(budget, share, 0)
  const dice = random(7)
  const end = options.minutes * 60_000
  const queue: Array<{ readonly at: number; readonly run: () => void }> = []
  const schedule = (at: number, task: () => void) => {
    const index = queue.findLastIndex((entry) => entry.at <= at)
    queue.splice(index + 1, 0, { at, run: task })
  }
  let now = 0
  let good = 0
  let refused = 0
  const worker = () => {
    const wait = waitMillis(pace, now)
    if (wait > 0) return schedule(now + Math.min(wait, 1_000), worker)
    take(pace, now)
    const sentAt = now
    const there = 20 + dice() * 60
    schedule(now + there, () => {
      const answer = limiter.hit(now)
      schedule(now + 20 + dice() * 60, () => {
        ended(pace)
        if (answer.ok) answered(pace, answer.reading !== null, now)
        if (answer.reading !== null) learn(pace, answer.reading, sentAt, now)
        if (answer.ok) good += 1
        else {
          refused += 1
          refuse(pace, answer.retryAfterMillis, now)
        }
        worker()
      })
    })
  }
  for (let i = 0; i < (options.workers ?? 8); i++) schedule(i, worker)
  while (queue[0] !== undefined && queue[0].at < end) {
    const task = queue.shift()
    if (task === undefined) break
    now = task.at
    task.run()
  }
  const full = options.limit * Math.min(share, 1 - (options.others ?? 0)) * (end / options.window)
  return { used: good / full, refused: refused / (good + refused), calls: good + refused }
}

const minute = { name: "account", windowMillis: 60_000, form: "fixed", told: true } as const

describe("the pacer", () => {
  it.each(["remaining", "reset-floor", "reset-ceil"] as const)(
    "uses 95 percent of a fixed window and is refused once in a thousand, told of: %s",
    (tell) => {
      const figures = run(
        fixed(140, 60_000, tell),
        { ...minute, limit: 40 },
        { minutes: 60, limit: 140, window: 60_000 }
      )
      expect(figures.used).toBeGreaterThan(0.95)
      expect(figures.refused).toBeLessThanOrEqual(0.001)
    }
  )

  it("uses a large window just as well", () => {
    const figures = run(
      fixed(2500, 60_000, "reset-ceil"),
      { ...minute, limit: 200 },
      { minutes: 20, limit: 2500, window: 60_000, workers: 24 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("keeps to the configured share", () => {
    const figures = run(
      fixed(400, 60_000, "remaining"),
      { ...minute, limit: 100 },
      { minutes: 60, limit: 400, window: 60_000, share: 0.7 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.used).toBeLessThanOrEqual(1.01)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("leaves to other clients what they take", () => {
    const figures = run(
      fixed(400, 60_000, "reset-ceil", 17_300, 0.3),
      { ...minute, limit: 200 },
      { minutes: 60, limit: 400, window: 60_000, others: 0.3 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("learns that a window is shorter than documented", () => {
    const figures = run(
      fixed(140, 3_000, "remaining"),
      { ...minute, limit: 40 },
      { minutes: 10, limit: 140, window: 3_000, workers: 16 }
    )
    expect(figures.used).toBeGreaterThan(0.75)
    expect(figures.refused).toBeLessThanOrEqual(0.005)
  })

  it("waits out an hourly limit that it took for one by the minute", () => {
    const figures = run(
      fixed(1000, 3_600_000, "remaining"),
      { ...minute, limit: 100 },
      { minutes: 300, limit: 1000, window: 3_600_000 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.refused).toBeLessThanOrEqual(0.005)
  })

  it("notices that a window slides", () => {
    const figures = run(
      sliding(100, 60_000, "remaining"),
      { ...minute, limit: 100 },
      { minutes: 60, limit: 100, window: 60_000 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("keeps a sliding window that is declared as such, without any header", () => {
    const figures = run(
      sliding(100, 60_000, "nothing"),
      { name: "account", limit: 100, windowMillis: 60_000, form: "sliding" },
      { minutes: 60, limit: 100, window: 60_000 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("uses 98 percent of a bucket", () => {
    const figures = run(
      bucket(300, 60_000, "remaining"),
      { name: "account", limit: 300, windowMillis: 60_000, form: "bucket" },
      { minutes: 30, limit: 300, window: 60_000 }
    )
    expect(figures.used).toBeGreaterThan(0.98)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("guesses a limit from refusals where no header tells it", () => {
    const figures = run(
      fixed(140, 60_000, "nothing"),
      { ...minute, limit: 40 },
      { minutes: 120, limit: 140, window: 60_000 }
    )
    expect(figures.used).toBeGreaterThan(0.9)
    expect(figures.refused).toBeLessThanOrEqual(0.01)
  })

  it("takes a refusal now and then for a fault, not for a limit", () => {
    const dice = random(11)
    const limiter: Limiter = { hit: () => ({ ok: dice() > 0.02, reading: null, retryAfterMillis: 0 }) }
    expect(run(limiter, { ...minute, limit: 40 }, { minutes: 1, limit: 40, window: 60_000 }).calls).toBeGreaterThan(
      2_500
    )
  })

  it("does not hold back where nothing is limited", () => {
    const limiter: Limiter = { hit: () => ({ ok: true, reading: null, retryAfterMillis: 0 }) }
    expect(run(limiter, { ...minute, limit: 40 }, { minutes: 1, limit: 40, window: 60_000 }).calls).toBeGreaterThan(
      3_000
    )
  })

  it("does not hold back where the headers show a counter that stands still", () => {
    const limiter: Limiter = {
      hit: () => ({ ok: true, reading: { budget: "account", limit: 160, remaining: 159 }, retryAfterMillis: 0 })
    }
    expect(run(limiter, { ...minute, limit: 50 }, { minutes: 1, limit: 40, window: 60_000 }).calls).toBeGreaterThan(
      3_000
    )
  })
})
