import { assert, describe, it } from "vitest"
import { changesBetween } from "./MappingDiff.ts"

const fields = (...rules: ReadonlyArray<{ to: string; from: string }>) => ({ entities: { ticket: { fields: rules } } })

describe("the difference of two mappings", () => {
  it("is nothing between equal ones, however their keys and rules are ordered", () => {
    assert.deepStrictEqual(changesBetween({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }), [])
    const [one, two] = [
      { to: "a", from: "x" },
      { to: "b", from: "y" }
    ]
    assert.deepStrictEqual(changesBetween(fields(one, two), fields(two, one)), [])
  })

  it("names each place, with what was there and what is there", () => {
    const before = {
      name: "one",
      values: { status: { rows: { 2: "open", 3: "pending" } } },
      options: { placeholder: null }
    }
    const after = { name: "two", values: { status: { rows: { 2: "open", 6: "hold" } } }, options: { placeholder: "x" } }
    assert.deepStrictEqual(changesBetween(before, after), [
      { path: "name", before: "one", after: "two" },
      { path: "values.status.rows.6", after: "hold" },
      { path: "values.status.rows.3", before: "pending" },
      { path: "options.placeholder", before: null, after: "x" }
    ])
  })

  it("follows a rule by what it writes", () =>
    assert.deepStrictEqual(
      changesBetween(fields({ to: "a", from: "x" }, { to: "b", from: "y" }), fields({ to: "b", from: "z" })),
      [
        { path: "entities.ticket.fields[b].from", before: "y", after: "z" },
        { path: "entities.ticket.fields[a]", before: { to: "a", from: "x" } }
      ]
    ))

  it("takes other lists whole", () =>
    assert.deepStrictEqual(changesBetween({ domains: ["a", "b"] }, { domains: ["b"] }), [
      { path: "domains", before: ["a", "b"], after: ["b"] }
    ]))
})
