// The perfect copy of that service desk and the writes that made it, by hand as well, so that the oracle is not measured
// by itself. For OracleFixture.ts.
import { attachedTo, grownCopy, grownLedger, grownTickets, picture } from "./GrownFixture.ts"
import { at, type Lines, long } from "./SourceFixture.ts"
import type { Destination, Write } from "./Truth.ts"

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
    created_at: at(minute),
    attachments: sourceId === 1 ? (attachedTo.get(k) ?? []) : []
  }))
})

export const destination = (): Lines<Destination> => ({
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
        subject: "  Printer\t",
        assignee_id: 1001,
        group_id: 2001,
        problem_id: 51,
        tags: ["on_fire", "x", "source_portal", "impact_low", "urgency_low", "env_prod", "line_laptops", "cat_hw"],
        custom_fields: [
          { id: 1, value: "env_prod" },
          { id: 2, value: "3" },
          { id: 3, value: null },
          { id: 4, value: "line_laptops" },
          { id: 6, value: "cat_hw" },
          { id: 7, value: "impact_low" },
          { id: 8, value: "urgency_low" },
          { id: 9, value: "R5" }
        ]
      },
      [
        [1003, "<p>It does not print.</p>", true, 0],
        [1003, "<div>First</div>", true, 5],
        [1001, "<div>Second</div>", false, 5],
        [1003, picture.copy, true, 7],
        [1003, "<p><b>Links at the source</b></p><p>Assets: 5</p><p>Change: 1</p>", false, 0]
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
        [1009, "(empty)", false, 2],
        [1001, "<p><b>Requested items</b></p>VPN access: 2", false, 0]
      ]
    ),
    found(3, 6, { requester_id: 1004, organization_id: null }, [
      [1004, long.slice(0, 60_000), true, 0],
      [1004, long.slice(60_000), true, 0]
    ]),
    ...grownTickets()
  ],
  ...grownCopy()
})

export const ledger = (): Array<Write> => {
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
    ...[1, 5, 6].map((id, k) => ({ kind: "ticket.import", id: k + 1, external_id: key("ticket", id), body: {} })),
    ...grownLedger()
  ]
  return writes.map((write, k) => ({ seq: k + 1, at: at(30), account: "acme", ...write }))
}
