// Holds the written Avro schemas against the canonical records.
import { readFileSync } from "node:fs"
import avro from "avsc"
import { describe, expect, it } from "vitest"
import { entityIds } from "./Entities.ts"
import { avroValues, normalizedFile, normalizedSchema } from "./NormalizedAvro.ts"

const from = {
  tenant_id: "t1",
  job_id: "j1",
  connection_id: "c1",
  source: "freshservice",
  parent_id: null,
  observed_at: 1_700_000_000_000,
  raw_hash: "ab",
  revision: 3,
  op: "upsert"
} as const

describe("normalized Avro", () => {
  it.each(entityIds)("is what the file of %s says", (id) =>
    expect(readFileSync(new URL(`../../avro/normalized-${id}.avsc`, import.meta.url), "utf8")).toBe(normalizedFile(id))
  )

  it.each(entityIds)("gives every field of %s that is no id a default, so that it can evolve", (id) => {
    for (const field of normalizedSchema(id).fields)
      if (field.type !== "string") expect("default" in field, field.name).toBe(true)
  })

  it("writes a record and reads the same", () => {
    const schema = normalizedSchema("group-member")
    const type = avro.Type.forSchema(schema as avro.Schema)
    const record = {
      source_id: "1/2",
      native_id: "1/2",
      source_updated_at: "2024-05-10T11:32:29Z",
      created_at: "not a time",
      group: "1",
      person: "2",
      role: "leader",
      is_default: null
    } as const
    const values = avroValues("group-member", record, from)
    const value = Object.fromEntries(schema.fields.map(({ name }, i) => [name, values[i]]))
    expect({ ...type.fromBuffer(type.toBuffer(value)) }).toEqual({
      ...from,
      ...record,
      source_updated_at: Date.parse("2024-05-10T11:32:29Z"),
      created_at: null
    })
  })
})
