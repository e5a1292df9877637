// The pacer against vendors of every kind of limit, in simulated time: promise 7 in figures.
import { describe, expect, it } from "vitest"
import { answered, ended, learn, paceOf, refuse, take, waitMillis } from "./Pace.ts"
import { bucket, fixed, type Limiter, sliding, type Tell } from "./TestLimiter.ts"

const random = (seed: number) => () => {
  seed = (seed * 1664525 + 1013904223) % 4294967296
  return seed / 4294967296
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
    /** What a call costs, as it is declared, and what the vendor takes for it. */
    readonly cost?: () => number
    readonly taken?: (cost: number) => number
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
    const cost = options.cost?.() ?? 1
    const again = (): void => {
      const wait = waitMillis(pace, now, cost)
      if (wait > 0) schedule(now + Math.min(wait, 1_000), again)
      else go(cost)
    }
    again()
  }
  const go = (cost: number) => {
    take(pace, now, cost)
    const sentAt = now
    const there = 20 + dice() * 60
    schedule(now + there, () => {
      const answer = limiter.hit(now, options.taken?.(cost) ?? cost)
      schedule(now + 20 + dice() * 60, () => {
        ended(pace, cost)
        if (answer.ok) answered(pace, answer.reading !== null, now)
        if (answer.reading !== null) learn(pace, answer.reading, sentAt, now)
        if (answer.ok) good += options.taken?.(cost) ?? cost
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

describe("calls that cost more than one", () => {
  const mixed = () => {
    const dice = random(11)
    return () => [1, 3, 5][Math.floor(dice() * 3)] ?? 1
  }
  it.each(["remaining", "reset-floor"] as const)("are held until there is room for all of it, told of: %s", (tell) => {
    const figures = run(
      fixed(140, 60_000, tell),
      { ...minute, limit: 40 },
      { minutes: 60, limit: 140, window: 60_000, cost: mixed() }
    )
    expect(figures.used).toBeGreaterThan(0.93)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("are counted as the vendor counts them, though it takes less than is documented", () => {
    const figures = run(
      fixed(140, 60_000, "remaining"),
      { ...minute, limit: 40 },
      { minutes: 60, limit: 140, window: 60_000, cost: () => 3, taken: () => 1 }
    )
    expect(figures.used).toBeGreaterThan(0.9)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  it("go alone where they cost more than there ever is", () => {
    const pace = paceOf({ ...minute, limit: 2 }, 1, 0)
    expect(waitMillis(pace, 0, 5)).toBe(0)
  })
})

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

  const kept = { fixed, sliding, bucket } as const
  const documented = [
    { form: "fixed", limit: 100 },
    { form: "fixed", limit: 600 },
    { form: "bucket", limit: 100 },
    { form: "unknown", limit: 100 }
  ] as const
  const told = { used: 0.95, refused: 0.001 }
  const leastOf = (is: keyof typeof kept, tell: Tell) =>
    tell === "nothing" ? { used: 0.9, refused: 0.01 } : is === "bucket" ? { ...told, used: 0.98 } : told
  const cases = documented.flatMap((said) =>
    (["fixed", "sliding", "bucket"] as const).flatMap((is) =>
      (["remaining", "reset-ceil", "nothing"] as const).flatMap((tell: Tell) =>
        [300, 1_200].map((limit) => ({ said, limit, is, tell, least: leastOf(is, tell) }))
      )
    )
  )

  it.each(cases)(
    "finds out a $is limit of $limit told by $tell, whatever is documented ($said.form of $said.limit)",
    (one) => {
      const limiter = kept[one.is](one.limit, 60_000, one.tell)
      const figures = run(limiter, { ...minute, ...one.said }, { minutes: 40, limit: one.limit, window: 60_000 })
      expect(figures.used).toBeGreaterThanOrEqual(one.least.used)
      expect(figures.refused).toBeLessThanOrEqual(one.least.refused)
    }
  )
})

describe("a new window", () => {
  it("is not held up for ever by calls of the last one that never end", () => {
    const pace = paceOf({ name: "account", limit: 100, windowMillis: 60_000, form: "fixed" }, 1, 0)
    take(pace, 0)
    ended(pace)
    answered(pace, true, 100)
    learn(pace, { budget: "account", limit: 100, remaining: 99, resetMillis: 60_000 }, 0, 100)
    // Two that hang: the window after them has no answer yet.
    take(pace, 200)
    take(pace, 200)
    expect(waitMillis(pace, 61_000)).toBeGreaterThan(0)
    expect(waitMillis(pace, 70_000)).toBeGreaterThan(0)
    expect(waitMillis(pace, 76_000)).toBe(0)
  })
})
