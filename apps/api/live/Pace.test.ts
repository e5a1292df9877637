import { assert, describe, it } from "vitest"
import { paced, remember } from "./Pace.ts"
import type { Standing } from "./Snapshot.ts"

const began = Date.parse("2026-01-01T00:00:00Z")
const at = (
  seconds: number,
  archived: number,
  more: Partial<Standing> = {},
  expected: number | null = null
): Standing => ({
  jobId: "j",
  state: "extracting",
  paused: false,
  cancelRequested: false,
  revision: 1,
  auditComplete: false,
  error: null,
  secondsLeft: null,
  eta: null,
  at: new Date(began + seconds * 1000).toISOString(),
  ...more,
  entities: [
    { entity: "ticket", expected, extracted: archived, archived, excluded: 0, approved: archived, loaded: 0, failed: 0 }
  ]
})
const over = (standings: ReadonlyArray<Standing>) =>
  paced(standings.reduce<ReadonlyArray<Standing>>((known, s) => remember(known, s), []))?.entities[0]

describe("the pace of a job", () => {
  it("is what moved in the last ten seconds", () => {
    assert.strictEqual(over([at(0, 0), at(1, 100), at(2, 200)])?.rate, 100)
    const slower = [
      ...Array.from({ length: 20 }, (_, i) => at(i, i * 100)),
      ...Array.from({ length: 11 }, (_, i) => at(20 + i, 1900))
    ]
    assert.strictEqual(over(slower)?.rate, 0)
  })

  it("is not known from one look", () => assert.deepInclude(over([at(0, 50)]), { rate: 0, secondsLeft: null }))

  it("tells the time left when the source says how much there is", () => {
    assert.strictEqual(over([at(0, 0, {}, 1000), at(2, 200, {}, 1000)])?.secondsLeft, 8)
    assert.isNull(over([at(0, 0), at(2, 200)])?.secondsLeft)
    assert.strictEqual(over([at(0, 0, {}, 200), at(2, 200, {}, 200)])?.secondsLeft, 0)
  })

  it("begins anew with another state or revision", () => {
    const loading = { state: "loading" } as const
    assert.strictEqual(over([at(0, 0), at(1, 500), at(2, 500, loading)])?.rate, 0)
    assert.strictEqual(over([at(0, 0), at(1, 500), at(2, 500, { revision: 2 })])?.rate, 0)
  })

  it("measures a job that is looked at rarely", () => assert.strictEqual(over([at(0, 0), at(30, 300)])?.rate, 10))
})
