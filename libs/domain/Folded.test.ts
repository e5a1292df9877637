import { describe, expect, it } from "vitest"
import { type AssembledComment, folded } from "./Folded.ts"

const comment = (n: number, author: number, isPublic = true, html = `<p>${n}</p>`): AssembledComment => ({
  sourceId: n === 0 ? null : String(n),
  body: { html_body: html, author_id: author, public: isPublic, created_at: `2024-01-01T00:00:0${n % 10}Z` }
})
const ids = (list: ReadonlyArray<AssembledComment>) => list.map((c) => [c.sourceId, ...(c.with ?? [])])

describe("a conversation with more comments than one record takes", () => {
  it("stays as it is up to the limit", () => {
    const list = [0, 1, 2].map((n) => comment(n, 1))
    expect(folded(list, 3)).toBe(list)
  })

  it("has neighbours of one author in one comment, in order, each with its time, and only as many as must be", () => {
    const list = [comment(0, 1), comment(1, 1), comment(2, 1), comment(3, 2), comment(4, 1), comment(5, 1)]
    const out = folded(list, 5)
    expect(ids(out)).toEqual([[null], ["1", "2"], ["3"], ["4"], ["5"]])
    expect(out[1]?.body).toMatchObject({
      html_body: "<p>1</p><hr><p><i>2024-01-01T00:00:02Z</i></p><p>2</p>",
      author_id: 1,
      created_at: "2024-01-01T00:00:01Z"
    })
  })

  it("joins other authors only where it must, naming them, and never shows what is internal", () => {
    const list = [comment(0, 1), comment(1, 1), comment(2, 2), comment(3, 1, false), comment(4, 2)]
    const out = folded(list, 4)
    expect(ids(out)).toEqual([[null], ["1", "2"], ["3"], ["4"]])
    expect(out[1]?.body.html_body).toContain("by user 2")
    expect(ids(folded(list, 1))).toEqual([[null], ["1", "2"], ["3"], ["4"]])
  })

  it("joins nothing to a text that would grow too long, and many in one where there are many", () => {
    const long = "x".repeat(50_000)
    expect(ids(folded([comment(0, 1), comment(1, 1, true, long), comment(2, 1, true, long)], 2))).toHaveLength(3)
    const many = Array.from({ length: 6_001 }, (_, n) => comment(n, n % 3))
    const out = folded(many, 5_000)
    expect(out).toHaveLength(5_000)
    expect(ids(out).flat()).toEqual(many.map(({ sourceId }) => sourceId))
  })
})
