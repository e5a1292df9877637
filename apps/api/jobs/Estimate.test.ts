import type { EntityId } from "@bridge/domain/Entities"
import { assert, describe, it } from "vitest"
import type { StreamFacts } from "./Ahead.ts"
import { writesOf, writtenBy } from "./Estimate.ts"
import { expecting } from "./Expected.ts"

type Facts = StreamFacts & { readonly entity: EntityId }
const stream = (name: string, entity: EntityId, more: Partial<Facts> = {}): Facts => ({
  stream: name,
  entity,
  ended: false,
  taken: 0,
  leftOut: 0,
  calls: 0,
  millis: 0,
  survey: { rows: 100, share: 1, pageRows: 100, page: {}, rowCalls: 0, row: {}, calls: 1 },
  most: Number.POSITIVE_INFINITY,
  ...more
})

describe("records that are expected", () => {
  it("are those of all streams of an entity", () => {
    const expected = expecting("freshservice", [stream("agents", "person"), stream("requesters", "person")], [])
    assert.strictEqual(expected("person"), 200)
    assert.isNull(expected("ticket"))
  })

  it("come with others as they have come so far, before that as with those that were read whole", () => {
    const half = stream("tickets", "ticket", { taken: 50 })
    const brought = [
      { stream: "tickets", entity: "ticket", rows: 50 },
      { stream: "tickets", entity: "comment", rows: 150 }
    ] as const
    assert.strictEqual(expecting("freshservice", [half], brought)("comment"), 300)
    const { survey } = half
    assert.isNull(expecting("freshservice", [stream("tickets", "ticket")], [])("comment"))
    const seen = survey === null ? null : { ...survey, children: { comment: 2.5 } }
    assert.strictEqual(expecting("freshservice", [stream("tickets", "ticket", { survey: seen })], [])("comment"), 250)
  })

  it("are those that came, where a stream has ended", () => {
    const over = stream("tickets", "ticket", { ended: true, taken: 90 })
    const brought = [{ stream: "tickets", entity: "comment", rows: 7 }] as const
    assert.strictEqual(expecting("freshservice", [over], brought)("comment"), 7)
    assert.strictEqual(expecting("freshservice", [over], [])("ticket"), 90)
  })

  it("are not known while one of their streams is not counted", () =>
    assert.isNull(
      expecting(
        "freshservice",
        [stream("agents", "person"), stream("requesters", "person", { survey: null })],
        []
      )("person")
    ))
})

it("what is written goes many to a call where the destination can, files one by one, parts with what they belong to", () =>
  assert.deepStrictEqual(
    writesOf("zendesk", [
      { entity: "ticket", records: 250, done: 0 },
      { entity: "comment", records: 900, done: 0 },
      { entity: "attachment", records: 20, done: 3 },
      { entity: "group", records: 4, done: 0 },
      { entity: "comment", records: null, done: 0 }
    ]),
    [
      { records: 250, done: 0, perCall: 100 },
      { records: 20, done: 3, perCall: 1 },
      { records: 4, done: 0, perCall: 1 }
    ]
  ))

it("of definitions of fields only those are written that the mapping makes, of what it leaves out none", () => {
  const leftOut = { leftOut: "no place", fields: [], exclude: [] }
  const written = writtenBy({ entities: { "custom-field": leftOut, relation: leftOut } })
  assert.deepStrictEqual([written("custom-field", 40), written("relation", 7), written("ticket", 9)], [0, 0, 9])
  const made = { of: "ticket", nativeId: "1", title: "T", body: {} } as const
  assert.strictEqual(writtenBy({ entities: { "custom-field": { ...leftOut, make: [made] } } })("custom-field", null), 1)
})

it("what is written is not known where it is not known of one entity that is", () =>
  assert.isNull(
    writesOf("zendesk", [
      { entity: "ticket", records: 250, done: 0 },
      { entity: "person", records: null, done: 0 }
    ])
  ))

it("of a sample no more is written than its tickets lead to", () => {
  const written = writtenBy(undefined, { sampleSize: 20 })
  assert.deepStrictEqual([written("person", 50_000), written("group", 7), written("asset", null)], [80, 7, 20])
  assert.deepStrictEqual([written("comment", 130), written("comment", null)], [130, null])
  assert.strictEqual(writtenBy(undefined, {})("person", 50_000), 50_000)
})
