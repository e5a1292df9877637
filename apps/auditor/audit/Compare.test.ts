import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { comparison, keptDifferences, type Line } from "./Compare.ts"

const good = (over: Partial<Line> = {}): Line => ({
  id: "1",
  topic: "t",
  recorded: "t",
  archive: "t",
  dead: false,
  excluded: null,
  approved: "a",
  released: "a",
  outcome: "created",
  told: "created",
  loaded: "a",
  ledger: { state: "created", hash: "a", destinationId: "900" },
  part: false,
  ...over
})
const nothingDone = { approved: null, released: null, outcome: null, told: null, loaded: null, ledger: null } as const

const compare = (...lines: ReadonlyArray<Line>) => {
  const books = comparison()
  for (const line of lines) books.add(line)
  return books.result()
}
const codes = (line: Line) => compare(line).differences.map((d) => d.code)

describe("comparing the books", () => {
  it("finds nothing where every book agrees", () => {
    const c = compare(good(), good({ id: "2", outcome: "failed", told: "failed", loaded: "", ledger: null }))
    expect(c.differing).toBe(0)
    expect(c.counts).toEqual({
      topic: 2,
      archived: 2,
      dead: 0,
      excluded: 0,
      approved: 2,
      loaded: 1,
      matched: 0,
      failed: 1,
      unknown: 0
    })
    expect(c.hashes.topic).toBe(c.hashes.archive)
  })

  it("counts what is dead or excluded without a difference", () => {
    const dead = good({ ...nothingDone, recorded: null, archive: null, dead: true })
    const excluded = good({ ...nothingDone, id: "2", excluded: "spam" })
    const c = compare(dead, excluded)
    expect(c).toMatchObject({ differing: 0, counts: { topic: 2, archived: 1, dead: 1, excluded: 1, approved: 0 } })
    expect(c.hashes.topic).toBe(c.hashes.archive)
  })

  it.each<[string, Partial<Line>]>([
    ["lost", { ...nothingDone, recorded: null, archive: null }],
    ["not-in-topic", { topic: null }],
    ["invented", { ...nothingDone, topic: null, recorded: null, archive: null, outcome: "created" }],
    ["archive-changed", { archive: "x" }],
    ["archive-changed", { archive: null }],
    ["content-differs", { topic: "newer" }],
    ["not-released", { released: null }],
    ["released-differs", { released: "b" }],
    ["not-approved", { approved: null, excluded: "spam" }],
    ["no-outcome", { outcome: null }],
    ["loaded-differs", { told: "failed" }],
    ["loaded-differs", { told: null }],
    ["outcome-unknown", { outcome: "unknown", told: "unknown" }],
    ["not-in-ledger", { ledger: null }],
    ["ledger-differs", { ledger: { state: "created", hash: "b", destinationId: "900" } }],
    ["no-destination-id", { ledger: { state: "created", hash: "a", destinationId: null } }]
  ])("finds %s in one record", (code, over) => expect(codes(good(over))).toContain(code))

  it("asks parts for no destination id of their own", () =>
    expect(codes(good({ part: true, ledger: { state: "created", hash: "a", destinationId: null } }))).toEqual([]))

  it("keeps a bounded list and counts all", () => {
    const lines = Array.from({ length: keptDifferences + 50 }, (_, i) => good({ id: String(i), told: null }))
    const c = compare(...lines)
    expect([c.differences.length, c.differing]).toEqual([keptDifferences, keptDifferences + 50])
  })

  it("has equal hashes exactly when topic and archive hold the same content", () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 }),
        fc.option(fc.nat()),
        (ids, spoil) => {
          const lines = ids
            .toSorted()
            .map((id, i) => good({ id, ...(spoil !== null && i === spoil % ids.length ? { archive: "other" } : {}) }))
          const c = compare(...lines)
          expect(c.hashes.topic === c.hashes.archive).toBe(spoil === null)
        }
      )
    ))

  it("makes its sums add up, whatever the books say, or lists a difference", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            topic: fc.option(fc.constantFrom("t", "u")),
            recorded: fc.option(fc.constantFrom("t", "u")),
            dead: fc.boolean(),
            approved: fc.option(fc.constant("a")),
            outcome: fc.option(fc.constantFrom("created", "matched", "skipped", "failed", "merged"))
          }),
          { maxLength: 12 }
        ),
        (rows) => {
          const lines = rows.map((r, i) =>
            good({
              ...r,
              id: String(i),
              approved: r.recorded === null ? null : r.approved,
              archive: r.recorded,
              told: r.outcome
            })
          )
          const { counts, differing } = compare(...lines)
          const sums =
            counts.topic === counts.archived + counts.dead &&
            counts.archived === counts.approved + counts.excluded &&
            counts.approved === counts.loaded + counts.matched + counts.failed
          expect(sums || differing > 0).toBe(true)
        }
      )
    ))
})
