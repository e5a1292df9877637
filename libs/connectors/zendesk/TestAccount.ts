// A small Zendesk account, played as the vendor's reference and recorded answers describe it, quirks included. For tests.
import { json, type Respond } from "@bridge/http/TestVendor"
import type { Account } from "../Suite.ts"

interface Exported {
  readonly id: string
  readonly stamp: number
  readonly text: string
}

/** Ids are texts here and numbers in the answers: one is beyond 2^53. */
const tickets: ReadonlyArray<Exported> = [1, 2, 3, 4, 5].map((n) => {
  const id = n === 5 ? "9007199254740993" : String(n)
  const status = n === 3 ? "deleted" : "open"
  return {
    id,
    stamp: 1_700_000_000 + n,
    text: `{"id":${id},"generated_timestamp":${1_700_000_000 + n},"status":"${status}"}`
  }
})
const users: ReadonlyArray<Exported> = [1, 2, 3].map((n) => ({
  id: String(n),
  stamp: n,
  text: `{"id": ${n}, "name": "U ${n}", "updated_at": "2024-01-01T00:00:0${n}Z"}`
}))

const exportSize = 2

/** Repeats the last row of a page at the head of the next one; the page after the last row has only null cursors. */
const exportPage = (key: string, all: ReadonlyArray<Exported>, query: URLSearchParams): string => {
  const cursor = query.get("cursor")
  const from = cursor === null ? 0 : Number(Buffer.from(cursor, "base64").toString())
  const rows = all.slice(Math.max(0, from - (from > 0 && from < all.length ? 1 : 0)), from + exportSize)
  const to = Math.min(all.length, from + exportSize)
  const after = from >= all.length ? null : Buffer.from(String(to)).toString("base64")
  const end = from >= all.length
  return `{"${key}":[${rows.map(({ text }) => text).join(",\n")}],"after_cursor":${JSON.stringify(after)},"after_url":null,"end_of_stream":${end}}`
}

const lists: Readonly<Record<string, ReadonlyArray<object>>> = {
  organizations: [1, 2, 3].map((id) => ({ id, name: `O ${id}` })),
  organization_memberships: [{ id: 11, user_id: 1, organization_id: 1 }],
  groups: [{ id: 21, name: "G" }],
  group_memberships: [{ id: 31, user_id: 1, group_id: 21 }],
  ticket_fields: [
    { id: 41, type: "tagger", title: "Site", custom_field_options: [{ name: "North", value: "n" }] },
    { id: 42, type: "subject", title: "Subject" },
    { id: 43, type: "text", title: "Note" }
  ],
  user_fields: [{ id: 44, key: "site", type: "text", title: "Site", system: false }],
  organization_fields: [{ id: 45, key: "region", type: "text", title: "Region", system: false }],
  custom_objects: ["laptop_1", "phone_2", "server_3"].map((key) => ({ key, title: key })),
  "custom_objects/laptop_1/records": [1, 2, 3].map((n) => ({ id: `01H${n}`, name: `L ${n}` })),
  "custom_objects/server_3/records": [{ id: "01J1", name: "S" }]
}

/** The key of the array in an answer, where it is not the path. */
const keyOf = (name: string): string => (name.endsWith("/records") ? "custom_object_records" : name)

const identitiesOf = (user: string) =>
  [1, 2, 3].map((n) => ({ id: Number(`${user}${n}`), user_id: Number(user), type: "email", value: `u${n}@x.org` }))

const listSize = 2

/** `links.next` stays filled on the last page. */
const listPage = (path: string, key: string, all: ReadonlyArray<object>, query: URLSearchParams) => {
  const from = Number(query.get("page[after]") ?? 0)
  const to = from + listSize
  return {
    [key]: all.slice(from, to),
    meta: { has_more: to < all.length, after_cursor: String(to), before_cursor: String(from) },
    links: { prev: null, next: `https://acme.zendesk.com${path}?page%5Bafter%5D=${to}&page%5Bsize%5D=100` }
  }
}

const commentsOf = (ticket: string) =>
  [1, 2, 3].map((n) => ({ id: Number(`${ticket.slice(-1)}${n}`), public: true, author_id: 1 }))

/** Ticket 4's comments may not be read; ticket 2's come as an old offset answer. */
const comments = (ticket: string, path: string, query: URLSearchParams): readonly [number, unknown] => {
  if (ticket === "4") return [403, ""]
  if (ticket !== "2") return [200, listPage(path, "comments", commentsOf(ticket), query)]
  const page = Number(query.get("page") ?? 1)
  const next = page === 1 ? `https://acme.zendesk.com${path}?page=2` : null
  return [
    200,
    { comments: commentsOf("2").slice((page - 1) * 2, page * 2), next_page: next, previous_page: null, count: 3 }
  ]
}

export const zendesk: Respond = (call, response) => {
  const { pathname, searchParams } = call.url
  if (call.headers.authorization !== `Basic ${Buffer.from("me@x.org/token:tok").toString("base64")}`)
    return json(response, 401, { error: "Couldn't authenticate you" })
  const text = (body: string) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(body)
  }
  const name = pathname.replace("/api/v2/", "")
  const ticket = /^tickets\/(\d+)\/comments$/.exec(name)?.[1]
  if (ticket !== undefined) return json(response, ...comments(ticket, pathname, searchParams))
  const user = /^users\/(\d+)\/identities$/.exec(name)?.[1]
  if (user !== undefined) return json(response, 200, listPage(pathname, "identities", identitiesOf(user), searchParams))
  if (name === "tickets/count") return json(response, 200, { count: { value: 5 } })
  if (name === "incremental/tickets/cursor") return text(exportPage("tickets", tickets, searchParams))
  if (name === "incremental/users/cursor") return text(exportPage("users", users, searchParams))
  const list = lists[name]
  return list === undefined
    ? json(response, 404, { error: "InvalidEndpoint" })
    : json(response, 200, listPage(pathname, keyOf(name), list, searchParams))
}

export const account: Account = {
  config: { subdomain: "acme", email: "me@x.org", api_token: "tok" },
  badConfigs: [
    ["a token that no header can carry", { subdomain: "acme", oauth_token: "tok\nen" }],
    ["no credentials", { subdomain: "acme" }],
    ["half of the credentials", { subdomain: "acme", email: "someone@x.example" }],
    ["a host of another domain", { subdomain: "acme.evil.example", oauth_token: "secret-token" }]
  ],
  respond: () => zendesk,
  ids: {
    ticket_fields: ["41", "42", "43"],
    user_fields: ["44"],
    organization_fields: ["45"],
    tickets: tickets.map(({ id }) => id),
    ticket_comments: ["1", "2", "3"]
      .flatMap((t) => (t === "3" ? [] : [`${t}1`, `${t}2`, `${t}3`]))
      .concat(["31", "32", "33"]),
    users: users.map(({ id }) => id),
    organizations: ["1", "2", "3"],
    organization_memberships: ["11"],
    user_identities: ["1", "2", "3"].flatMap((user) => [`${user}1`, `${user}2`, `${user}3`]),
    custom_objects: ["laptop_1", "phone_2", "server_3"],
    // The plan has lost its second object: its records answer 404.
    custom_object_records: ["01H1", "01H2", "01H3", "01J1"],
    groups: ["21"],
    group_memberships: ["31"]
  }
}
