import type { JobProgress } from "@bridge/contract/Live"
import { assert, describe, it } from "vitest"
import type { Io } from "./Io.ts"
import { fitted, painter, progressLines } from "./Progress.ts"
import { bar, duration, table } from "./Table.ts"

const progress = (
  more: Partial<JobProgress> = {},
  entity: Partial<JobProgress["entities"][number]> = {}
): JobProgress => ({
  jobId: "j1",
  state: "extracting",
  paused: false,
  cancelRequested: false,
  revision: 1,
  auditComplete: false,
  error: null,
  at: "2026-01-01T00:00:00.000Z",
  secondsLeft: null,
  eta: null,
  entities: [
    {
      entity: "ticket",
      expected: 1000,
      extracted: 500,
      archived: 250,
      excluded: 0,
      approved: 250,
      loaded: 0,
      failed: 0,
      rate: 125,
      secondsLeft: 6,
      ...entity
    }
  ],
  ...more
})

describe("progress on a terminal", () => {
  it("has a bar with counts, rate and time left for each entity", () =>
    assert.deepStrictEqual(progressLines(progress(), 80), [
      "job j1: extracting",
      "  ticket  [#####...............]    250/1000   125/s  6 s left"
    ]))

  it("says when the whole will be done, and how long that is, on a terminal and off it", () => {
    const p = progress({ secondsLeft: 200, eta: "2026-01-01T00:03:20.000Z" })
    assert.strictEqual(progressLines(p, 80)[0], "job j1: extracting, 3 min 20 s left (until 2026-01-01 00:03 UTC)")
    const printed: Array<string> = []
    const io = { screen: false, print: (line: string) => printed.push(line) }
    painter(io as never)(p)
    assert.strictEqual(printed[0], "2026-01-01T00:00:00.000Z extracting: ticket 250/1000; 3 min 20 s left")
  })

  it("has no bar where the source does not say how much there is", () =>
    assert.deepStrictEqual(progressLines(progress({}, { expected: null, secondsLeft: null }), 80), [
      "job j1: extracting",
      "  ticket           250   125/s"
    ]))

  it("counts what is written while loading, failures too", () =>
    assert.include(
      progressLines(progress({ state: "loading" }, { loaded: 99, failed: 1 }), 80)[1],
      "100/250   125/s  6 s left, 1 failed"
    ))

  it("is never wider than the screen, and whole where the screen knows no width", () => {
    assert.deepStrictEqual(fitted(progress(), 20)[1], "  ticket  [###.....")
    assert.deepStrictEqual(fitted(progress(), 0), progressLines(progress(), 80))
    assert.deepStrictEqual(fitted(progress(), undefined), progressLines(progress(), 80))
  })

  it("is drawn over itself", () => {
    const drawn: Array<string> = []
    const quiet = () => {}
    const io: Io["Service"] = {
      env: () => undefined,
      interactive: true,
      screen: true,
      columns: 80,
      print: quiet,
      say: quiet,
      draw: (text) => void drawn.push(text),
      ask: () => Promise.resolve(""),
      input: () => Promise.resolve("")
    }
    const paint = painter(io)
    paint(progress())
    paint(progress())
    assert.isFalse(drawn[0]?.startsWith("\x1b"))
    assert.isTrue(drawn[1]?.startsWith("\x1b[2A\x1b[J"))
  })
})

describe("words and numbers", () => {
  it("read as people say them", () => {
    assert.deepStrictEqual([4.2, 200, 7500].map(duration), ["5 s", "3 min 20 s", "2 h 5 min"])
    assert.deepStrictEqual(
      [0, 0.5, 1, 2].map((s) => bar(s, 4)),
      ["[....]", "[##..]", "[####]", "[####]"]
    )
    assert.strictEqual(
      table(
        ["name", "n"],
        [
          ["a", 5],
          ["bcdef", 12]
        ]
      ),
      "name    n\na       5\nbcdef  12"
    )
    assert.strictEqual(table(["name"], []), "name")
  })
})
