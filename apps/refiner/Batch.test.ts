import { comment, ticket } from "@bridge/connectors/zendesk/Normalise"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { compile } from "@bridge/mapping/transform/Compile"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Means, type RawRow, refineRows } from "./Batch.ts"

const rowOf = (json: object, position: number): RawRow => ({
  position,
  sourceId: String(position),
  parentId: "7",
  rowStream: "comments",
  version: "1",
  op: "upsert",
  contentHash: "h",
  eventId: `e${position}`,
  bytes: Buffer.from(JSON.stringify({ id: position, public: true, ...json })),
  blob: null
})

const means: Means = {
  normaliser: () => (row, parentId) => comment({}, row, parentId),
  transforms: compile(freshserviceToZendesk),
  wanted: new Set(),
  tell: null
}

describe("a refined batch", () => {
  it("names a record by its text on one line, without further blanks", () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "é", "🙂", " ", "\t", "\n", "\u00a0") }), (text) => {
        const [record] = refineRows("comment", [rowOf({ plain_body: text }, 0)], means).records
        expect(record?.title).toBe(text.replace(/\s+/gu, " ").trim().slice(0, 200).toWellFormed())
      })
    ))

  it("tells each record as it is at hand, in the order of the rows, and keeps nothing of it but the message", () => {
    const told: Array<unknown> = []
    const tell: Means["tell"] = (entity, record, { parentId, part, sourceId }) => {
      told.push([entity, sourceId, parentId, part, "text" in record && record.text])
      return { key: sourceId, value: null }
    }
    const rows = [rowOf({ plain_body: "one" }, 0), rowOf({ plain_body: "two" }, 1)]
    const { records } = refineRows("comment", rows, { ...means, tell })
    expect(told).toEqual([
      ["comment", "0", "7", 0, "one"],
      ["comment", "1", "7", 0, "two"]
    ])
    expect(records.map(({ message }) => message?.key)).toEqual(["0", "1"])
    expect(records.flatMap((record) => Object.values(record))).not.toContainEqual(
      expect.objectContaining({ text: "one" })
    )
  })

  it("does not take a row of another entity than it came as, and the others all the same", () => {
    const rows = [rowOf({ plain_body: "one" }, 0), { ...rowOf({}, 1), rowStream: "tickets" }]
    const normaliser: Means["normaliser"] = (stream) => (row, parentId) =>
      stream === "tickets" ? ticket({}, row) : comment({}, row, parentId)
    const { dead, records } = refineRows("comment", rows, { ...means, normaliser })
    expect(records.map(({ sourceId }) => sourceId)).toEqual(["0"])
    expect(dead).toMatchObject([{ row: { sourceId: "1" }, code: "other-entity" }])
  })

  it("gives warnings and references as JSON, and none as nothing", () => {
    const rows = [rowOf({ plain_body: "", author_id: 5 }, 0), rowOf({ plain_body: "x" }, 1)]
    const [first, second] = refineRows("comment", rows, means).records
    expect(JSON.parse(first?.warnings ?? "")).toMatchObject([{ code: "empty-text" }])
    expect(JSON.parse(first?.refs ?? "")).toMatchObject({ author_id: { entity: "person", nativeId: "5" } })
    expect(second?.warnings).toBeNull()
  })
})
