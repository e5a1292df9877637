import { describe, expect, it } from "vitest"
import { commentColumns } from "./Pairs.ts"

const pair = {
  there: { id: "900", key: null, row: {} },
  ours: { source_id: "7", destination_id: "900", state: "created", outcome: "created" }
}
const approved = (sourceId: string | null, html: string) => ({ sourceId, body: { html_body: html, public: true } })
const row = (html: string) => ({ html_body: html, public: true })
const columns = (...args: Parameters<typeof commentColumns>) => {
  const found = commentColumns(...args)
  return { description: found.description, notes: found.columns.map((c) => [c.id, c.note]) }
}

describe("what a ticket's comments become in the tallies", () => {
  it("is one entry per comment of the source, empty when nothing differs", () =>
    expect(
      columns(pair, [approved(null, "d"), approved("31", "a"), approved("31", "b")], [row("d"), row("a"), row("b")])
    ).toEqual({
      description: false,
      notes: [["31", ""]]
    }))

  it("names what differs, what is missing and what is too much", () => {
    expect(columns(pair, [approved(null, "d"), approved("31", "a")], [row("x"), row("y")])).toEqual({
      description: true,
      notes: [["31", "body"]]
    })
    expect(columns(pair, [approved(null, "d"), approved("31", "a")], [row("d")]).notes).toEqual([["31", "missing"]])
    expect(columns(pair, [], [row("d")]).notes).toEqual([["7#0", "extra"]])
  })
})
