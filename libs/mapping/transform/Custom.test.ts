import { withCustomFields } from "@bridge/domain/CustomFields"
import { freshserviceToZendesk as mapping } from "@bridge/domain/mappings/FreshserviceToZendesk"
import type { JsonValue } from "@bridge/domain/Records"
import { describe, expect, it } from "vitest"
import { ticket } from "../testing/Samples.ts"
import { compile } from "./Compile.ts"

const codes = (warnings: ReadonlyArray<{ readonly code: string }>) => warnings.map((w) => w.code)

describe("custom fields", () => {
  const field = (key: string, title: string, type: string, options?: ReadonlyArray<readonly [string, string]>) => ({
    key,
    title,
    type,
    custom: true,
    required: false,
    ...(options && { options: options.map(([value, label]) => ({ value, label })) })
  })
  const { mapping: withFields, warnings } = withCustomFields(
    mapping,
    {
      ticket: [
        field("site_code", "Site code", "custom_text"),
        field("seats", "Seats", "custom_number"),
        field("cost", "Cost", "custom_decimal"),
        field("is_vip", "VIP request?", "custom_checkbox"),
        field("needed_by", "Needed by", "custom_date"),
        field("start", "Maintenance start", "custom_date_time"),
        field("environment", "Environment", "custom_dropdown", [
          ["Größe XL", "Größe XL"],
          ["Lost", "Lost"]
        ]),
        field("systems", "Affected systems", "custom_multi_select_dropdown"),
        { ...field("line", "Product line", "nested_field"), levels: ["family", "model"] },
        field("nowhere", "Nowhere", "custom_text"),
        field("wrong", "Wrong", "custom_multi_select_dropdown"),
        {
          ...field("status", "Status", "default_status", [
            ["2", "Open"],
            ["7", "Awaiting Vendor"]
          ]),
          custom: false
        }
      ]
    },
    {
      ticket: [
        field("101", "Site code", "text"),
        field("102", "Seats", "integer"),
        field("103", "Cost", "decimal"),
        field("104", "VIP request?", "checkbox"),
        field("105", "Needed by", "date"),
        field("106", "Maintenance start", "text"),
        field("107", "environment", "tagger", [["environment_groesse_xl", "Größe XL"]]),
        field("108", "Affected systems", "multiselect", [
          ["s_erp", "ERP"],
          ["s_mail", "E-Mail"]
        ]),
        field("109", "Product line", "tagger", [
          ["pl_c", "Computers"],
          ["pl_c__l", "Computers::Laptops"]
        ]),
        field("110", "Wrong", "checkbox"),
        field("111", "Impact", "tagger", [["impact_low", "Low"]]),
        field("112", "Category", "tagger", [["cat_h__p", "Hardware::Printer"]])
      ]
    }
  )
  const made = compile(withFields)
  const values = (custom: { readonly [key: string]: JsonValue }) =>
    made.ticket(ticket({ custom, impact: null, category: null, sub_category: null })).element?.body.custom_fields

  it("are paired by title or key; what has no counterpart is listed", () =>
    expect(warnings.filter((w) => w.code !== "not-moved").map((w) => [w.code, w.field])).toEqual([
      ["option-unmatched", "environment"],
      ["field-unmatched", "nowhere"],
      ["field-type", "wrong"],
      ["status-unmapped", "status"]
    ]))

  it("are no cure for what is not moved at all, which is told in words", () =>
    expect(warnings.filter((w) => w.code === "not-moved").map((w) => w.message)).toContainEqual(
      expect.stringContaining("Satisfaction")
    ))

  it.each([
    ["site_code", "N7", 101, "N7"],
    ["seats", 12, 102, 12],
    ["seats", "12", 102, 12],
    ["cost", -3.75, 103, -3.75],
    ["is_vip", false, 104, false],
    ["needed_by", "2024-02-29", 105, "2024-02-29"],
    ["start", "2024-02-29T10:00:00Z", 106, "2024-02-29T10:00:00Z"],
    ["environment", "größe xl", 107, "environment_groesse_xl"],
    ["systems", ["E-Mail", "ERP", "E-Mail"], 108, ["s_mail", "s_erp"]]
  ] as const)("%s %j becomes %d %j", (key, value, id, expected) =>
    expect(values({ [key]: value })).toEqual([{ id, value: expected }])
  )

  it("of several levels are joined down to the first that is empty", () => {
    expect(values({ line: "Computers", family: "Laptops", model: null })).toEqual([{ id: 109, value: "pl_c__l" }])
    expect(values({ line: "Computers", family: null, model: "X1" })).toEqual([{ id: 109, value: "pl_c" }])
  })

  it("that are built in at the source are moved to fields of the same name", () =>
    expect(made.ticket(ticket()).element?.body.custom_fields).toEqual([
      { id: 111, value: "impact_low" },
      { id: 112, value: "cat_h__p" }
    ]))

  it("that are empty are not written", () =>
    expect(values({ site_code: " ", seats: null, systems: [] })).toBeUndefined())

  it("with a value nobody mapped keep the record out, or the value, as the mapping says", () => {
    const lost = ticket({ custom: { environment: "Lost" }, impact: null, category: null, sub_category: null })
    expect(made.ticket(lost).excluded).toBe("unmapped Environment Lost")
    const entity = withFields.entities.ticket
    if (entity?.custom === undefined) throw new Error("no custom fields")
    const lenient = {
      ...withFields,
      entities: { ticket: { ...entity, custom: { ...entity.custom, unmapped: "drop" as const } } }
    }
    const kept = compile(lenient).ticket(lost)
    expect(kept.excluded).toBeNull()
    expect(codes(kept.warnings)).toEqual(["option-unmapped"])
  })

  it("that nobody knew of are left out with a warning, also where unmapped values keep records out", () => {
    const custom = {
      site_code: "N7",
      later: "x",
      nowhere: "said",
      wrong: ["said"],
      none: null,
      no: " ",
      line: "",
      model: "X1"
    }
    const { excluded, warnings: notes } = made.ticket(ticket({ custom }))
    expect(excluded).toBeNull()
    expect(notes.map(({ code, field }) => [code, field])).toEqual([["field-unmatched", "later"]])
  })

  it.each([
    ["a part", { from: "custom.later" }],
    ["a condition", { constant: 1, when: { field: "custom.later", in: [1] } }],
    ["a rule", { rule: 'custom.later & "!"' }],
    ["a rule over all", { rule: "$string(custom)" }],
    ["all of them", { from: "custom" }]
  ])("that %s reads are known", (_what, part) => {
    const entity = withFields.entities.ticket
    if (entity === undefined) throw new Error("no tickets")
    const fields = [...entity.fields, { to: "extra", ...part }]
    const reading = compile({ ...withFields, entities: { ticket: { ...entity, fields } } })
    expect(codes(reading.ticket(ticket({ custom: { later: "x" } }), [{ value: 1 }]).warnings)).toEqual([])
  })

  it("are not missed where the mapping was made without the source's fields", () =>
    expect(codes(compile(mapping).ticket(ticket({ custom: { later: "x" } })).warnings)).toEqual([]))

  it("that do not fit are left out with a warning", () => {
    const { element, warnings: notes } = made.ticket(
      ticket({ custom: { seats: "many", is_vip: "perhaps", needed_by: "soon" }, impact: null, category: null })
    )
    expect(element?.body).not.toHaveProperty("custom_fields")
    expect(codes(notes)).toEqual(["custom-unreadable", "custom-unreadable", "time-unreadable"])
  })
})
