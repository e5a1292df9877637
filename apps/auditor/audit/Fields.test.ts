import { describe, expect, it } from "vitest"
import { changedFields, compareComments, plainText } from "./Fields.ts"

describe("fields of a destination record", () => {
  const body = {
    subject: "Printer",
    status: "open",
    requester_id: 12,
    group_id: null,
    tags: ["b", "A"],
    created_at: "2024-01-01T00:00:00Z",
    custom_fields: [{ id: 5, value: "x" }],
    user_fields: { site: "Bern" },
    email: "Ann@Example.com"
  }
  const there = {
    ...body,
    requester_id: "12",
    group_id: 77,
    tags: ["a", "b"],
    created_at: "2024-01-01T00:00:00.000Z",
    custom_fields: [
      { id: 4, value: null },
      { id: 5, value: "x" }
    ],
    user_fields: { site: "Bern", other: 1 },
    email: "ann@example.com"
  }

  it("are the same in another notation", () => expect(changedFields(body, there)).toEqual([]))

  it.each([
    ["subject", "Scanner"],
    ["status", "closed"],
    ["requester_id", 13],
    ["tags", ["a"]],
    ["created_at", "2024-01-01T00:00:01Z"],
    ["custom_fields", [{ id: 5, value: "y" }]],
    ["user_fields", { site: null }],
    ["email", "bob@example.com"]
  ])("differ in %s", (field, value) => expect(changedFields(body, { ...there, [field]: value })).toEqual([field]))

  it("may have the values of their drop-downs among their tags, and no other", () => {
    expect(changedFields(body, { ...there, tags: ["a", "b", "X", "bern"] })).toEqual([])
    expect(changedFields(body, { ...there, tags: ["a", "b", "y"] })).toEqual(["tags"])
    expect(
      changedFields({ tags: [], custom_fields: body.custom_fields }, { tags: ["x"], custom_fields: body.custom_fields })
    ).toEqual([])
  })

  it("claim nothing where the body is silent or the destination has no such field", () =>
    expect(changedFields({ group_id: null, verified: true }, { group_id: 1 })).toEqual([]))
})

describe("comments of a ticket", () => {
  const comment = (sourceId: string | null, html: string) => ({
    sourceId,
    body: { html_body: html, author_id: 7, public: true, created_at: "2024-01-01T00:00:00Z" }
  })
  const rowOf = (html: string, over = {}) => ({
    html_body: html,
    author_id: 7,
    public: true,
    created_at: "2024-01-01T00:00:00Z",
    ...over
  })
  const approved = [comment(null, "<p>It burns.</p>"), comment("31", "a &amp; b"), comment("32", "c")]

  it("are the same however the destination wraps their text", () =>
    expect(
      compareComments(approved, [rowOf('<div class="zd"><p>It  burns.</p></div>'), rowOf("a & b"), rowOf("c\n")])
    ).toEqual({
      missing: [],
      changed: [],
      extra: 0
    }))

  it("are found missing, in another order, with another author, visibility or time, or too many", () => {
    expect(compareComments(approved, [rowOf("It burns.")]).missing).toEqual(["31", "32"])
    expect(
      compareComments(approved, [rowOf("It burns."), rowOf("c"), rowOf("a & b")]).changed.map((c) => c.sourceId)
    ).toEqual(["31", "32"])
    expect(
      compareComments(
        [comment("31", "x")],
        [rowOf("x", { author_id: 8, public: false, created_at: "2025-01-01T00:00:00Z" })]
      ).changed
    ).toEqual([{ sourceId: "31", fields: ["author_id", "created_at", "public"] }])
    expect(compareComments([], [rowOf("x")]).extra).toBe(1)
  })

  it("are read as people read them", () => expect(plainText("<b>1&nbsp;&lt; 2</b>&#33;<br>é")).toBe("1 < 2! é"))
})
