import { assert, describe, it } from "vitest"
import type { Budget } from "./Call.ts"
import { limitsIn } from "./KnownLimits.ts"
import { paceOf } from "./Pace.ts"
import { boundless } from "./PaceGuess.ts"

const declared: ReadonlyArray<Budget> = [
  { name: "account", limit: 100, windowMillis: 60_000, form: "fixed", told: true },
  { name: "search", limit: 10, windowMillis: 60_000, form: "fixed", told: true }
]
const now = 1_000_000
const pace = paceOf(declared[0] as Budget, 0.5, now)

describe("limits that are known", () => {
  it("are those that the connector declares, in our share, before the vendor has spoken", () =>
    assert.deepStrictEqual(limitsIn({}, declared, 0.5, now), [
      { budget: "account", limit: 50, windowMillis: 60_000, window: null },
      { budget: "search", limit: 5, windowMillis: 60_000, window: null }
    ]))

  it("are those that were learnt, with what is left of a window that has begun", () => {
    const fixed = { ...pace.fixed, end: now + 20_000, used: 30, free: 160 }
    assert.deepStrictEqual(limitsIn({ account: { ...pace, limit: 400, fixed } }, declared, 0.5, now)[0], {
      budget: "account",
      limit: 200,
      windowMillis: 60_000,
      window: { left: 160, millis: 20_000 }
    })
    assert.isNull(limitsIn({ account: { ...pace, fixed } }, declared, 0.5, now + 20_000)[0]?.window ?? null)
  })

  it("are none where the vendor names none", () =>
    assert.deepStrictEqual(
      limitsIn({ account: { ...pace, limit: boundless } }, declared, 1, now).map((l) => l.budget),
      ["search"]
    ))
})
