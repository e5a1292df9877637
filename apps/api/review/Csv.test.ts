import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { cellText, harmless, line } from "./Csv.ts"

/** RFC 4180, written from its grammar: what any reader makes of the text. */
const parse = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<Array<string>> = []
  let row: Array<string> = []
  let i = 0
  while (i < text.length) {
    let value = ""
    if (text[i] === '"') {
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) {
        if (i >= text.length) throw new Error("a quote is never closed")
        if (text[i] === '"') i++
        value += text[i]
      }
      i++
    } else {
      for (; i < text.length && text[i] !== "," && text[i] !== "\r" && text[i] !== "\n"; i++) {
        if (text[i] === '"') throw new Error("a quote inside a bare cell")
        value += text[i]
      }
    }
    row.push(value)
    if (text[i] === ",") {
      i++
      if (i === text.length) throw new Error("the text ends in a comma")
    } else if (text.startsWith("\r\n", i)) {
      rows.push(row)
      row = []
      i += 2
    } else throw new Error(`neither comma nor line end at ${i}`)
  }
  return rows
}

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom('"', ",", "\r", "\n", "=", "+", "-", "@", "\t", " ", "＝", "a", "é", "\u{1f600}") })
)

describe("a CSV", () => {
  it("gives every cell back to a reader of RFC 4180, formulas as text", () =>
    fc.assert(
      fc.property(fc.array(fc.array(nasty, { minLength: 1, maxLength: 6 }), { maxLength: 6 }), (rows) => {
        const read = parse(rows.map(line).join(""))
        assert.deepStrictEqual(
          read,
          rows.map((row) => row.map(harmless))
        )
      }),
      { numRuns: 500 }
    ))

  it("never begins a cell as a spreadsheet's formula", () =>
    fc.assert(
      fc.property(nasty, (text) => assert.notMatch(parse(line([text, "x"]))[0]?.[0] ?? "", /^[=+\-@\t\r\n＝＋－＠]/)),
      { numRuns: 500 }
    ))

  for (const attack of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠SUM(A1)", "=cmd|' /C calc'!A0"])
    it(`makes text of ${JSON.stringify(attack)}`, () => assert.strictEqual(harmless(attack), `'${attack}`))

  it("leaves everything else as it is", () => assert.strictEqual(line(["a", "1", "", "ü"]), "a,1,,ü\r\n"))

  it("writes lists and objects as JSON, nothing as an empty cell", () =>
    assert.deepStrictEqual([null, undefined, true, 7, ["a"], { b: 1 }].map(cellText), [
      "",
      "",
      "true",
      "7",
      '["a"]',
      '{"b":1}'
    ]))
})
