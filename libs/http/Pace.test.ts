// The pacer against vendors of every kind of limit, in simulated time: promise 7 in figures.
import { describe, expect, it } from "vitest"
import { answered, ended, learn, paceOf, take, waitMillis } from "./Pace.ts"
import { bucket, fixed, type Limiter, sliding, type Tell } from "./TestLimiter.ts"
import { random, type Setting, simulate } from "./TestPace.ts"

const run = (limiter: Limiter, budget: Setting["budget"], options: Omit<Setting, "limiter" | "budget">) =>
  simulate({ limiter, budget, ...options })

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

  it.each(["fixed", "sliding", "bucket"] as const)(
    "feels for a small %s limit one call at a time, so that many callers are not refused together",
    (is) => {
      const figures = run(
        { fixed, sliding, bucket }[is](60, 60_000, "nothing"),
        { ...minute, limit: 100 },
        { minutes: 120, limit: 60, window: 60_000, workers: 24 }
      )
      expect(figures.used).toBeGreaterThan(0.9)
      expect(figures.refused).toBeLessThanOrEqual(0.007)
    }
  )

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

  it("finds out a window that is longer than documented, and does not count for ever what it sent before", () => {
    const figures = run(
      sliding(1_000, 120_000, "reset-ceil"),
      { ...minute, limit: 100 },
      { minutes: 60, limit: 1_000, window: 120_000 }
    )
    expect(figures.used).toBeGreaterThan(0.95)
    expect(figures.refused).toBeLessThanOrEqual(0.001)
  })

  const kept = {
    fixed: (limit: number, tell: Tell, seed: number) =>
      fixed(limit, 60_000, tell, Math.floor(random(seed * 77)() * 60_000)),
    sliding: (limit: number, tell: Tell) => sliding(limit, 60_000, tell),
    bucket: (limit: number, tell: Tell) => bucket(limit, 60_000, tell)
  } as const
  const documented = [
    { form: "fixed", limit: 100 },
    { form: "fixed", limit: 600 },
    { form: "bucket", limit: 100 },
    { form: "sliding", limit: 100 },
    { form: "unknown", limit: 100 }
  ] as const
  const told = { used: 0.95, refused: 0.001 }
  const leastOf = (is: keyof typeof kept, tell: Tell) =>
    tell === "nothing" ? { used: 0.9, refused: 0.01 } : is === "bucket" ? { ...told, used: 0.98 } : told
  /** Few callers and many, a near vendor and a slow one: those that can use the limit, and one of them for a large one. */
  const circumstances = [
    { seed: 1, workers: 8, latency: 80 },
    { seed: 2, workers: 24, latency: 80 },
    { seed: 3, workers: 24, latency: 200 },
    { seed: 4, workers: 8, latency: 600 },
    { seed: 5, workers: 2, latency: 80 }
  ]
  const able = (limit: number) =>
    limit > 300
      ? circumstances.slice(0, 1)
      : circumstances.filter((c) => (c.workers * 48_000) / c.latency > limit * 1.5)
  const cases = documented.flatMap((said) =>
    (["fixed", "sliding", "bucket"] as const).flatMap((is) =>
      (["remaining", "reset-floor", "reset-ceil", "nothing"] as const).flatMap((tell) =>
        [300, 1_200].map((limit) => ({
          said,
          limit,
          is,
          tell,
          least: leastOf(is, tell)
        }))
      )
    )
  )

  it.each(cases)(
    "finds out a $is limit of $limit told by $tell, whatever is documented ($said.form of $said.limit), whoever calls",
    ({ is, least, limit, said, tell }) => {
      for (const one of able(limit)) {
        const limiter = kept[is](limit, tell, one.seed)
        const figures = run(limiter, { ...minute, ...said }, { minutes: 40, limit, window: 60_000, ...one })
        expect(figures.used, `used by ${JSON.stringify(one)}`).toBeGreaterThanOrEqual(least.used)
        expect(figures.refused, `refused of ${JSON.stringify(one)}`).toBeLessThanOrEqual(least.refused)
      }
    }
  )
})

describe("a new window", () => {
  it("is not held up for ever by calls of the last one that never end", () => {
    const pace = paceOf({ name: "account", limit: 100, windowMillis: 60_000, form: "fixed" }, 1, 0)
    take(pace, 0)
    ended(pace, 0, 100)
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
