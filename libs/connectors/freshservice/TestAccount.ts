// A small Freshservice account, played as the vendor's reference describes it, with pages of two rows. For tests.
import { json, type Respond } from "@bridge/http/TestVendor"
import type { Account } from "../Suite.ts"

export interface TestTicket {
  readonly id: number
  updated_at: string
  readonly deleted: boolean
  readonly spam: boolean
  readonly workspace_id: number
}

const at = (minute: number): string => new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString().replace(".000", "")

/** Nine tickets: two share a second, one is deleted, one is spam, one lives in another workspace. */
export const tickets = (): Array<TestTicket> => [
  ...[1, 2, 2, 4, 5, 6].map((minute, i) => ({
    id: i + 1,
    updated_at: at(minute),
    deleted: false,
    spam: false,
    workspace_id: 2
  })),
  { id: 7, updated_at: at(3), deleted: true, spam: false, workspace_id: 2 },
  { id: 8, updated_at: at(7), deleted: false, spam: true, workspace_id: 2 },
  { id: 9, updated_at: at(8), deleted: false, spam: false, workspace_id: 3 }
]

const pageSize = 2

const people = [1, 2, 3].map((id) => ({ id: 21_000_000_000 + id, first_name: `P${id}`, updated_at: at(id) }))
const lists: Readonly<Record<string, ReadonlyArray<object>>> = {
  requesters: people,
  agents: people.slice(0, 1),
  groups: [
    { id: 5, name: "Desk", leaders: [1], members: [2], observers: [3], agent_ids: [2, 4] },
    { id: 6, name: "Night", members: [] },
    { id: 7, name: "Empty" }
  ],
  departments: [{ id: 8, name: "Sales" }],
  locations: [
    { id: 31, name: "Europe" },
    { id: 32, name: "Ghent", parent_location_id: 31 },
    { id: 33, name: "Hall 3", parent_location_id: 32 }
  ],
  asset_types: [
    { id: 21, name: "Hardware" },
    { id: 22, name: "Computer", parent_asset_type_id: 21 },
    { id: 23, name: "Laptop", parent_asset_type_id: 22 }
  ],
  assets: [
    { id: 9001, display_id: 1, name: "One", workspace_id: 2 },
    { id: 9002, display_id: 2, name: "Two", workspace_id: 2 },
    { id: 9003, display_id: 3, name: "Three", workspace_id: 2 }
  ],
  relationships: [{ id: 71, primary_id: 1, primary_type: "asset", secondary_id: 2, secondary_type: "asset" }],
  relationship_types: [{ id: 81, downstream_relation: "Uses", upstream_relation: "Used by" }],
  problems: [1, 2, 3].map((id) => ({ id, subject: `Problem ${id}`, updated_at: at(id), workspace_id: 2 })),
  changes: [1, 2].map((id) => ({ id, subject: `Change ${id}`, updated_at: at(id), workspace_id: 2 })),
  requester_fields: [{ id: 51, name: "shoe_size", label: "Shoe size" }],
  workspaces: [
    { id: 2, primary: true },
    { id: 3, primary: false }
  ]
}

/** Lists by page with a `Link` to the next; `before` may change the tickets between two calls. */
export const freshserviceWith =
  (all: Array<TestTicket>, before: (number: number) => void = () => undefined): Respond =>
  (call, response, number) => {
    before(number)
    const { pathname, searchParams } = call.url
    const send = (key: string, rows: ReadonlyArray<object>) => {
      const page = Number(searchParams.get("page") ?? 1)
      const link = `<https://acme.freshservice.com${pathname}?page=${page + 1}>; rel="next"`
      const more = rows.length > page * pageSize
      json(response, 200, { [key]: rows.slice((page - 1) * pageSize, page * pageSize) }, more ? { link } : {})
    }
    if (call.headers.authorization !== `Basic ${Buffer.from("key:X").toString("base64")}`)
      return json(response, 401, {})
    const [, id, conversations] = /^\/api\/v2\/tickets\/(\d+)(\/conversations)?$/.exec(pathname) ?? []
    const name = pathname.replace("/api/v2/", "")
    if (/^asset_types\/\d+\/fields$/.test(name)) return json(response, 200, { asset_type_fields: typeFields(name) })
    const [, kind = "", of] = /^(problem|change)s\/(\d+)\/notes$/.exec(name) ?? []
    if (of !== undefined) return send("notes", notesOf(kind === "problem" ? 100 : 200, Number(of)))
    const [, list = "", one] = /^(problems|changes|assets)\/(\d+)$/.exec(name) ?? []
    if (one !== undefined) {
      const row = lists[list]?.find(
        (row) => Number(Reflect.get(row, list === "assets" ? "display_id" : "id")) === Number(one)
      )
      return json(response, 200, { [list.slice(0, -1)]: { ...row, attachments: attached(list, Number(one)) } })
    }
    if (name === "assets" && searchParams.has("trashed")) return send("assets", [])
    if (id !== undefined && conversations !== undefined)
      return id === "4" ? json(response, 404, {}) : send("conversations", conversationsOf(Number(id)))
    if (id !== undefined)
      return json(response, 200, {
        ticket: {
          ...all.find((one) => one.id === Number(id)),
          urgency: 2,
          attachments: attached("tickets", Number(id))
        }
      })
    if (name === "ticket_form_fields")
      return json(response, 200, { ticket_fields: [{ name: "site", label: "Site", field_type: "custom_text" }] })
    if (name === "tickets")
      return send(
        "tickets",
        listed(all, searchParams).map((row) =>
          searchParams.get("include") === "stats" ? { ...row, stats: statsOf(row) } : row
        )
      )
    const rows = lists[name]
    const workspace = searchParams.get("workspace_id")
    if (rows === undefined) return json(response, 404, {})
    return send(
      name,
      rows.filter((row) => workspace === null || String(Reflect.get(row, "workspace_id")) === workspace)
    )
  }

const statsOf = (ticket: TestTicket) => ({ ticket_id: ticket.id, resolved_at: at(90 + ticket.id), closed_at: null })

const conversationsOf = (ticket: number) =>
  [1, 2, 3].map((n) => ({ id: ticket * 10 + n, ticket_id: ticket, updated_at: at(n) }))

const notesOf = (base: number, of: number) =>
  [1, 2, 3].map((n) => ({ id: base + of * 10 + n, body: "<p>n</p>", user_id: 1 }))

/** The field groups of an asset type, one field in the second. */
const typeFields = (path: string) => {
  const type = path.split("/")[1]
  return [
    { field_header: "General", fields: [] },
    {
      field_header: "Hardware",
      fields: [{ id: Number(`4${type}`), name: `serial_number_${type}`, label: "Serial Number" }]
    }
  ]
}

/** Tickets 1 and 2, asset 2 and problem 3 have a file. */
const attached = (list: string, id: number): ReadonlyArray<object> =>
  ["tickets/1", "tickets/2", "assets/2", "problems/3"].includes(`${list}/${id}`)
    ? [
        {
          id: 600 + id,
          name: "a.txt",
          size: 5,
          attachment_url: `https://files.freshservice.com/${list}/${id}?sign=secret`
        }
      ]
    : []

const listed = (all: ReadonlyArray<TestTicket>, query: URLSearchParams): ReadonlyArray<TestTicket> => {
  const since = Date.parse(query.get("updated_since") ?? "2099-01-01")
  const filter = query.get("filter")
  const workspace = Number(query.get("workspace_id") ?? 2)
  return all
    .filter((one) => one.workspace_id === workspace && Date.parse(one.updated_at) >= since)
    .filter((one) => (filter === null ? !one.deleted && !one.spam : filter === "deleted" ? one.deleted : one.spam))
    .toSorted((a, b) => Date.parse(a.updated_at) - Date.parse(b.updated_at) || a.id - b.id)
}

export const account: Account = {
  config: { domain: "acme.freshservice.com", api_key: "key" },
  badConfigs: [
    ["a blank key", { domain: "acme.freshservice.com", api_key: "   " }],
    ["a key of two lines", { domain: "acme.freshservice.com", api_key: "secret-a\nsecret-b" }],
    ["no key", { domain: "acme.freshservice.com" }],
    ["another domain", { domain: "acme.evil.example", api_key: "secret-one" }],
    ["a date that is none", { domain: "acme.freshservice.com", api_key: "secret-two", start_date: "some-day" }]
  ],
  respond: () => freshserviceWith(tickets()),
  ids: {
    tickets: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    conversations: [1, 2, 3, 5, 6, 7, 8, 9].flatMap((ticket) => [1, 2, 3].map((n) => String(ticket * 10 + n))),
    requesters: people.map(({ id }) => String(id)),
    agents: [String(people[0]?.id)],
    groups: ["5", "6", "7"],
    departments: ["8"],
    attachments: ["601", "602"],
    locations: ["31", "32", "33"],
    asset_types: ["21", "22", "23"],
    asset_type_fields: ["421", "422", "423"],
    assets: ["1", "2", "3"],
    asset_attachments: ["602"],
    relationships: ["71"],
    relationship_types: ["81"],
    problems: ["1", "2", "3"],
    problem_notes: [1, 2, 3].flatMap((of) => [1, 2, 3].map((n) => String(100 + of * 10 + n))),
    problem_attachments: ["603"],
    changes: ["1", "2"],
    change_notes: [1, 2].flatMap((of) => [1, 2, 3].map((n) => String(200 + of * 10 + n))),
    change_attachments: [],
    ticket_fields: ["site"],
    problem_fields: [],
    change_fields: [],
    requester_fields: ["51"],
    agent_fields: [],
    department_fields: []
  }
}
