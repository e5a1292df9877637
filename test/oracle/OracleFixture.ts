// A small service desk and its perfect copy, both written by hand, so that the oracle is not measured by itself.
// For Oracle.test.ts, which damages the copy in every way there is.
import type { Claims, Records, Result } from "./Claims.ts"
import { type EntityName, entityNames } from "./Findings.ts"
import type { Corpus, Destination, FoundField, SourceField, Truth, Write } from "./Truth.ts"

type Lines<A> = { -readonly [E in keyof A]: Array<A[E]> }

/** Everything can be changed before the oracle looks. */
export interface Desk {
  readonly corpus: Lines<Corpus>
  readonly destination: Lines<Destination>
  readonly ledger: Array<Write>
  readonly refused: Array<{ readonly entity: string; readonly id: number }>
  readonly excluded: Record<EntityName, Map<string, string>>
  readonly failed: Record<EntityName, Map<string, string>>
  readonly results: Map<EntityName, Result>
}

type Ticket = Corpus["ticket"]
type Person = Corpus["person"]

const at = (minute: number): string => `2024-03-01T10:${String(minute).padStart(2, "0")}:00Z`

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

const said = (id: number, user_id: number, minute: number, body: string, isPrivate = false) => ({
  id,
  user_id,
  body,
  body_text: body.replaceAll(/<[^>]*>/g, ""),
  private: isPrivate,
  created_at: at(minute)
})

/** 75,000 bytes: two comments at Zendesk. */
const long = `<p>${"Too long. ".repeat(7_500)}</p>`

const corpus = (): Lines<Corpus> => ({
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
        said(13, 103, 7, "<div>Third</div>")
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
  ]
})

const user = (id: number, row: Partial<Destination["user"]["row"]>): Destination["user"] => ({
  id,
  deleted: false,
  row: {
    id,
    external_id: null,
    name: "",
    email: null,
    role: "end-user",
    phone: null,
    organization_id: null,
    default_group_id: null,
    suspended: false,
    details: null,
    notes: null,
    tags: [],
    ...row
  }
})

const key = (entity: string, id: string | number): string => `freshservice:acme:${entity}:${id}`

const found = (
  id: number,
  sourceId: number,
  row: Partial<Destination["ticket"]["row"]>,
  comments: ReadonlyArray<readonly [author: number, html: string, isPublic: boolean, minute: number]>
): Destination["ticket"] => ({
  id,
  deleted: false,
  row: {
    id,
    external_id: key("ticket", sourceId),
    subject: "Printer",
    status: "open",
    priority: "normal",
    type: "incident",
    requester_id: 1003,
    assignee_id: null,
    group_id: null,
    organization_id: 3002,
    tags: ["source_portal", "impact_low", "urgency_low"],
    custom_fields: [
      { id: 7, value: "impact_low" },
      { id: 8, value: "urgency_low" }
    ],
    created_at: at(0),
    ...row
  },
  comments: comments.map(([author_id, html_body, isPublic, minute], k) => ({
    id: id * 100 + k,
    author_id,
    html_body,
    plain_body: html_body.replaceAll(/<[^>]*>/g, ""),
    public: isPublic,
    created_at: at(minute)
  }))
})

const destination = (): Lines<Destination> => ({
  organization: [
    {
      id: 3001,
      deleted: false,
      row: {
        id: 3001,
        external_id: key("department", 301),
        name: "Sales",
        details: "Sells & more",
        domain_names: ["sales.example"]
      }
    },
    {
      id: 3002,
      deleted: false,
      row: {
        id: 3002,
        external_id: key("department", 302),
        name: "SALES (302)",
        details: null,
        domain_names: []
      }
    }
  ],
  group: [
    { id: 2000, deleted: false, row: { id: 2000, name: "Support", description: "" } },
    { id: 2001, deleted: false, row: { id: 2001, name: "Desk", description: "First line" } },
    { id: 2002, deleted: false, row: { id: 2002, name: "Nobody", description: "" } }
  ],
  user: [
    user(1000, { name: "Account Owner", email: "owner@acme.example", role: "admin" }),
    user(1001, {
      external_id: key("person", "agents/101"),
      name: "Ann Lee",
      email: "ann@acme.example",
      role: "agent",
      organization_id: 3001,
      default_group_id: 2001
    }),
    user(1002, { external_id: key("person", "agents/102"), name: "Bob", email: "bob@acme.example" }),
    user(1003, {
      external_id: key("person", "requesters/103"),
      name: "Cy Ng",
      email: "cy@acme.example",
      phone: "+49891234",
      organization_id: 3002,
      details: "Title: Driver",
      tags: ["vip"]
    }),
    user(1004, {
      external_id: key("person", "requesters/104"),
      name: "Dee",
      phone: "01701",
      details: "Mobile: 0170 1"
    }),
    user(1009, { name: "Former user", email: "former-user@bridge.invalid" })
  ],
  group_membership: [{ id: 4001, deleted: false, row: { user_id: 1001, group_id: 2001 } }],
  organization_membership: [],
  ticket: [
    found(
      1,
      1,
      {
        assignee_id: 1001,
        group_id: 2001,
        tags: ["on_fire", "x", "source_portal", "impact_low", "urgency_low", "env_prod", "line_laptops", "cat_hw"],
        custom_fields: [
          { id: 1, value: "env_prod" },
          { id: 2, value: "3" },
          { id: 3, value: null },
          { id: 4, value: "line_laptops" },
          { id: 6, value: "cat_hw" },
          { id: 7, value: "impact_low" },
          { id: 8, value: "urgency_low" }
        ]
      },
      [
        [1003, "<p>It does not print.</p>", true, 0],
        [1003, "<div>First</div>", true, 5],
        [1001, "<div>Second</div>", false, 5],
        [1003, "<div>Third</div>", true, 7]
      ]
    ),
    found(
      2,
      5,
      {
        status: "closed",
        priority: "urgent",
        type: "question",
        requester_id: 1001,
        organization_id: 3001,
        tags: ["service_request", "source_portal", "impact_low", "urgency_low"]
      },
      [
        [1001, "(no description)", true, 0],
        [1009, "(empty)", false, 2]
      ]
    ),
    found(3, 6, { requester_id: 1004, organization_id: null }, [
      [1004, long.slice(0, 60_000), true, 0],
      [1004, long.slice(60_000), true, 0]
    ])
  ]
})

const ledger = (): Array<Write> => {
  const writes: ReadonlyArray<Pick<Write, "kind" | "id" | "external_id" | "body">> = [
    ...[301, 302].map((id, k) => ({
      kind: "organization.create",
      id: 3001 + k,
      external_id: key("department", id),
      body: {}
    })),
    ...["Desk", "Nobody"].map((name, k) => ({
      kind: "group.create",
      id: 2001 + k,
      external_id: null,
      body: { name }
    })),
    ...["agents/101", "agents/102", "requesters/103", "requesters/104"].map((id, k) => ({
      kind: "user.create",
      id: 1001 + k,
      external_id: key("person", id),
      body: {}
    })),
    {
      kind: "user.create",
      id: 1009,
      external_id: null,
      body: { email: "former-user@bridge.invalid" }
    },
    { kind: "group_membership.create", id: 4001, external_id: null, body: { user_id: 1001, group_id: 2001 } },
    ...[1, 5, 6].map((id, k) => ({ kind: "ticket.import", id: k + 1, external_id: key("ticket", id), body: {} }))
  ]
  return writes.map((write, k) => ({ seq: k + 1, account: "acme", ...write }))
}

const none = (): Record<EntityName, Map<string, string>> => ({
  ticket: new Map(),
  comment: new Map(),
  person: new Map(),
  group: new Map(),
  "group-member": new Map(),
  department: new Map()
})

const deletedThere = "deleted at the source"

const result = (topic: number, excluded: number, loaded: number, matched: number, failed: number): Result => ({
  topic,
  archived: topic,
  dead: 0,
  excluded,
  approved: topic - excluded,
  loaded,
  matched,
  failed,
  missing: 0,
  doubled: 0,
  changed: 0,
  hashes: { topic: "t", archive: "t", approved: "a", loaded: "l" },
  differences: []
})

export const desk = (): Desk => ({
  corpus: corpus(),
  destination: destination(),
  ledger: ledger(),
  refused: [{ entity: "ticket", id: 4 }],
  excluded: {
    ...none(),
    ticket: new Map([
      ["2", deletedThere],
      ["3", "unmapped status 7"],
      ["7", "spam"]
    ]),
    comment: new Map([
      ["21", deletedThere],
      ["31", "unmapped status 7"]
    ]),
    "group-member": new Map([["201/102", "not an agent at the destination"]])
  },
  failed: {
    ...none(),
    ticket: new Map([["4", "Subject: contains a placeholder that is not allowed"]]),
    comment: new Map([["41", "its ticket failed"]])
  },
  results: new Map([
    ["ticket", result(7, 3, 3, 0, 1)],
    ["comment", result(7, 2, 4, 0, 1)],
    ["person", result(5, 0, 4, 1, 0)],
    ["group", result(2, 0, 2, 0, 0)],
    ["group-member", result(2, 1, 1, 0, 0)],
    ["department", result(2, 0, 2, 0, 0)]
  ])
})

const sourceFields: ReadonlyArray<SourceField> = [
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
const destinationFields: ReadonlyArray<FoundField> = [
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
  { id: 8, type: "tagger", title: "Urgency", custom_field_options: [option("Low", "urgency_low")] }
]

const each = async function* <A>(lines: ReadonlyArray<A>): AsyncGenerator<A> {
  yield* lines
}

export const truthOf = (desk: Desk): Truth => ({
  corpus: (entity) => each(desk.corpus[entity]),
  destination: (entity) => each(desk.destination[entity]),
  ledger: () => each(desk.ledger),
  expectedFailures: async () => desk.refused,
  sourceFields: async () => sourceFields,
  destinationFields: async () => destinationFields
})

/** Bridge's own count of its records agrees with the results, unless a test says otherwise. */
export const claimsOf = ({ excluded, failed, results }: Desk): Claims => {
  const records = (entity: EntityName): Records => ({
    counts: results.get(entity) ?? result(0, 0, 0, 0, 0),
    excluded: excluded[entity],
    failed: failed[entity],
    open: 0,
    hashes: { approved: "a", loaded: "l" }
  })
  return {
    results,
    records: Object.fromEntries(entityNames.map((entity) => [entity, records(entity)])) as Record<EntityName, Records>
  }
}
