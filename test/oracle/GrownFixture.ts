// That service desk's assets, problem, change and files, and their perfect copy. For SourceFixture.ts and CopyFixture.ts.
import type { Corpus, Destination, Write } from "./Truth.ts"

type Lines<A> = { -readonly [E in keyof A]: Array<A[E]> }
type Grown = "asset-type" | "asset" | "relation" | "location" | "problem" | "change" | "attachment"

const at = (minute: number): string => `2024-03-01T10:${String(minute).padStart(2, "0")}:00Z`
const key = (entity: string, id: string | number): string => `freshservice:acme:${entity}:${id}`
const sha = (digit: string): string => digit.repeat(64)

const matter = {
  subject: "Slow",
  description: "<p>It is slow.</p>",
  description_text: "It is slow.",
  status: 2,
  priority: 3,
  impact: 1,
  requester_id: 103,
  agent_id: null,
  group_id: null,
  category: null,
  sub_category: null,
  item_category: null,
  tags: ["Big"],
  assets: [{ display_id: 5 }],
  created_at: at(0)
}

const place = { name: null, parent_location_id: null, contact_name: null, phone: null, email: null, address: null }
const address = { line1: "Street 2", line2: null, city: "Berlin", state: null, country: "Germany", zipcode: "10115" }
const relation = { relationship_type_id: 8, primary_id: 5, primary_type: "asset" }

const file = { size: 3, inline: false, ticket_id: 1, available: true } as const

export const grown = (): Pick<Lines<Corpus>, Grown> => ({
  location: [
    { id: 601, row: { ...place, name: "Berlin" } },
    { id: 602, row: { ...place, name: "Room 2", parent_location_id: 601, contact_name: "Desk", address } }
  ],
  relation: [
    { id: 701, row: { ...relation, secondary_id: 103, secondary_type: "requester" } },
    { id: 702, row: { ...relation, secondary_id: 5, secondary_type: "asset" } },
    { id: 703, row: { ...relation, secondary_id: 6, secondary_type: "asset" } }
  ],
  "asset-type": [
    { id: 501, row: { id: 501, name: "Laptop", description: null }, fields: [{ fields: [{ id: 1 }] }] },
    { id: 502, row: { id: 502, name: "Server", description: null }, fields: [{ fields: [{ id: 1 }] }] }
  ],
  asset: [
    {
      id: 9005,
      trashed: false,
      row: {
        display_id: 5,
        name: "Laptop 5",
        description: null,
        asset_type_id: 501,
        impact: "low",
        usage_type: "permanent",
        asset_tag: "A-5",
        user_id: 103,
        agent_id: 999,
        group_id: 201,
        department_id: 301,
        location_id: 601,
        assigned_on: at(0),
        end_of_life: null,
        type_fields: {
          serial_number_501: "S1",
          asset_state_501: "In Use",
          cost_501: 10.5,
          os_501: "Linux",
          product_501: 77,
          vendor_501: 78
        }
      }
    },
    {
      id: 9006,
      trashed: true,
      row: {
        display_id: 6,
        name: "Old",
        description: null,
        asset_type_id: 501,
        impact: null,
        usage_type: null,
        asset_tag: null,
        user_id: null,
        agent_id: null,
        group_id: null,
        department_id: null,
        location_id: null,
        assigned_on: null,
        end_of_life: null,
        type_fields: {}
      }
    }
  ],
  problem: [
    {
      id: 1,
      row: {
        ...matter,
        id: 1,
        known_error: true,
        due_by: null,
        analysis_fields: { problem_cause: "<p>Cache &amp; queue</p>" }
      },
      notes: [{ id: 81, user_id: 101, body: "<p>Found</p>", body_text: "Found", created_at: at(3) }]
    }
  ],
  change: [
    {
      id: 1,
      row: {
        ...matter,
        id: 1,
        status: 6,
        description: "",
        description_text: 'It is "slow" & <old>\n',
        change_type: 4,
        risk: 3,
        planned_end_date: at(9),
        planning_fields: { rollout_plan: { description: "<p>One, then all</p>", description_text: "One, then all" } }
      },
      notes: []
    }
  ],
  attachment: [
    { ...file, id: 91, name: "a.txt", sha256: sha("1"), parent: "ticket", parent_id: 1 },
    { ...file, id: 92, name: "b.txt", sha256: sha("2"), parent: "comment", parent_id: 12 },
    { ...file, id: 93, name: "p.png", sha256: sha("3"), parent: "comment", parent_id: 13, inline: true },
    { ...file, id: 94, name: "gone.txt", sha256: sha("4"), parent: "ticket", parent_id: 1, available: false },
    { ...file, id: 95, name: "of asset.txt", sha256: sha("5"), parent: "asset", parent_id: 5, ticket_id: null },
    { ...file, id: 96, name: "of spam.txt", sha256: sha("6"), parent: "ticket", parent_id: 7, ticket_id: 7 },
    { ...file, id: 97, name: "of refused.txt", sha256: sha("7"), parent: "ticket", parent_id: 4, ticket_id: 4 }
  ]
})

/** A picture in a text of the source, and the same at the destination. */
export const picture = {
  source: '<div>Third</div><img src="https://files.example/inline?token=a&amp;b" class="inline-image" data-id="93">',
  copy: '<div>Third</div><img src="https://acme.zendesk.com/attachments/3?a=1&amp;b=2" class="inline-image" data-id="93">'
}

const attached = (id: number, file_name: string, inline = false) => ({
  id,
  file_name,
  content_url: `https://acme.zendesk.com/attachments/${id - 900}?a=1&b=2`,
  inline
})

/** The files of ticket 1, by the place of the comment. */
export const attachedTo: ReadonlyMap<number, ReadonlyArray<ReturnType<typeof attached>>> = new Map([
  [0, [attached(901, "a.txt")]],
  [2, [attached(902, "b.txt")]],
  [3, [attached(903, "image", true)]]
])

const comment = (id: number, author_id: number, html_body: string, isPublic: boolean, minute: number) => ({
  id,
  author_id,
  html_body,
  plain_body: html_body,
  public: isPublic,
  created_at: at(minute)
})

const ticket = (id: number, entity: string, row: Partial<Destination["ticket"]["row"]>) => ({
  id,
  deleted: false,
  row: {
    id,
    external_id: key(entity, 1),
    subject: "Slow",
    status: "pending",
    priority: "high",
    type: "problem",
    requester_id: 1003,
    assignee_id: null,
    group_id: null,
    organization_id: 3002,
    tags: ["big", "known_error"],
    custom_fields: [{ id: 9, value: "R5" }],
    created_at: at(0),
    problem_id: null,
    due_at: null,
    ...row
  }
})

export const grownTickets = (): Array<Destination["ticket"]> => [
  {
    ...ticket(51, "problem", {}),
    comments: [
      comment(5101, 1003, "<p>It is slow.</p>", true, 0),
      comment(
        5102,
        1003,
        "<p><b>Analysis</b></p><p>Cause: Cache &amp; queue</p><p>Impact: low</p><p>Assets: 5</p>",
        false,
        0
      ),
      comment(5103, 1001, "<p>Found</p>", false, 3)
    ]
  },
  {
    ...ticket(52, "change", {
      type: "task",
      status: "closed",
      due_at: at(9),
      tags: ["big", "change", "change_emergency", "risk_high"]
    }),
    comments: [
      comment(5201, 1003, "It is &quot;slow&quot; &amp; &lt;old&gt;<br>", true, 0),
      comment(5202, 1003, `<p><b>Change plan</b></p>One, then all ${at(9)} low <ul><li>5</li></ul>`, false, 0)
    ]
  }
]

const record = (
  id: string,
  object: string,
  external_id: string,
  name: string,
  custom_object_fields: Readonly<Record<string, unknown>>
): Destination["custom_object_record"] => ({ id, object, row: { name, external_id, custom_object_fields } })

const emptyPlace = {
  part_of: null,
  line1: null,
  line2: null,
  zip: null,
  city: null,
  state: null,
  country: null,
  contact_name: null,
  phone: null,
  email: null
}

const emptyTie = {
  relationship_type: "Uses / Used by",
  from_asset: "Laptop 5",
  from_asset_number: "5",
  from_asset_record: "R5",
  to_asset: null,
  to_asset_number: null,
  to_asset_record: null,
  to_user: null,
  to_organization: null,
  to_location: null
}

export const grownCopy = (): Pick<
  Lines<Destination>,
  "attachment" | "custom_object" | "custom_object_record" | "identity"
> => ({
  identity: [{ id: 961, deleted: false, row: { user_id: 1003, type: "email", value: "cy.two@acme.example" } }],
  attachment: [1, 2, 3].map((n) => ({ id: 900 + n, sha256: sha(String(n)) })),
  custom_object: [
    { id: "laptop_501", row: { title: "Laptop" } },
    { id: "source_location", row: { title: "Location" } },
    { id: "source_relationship", row: { title: "Relationship" } }
  ],
  custom_object_record: [
    {
      id: "R5",
      object: "laptop_501",
      row: {
        name: "Laptop 5",
        external_id: key("asset", 5),
        custom_object_fields: {
          asset_number: "5",
          asset_tag: "A-5",
          serial_number: "S1",
          model: "ThinkPad",
          vendor: "78",
          asset_state: "asset_state_in_use",
          asset_state_at_source: "In Use",
          usage_type: "permanent",
          impact: "low",
          used_by: 1003,
          managed_by: null,
          managed_by_group: "Desk",
          organization: 3001,
          location: "L1",
          cost: "10.5",
          acquired_on: null,
          warranty_until: null,
          end_of_life: null,
          assigned_on: "2024-03-01",
          description: null,
          further_details: "os: Linux"
        }
      }
    },
    record("L1", "source_location", key("location", 601), "Berlin", { ...emptyPlace, location_number: "601" }),
    record("L2", "source_location", key("location", 602), "Room 2", {
      ...emptyPlace,
      location_number: "602",
      part_of: "Berlin",
      line1: "Street 2",
      city: "Berlin",
      country: "Germany",
      zip: "10115",
      contact_name: "Desk"
    }),
    record("T1", "source_relationship", key("relation", 701), "asset 5 Uses / Used by person 103", {
      ...emptyTie,
      to_user: 1003
    }),
    record("T2", "source_relationship", key("relation", 702), "asset 5 Uses / Used by asset 5", {
      ...emptyTie,
      to_asset: "Laptop 5",
      to_asset_number: "5",
      to_asset_record: "R5"
    })
  ]
})

export const grownLedger = (): ReadonlyArray<Pick<Write, "kind" | "id" | "external_id" | "body">> => [
  // The second file was sent twice: an upload that no comment has named comes to nothing.
  ...["1", "2", "2", "3", "7"].map((digit, k) => ({
    kind: "upload.create",
    id: 910 + k,
    external_id: null,
    body: { sha256: sha(digit) }
  })),
  { kind: "identity.create", id: 961, external_id: null, body: { user_id: 1003, value: "Cy.Two@acme.example" } },
  { kind: "custom_object.create", id: "laptop_501", external_id: null, body: { key: "laptop_501" } },
  {
    kind: "custom_object_field.create",
    id: 920,
    external_id: null,
    body: { object: "laptop_501", key: "asset_tag" }
  },
  { kind: "custom_object_record.create", id: "R5", external_id: key("asset", 5), body: {} },
  {
    kind: "ticket_field.create",
    id: 9,
    external_id: null,
    body: { title: "Asset: Laptop", target: "zen:custom_object:laptop_501" }
  },
  ...["source_location", "source_relationship"].map((object) => ({
    kind: "custom_object.create",
    id: object,
    external_id: null,
    body: { key: object }
  })),
  { kind: "custom_object_field.create", id: 921, external_id: null, body: { object: "source_location", key: "city" } },
  ...[601, 602].map((id) => ({ kind: "custom_object_record.create", id, external_id: key("location", id), body: {} })),
  ...[701, 702].map((id) => ({ kind: "custom_object_record.create", id, external_id: key("relation", id), body: {} })),
  { kind: "ticket.import", id: 51, external_id: key("problem", 1), body: {} },
  { kind: "ticket.import", id: 52, external_id: key("change", 1), body: {} }
]
