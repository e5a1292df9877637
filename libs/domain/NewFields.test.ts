import { describe, expect, it } from "vitest"
import { type FieldDefinition, withCustomFields } from "./CustomFields.ts"
import { freshserviceToZendesk } from "./mappings/FreshserviceToZendesk.ts"

const field = (key: string, type: string, more: Partial<FieldDefinition> = {}): FieldDefinition => ({
  key,
  title: key.replaceAll("_", " "),
  type,
  custom: true,
  required: false,
  nativeId: `9${key.length}`,
  ...more
})
const options = ["Größe XL", "grösse xl", "größe  XL"].map((label) => ({ label, value: label }))
const source = {
  ticket: [
    field("site", "custom_text"),
    field("environment", "custom_dropdown", { options }),
    field("levels", "nested_field", { levels: ["two"] }),
    field("nameless", "custom_dropdown"),
    field("unknown_id", "custom_text", { nativeId: undefined as never })
  ],
  problem: [field("workaround", "custom_paragraph")]
}
const there = { ticket: [field("101", "text", { title: "Site" })] }

describe("ticket fields that the destination lacks", () => {
  it("are left out and listed, unless somebody asked to have them made", () => {
    const { mapping, warnings } = withCustomFields(freshserviceToZendesk, source, there)
    expect(mapping.entities["custom-field"]?.make).toBeUndefined()
    expect(mapping.entities.ticket?.custom?.fields.map(({ to }) => to)).toEqual(["101"])
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(["field-unmatched"]))
  })

  it("are made of the type that holds their values, drop-downs with a tag of their own for each value", () => {
    const { mapping, warnings } = withCustomFields(freshserviceToZendesk, source, there, {
      missing: true,
      before: new Map()
    })
    const make = mapping.entities["custom-field"]?.make ?? []
    expect(make.map(({ body }) => body.type)).toEqual(["tagger", "text", "text"])
    const chosen = make[0]?.body.custom_field_options as ReadonlyArray<{ name: string; value: string }>
    expect(chosen.map(({ name }) => name)).toEqual(options.map(({ label }) => label))
    expect(new Set(chosen.map(({ value }) => value)).size).toBe(3)
    expect(chosen.every(({ value }) => value.startsWith("environment_"))).toBe(true)
    const rule = mapping.entities.ticket?.custom?.fields.find(({ title }) => title === "environment")
    expect(rule).toMatchObject({ made: true, to: "911", type: "option" })
    expect(Object.values(rule?.options ?? {}).every((tag) => chosen.some(({ value }) => value === tag))).toBe(true)
    expect(warnings.filter(({ code }) => code === "field-made").map((w) => w.field)).toEqual([
      "environment",
      "levels",
      "nameless"
    ])
    // Not those of problems, and not one whose definition cannot be told.
    expect(warnings.filter(({ code }) => code === "field-unmatched").map((w) => w.field)).toEqual(
      expect.arrayContaining(["unknown_id"])
    )
  })

  it("that an earlier migration has made are the same records again, whether or not more are made now", () => {
    const before = new Map([["911", "555"]])
    const now = { ticket: [...there.ticket, field("555", "tagger", { title: "environment" })] }
    const { mapping, warnings } = withCustomFields(freshserviceToZendesk, source, now, { missing: false, before })
    expect(mapping.entities.ticket?.custom?.fields.find(({ title }) => title === "environment")).toMatchObject({
      made: true,
      to: "911"
    })
    expect(mapping.entities["custom-field"]?.make?.map(({ nativeId }) => nativeId)).toEqual(["911"])
    expect(warnings.map(({ code }) => code)).not.toContain("field-made")
  })
})
