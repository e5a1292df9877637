import type { KnownLimit } from "@bridge/http/KnownLimits"
import { assert, describe, it } from "vitest"
import { extractionLeft, loadingLeft } from "./Forecast.ts"
import { counted, stream } from "./TestFacts.ts"

const limit = (budget: string, n: number, window: KnownLimit["window"] = null): KnownLimit => ({
  budget,
  limit: n,
  windowMillis: 60_000,
  window
})

describe("the time that is left for reading", () => {
  it("is that of the budget that takes longest; the first window's calls cost none, the last one's no whole window", () => {
    const left = extractionLeft([stream()], [limit("account", 500), limit("view", 160), limit("list", 140)])
    assert.deepStrictEqual(left, { calls: 2_010, secondsLeft: 360, limitedBy: "view" })
    const half = limit("view", 160, { left: 40, millis: 30_000 })
    assert.strictEqual(extractionLeft([stream()], [half]).secondsLeft, 30 + 5 * 60)
    assert.strictEqual(extractionLeft([stream({ taken: 960 })], [half]).secondsLeft, 0)
  })

  it("takes the streams' calls of one budget together", () => {
    const both = [stream(), stream({ stream: "problems", survey: counted(500) })]
    assert.strictEqual(extractionLeft(both, [limit("account", 500)]).secondsLeft, 6 * 60)
  })

  it("counts what rows have needed beyond the plan, once enough were read", () => {
    const s = stream({ taken: 200, calls: 200 * 4 + 2 })
    assert.strictEqual(extractionLeft([s], []).calls, 8 + 800 * 4)
  })

  it("takes half of the page at hand for read, while it is being read", () => {
    const s = stream({ taken: 500, millis: 49 * 60_000 })
    assert.strictEqual(extractionLeft([s], [limit("view", 10)]).secondsLeft, 44 * 60)
    assert.strictEqual(extractionLeft([{ ...s, millis: 0 }], [limit("view", 10)]).secondsLeft, 49 * 60)
  })

  it("goes by the pace where that is slower, after some windows, and where there is no limit", () => {
    const slow = stream({ taken: 200, millis: 600_000 })
    assert.deepInclude(extractionLeft([slow], [limit("view", 160)]), { secondsLeft: 1_800, limitedBy: null })
    const nearly = stream({ taken: 200, millis: 90_000 })
    assert.strictEqual(extractionLeft([nearly], [limit("view", 160)]).limitedBy, "view")
    const early = stream({ taken: 10, millis: 100_000 })
    assert.strictEqual(extractionLeft([early], [limit("view", 160)]).limitedBy, "view")
    assert.deepInclude(extractionLeft([early], []), { secondsLeft: 1_567, limitedBy: null })
  })

  it("is not told by a limit that the vendor lets far more through than", () => {
    const outrun = stream({ taken: 500, millis: 60_000 })
    const left = extractionLeft([outrun], [limit("view", 40), limit("account", 5_000)])
    assert.deepInclude(left, { secondsLeft: 53, limitedBy: null })
    // A window that was under way, and all of two more.
    const within = stream({ taken: 140, millis: 60_000 })
    assert.strictEqual(extractionLeft([within], [limit("view", 40)]).limitedBy, "view")
    const ended = stream({ ended: true, taken: 500, millis: 60_000 })
    const other = stream({ stream: "problems", survey: counted(90, { row: { view: 1 }, page: {} }) })
    assert.deepInclude(extractionLeft([ended, other], [limit("view", 40)]), { secondsLeft: 10, limitedBy: null })
  })

  it("takes no stream that has ended for one that was read at the same time", () => {
    const ended = (name: string) => stream({ stream: name, ended: true, taken: 150, millis: 100_000 })
    const both = [ended("problems"), ended("changes"), stream({ taken: 50, millis: 60_000 })]
    assert.strictEqual(extractionLeft(both, [limit("view", 40)]).limitedBy, "view")
  })

  it("is not known where neither a limit nor a pace tells it", () => {
    assert.deepStrictEqual(extractionLeft([stream()], []), { calls: 2_010, secondsLeft: null, limitedBy: null })
    assert.isNull(extractionLeft([stream({ taken: 10, millis: 9_000 }), stream()], []).secondsLeft)
    assert.strictEqual(extractionLeft([stream({ taken: 1_000 })], []).secondsLeft, 0)
    assert.isNull(loadingLeft([{ records: 10, done: 0, perCall: 1 }], 0, []).secondsLeft)
  })

  it("is not known while a stream is not counted", () =>
    assert.deepStrictEqual(extractionLeft([stream(), stream({ survey: null })], []), {
      calls: null,
      secondsLeft: null,
      limitedBy: null
    }))
})

describe("the time that is left for writing", () => {
  it("goes by calls: many records in one, files one by one, by what is done and never faster than the limit", () => {
    const writes = [
      { records: 1_000, done: 500, perCall: 100 },
      { records: 100, done: 5, perCall: 1 }
    ]
    assert.deepStrictEqual(loadingLeft(writes, 10_000, []), { calls: 100, secondsLeft: 100, limitedBy: null })
    assert.deepInclude(loadingLeft(writes, 10_000, [limit("account", 20)]), { secondsLeft: 240, limitedBy: "account" })
    assert.deepInclude(loadingLeft(writes, 10_000, [limit("account", 2)]), { secondsLeft: 98, limitedBy: null })
  })
})
