// Holds records written by hand, with every kind of field, against avsc.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { avroType } from "./Avro.ts"
import { envelope } from "./Envelope.ts"

const schema = JSON.stringify({
  type: "record",
  name: "All",
  fields: [
    { name: "text", type: "string" },
    { name: "maybe", type: ["null", "string"], default: null },
    { name: "many", type: { type: "array", items: "string" }, default: [] },
    { name: "flag", type: ["null", "boolean"], default: null },
    { name: "time", type: ["null", { type: "long", logicalType: "timestamp-millis" }], default: null },
    { name: "count", type: "int" }
  ]
})
const type = avroType(schema)

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }).map((s) => s.toWellFormed()),
  fc.constantFrom("x".repeat(64), "x".repeat(65), `${"x".repeat(63)}é`, "é".repeat(70_000))
)
const row = fc.tuple(
  text,
  fc.option(text),
  fc.array(text, { maxLength: 70 }),
  fc.option(fc.boolean()),
  fc.option(fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
  fc.integer()
)

describe("a record as a list of values", () => {
  it("has the very bytes that avsc writes, however long it and the one before are", () =>
    fc.assert(
      fc.property(fc.array(row, { maxLength: 3 }), (rows) => {
        const { row: encode } = envelope(schema, 5)
        for (const values of rows) {
          const [text, maybe, many, flag, time, count] = values
          const bytes = encode(values)
          expect(bytes.readInt32BE(1)).toBe(5)
          expect(bytes.subarray(5).equals(type.toBuffer({ text, maybe, many, flag, time, count }))).toBe(true)
        }
      })
    ))

  it("refuses what does not fit", () => {
    const { row: encode } = envelope(schema, 5)
    expect(() => encode(["a", null, [], null, null, "1"])).toThrow("does not fit")
    expect(() => encode(["a", null, [], 1, null, 1])).toThrow("does not fit")
    expect(() => encode(["a"])).toThrow("1 values for 6 fields")
  })
})
