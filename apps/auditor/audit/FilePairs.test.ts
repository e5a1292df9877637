import { describe, expect, it } from "vitest"
import { pairFiles } from "./FilePairs.ts"

const file = (sourceId: string, comment: number, name: string, size: number) => ({
  sourceId,
  comment,
  name,
  size,
  mime: "text/plain",
  sha256: "",
  urlHash: null,
  note: ""
})
const there = (id: string, name: string, size: number) => ({ id, name, size, url: `https://x/${id}` })
const ids = (found: ReturnType<typeof pairFiles>) => found.pairs.map((p) => [p.approved.sourceId, p.there?.id ?? null])

describe("files of a ticket at the destination", () => {
  it("are paired within their comment, whatever their order", () =>
    expect(
      ids(
        pairFiles(
          [file("1", 0, "a", 1), file("2", 0, "b", 2), file("3", 1, "a", 1)],
          [[there("x", "b", 2), there("y", "a", 1)], [there("z", "a", 1)]]
        )
      )
    ).toEqual([
      ["1", "y"],
      ["2", "x"],
      ["3", "z"]
    ]))

  it("are paired each once where two have one name and size", () =>
    expect(
      ids(pairFiles([file("1", 0, "a", 1), file("2", 0, "a", 1)], [[there("x", "a", 1), there("y", "a", 1)]]))
    ).toEqual([
      ["1", "x"],
      ["2", "y"]
    ]))

  it("may have another name, and are missing where nothing is like them", () =>
    expect(pairFiles([file("1", 0, "ä b", 1), file("2", 1, "c", 9)], [[there("x", "a_b", 1)], []])).toMatchObject({
      pairs: [{ there: { id: "x" } }, { there: null }],
      extra: 0
    }))

  it("are counted where nobody wrote them", () =>
    expect(pairFiles([], [[there("x", "a", 1)], [there("y", "b", 1)]]).extra).toBe(2))
})
