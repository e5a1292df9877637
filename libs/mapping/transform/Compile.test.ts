import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import type { PersonRecord, TicketRecord } from "@bridge/domain/Records"
import { describe, expect, it } from "vitest"
import { asset, comment, department, group, person, ticket } from "../testing/Samples.ts"
import { compile } from "./Compile.ts"

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
    expect(element?.body.identities).toEqual([{ type: "email", value: "b@c.example" }])
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

describe("an asset", () => {
  const rows = { "21000056898": "ThinkPad X1" }
  const model = { title: "model", rows, fallback: { use: "keep", warnOfIds: true } } as const
  const named = compile({ ...mapping, values: { ...mapping.values, asset_model: model } })
  const modelOf = (text: string) => {
    const { element, warnings } = named.asset(asset({ model: text }))
    return [element?.body.custom_object_fields, warnings.map(({ code, message }) => `${code}: ${message}`)]
  }

  it("has its model under the source's name, and a number that has none as it is, which is said", () => {
    expect(modelOf("21000056898")).toMatchObject([{ model: "ThinkPad X1" }, []])
    expect(modelOf("21000056899")).toMatchObject([
      { model: "21000056899" },
      ["value-kept: model 21000056899 has no name that the source would tell: the number stays"]
    ])
    expect(modelOf("X1 of the cellar")).toMatchObject([{ model: "X1 of the cellar" }, []])
  })
})
