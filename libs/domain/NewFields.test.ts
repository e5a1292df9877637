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
  problem: [field("workaround", "custom_paragraph", { nativeId: "801" })]
}
const there = { ticket: [field("101", "text", { title: "Site" })] }

describe("ticket fields that the destination lacks", () => {
  it("are left out and listed, unless somebody asked to have them made", () => {
    const { mapping, warnings } = withCustomFields(freshserviceToZendesk, source, there)
    expect(mapping.entities["custom-field"]?.make).toBeUndefined()
    expect(mapping.entities.ticket?.custom?.fields.map(({ to }) => to)).toEqual(["101"])
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(["field-unmatched", "not-moved"]))
  })

  it("are made of the type that holds their values, drop-downs with a tag of their own for each value", () => {
    const { mapping, warnings } = withCustomFields(freshserviceToZendesk, source, there, {
      missing: true,
      before: new Map()
    })
    const make = mapping.entities["custom-field"]?.make ?? []
    expect(make.map(({ body, of }) => [of, body.type])).toEqual([
      ["ticket", "tagger"],
      ["ticket", "text"],
      ["ticket", "text"],
      ["problem", "textarea"]
    ])
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
      "nameless",
      "workaround"
    ])
    // Not one whose definition cannot be told.
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

  it("that tickets, problems and changes have under one title are one field, with the values of all", () => {
    const choices = (...labels: ReadonlyArray<string>) => ({
      title: "Site",
      options: labels.map((label) => ({ label, value: label }))
    })
    const all = {
      change: [field("place", "custom_dropdown", { nativeId: "3", ...choices("bern", "Chur") })],
      problem: [field("site_of", "custom_dropdown", { nativeId: "2", ...choices("Basel", "Bern") })],
      ticket: [field("site", "custom_dropdown", { nativeId: "1", ...choices("Bern") })]
    }
    const { mapping } = withCustomFields(
      freshserviceToZendesk,
      all,
      { ticket: [] },
      { missing: true, before: new Map() }
    )
    const make = mapping.entities["custom-field"]?.make ?? []
    expect(make.map(({ nativeId }) => nativeId)).toEqual(["1"])
    const options = make[0]?.body.custom_field_options as ReadonlyArray<{ name: string; value: string }>
    expect(options.map(({ name }) => name)).toEqual(["Bern", "Basel", "Chur"])
    const tags = new Map(options.map(({ name, value }) => [name.toLowerCase(), value]))
    for (const entity of ["ticket", "problem", "change"] as const) {
      const [rule] = mapping.entities[entity]?.custom?.fields ?? []
      expect(rule).toMatchObject({ made: true, to: "1" })
      for (const [label, tag] of Object.entries(rule?.options ?? {})) expect(tags.get(label)).toBe(tag)
    }
    // A later migration, that makes no more, goes by the same definition.
    const later = withCustomFields(
      freshserviceToZendesk,
      all,
      { ticket: [] },
      { missing: false, before: new Map([["1", "9"]]) }
    )
    expect(later.mapping).toEqual(mapping)
  })

  it("of people and departments are made under keys that nobody has, and are the same again later", () => {
    const all = {
      person: [
        field("Größe (cm)", "custom_number", { nativeId: "1" }),
        field("team", "custom_dropdown", { nativeId: "2", options }),
        field("Team", "custom_multi_select_dropdown", { nativeId: "3", options, title: "Teams" }),
        field("機器", "custom_text", { nativeId: "4" }),
        field("2nd_line", "custom_checkbox", { nativeId: "5" })
      ],
      department: [field("team", "custom_dropdown", { nativeId: "6", options })]
    }
    const there = {
      person: [field("groesse_cm", "text", { title: "Other" }), field("2nd_line", "date", { title: "2" })]
    }
    const making = { missing: true, before: new Map() }
    const { mapping, warnings } = withCustomFields(freshserviceToZendesk, all, there, making)
    const make = mapping.entities["custom-field"]?.make ?? []
    expect(make.map(({ body, of }) => [of, body.list, body.key, body.type])).toEqual([
      ["department", "organization_fields", "team", "dropdown"],
      ["person", "user_fields", "gro_e_cm", "integer"],
      ["person", "user_fields", "team", "dropdown"],
      ["person", "user_fields", "team_2", "multiselect"],
      ["person", "user_fields", "field_4", "text"]
    ])
    expect(warnings.filter(({ code }) => code === "field-type").map(({ field }) => field)).toEqual(["2nd_line"])
    const rules = mapping.entities.person?.custom?.fields ?? []
    expect(rules.map(({ definition, made, to }) => [to, definition, made])).toEqual([
      ["gro_e_cm", "1", undefined],
      ["team", "2", undefined],
      ["team_2", "3", undefined],
      ["field_4", "4", undefined]
    ])
    const tags = JSON.stringify(make.find(({ nativeId }) => nativeId === "2")?.body.custom_field_options)
    for (const tag of Object.values(rules[1]?.options ?? {})) expect(tags).toContain(`"${tag}"`)
    // Another name at the source later, and the key that was made stays.
    const renamed = { person: [field("squad", "custom_dropdown", { nativeId: "2", options })] }
    const now = { person: [field("team", "dropdown", { title: "team" })] }
    const later = withCustomFields(freshserviceToZendesk, renamed, now, {
      missing: false,
      before: new Map([["2", "team"]])
    })
    expect(later.mapping.entities.person?.custom?.fields).toMatchObject([{ to: "team", definition: "2" }])
    expect(later.mapping.entities["custom-field"]?.make).toMatchObject([{ body: { key: "team" } }])
  })

  it("of tickets hold the values of problems and changes with the same title", () => {
    const { mapping } = withCustomFields(
      freshserviceToZendesk,
      { change: [field("downtime", "custom_number")], problem: [field("Site", "custom_text")] },
      { ticket: [field("101", "text", { title: "Site" }), field("102", "integer", { title: "Downtime" })] }
    )
    expect(mapping.entities.problem?.custom?.fields).toMatchObject([{ from: ["custom.Site"], to: "101" }])
    expect(mapping.entities.change?.custom?.fields).toMatchObject([{ from: ["custom.downtime"], to: "102" }])
  })

  it("products and vendors of assets stand under their names, from all pages of their lists", () => {
    const names = (key: string, value: string, label: string) =>
      field(key, "select", { custom: false, options: [{ value, label }] })
    const asset = [names("model", "1", "X1"), names("vendor", "3", "Acme"), names("model", "2", "X2")]
    const { mapping } = withCustomFields(freshserviceToZendesk, { asset }, {})
    expect(mapping.values.asset_model?.rows).toEqual({ "1": "X1", "2": "X2" })
    expect(mapping.values.asset_vendor?.rows).toEqual({ "3": "Acme" })
  })

  it("types of relationships stand under their words, and rows that are there stay", () => {
    const type = field("type", "select", {
      custom: false,
      options: [
        { value: "7", label: "Uses / Used by" },
        { value: "8", label: "Contains / Inside" }
      ]
    })
    const known = { ...freshserviceToZendesk.values.relation_type, rows: { "8": "Has" } }
    const mine = {
      ...freshserviceToZendesk,
      values: { ...freshserviceToZendesk.values, relation_type: known as never }
    }
    const { mapping } = withCustomFields(mine, { relation: [type] }, {})
    expect(mapping.values.relation_type?.rows).toEqual({ "7": "Uses / Used by", "8": "Has" })
  })
})
