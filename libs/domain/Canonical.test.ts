import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { canonicalJson, type Json } from "./Canonical.ts"

const key = fc.oneof(
  fc.string(),
  fc.constantFrom("b", "a", "10", "9", "360006000101", "__proto__", "toString", "é", "\ud800")
)
const json = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1.5, 1e21, "", "a\u2028\ud800", "\u0000"),
    fc.string(),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(key, tie("json"), { maxKeys: 60 })
  )
})).json

/** The rule, word by word. */
const byRule = (value: Json): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(byRule).join()}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${byRule(one)}`).join()}}`
}

describe("canonical JSON", () => {
  it("has the keys of every object in order, whatever they are", () =>
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(byRule(value))
      })
    ))

  it("is the same for the same value, in whatever order it was made", () =>
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: "x", 10: 1, 9: 2 })).toBe(
      '{"10":1,"9":2,"a":"x","b":[{"c":null,"d":1}]}'
    ))
})
