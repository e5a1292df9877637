// The default mapping for assets, problems, changes, files and what stands in notes: from Freshservice rows to elements.
import { freshservice } from "@bridge/connectors/freshservice/Freshservice"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import type { JsonObject } from "@bridge/http/Call"
import { compile } from "@bridge/mapping/transform/Compile"
import { describe, expect, it } from "vitest"

const transforms = compile(freshserviceToZendesk)

const made = (stream: string, row: JsonObject, parent: string | null = null) => {
  const [one] = freshservice.streams.find(({ name }) => name === stream)?.normalise({} as never, row, parent) ?? []
  if (one === undefined) throw new Error(`no record of ${stream}`)
  return { ...transforms[one.entity](one.record), sourceId: one.sourceId }
}

const times = { created_at: "2024-01-02T03:04:05Z", updated_at: "2024-01-03T03:04:05Z" }

describe("asset types and assets", () => {
  it("become a definition with a key of its own and its fields, whatever the name", () => {
    const type = made("asset_types", { id: 12, name: "Büro-Laptop (alt)", ...times }).element?.body
    expect(type).toMatchObject({ key: "bu_ro_laptop_alt_12", title: "Büro-Laptop (alt)" })
    const fields = type?.fields as ReadonlyArray<{ key: string; type: string }>
    expect(new Set(fields.map(({ key }) => key)).size).toBe(fields.length)
    expect(fields.find(({ key }) => key === "used_by")).toMatchObject({ relationship_target_type: "zen:user" })
    expect(made("asset_types", { id: 13, name: "机器", ...times }).element?.body.key).toBe("asset_13")
    expect(made("asset_types", { id: 14, name: null, ...times }).element?.body.key).toBe("asset_14")
  })

  it("have a field of tickets that leads to them, which people see before they approve it", () => {
    const { element, warnings } = made("asset_types", { id: 12, name: "Laptop", ...times })
    expect(element?.body.ticket_field).toEqual({
      type: "lookup",
      title: "Asset: Laptop",
      relationship_target_type: `zen:custom_object:${String(element?.body.key)}`
    })
    expect(warnings).toMatchObject([{ code: "field-made", message: expect.stringContaining('"Asset: Laptop"') }])
    expect(made("asset_types", { id: 14, name: null, ...times }).element?.body.ticket_field).toMatchObject({
      title: "Asset: type 14",
      relationship_target_type: "zen:custom_object:asset_14"
    })
    expect(made("asset_types", { id: 13, name: "机器", ...times }).element?.body.ticket_field).toMatchObject({
      title: "Asset: 机器",
      relationship_target_type: "zen:custom_object:asset_13"
    })
  })

  it("are named by tickets, problems and changes behind their own fields, each once, and in the note as ever", () => {
    const row = { id: 1, subject: "S", type: "Incident", status: 2, priority: 2, ...times }
    const assets = [{ display_id: 7 }, { display_id: 3 }, { display_id: 7 }]
    for (const stream of ["tickets", "problems", "changes"]) {
      const { element } = made(stream, { ...row, ...(stream === "changes" && { status: 1 }), assets })
      expect(element?.body.custom_fields).toEqual([null, null])
      expect(element?.refs).toMatchObject({
        "custom_fields.0": { entity: "asset", nativeId: "7", inField: true },
        "custom_fields.1": { entity: "asset", nativeId: "3", inField: true }
      })
      expect(JSON.stringify(element?.meta.notes)).toContain("<li>7</li><li>3</li>")
      expect(made(stream, row).element?.body).not.toHaveProperty("custom_fields")
    }
    const { ticket, ...others } = freshserviceToZendesk.entities
    if (ticket?.custom === undefined) throw new Error("no custom fields")
    const site = { from: "custom.site", to: "901", title: "Site", type: "text" } as const
    const custom = { ...ticket.custom, fields: [site] }
    const withSite = compile({ ...freshserviceToZendesk, entities: { ...others, ticket: { ...ticket, custom } } })
    const [one] =
      freshservice.streams
        .find(({ name }) => name === "tickets")
        ?.normalise({} as never, { ...row, custom_fields: { site: "N" }, assets }, null) ?? []
    if (one === undefined) throw new Error("no ticket")
    const { element } = withSite.ticket(one.record)
    expect(element?.body.custom_fields).toEqual([{ id: 901, value: "N" }, null, null])
    expect(element?.refs["custom_fields.2"]).toMatchObject({ nativeId: "3" })
  })

  it("become a record whose values all have a field in the definition", () => {
    const row = {
      id: 1,
      display_id: 7,
      name: "L 7",
      asset_type_id: 12,
      asset_tag: "T-7",
      user_id: 501,
      department_id: 3,
      location_id: 9,
      type_fields: { serial_number_12: "S1", asset_state_12: "In Use", colour_12: "red" },
      ...times
    }
    const { element } = made("assets", row)
    expect(element?.body).toMatchObject({
      name: "L 7",
      custom_object_fields: { asset_tag: "T-7", serial_number: "S1", asset_state: "asset_state_in_use" }
    })
    expect(JSON.stringify(element?.body)).toContain("red")
    expect(element?.refs).toMatchObject({
      custom_object_key: { entity: "asset-type", nativeId: "12" },
      "custom_object_fields.used_by": { entity: "person", nativeId: "501" },
      "custom_object_fields.location": { entity: "location", nativeId: "9" }
    })
    const defined = made("asset_types", { id: 12, name: "L", ...times }).element?.body.fields as ReadonlyArray<{
      key: string
    }>
    const written = freshserviceToZendesk.entities.asset?.fields
      .map(({ to }) => to)
      .filter((to) => to.startsWith("custom_object_fields."))
      .map((to) => to.slice("custom_object_fields.".length))
    expect(written?.toSorted()).toEqual(defined.map(({ key }) => key).toSorted())
  })
})

describe("problems and changes", () => {
  const work = { id: 5, subject: "S", description: "<p>d</p>", requester_id: 501, ...times }

  it("become tickets: a problem of its own type, with its analysis in an internal note", () => {
    const { element } = made("problems", {
      ...work,
      status: 3,
      priority: 2,
      analysis_fields: { problem_cause: { description: "A <b>fan</b>" } }
    })
    expect(element?.body).toMatchObject({ type: "problem", status: "closed", priority: "normal" })
    expect(element?.meta.description?.html_body).toBe("<p>d</p>")
    expect(element?.refs["meta.description.author_id"]).toEqual({ entity: "person", nativeId: "501" })
    expect(element?.meta.notes?.[0]).toMatchObject({ public: false })
    expect(element?.meta.notes?.[0]?.html_body).toContain("<b>fan</b>")
  })

  it("become tickets: a change a task with its tag, due at its planned end, with its plan in an internal note", () => {
    const { element } = made("changes", {
      ...work,
      status: 4,
      priority: 3,
      change_type: 4,
      risk: 3,
      planned_start_date: "2024-02-01T00:00:00Z",
      planned_end_date: "2024-02-02T00:00:00Z",
      planning_fields: { reason_for_change: { description: "old & slow" } }
    })
    expect(element?.body).toMatchObject({ type: "task", status: "pending", due_at: "2024-02-02T00:00:00Z" })
    expect(element?.body.tags).toEqual(expect.arrayContaining(["change", "change_emergency", "risk_high"]))
    expect(element?.meta.notes?.[0]?.html_body).toContain("old &amp; slow")
  })
})

describe("files", () => {
  const file = (state: object, attachment: object = {}) =>
    made("attachments", {
      id: "8",
      of: "comment",
      parent: "31",
      root: "ticket",
      root_id: "7",
      url_hash: null,
      attachment: { id: 8, name: "a<b>.txt", content_type: "text/plain", size: 4, ...times, ...attachment },
      file: state
    } as JsonObject)
  const sha256 = "a".repeat(64)

  it("keep their place, name, type and hash", () =>
    expect(file({ state: "stored", sha256, size: 4 }).element).toMatchObject({
      body: { file_name: "a<b>.txt", content_type: "text/plain", size: 4 },
      meta: { file: { parent: { entity: "comment", nativeId: "31" }, sha256, url_hash: null } }
    }))

  it("are left out with the reason when their bytes could not be had", () => {
    const { element, excluded } = file({ state: "unavailable", problem: "the vendor answered 403" })
    expect([element, excluded]).toEqual([null, "its bytes could not be had: the vendor answered 403"])
    expect(file({ state: "unread" }).excluded).toBe("its bytes could not be had")
  })

  it("are a line of text, with a warning, when they are larger than the destination takes", () => {
    const { element, warnings } = file({ state: "stored", sha256, size: 60 * 1024 * 1024 })
    expect(element?.meta.file).toMatchObject({
      noteOnly: true,
      note: "Attachment left at the source: a&lt;b&gt;.txt (62914560 bytes)"
    })
    expect(warnings.map((w) => w.code)).toEqual(["attachment-too-large"])
  })
})

describe("locations and relationships", () => {
  const keysOf = (entity: "location" | "relation") =>
    ((freshserviceToZendesk.entities[entity]?.object?.fields ?? []) as ReadonlyArray<{ key: string }>).map((f) => f.key)
  const inFields = (entity: "location" | "relation") =>
    freshserviceToZendesk.entities[entity]?.fields
      .map(({ to }) => to)
      .filter((to) => to.startsWith("custom_object_fields."))
      .map((to) => to.slice("custom_object_fields.".length))

  it.each(["location", "relation"] as const)("of a %s every value has a field in the object", (entity) => {
    expect(inFields(entity)?.toSorted()).toEqual(keysOf(entity).toSorted())
    const key = freshserviceToZendesk.entities[entity]?.object?.key
    expect(freshserviceToZendesk.entities[entity]?.fields[0]).toEqual({ to: "custom_object_key", constant: key })
  })

  it("a place has its address, and the place it is part of by name", () => {
    const row = { id: 1, name: "Bern", parent_location_id: 9, address: { city: "Bern", zipcode: "3011" }, ...times }
    const { element } = made("locations", row)
    expect(element?.body).toMatchObject({ name: "Bern", custom_object_fields: { city: "Bern", zip: "3011" } })
    expect(element?.refs).toEqual({ "custom_object_fields.part_of": { entity: "location", nativeId: "9" } })
  })

  const tie = (more: JsonObject) =>
    made("relationships", {
      id: 1,
      relationship_type_id: 8,
      primary_id: 5,
      primary_type: "asset",
      secondary_id: 6,
      secondary_type: "asset",
      ...more,
      ...times
    })

  it("a relationship between assets names both ends, by name, number and record", () => {
    const { element } = tie({})
    expect(element?.body).toMatchObject({
      name: "asset 5 8 asset 6",
      custom_object_fields: { relationship_type: "8", from_asset_number: "5", to_asset_number: "6" }
    })
    expect(Object.values(element?.refs ?? {}).map(({ nativeId }) => nativeId)).toEqual(["5", "5", "6", "6"])
  })

  it.each([
    ["requester", "to_user", "person"],
    ["department", "to_organization", "department"],
    ["location", "to_location", "location"]
  ])("a relationship with a %s looks it up", (secondary_type, field, entity) => {
    const { element } = tie({ secondary_type })
    expect(element?.refs[`custom_object_fields.${field}`]).toEqual({ entity, nativeId: "6" })
    expect(element?.refs).not.toHaveProperty("custom_object_fields.to_asset_record")
  })

  it("a relationship that Zendesk cannot hold is left out with the reason", () => {
    expect(tie({ secondary_type: "group" }).excluded).toBe("Zendesk has no lookup for what it leads to")
    expect(tie({ secondary_type: "software" }).excluded).toBe("Zendesk has no lookup for what it leads to")
    expect(tie({ primary_type: "requester" }).excluded).toBe("it does not begin at an asset")
  })
})
