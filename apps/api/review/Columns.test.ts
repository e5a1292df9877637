import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { describe, expect, it } from "vitest"
import { cellsOf, columnsOf, type Reviewed } from "./Columns.ts"

const record: Reviewed = {
  sourceId: "17",
  nativeId: "17",
  parentId: null,
  version: "1",
  state: "ready",
  reason: null,
  title: "Printer",
  warnings: [],
  resolution: null,
  canonical: null,
  body: {},
  refs: {},
  meta: null
}

const cell = (entity: "ticket" | "asset-type", column: string, of: Partial<Reviewed>): string | undefined =>
  cellsOf(entity, freshserviceToZendesk)({ ...record, ...of })[columnsOf(entity, freshserviceToZendesk).indexOf(column)]

describe("the columns of a review", () => {
  const asset = (nativeId: string) => ({ entity: "asset", nativeId, inField: true })

  it("show which assets a ticket leads to in its fields, and which it does not", () => {
    const of = {
      body: { custom_fields: [{ id: 1, value: "N" }, null, null] },
      refs: { "custom_fields.1": asset("5"), "custom_fields.2": asset("6") }
    }
    expect(cell("ticket", "to.custom_fields", of)).toBe('[{"id":1,"value":"N"},"asset 5","asset 6"]')
    const refs = {
      "custom_fields.1": { entity: "asset", sourceId: "5", field: "$link/25" },
      "custom_fields.2": { entity: "asset", missing: "6", use: "drop" }
    } as const
    expect(cell("ticket", "to.custom_fields", { ...of, resolution: { refs } })).toBe('[{"id":1,"value":"N"},"asset 5"]')
    expect(cell("ticket", "missing_reference", { ...of, resolution: { refs } })).toBe("custom_fields.2: asset 6 (drop)")
  })

  it("show the field of tickets that is made with a type of assets", () => {
    const body = {
      ticket_field: { type: "lookup", title: "Asset: Laptop", relationship_target_type: "zen:custom_object:l" }
    }
    expect(cell("asset-type", "to.ticket_field.title", { body })).toBe("Asset: Laptop")
    expect(cell("asset-type", "to.ticket_field.relationship_target_type", { body })).toBe("zen:custom_object:l")
  })
})
