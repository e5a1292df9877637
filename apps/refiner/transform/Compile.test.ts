import { withCustomFields } from "@bridge/domain/CustomFields"
import { entityIds } from "@bridge/domain/Entities"
import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import {
  type CanonicalRecord,
  type JsonValue,
  type PersonRecord,
  recordFields,
  type TicketRecord
} from "@bridge/domain/Records"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { resolve } from "../resolve/Resolve.ts"
import { comment, department, group, person, ticket } from "../testing/Samples.ts"
import { compile, elementHash } from "./Compile.ts"

const mapping = freshserviceToZendesk
const transforms = compile(mapping)
const codes = (warnings: ReadonlyArray<{ readonly code: string }>) => warnings.map((w) => w.code)
const body = (changes: Partial<TicketRecord>) => transforms.ticket(ticket(changes)).element?.body
const personOf = (changes: Partial<PersonRecord>, options: Partial<Mapping["options"]> = {}) =>
  compile({ ...mapping, options: { ...mapping.options, ...options } }).person(person(changes))

describe("a ticket of Freshservice at Zendesk", () => {
  it("has everything of its record, references apart", () =>
    expect(transforms.ticket(ticket())).toEqual({
      excluded: null,
      warnings: [],
      element: {
        body: {
          subject: "Printer on fire",
          status: "open",
          priority: "normal",
          type: "incident",
          tags: ["laptop", "remote_user", "source_portal"],
          created_at: "2024-05-10T11:32:29Z",
          updated_at: "2024-05-11T08:00:00Z"
        },
        refs: {
          requester_id: { entity: "person", nativeId: "501" },
          assignee_id: { entity: "person", nativeId: "401" },
          group_id: { entity: "group", nativeId: "301" },
          organization_id: { entity: "department", nativeId: "201" },
          "meta.description.author_id": { entity: "person", nativeId: "501" }
        },
        meta: { description: { html_body: "<div>It burns.</div>", created_at: "2024-05-10T11:32:29Z", public: true } }
      }
    }))

  it.each([
    ["new", "new"],
    ["open", "open"],
    ["in_progress", "open"],
    ["pending", "pending"],
    ["on_hold", "hold"],
    ["resolved", "solved"],
    ["closed", "closed"],
    ["canceled", "closed"]
  ] as const)("of status %s is %s", (status, expected) => expect(body({ status })?.status).toBe(expected))

  it("of a status of the tenant's own is left out until somebody says what it means", () => {
    expect(transforms.ticket(ticket({ status: null, status_raw: "7" }))).toMatchObject({
      element: null,
      excluded: "unmapped status 7"
    })
    const rows = { ...mapping.values.status?.rows, 7: "hold" }
    const status = { title: "status", rows, fallback: { use: "reject" } } as const
    const told = compile({ ...mapping, values: { ...mapping.values, status } })
    expect(told.ticket(ticket({ status: null, status_raw: "7" })).element?.body.status).toBe("hold")
  })

  it("without any status is left out", () =>
    expect(transforms.ticket(ticket({ status: null, status_raw: null })).excluded).toBe("no status"))

  it.each([
    [{ deleted: true }, "deleted at the source"],
    [{ status: "deleted" }, "deleted at the source"],
    [{ spam: true }, "spam"]
  ] as const)("with %j is left out", (changes, reason) =>
    expect(transforms.ticket(ticket(changes)).excluded).toBe(reason)
  )

  it.each([
    ["critical", "urgent"],
    ["high", "high"],
    ["medium", "normal"],
    ["low", "low"],
    ["planning", "low"]
  ] as const)("of priority %s is %s", (priority, expected) => expect(body({ priority })?.priority).toBe(expected))

  it("of an unknown priority is normal, with a warning; of none normal without", () => {
    const strange = transforms.ticket(ticket({ priority: null, priority_raw: "9" }))
    expect(strange.element?.body.priority).toBe("normal")
    expect(codes(strange.warnings)).toEqual(["value-defaulted"])
    expect(transforms.ticket(ticket({ priority: null, priority_raw: null }))).toMatchObject({
      element: { body: { priority: "normal" } },
      warnings: []
    })
  })

  it.each([
    ["incident", "incident", []],
    ["service_request", "question", ["service_request"]],
    ["question", "question", []],
    ["problem", "problem", []],
    ["task", "task", []],
    ["alert", "incident", ["alert"]],
    ["case", "question", ["case"]],
    ["major_incident", "incident", ["major_incident"]]
  ] as const)("of kind %s is %s with the tags %j", (kind, type, tags) => {
    const made = body({ kind, tags: [], source_channel: null, source_channel_raw: null })
    expect(made?.type).toBe(type)
    expect(made?.tags ?? []).toEqual(tags)
  })

  it("keeps the channel it came through as a tag", () => {
    expect(body({ tags: [], source_channel: "email" })?.tags).toEqual(["source_email"])
    expect(body({ tags: [], source_channel: null, source_channel_raw: "42" })?.tags).toEqual(["source_42"])
  })

  it("was solved when it was resolved, else closed, else last changed; an open one was not", () => {
    expect(body({ status: "resolved", resolved_at: "2024-05-12T01:02:03Z" })?.solved_at).toBe("2024-05-12T01:02:03Z")
    expect(body({ status: "closed", closed_at: "2024-05-13T01:02:03.500Z" })?.solved_at).toBe("2024-05-13T01:02:03Z")
    expect(body({ status: "closed" })?.solved_at).toBe("2024-05-11T08:00:00Z")
    expect(body({ status: "open", resolved_at: "2024-05-12T01:02:03Z" })).not.toHaveProperty("solved_at")
  })

  it("has a subject, a description and a requester in any case", () => {
    const { element, warnings } = transforms.ticket(
      ticket({ subject: " ", description_html: "<div><br></div>", description_text: "", requester: null })
    )
    expect(element?.body.subject).toBe("(no subject)")
    expect(element?.meta.description?.html_body).toBe("(no description)")
    expect(element?.refs.requester_id).toEqual({ entity: "person", nativeId: "" })
    expect(codes(warnings)).toEqual(["empty-text"])
  })

  it("takes the text where there is no HTML", () =>
    expect(
      transforms.ticket(ticket({ description_html: "", description_text: "a < b\nc" })).element?.meta.description
        ?.html_body
    ).toBe("a &lt; b<br>c"))
})

describe("a long text", () => {
  it("becomes several pieces that are the whole together", () => {
    const html = `<p>${"Größe 🙂 ".repeat(9000)}</p>`
    const { element, warnings } = transforms.comment(comment({ html }))
    const pieces = [String(element?.body.html_body), ...(element?.meta.more ?? [])]
    expect(pieces.join("")).toBe(html)
    expect(pieces.length).toBe(Math.ceil(Buffer.byteLength(html) / 64_000))
    for (const piece of pieces) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(64_000)
    expect(codes(warnings)).toEqual(["split"])
  })

  it("is cut where the mapping says so", () => {
    const rule = mapping.entities.comment?.text
    const entities = {
      ...mapping.entities,
      comment: {
        fields: [],
        exclude: [],
        ...(rule && { text: { ...rule, bytes: 100, oversize: "truncate" as const } })
      }
    }
    const { element, warnings } = compile({ ...mapping, entities }).comment(comment({ html: "🙂".repeat(40) }))
    expect(element?.body.html_body).toBe("🙂".repeat(25))
    expect(codes(warnings)).toEqual(["truncated"])
  })
})

describe("a comment", () => {
  it("keeps author, time and visibility", () =>
    expect(transforms.comment(comment({ visibility: "private" })).element).toEqual({
      body: { public: false, created_at: "2024-05-10T11:32:29Z", html_body: "<p>On it.</p>" },
      refs: { author_id: { entity: "person", nativeId: "401" } },
      meta: {}
    }))
  it("of unknown visibility is not shown to anybody outside", () =>
    expect(transforms.comment(comment({ visibility: null })).element?.body).not.toMatchObject({ public: true }))
})

describe("a person", () => {
  it("becomes a user", () =>
    expect(transforms.person(person()).element).toEqual({
      body: {
        name: "Ada Lovelace",
        email: "Ada@Acme.example",
        role: "end-user",
        phone: "+4989123456",
        details: "Title: Analyst"
      },
      refs: { organization_id: { entity: "department", nativeId: "201" } },
      meta: {}
    }))

  it("who is an active agent stays one, a former one becomes an end user with a warning", () => {
    expect(personOf({ is_agent: true }).element?.body.role).toBe("agent")
    const former = personOf({ is_agent: true, active: false })
    expect(former.element?.body.role).toBe("end-user")
    expect(codes(former.warnings)).toEqual(["agent-inactive"])
    expect(personOf({ is_agent: true, active: false }, { inactiveAgents: "placeholder" }).excluded).toBe(
      "inactive agent"
    )
  })

  it("without an address is created without, with a made-up one or not at all, as the mapping says", () => {
    expect(personOf({ email: null }).element?.body).not.toHaveProperty("email")
    expect(personOf({ email: null }, { withoutEmail: "synthetic" }).element?.body.email).toBe("501@no-address.invalid")
    expect(personOf({ email: null }, { withoutEmail: "exclude" }).excluded).toBe("no e-mail address")
    const agent = personOf({ email: null, is_agent: true })
    expect(agent.element?.body.role).toBe("end-user")
    expect(codes(agent.warnings)).toEqual(["no-email", "agent-without-email"])
  })

  it("has a name in any case", () => {
    expect(personOf({ name: null, first_name: null, last_name: " " }).element?.body.name).toBe("Ada@Acme.example")
    expect(personOf({ name: null, first_name: null, last_name: null, email: null }).element?.body.name).toBe(
      "Unnamed person 501"
    )
  })

  it("has all that is known about further departments and addresses in warnings, VIPs a tag", () => {
    const { element, warnings } = personOf({ vip: true, departments: ["1", "2"], other_emails: ["b@c.example"] })
    expect(element?.body.tags).toEqual(["vip"])
    expect(element?.meta.identities).toEqual(["b@c.example"])
    expect(codes(warnings)).toEqual(["other-emails", "several-departments"])
  })
})

describe("groups and departments", () => {
  it("keep their names and have one in any case", () => {
    expect(transforms.group(group()).element?.body).toEqual({ name: "Service Desk" })
    expect(
      transforms.department(department({ name: " ", domains: ["https://www.Acme.example/x"] })).element?.body
    ).toEqual({
      name: "Department 201",
      domain_names: ["acme.example"]
    })
  })
  it("have members who must exist and be agents", () =>
    expect(
      transforms["group-member"]({
        source_id: "1/2",
        native_id: "1/2",
        source_updated_at: null,
        created_at: null,
        group: "1",
        person: "2",
        role: "leader",
        is_default: null
      }).element
    ).toEqual({
      body: {},
      refs: { user_id: { entity: "person", nativeId: "2" }, group_id: { entity: "group", nativeId: "1" } },
      meta: {}
    }))
})

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
    expect(warnings.map((w) => [w.code, w.field])).toEqual([
      ["option-unmatched", "environment"],
      ["field-unmatched", "nowhere"],
      ["field-type", "wrong"],
      ["status-unmapped", "status"]
    ]))

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

  it("that do not fit are left out with a warning", () => {
    const { element, warnings: notes } = made.ticket(
      ticket({ custom: { seats: "many", is_vip: "perhaps", needed_by: "soon" }, impact: null, category: null })
    )
    expect(element?.body).not.toHaveProperty("custom_fields")
    expect(codes(notes)).toEqual(["custom-unreadable", "custom-unreadable", "time-unreadable"])
  })
})

describe("any record", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", " ", "\0", "\ud800", "<p>", "2024-01-01T00:00:00Z", "9".repeat(400))
  )
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.constant(null),
    fc.constant(undefined),
    fc.boolean(),
    fc.double(),
    text,
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 })
  )
  const record = (id: (typeof entityIds)[number]) =>
    fc.record(
      Object.fromEntries(Object.keys(recordFields[id]).map((name) => [name, name.endsWith("_id") ? text : value]))
    )

  it.each(entityIds)("of %s is resolved and transformed without a throw, into what PostgreSQL can hold", (id) =>
    fc.assert(
      fc.property(record(id), (given) => {
        const resolved = resolve(id, given as never)
        if (resolved._tag === "Refused") return
        const { element, excluded } = transforms[id](resolved.record as CanonicalRecord)
        expect(element === null).toBe(excluded !== null)
        if (element === null) return
        const json = JSON.stringify(element)
        expect(json).not.toMatch(/\\u0000|\\u[dD][89abAB][0-9a-fA-F]{2}/u)
        expect(elementHash(JSON.parse(json))).toBe(elementHash(element))
      }),
      { numRuns: 300 }
    )
  )
})
