// Holds the hand-written envelope against avsc, in both directions.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { avroType } from "./Avro.ts"
import { envelope, type Fields } from "./Envelope.ts"
import { schemaText } from "./Schemas.ts"

const schema = schemaText("raw")
const type = avroType(schema)
const names: ReadonlyArray<string> = JSON.parse(schema).fields.map((field: { readonly name: string }) => field.name)

const text = fc.oneof(
  fc.string({ unit: "binary" }).map((s) => s.toWellFormed()),
  fc.string(),
  fc.constant("é".repeat(200))
)
/** avsc doubles in floating point: beyond 2^52 it is off by one. */
const long = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger().filter((n) => Math.abs(n) < 2 ** 52),
  fc.constantFrom(0, -1, 63, 64, -64, -65, 2 ** 51, -(2 ** 51))
)
const nullable = fc.option(text)
const row: fc.Arbitrary<Record<string, string | number | null>> = fc.record({
  tenant_id: text,
  job_id: text,
  connection_id: text,
  source_system: text,
  stream: text,
  entity: text,
  row_stream: text,
  epoch: long,
  batch: fc.integer(),
  size: fc.integer(),
  extracted_at: long,
  position: fc.integer(),
  source_id: text,
  parent_id: nullable,
  version: text,
  op: fc.constantFrom("UNKNOWN", "UPSERT", "DELETE", "END"),
  content_hash: text,
  blob: nullable,
  raw: nullable
})

const split = (value: Fields, count: number): readonly [Fields, Fields] => {
  const entries = (list: ReadonlyArray<string>) => Object.fromEntries(list.map((name) => [name, value[name] ?? null]))
  return [entries(names.slice(0, count)), entries(names.slice(count))]
}

describe("the envelope by hand", () => {
  it("writes the very bytes that avsc writes, wherever the constants end", () => {
    fc.assert(
      fc.property(row, fc.integer({ min: 0, max: names.length }), (value, count) => {
        const [constants, rest] = split(value, count)
        const bytes = envelope(schema, 77).batch(constants)(rest)
        expect(bytes.readInt32BE(1)).toBe(77)
        expect(bytes.subarray(5).equals(type.toBuffer(value))).toBe(true)
      })
    )
  })

  it("reads what avsc wrote", () => {
    fc.assert(
      fc.property(row, (value) => {
        const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), type.toBuffer(value)])
        expect(envelope(schema, 9).read(bytes, new Set())).toEqual(value)
      })
    )
  })

  it("reads the records of a batch as it reads each alone, whatever they share", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(row, fc.nat(2)), { minLength: 1, maxLength: 8 }), (values) => {
        const one = envelope(schema, 3)
        const heads = values.map(([value]) => split(value, 10)[0])
        const raw = new Set(["raw"])
        const read = one.batchReader(raw, "row_stream")
        for (const [value, head] of values) {
          const bytes = one.batch(heads[head] ?? split(value, 10)[0])(split(value, 10)[1])
          const { own, shared } = read(bytes)
          expect({ ...shared, ...own }).toEqual(one.read(bytes, raw))
        }
        expect(() => read(Buffer.alloc(3))).toThrow()
      })
    )
  })

  it("gives records of a batch the same object for what they share", () => {
    const one = envelope(schema, 3)
    const [value, other] = fc.sample(row, 2) as [Fields, Fields]
    const read = one.batchReader(new Set(), "row_stream")
    const write = one.batch(split({ ...value, stream: "a" }, 10)[0])
    const first = read(write(split(value, 10)[1])).shared
    expect(read(write(split(other, 10)[1])).shared).toBe(first)
    const next = read(one.batch(split({ ...value, stream: "b" }, 10)[0])(split(value, 10)[1])).shared
    expect([first.stream, next.stream]).toEqual(["a", "b"])
  })

  it("takes and gives a row as bytes without a string in between", () => {
    fc.assert(
      fc.property(row, text, (value, raw) => {
        const one = envelope(schema, 1)
        const [constants, rest] = split(value, 11)
        const bytes = one.batch(constants)({ ...rest, raw: Buffer.from(raw) })
        expect(bytes.subarray(5).equals(type.toBuffer({ ...value, raw }))).toBe(true)
        expect(one.read(bytes, new Set(["raw"])).raw).toEqual(Buffer.from(raw))
      })
    )
  })

  it("writes longs beyond 2^53 when they come as bigints", () => {
    const long = '{"type":"record","name":"L","fields":[{"name":"n","type":"long"}]}'
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        const read = envelope(long, 1).read(envelope(long, 1).batch({})({ n }), new Set()).n
        expect(BigInt(String(read))).toBe(n)
      })
    )
  })

  it("refuses a missing field, a value of the wrong kind and a symbol that is none", () => {
    const one = envelope(schema, 1).batch({})
    const [, all] = split(fc.sample(row, 1)[0] ?? {}, 0)
    const { source_id: _, ...missing } = all
    expect(() => one(missing)).toThrow("source_id")
    expect(() => one({ ...all, source_id: null })).toThrow()
    expect(() => one({ ...all, position: 1.5 })).toThrow()
    expect(() => one({ ...all, op: "upsert" })).toThrow()
  })

  it("refuses bytes that are cut, longer, or of another schema", () => {
    const one = envelope(schema, 1)
    const [, all] = split(fc.sample(row, 1)[0] ?? {}, 0)
    const bytes = one.batch({})(all)
    for (let n = 5; n < bytes.length; n += 7) expect(() => one.read(bytes.subarray(0, n), new Set())).toThrow()
    expect(() => one.read(Buffer.concat([bytes, Buffer.from([0])]), new Set())).toThrow()
    expect(() => envelope(schema, 2).read(bytes, new Set())).toThrow()
  })
})
