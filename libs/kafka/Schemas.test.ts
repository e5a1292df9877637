// The schema files and their canonical text.
import { readdirSync, readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { avroType } from "./Avro.ts"
import { canonical, schemaText } from "./Schemas.ts"

const folder = new URL("../../avro/", import.meta.url)
const files = readdirSync(folder).map((file) => file.replace(/\.avsc$/, ""))

interface Field {
  readonly name: string
  readonly type: unknown
}

/** Every type in a schema, from the outside in. */
const typesIn = (schema: unknown): ReadonlyArray<unknown> => {
  if (Array.isArray(schema)) return [schema, ...schema.flatMap(typesIn)]
  if (typeof schema !== "object" || schema === null) return [schema]
  const inside = ["type", "items", "values"].flatMap((key) => typesIn(Reflect.get(schema, key)))
  const fields: unknown = Reflect.get(schema, "fields")
  return [schema, ...inside, ...(Array.isArray(fields) ? fields.flatMap((field: Field) => typesIn(field.type)) : [])]
}

describe("the schemas in avro/", () => {
  it.each(files)("%s is Avro, a record with a namespace", (file) => {
    const type = avroType(schemaText(file))
    expect(type.typeName).toBe("record")
    expect(JSON.parse(schemaText(file)).namespace).toMatch(/^bridge\.[a-z_]+\.v\d+$/)
  })

  it.each(files)("%s has no union but null and one other, null first, with default null", (file) => {
    const schema = JSON.parse(schemaText(file))
    for (const type of typesIn(schema)) {
      if (Array.isArray(type)) expect([type.length, type[0]]).toEqual([2, "null"])
    }
    for (const field of schema.fields) if (Array.isArray(field.type)) expect(field.default).toBe(null)
  })

  it.each(files)("%s has enums only with UNKNOWN first and as the default", (file) => {
    for (const type of typesIn(JSON.parse(schemaText(file)))) {
      if (typeof type !== "object" || type === null || Reflect.get(type, "type") !== "enum") continue
      expect(Reflect.get(type, "symbols")[0]).toBe("UNKNOWN")
      expect(Reflect.get(type, "default")).toBe("UNKNOWN")
    }
  })
})

describe("canonical", () => {
  it("gives one text for one schema, however it is laid out", () => {
    const shuffled = (value: unknown, flip: () => boolean): unknown => {
      if (Array.isArray(value)) return value.map((one) => shuffled(one, flip))
      if (typeof value !== "object" || value === null) return value
      const entries = Object.entries(value).map(([key, one]) => [key, shuffled(one, flip)] as const)
      return Object.fromEntries(flip() ? entries.reverse() : entries)
    }
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.infiniteStream(fc.boolean()), fc.nat(4), (file, flips, indent) => {
        const text = readFileSync(new URL(`${file}.avsc`, folder), "utf8")
        const other = JSON.stringify(
          shuffled(JSON.parse(text), () => flips.next().value === true),
          null,
          indent
        )
        expect(canonical(other)).toBe(canonical(text))
      }),
      { numRuns: 50 }
    )
  })

  it("keeps what a schema means: defaults, logical types, symbols and their order", () => {
    const text =
      '{"fields":[{"default":0,"type":{"logicalType":"timestamp-millis","type":"long"},"name":"at"}],"type":"record","name":"T"}'
    expect(canonical(text)).toBe(
      '{"name":"T","type":"record","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"},"default":0}]}'
    )
  })
})
