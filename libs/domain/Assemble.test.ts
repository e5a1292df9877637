import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { assemble, type Destinations, needsPlaceholder, type Piece, referencesOf } from "./Assemble.ts"
import type { Element, Resolution } from "./Element.ts"

const piece = (element: Partial<Element>, resolution: Resolution | null = null, over: Partial<Piece> = {}): Piece => ({
  entity: "ticket",
  sourceId: "1",
  element: { body: {}, refs: {}, meta: {}, ...element },
  resolution,
  ...over
})

const destinations: Destinations = {
  idOf: (entity, sourceId) =>
    new Map([
      ["person/requesters/5", "105"],
      ["group/3", "a3"]
    ]).get(`${entity}/${sourceId}`),
  placeholder: "999"
}

const comment = (sourceId: string, createdAt: string, html = sourceId): Piece =>
  piece({ body: { html_body: html, created_at: createdAt, public: true } }, null, { entity: "comment", sourceId })

describe("assembling a body", () => {
  it("puts destination ids where references were, numbers as numbers", () => {
    const root = piece(
      { body: { subject: "s" }, refs: {} },
      {
        refs: {
          requester_id: { entity: "person", sourceId: "requesters/5" },
          group_id: { entity: "group", sourceId: "3" }
        }
      }
    )
    expect(assemble(root, [], destinations)).toMatchObject({
      _tag: "Ready",
      body: { subject: "s", requester_id: 105, group_id: "a3" }
    })
    expect(referencesOf(root)).toHaveLength(2)
  })

  it("fails where a reference is not at the destination, and never guesses one that settling left alone", () => {
    const gone = piece({}, { refs: { requester_id: { entity: "person", sourceId: "requesters/6" } } })
    expect(assemble(gone, [], destinations)).toMatchObject({ _tag: "Dangling", code: "reference-not-loaded" })
    const open = piece({ refs: { requester_id: { entity: "person", nativeId: "5" } } })
    expect(assemble(open, [], destinations)).toMatchObject({ _tag: "Dangling", code: "reference-missing" })
  })

  it("leaves out the value of a field that was not made, says so, and keeps the others", () => {
    const custom_fields = [
      { id: 7, value: "a" },
      { id: null, value: "b" },
      { id: null, value: "c" }
    ]
    const made = (sourceId: string) => ({ entity: "custom-field", sourceId }) as const
    const root = piece(
      { body: { custom_fields } },
      { refs: { "custom_fields.1.id": made("ticket_fields/1"), "custom_fields.2.id": made("ticket_fields/2") } }
    )
    const whole = assemble(root, [], {
      ...destinations,
      idOf: (_entity, sourceId) => (sourceId === "ticket_fields/2" ? "42" : undefined)
    })
    expect(whole).toMatchObject({ _tag: "Ready", warnings: [{ field: "custom_fields.1.id" }] })
    expect(whole).toMatchObject({
      body: {
        custom_fields: [
          { id: 7, value: "a" },
          { id: 42, value: "c" }
        ]
      }
    })
    const left = { entity: "custom-field", missing: "1", use: "drop" } as const
    const dropped = piece(
      { body: { custom_fields } },
      { refs: { "custom_fields.1.id": left, "custom_fields.2.id": left } }
    )
    expect(assemble(dropped, [], destinations)).toMatchObject({ body: { custom_fields: [{ id: 7, value: "a" }] } })
  })

  it("keeps the value of a field that goes by its key where the field was made, and takes it away with a word where not", () => {
    const gate = (nativeId: string) => ({ entity: "custom-field", nativeId, gate: true }) as const
    const made = (sourceId: string) => ({ entity: "custom-field", sourceId }) as const
    const person = (keys: ReadonlyArray<string>, resolved: Resolution["refs"]) =>
      piece(
        {
          body: { name: "P", user_fields: Object.fromEntries(keys.map((key) => [key, 7])) },
          refs: Object.fromEntries(keys.filter((key) => key !== "own").map((key) => [`user_fields.${key}`, gate(key)]))
        },
        { refs: resolved ?? {} },
        { entity: "person" }
      )
    const there = {
      ...destinations,
      idOf: (_: string, id: string) => (id === "requester_fields/1" ? "floor" : undefined)
    }
    const whole = assemble(
      person(["own", "floor", "badge", "gone"], {
        "user_fields.floor": made("requester_fields/1"),
        "user_fields.badge": made("requester_fields/2"),
        "user_fields.gone": { entity: "custom-field", missing: "gone", use: "drop" }
      }),
      [],
      there
    )
    expect(whole).toMatchObject({ _tag: "Ready", warnings: [{ field: "user_fields.badge" }] })
    expect(whole).toHaveProperty("body", { name: "P", user_fields: { own: 7, floor: 7 } })
    expect(assemble(person(["badge"], { "user_fields.badge": made("requester_fields/2") }), [], there)).toHaveProperty(
      "body",
      { name: "P" }
    )
  })

  it("puts a record into the field of its kind, and leaves out one that is not there, or whose field is not, with a word", () => {
    const link = (sourceId: string, kind: string) => ({ entity: "asset", sourceId, field: `$link/${kind}` }) as const
    const root = piece(
      { body: { custom_fields: [{ id: 7, value: "a" }, null, null, null, null] } },
      {
        refs: {
          "custom_fields.1": link("5", "25"),
          "custom_fields.2": link("lost", "26"),
          "custom_fields.3": link("6", "27"),
          "custom_fields.4": { entity: "asset", missing: "8", use: "drop" }
        }
      }
    )
    const there = new Map([
      ["asset/5", "01A"],
      ["asset/6", "01B"],
      ["custom-field/$link/25", "360"],
      ["custom-field/$link/26", "361"]
    ])
    const whole = assemble(root, [], { ...destinations, idOf: (entity, id) => there.get(`${entity}/${id}`) })
    expect(whole).toMatchObject({
      _tag: "Ready",
      body: {
        custom_fields: [
          { id: 7, value: "a" },
          { id: 360, value: "01A" }
        ]
      },
      warnings: [
        { field: "custom_fields.2", message: "left out: asset lost is not at the destination" },
        { field: "custom_fields.3", message: expect.stringContaining("asset 6 stands in the note alone") }
      ]
    })
    expect(referencesOf(root)).toContainEqual({ entity: "custom-field", sourceId: "$link/26" })
  })

  it("does with a missing reference what was approved: stand-in, nothing, or refusal", () => {
    const using = (use: "placeholder" | "drop" | "fail") =>
      piece({}, { refs: { requester_id: { entity: "person", missing: "77", use } } })
    expect(assemble(using("placeholder"), [], destinations)).toMatchObject({ body: { requester_id: 999 } })
    expect(assemble(using("drop"), [], destinations)).toMatchObject({ body: { requester_id: null } })
    expect(assemble(using("fail"), [], destinations)).toMatchObject({ code: "reference-missing" })
    expect(needsPlaceholder(using("placeholder"))).toBe(true)
    expect(assemble(using("placeholder"), [], { ...destinations, placeholder: undefined })._tag).toBe("Dangling")
  })

  it("writes the description first, then comments by time and id, long texts as several in a row", () => {
    const root = piece(
      { meta: { description: { html_body: "d", more: ["d2"], created_at: "2024-01-01T00:00:00Z", public: true } } },
      { refs: { "meta.description.author_id": { entity: "person", sourceId: "requesters/5" } } }
    )
    const parts = [
      comment("10", "2024-01-03T00:00:00Z"),
      comment("9", "2024-01-03T00:00:00Z"),
      comment("11", "2024-01-02T00:00:00Z")
    ]
    const body = assemble(root, parts, destinations)
    expect(body).toMatchObject({
      body: {
        comments: [
          { html_body: "d", author_id: 105 },
          { html_body: "d2", author_id: 105 },
          { html_body: "11" },
          { html_body: "9" },
          { html_body: "10" }
        ]
      }
    })
  })

  it("names the comment that cannot be written", () => {
    const broken = piece(
      {},
      { refs: { author_id: { entity: "person", missing: "8", use: "fail" } } },
      { entity: "comment", sourceId: "31" }
    )
    expect(assemble(piece({}), [broken], destinations)).toMatchObject({
      message: "comment 31: author_id: person 8 was not found in the source"
    })
  })

  it("applies what settling set, and leaves holes in lists out", () => {
    const root = piece(
      { body: { name: "Sales", ids: [null, null] } },
      {
        set: { name: "Sales (4)" },
        refs: {
          "ids.0": { entity: "person", missing: "1", use: "drop" },
          "ids.1": { entity: "person", sourceId: "requesters/5" }
        }
      }
    )
    expect(assemble(root, [], destinations)).toMatchObject({ body: { name: "Sales (4)", ids: [105] } })
  })

  it("gives the same body whatever order the comments come in, and changes nothing it was given", () =>
    fc.assert(
      fc.property(
        fc
          .uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 8 })
          .chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length }))),
        ([ids, shuffled]) => {
          const of = (list: ReadonlyArray<number>) =>
            list.map((id) => comment(String(id), `2024-01-0${(id % 3) + 1}T00:00:00Z`))
          const root = piece({ body: { a: { b: 1 } } }, { set: { "a.b": 2 } })
          const frozen = JSON.stringify(root)
          expect(assemble(root, of(shuffled), destinations)).toEqual(assemble(root, of(ids), destinations))
          expect(JSON.stringify(root)).toBe(frozen)
        }
      )
    ))

  it("puts a record's name where it is asked for in place of its id", () => {
    const asset = piece(
      { body: { name: "L" } },
      { refs: { "custom_object_fields.location": { entity: "location", name: "Bern" } } },
      { entity: "asset" }
    )
    expect(assemble(asset, [], destinations)).toMatchObject({ body: { custom_object_fields: { location: "Bern" } } })
    expect(referencesOf(asset)).toEqual([])
  })
})

describe("files and notes of a body", () => {
  const root = piece(
    {
      meta: {
        description: { html_body: "d", created_at: "2024-01-01T00:00:00Z", public: true },
        notes: [{ html_body: "two laptops", public: false }]
      }
    },
    { refs: { "meta.description.author_id": { entity: "person", sourceId: "requesters/5" } } }
  )
  const file = (sourceId: string, entity: "ticket" | "comment", nativeId: string, more: object = {}): Piece =>
    piece(
      {
        body: { file_name: `${sourceId}.txt`, content_type: "text/plain", size: 3 },
        meta: {
          file: { parent: { entity, nativeId }, sha256: "s", url_hash: null, note: `left: ${sourceId}`, ...more }
        }
      },
      null,
      { entity: "attachment", sourceId }
    )
  const parts = [
    comment("problem-notes/31", "2024-01-02T00:00:00Z"),
    file("f2", "comment", "31"),
    file("f1", "ticket", "1"),
    file("f3", "comment", "31", { noteOnly: true })
  ]

  it("are a comment of their own behind the first one, by its author and at its time", () => {
    const whole = assemble(root, parts, destinations)
    expect(whole._tag === "Ready" ? whole.comments.map((c) => c.body) : []).toMatchObject([
      { html_body: "d", author_id: 105, public: true },
      { html_body: "two laptops", author_id: 105, public: false, created_at: "2024-01-01T00:00:00Z" },
      { html_body: "problem-notes/31<p>left: f3</p>" }
    ])
  })

  it("are told with the comment they belong to, and stand as text where they cannot go along", () => {
    const whole = assemble(root, parts, destinations)
    expect(whole._tag === "Ready" ? whole.files.map((f) => [f.sourceId, f.comment]) : []).toEqual([
      ["f1", 0],
      ["f2", 2]
    ])
    const without = assemble(root, parts, destinations, new Set(["f2"]))
    expect(without._tag === "Ready" ? without.files.map((f) => f.sourceId) : []).toEqual(["f1"])
    expect(without).toMatchObject({ body: { comments: [{}, {}, { html_body: expect.stringContaining("left: f2") }] } })
  })

  it("never push a text over what destinations take", () => {
    const long = piece({ meta: { description: { html_body: "x".repeat(64_990), created_at: null, public: true } } })
    const whole = assemble(long, [file("f1", "ticket", "1", { noteOnly: true })], destinations)
    expect(whole).toMatchObject({ body: { comments: [{ html_body: "x".repeat(64_990) }] } })
  })
})
