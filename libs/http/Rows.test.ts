import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Malformed } from "./Call.ts"
import { cutOne, cutPage, fieldsOf, scalarText } from "./Rows.ts"

/** JSON text of a value with white space of every kind where JSON allows it, and some characters escaped. */
const written = (value: unknown, gap: () => string, dense: () => boolean): string => {
  if (Array.isArray(value))
    return `[${gap()}${value.map((v) => written(v, gap, dense)).join(`${gap()},${gap()}`)}${gap()}]`
  if (typeof value === "object" && value !== null)
    return `{${gap()}${Object.entries(value)
      .map(([k, v]) => `${text(k, dense)}${gap()}:${gap()}${written(v, gap, dense)}`)
      .join(`${gap()},${gap()}`)}${gap()}}`
  return typeof value === "string" ? text(value, dense) : (JSON.stringify(value) ?? "null")
}

const text = (value: string, dense: () => boolean): string =>
  JSON.stringify(value).replaceAll(/[éß☃]/g, (c) =>
    dense() ? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}` : c
  )

const key = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("id", "updated_at", "é", 'a"b', "\\", "rows")
)
const row = fc.dictionary(key, fc.jsonValue({ stringUnit: "binary", maxDepth: 3 }), { maxKeys: 6 })

describe("cutPage", () => {
  it("cuts the same rows as JSON.parse, byte for byte, whatever they hold", () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 5 }),
        fc.array(fc.nat(7)),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (rows, dice, more) => {
          let at = 0
          const next = () => dice[at++ % Math.max(1, dice.length)] ?? 0
          const gap = () => ["", " ", "\n", "\t", "\r\n", "", "  ", ""][next()] ?? ""
          const dense = () => next() > 4
          const texts = rows.map((one) => written(one, gap, dense))
          const { rows: _own, ...others } = more
          const tail = Object.entries(others).map(([k, v]) => `,${JSON.stringify(k)}:${JSON.stringify(v)}`)
          const page = `${gap()}{"rows"${gap()}:${gap()}[${gap()}${texts.join(`${gap()},${gap()}`)}${gap()}]${tail.join("")}}${gap()}`
          const parsed = JSON.parse(page)
          const cut = cutPage(Buffer.from(page), "rows", ["id", "updated_at"])
          expect(cut.rows.map(({ json }) => json.toString())).toEqual(texts)
          cut.rows.forEach(({ fields }, i) => {
            for (const name of ["id", "updated_at"])
              expect(fields[name] === undefined ? undefined : JSON.parse(fields[name])).toEqual(parsed.rows[i][name])
          })
          for (const name of Object.keys(others))
            if (name !== "__proto__") expect(JSON.parse(cut.envelope[name] ?? "")).toEqual(parsed[name])
        }
      ),
      { numRuns: 300 }
    )
  })

  it("refuses every page that is cut off", () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 3 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (rows, part) => {
          const page = Buffer.from(JSON.stringify({ rows, next: null }))
          expect(() => cutPage(page.subarray(0, Math.floor(page.length * part)), "rows", ["id"])).toThrow(Malformed)
        }
      )
    )
  })

  it("never throws anything but Malformed, and takes nothing for a page that JSON.parse refuses on structure", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: fc.constantFrom(...'{}[]",:0ntr \\') }), fc.string({ unit: "binary" })),
        (junk) => {
          try {
            cutPage(Buffer.from(junk), "rows", ["id"])
          } catch (error) {
            expect(error).toBeInstanceOf(Malformed)
          }
        }
      ),
      { numRuns: 1_000 }
    )
  })

  it.each([
    ["an HTML page", "<html><body>Sign in</body></html>"],
    ["a page without the array", '{"errors":[]}'],
    ["an array that is none", '{"rows":{"id":1}}'],
    ["text after the end", '{"rows":[]} x'],
    ["two values without a comma", '{"rows":[{"id":1} {"id":2}]}'],
    ["a wrong bracket", '{"rows":[{"id":[1}]}'],
    ["a number that is none", '{"rows":[{"id":01}]}'],
    ["nothing", ""]
  ])("refuses %s", (_what, body) => expect(() => cutPage(Buffer.from(body), "rows", ["id"])).toThrow(Malformed))

  it.each(['{"rows":null}', '{"next":null,"rows": null }', '{"rows":[{"id":1}],"rows":null}'])(
    "takes null for an array without elements: %s",
    (body) => expect(cutPage(Buffer.from(body), "rows", ["id"]).rows).toEqual([])
  )

  it("keeps an id beyond 2^53 and a float's digits as they were written", () => {
    const { rows } = cutPage(
      Buffer.from('{"rows":[{"id":9007199254740993},{"id":1.50},{"id":"00\\u0037"},{"id":null}]}'),
      "rows",
      ["id"]
    )
    expect(rows.map(({ fields }) => scalarText(fields.id))).toEqual(["9007199254740993", "1.50", "007", null])
  })

  it("finds a key that is written with escapes, and takes the last of two", () => {
    const { rows } = cutPage(Buffer.from('{"rows":[{"\\u0069d":1},{"id":1,"id":2}]}'), "rows", ["id"])
    expect(rows.map(({ fields }) => fields.id)).toEqual(["1", "2"])
  })

  it("says which elements are no objects", () => {
    const { rows } = cutPage(Buffer.from('{"rows":[1,"x",null,[2],{"id":3}]}'), "rows", ["id"])
    expect(rows.map(({ isObject, json }) => [isObject, json.toString()])).toEqual([
      [false, "1"],
      [false, '"x"'],
      [false, "null"],
      [false, "[2]"],
      [true, '{"id":3}']
    ])
  })

  it("takes a bare array for a page, and passes over a byte order mark", () =>
    expect(cutPage(Buffer.from('\uFEFF[{"id":1}]'), "rows", ["id"]).rows).toHaveLength(1))
})

describe("cutOne and fieldsOf", () => {
  it("cut a detail out of its envelope", () =>
    expect(cutOne(Buffer.from('{ "ticket" : {"id":7, "x":{"id":8}} }'), "ticket", ["id"])).toMatchObject({
      fields: { id: "7" }
    }))

  it("read fields of a row that stands alone", () =>
    expect(fieldsOf(Buffer.from('{"id":7,"status":"deleted"}'), ["status"])).toEqual({ status: '"deleted"' }))
})
