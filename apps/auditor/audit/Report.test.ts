import { describe, expect, it } from "vitest"
import { holds, ordered, page, type Report } from "./Report.ts"
import type { Result } from "./Results.ts"

const result = (over: Partial<Result> = {}): Result => ({
  entity: "ticket",
  counts: { topic: 4, archived: 3, dead: 1, excluded: 1, approved: 2, loaded: 1, matched: 0, failed: 1 },
  hashes: { topic: "h", archive: "h", approved: "a", loaded: "l", differing: 0 },
  missing: 0,
  doubled: 0,
  changed: 0,
  differences: [],
  ...over
})

const report = (over: Partial<Report> = {}): Report => ({
  format: 1,
  job: {
    id: "j",
    name: "",
    source: "freshservice:a",
    destination: "zendesk:b",
    state: "completed",
    startedAt: null,
    endedAt: null
  },
  approval: null,
  asked: null,
  auditedAt: "2026-01-01T00:00:00Z",
  holds: true,
  entities: [result()],
  adapted: [],
  failures: [],
  readBack: { done: true, comments: { tickets: 1, read: 1 }, note: "all" },
  chain: { entries: 3, head: "abc" },
  ...over
})

describe("the audit report", () => {
  it("holds when every sum is right and the destination is as approved", () => expect(holds([result()])).toBe(true))

  it.each<[string, Partial<Result>]>([
    ["a record is lost", { counts: { ...result().counts, archived: 2 } }],
    ["one is neither approved nor excluded", { counts: { ...result().counts, excluded: 0 } }],
    ["one has no outcome", { counts: { ...result().counts, failed: 0 } }],
    ["content differs", { hashes: { ...result().hashes, archive: "x" } }],
    ["a difference is listed", { hashes: { ...result().hashes, differing: 1 } }],
    ["one is missing", { missing: 1 }],
    ["one is doubled", { doubled: 1 }],
    ["one is changed", { changed: 1 }]
  ])("does not hold when %s", (_what, over) => expect(holds([result(over)])).toBe(false))

  it("says what was asked for where that is not the whole source, and how many rows that left out", () => {
    const asked = { options: { filters: { ticket: { status: "<open>" } } }, leftOut: { ticket: 7 } }
    expect(page(report({ asked }))).toContain("7 of tickets")
    expect(page(report({ asked }))).not.toContain("<open>")
    expect(page(report())).not.toContain("Not the whole source")
  })

  it("shows nothing of a source as HTML", () => {
    const evil = `<script>alert("x")</script>`
    const html = page(
      report({
        job: { ...report().job, name: evil },
        entities: [result({ differences: [{ id: evil, code: "lost", message: evil }] })],
        failures: [{ code: evil, count: 1, message: evil, hint: evil }]
      })
    )
    expect(html).not.toContain("<script")
    expect(html).toContain("&#60;script")
  })

  it("loads nothing from anywhere", () => expect(page(report())).not.toMatch(/https?:|src=|@import|url\(/))

  it("is in the order of loading, parts behind their roots", () =>
    expect(
      ordered([result({ entity: "comment" }), result(), result({ entity: "department" })]).map((r) => r.entity)
    ).toEqual(["department", "ticket", "comment"]))

  it("says that nothing was compared where that is so, and never that there are differences", () => {
    const html = page(report({ holds: false, readBack: { ...report().readBack, done: false, note: "removed" } }))
    expect(html).toContain("The destination was not compared.")
    expect(html).not.toContain("There are differences.")
    expect(html).toContain("removed")
  })
})
