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
    if (id !== undefined && conversations !== undefined)
      return id === "4" ? json(response, 404, {}) : send("conversations", conversationsOf(Number(id)))
    if (id !== undefined)
      return json(response, 200, { ticket: { ...all.find((one) => one.id === Number(id)), urgency: 2 } })
    if (name === "ticket_form_fields")
      return json(response, 200, { ticket_fields: [{ name: "site", label: "Site", field_type: "custom_text" }] })
    if (name === "tickets") return send("tickets", listed(all, searchParams))
    return lists[name] === undefined ? json(response, 404, {}) : send(name, lists[name])
  }

const conversationsOf = (ticket: number) =>
  [1, 2, 3].map((n) => ({ id: ticket * 10 + n, ticket_id: ticket, updated_at: at(n) }))

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
    departments: ["8"]
  }
}
