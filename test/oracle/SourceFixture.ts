// A small service desk as the source has it, written by hand: every case the documented rules speak of. For OracleFixture.ts.
import { grown, picture } from "./GrownFixture.ts"
import type { Corpus, FoundField, SourceField } from "./Truth.ts"

export type Lines<A> = { -readonly [E in keyof A]: Array<A[E]> }

type Ticket = Corpus["ticket"]
type Person = Corpus["person"]

export const at = (minute: number): string => `2024-03-01T10:${String(minute).padStart(2, "0")}:00Z`

const person = (kind: "agent" | "requester", id: number, row: Partial<Person["row"]>): Person => ({
  id,
  kind,
  row: {
    id,
    first_name: null,
    last_name: null,
    work_phone_number: null,
    mobile_phone_number: null,
    job_title: null,
    background_information: null,
    vip_user: false,
    department_ids: [],
    active: true,
    ...row
  }
})

const ticket = (id: number, row: Partial<Ticket["row"]>, conversations: Ticket["conversations"] = []): Ticket => ({
  id,
  ...links.get(id),
  row: {
    id,
    subject: "Printer",
    description: "<p>It does not print.</p>",
    description_text: "It does not print.",
    type: "Incident",
    status: 2,
    priority: 2,
    urgency: 1,
    impact: 1,
    source: 2,
    requester_id: 103,
    responder_id: null,
    group_id: null,
    department_id: null,
    category: null,
    sub_category: null,
    item_category: null,
    tags: [],
    custom_fields: null,
    deleted: false,
    spam: false,
    created_at: at(0),
    updated_at: at(9),
    ...row
  },
  conversations
})

/** What some tickets are linked with. */
const links: ReadonlyMap<number, Partial<Ticket>> = new Map([
  [1, { problem_id: 1, asset_display_ids: [5], change_id: 1 }],
  [5, { problem_id: 1, requested_items: [{ service_item_name: "VPN access", quantity: 2 }] }]
])

const said = (id: number, user_id: number, minute: number, body: string, isPrivate = false) => ({
  id,
  user_id,
  body,
  body_text: body.replaceAll(/<[^>]*>/g, ""),
  private: isPrivate,
  created_at: at(minute)
})

/** 75,000 bytes: two comments at Zendesk. */
export const long = `<p>${"Too long. ".repeat(7_500)}</p>`

export const corpus = (): Lines<Corpus> => ({
  department: [
    { id: 301, row: { id: 301, name: "Sales", description: "Sells & more", domains: ["Sales.example"] } },
    { id: 302, row: { id: 302, name: "SALES", description: null, domains: [] } }
  ],
  group: [
    { id: 201, row: { id: 201, name: "Desk", description: "First line" } },
    { id: 202, row: { id: 202, name: "Nobody", description: null } }
  ],
  person: [
    person("agent", 101, { first_name: "Ann", last_name: "Lee", email: "ann@acme.example", department_ids: [301] }),
    person("agent", 102, { first_name: "Bob", last_name: null, email: "bob@acme.example", active: false }),
    person("requester", 103, {
      first_name: "Cy",
      last_name: "Ng",
      primary_email: "Cy@acme.example",
      secondary_emails: ["Cy.Two@acme.example"],
      department_ids: [302, 301],
      work_phone_number: "+49 89 1234",
      job_title: "Driver",
      vip_user: true
    }),
    person("requester", 104, { first_name: "Dee", primary_email: null, mobile_phone_number: "0170 1" }),
    person("requester", 105, { first_name: "Anne", last_name: "L", primary_email: "ANN@ACME.example" })
  ],
  "group-member": [
    { group_id: 201, agent_id: 101 },
    { group_id: 201, agent_id: 102 }
  ],
  ticket: [
    ticket(
      1,
      {
        subject: "  Printer\t",
        group_id: 201,
        responder_id: 101,
        tags: ["On Fire", "x"],
        custom_fields: { environment: "Production", seats: 3, is_vip: false, product: "Computers", family: "Laptops" },
        category: "Hardware"
      },
      [
        said(12, 101, 5, "<div>Second</div>", true),
        said(11, 103, 5, "<div>First</div>"),
        said(13, 103, 7, picture.source)
      ]
    ),
    ticket(2, { deleted: true }, [said(21, 103, 1, "<p>gone</p>")]),
    ticket(3, { status: 7 }, [said(31, 103, 1, "<p>waiting</p>")]),
    ticket(4, { subject: "About {{ticket.reference}}" }, [said(41, 103, 1, "<p>refused</p>")]),
    ticket(
      5,
      {
        requester_id: 105,
        responder_id: 102,
        status: 5,
        priority: 4,
        type: "Service Request",
        description: "",
        description_text: ""
      },
      [said(51, 999, 2, "", true)]
    ),
    ticket(6, { description: long, description_text: "Too long.", requester_id: 104 }),
    ticket(7, { spam: true })
  ],
  ...grown()
})

export const sourceFields: ReadonlyArray<SourceField> = [
  { name: "environment", label: "Environment", field_type: "custom_dropdown", default_field: false },
  { name: "seats", label: "Seats", field_type: "custom_number", default_field: false },
  { name: "is_vip", label: "VIP?", field_type: "custom_checkbox", default_field: false },
  {
    name: "product",
    label: "Product line",
    field_type: "nested_field",
    default_field: false,
    nested_fields: [{ name: "family" }]
  }
]

const option = (name: string, value: string) => ({ name, value })
const toLaptops: FoundField = {
  id: 9,
  type: "lookup",
  title: "Asset: Laptop",
  relationship_target_type: "zen:custom_object:laptop_501"
}
export const destinationFields: ReadonlyArray<FoundField> = [
  { id: 1, type: "tagger", title: "environment", custom_field_options: [option("Production", "env_prod")] },
  { id: 2, type: "integer", title: "Seats" },
  { id: 3, type: "checkbox", title: "VIP?" },
  {
    id: 4,
    type: "tagger",
    title: "Product line",
    custom_field_options: [option("Computers", "line_computers"), option("Computers::Laptops", "line_laptops")]
  },
  { id: 6, type: "tagger", title: "Category", custom_field_options: [option("Hardware", "cat_hw")] },
  { id: 7, type: "tagger", title: "Impact", custom_field_options: [option("Low", "impact_low")] },
  { id: 8, type: "tagger", title: "Urgency", custom_field_options: [option("Low", "urgency_low")] },
  toLaptops
]
