// /search: an index that lags behind the records, at most 1000 results, with the common keys of the query language.
import { json, type Reply } from "../Reply.ts"
import { findTicket, ticketIdsByExternalId, type ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route } from "./Context.ts"
import { badRequest, paginationParameter, searchWindow } from "./Errors.ts"
import type { Organization, Ticket, User } from "./Model.ts"
import { organizationRow, ticketRow, userRow } from "./Rows.ts"

type Term = { readonly key: string; readonly operator: string; readonly value: string }
type Found = { readonly type: string; readonly id: number; readonly created: string; readonly row: () => object }

const terms = (query: string): ReadonlyArray<Term> =>
  [...query.matchAll(/(?:([a-z_]+)(:|>=|<=|>|<))?(?:"([^"]*)"|(\S+))/gi)].map((match) => ({
    key: (match[1] ?? "").toLowerCase(),
    operator: match[2] ?? ":",
    value: match[3] ?? match[4] ?? ""
  }))

const compare = (found: string | null, { operator, value }: Term): boolean => {
  if (value === "none") return found === null
  if (found === null) return false
  const left = found.toLowerCase()
  const right = value.toLowerCase()
  if (operator === ":") return /^\d{4}-\d\d-\d\d$/.test(right) ? left.startsWith(right) : left === right
  if (operator === ">") return left > right
  if (operator === "<") return left < right
  return operator === ">=" ? left >= right : left <= right
}

const text = (value: string | number | null): string | null => (value === null ? null : String(value))

const ticketValue = (ticket: Ticket, term: Term): boolean => {
  switch (term.key) {
    case "external_id":
      return compare(ticket.externalId, term)
    case "status":
      return compare(ticket.status, term)
    case "priority":
      return compare(ticket.priority, term)
    case "ticket_type":
      return compare(ticket.type, term)
    case "created":
      return compare(ticket.createdAt, term)
    case "updated":
      return compare(ticket.updatedAt, term)
    case "requester":
    case "requester_id":
      return compare(text(ticket.requester), term)
    case "assignee":
    case "assignee_id":
      return compare(text(ticket.assignee), term)
    case "group":
    case "group_id":
      return compare(text(ticket.group), term)
    case "tags":
    case "tag":
      return ticket.tags.includes(term.value.toLowerCase())
    case "subject":
    case "":
      return (ticket.subject ?? "").toLowerCase().includes(term.value.toLowerCase())
    default:
      return false
  }
}

const userValue = (user: User, term: Term): boolean => {
  switch (term.key) {
    case "external_id":
      return compare(user.externalId, term)
    case "email":
      return compare(user.email, term)
    case "role":
      return compare(user.role, term)
    case "name":
    case "":
      return (
        user.name.toLowerCase().includes(term.value.toLowerCase()) ||
        user.email?.includes(term.value.toLowerCase()) === true
      )
    default:
      return false
  }
}

const organizationValue = (organization: Organization, term: Term): boolean => {
  if (term.key === "external_id") return compare(organization.externalId, term)
  return (term.key === "name" || term.key === "") && organization.name.toLowerCase().includes(term.value.toLowerCase())
}

/** Written long enough ago for the index to know. */
const indexed = (account: ZendeskAccount, writtenAt: number): boolean =>
  account.clock.now() - writtenAt >= account.clock.lasts(account.options.searchLagMillis)

const run = (account: ZendeskAccount, query: string, only: string | null): ReadonlyArray<Found> => {
  const all = terms(query)
  const type = only ?? all.find((term) => term.key === "type")?.value ?? null
  const wanted = all.filter((term) => term.key !== "type")
  const found: Array<Found> = []
  if (type === null || type === "ticket") {
    for (const ticket of candidates(account, wanted)) {
      if (
        ticket.status === "deleted" ||
        !indexed(account, ticket.writtenAt) ||
        !wanted.every((term) => ticketValue(ticket, term))
      )
        continue
      found.push({ type: "ticket", id: ticket.id, created: ticket.createdAt, row: () => ticketRow(account, ticket) })
    }
  }
  if (type === null || type === "user") {
    for (const user of account.users.values()) {
      if (!user.active || !indexed(account, user.writtenAt) || !wanted.every((term) => userValue(user, term))) continue
      found.push({ type: "user", id: user.id, created: user.createdAt, row: () => userRow(account, user) })
    }
  }
  if (type === null || type === "organization") {
    for (const row of account.organizations.values()) {
      if (
        row.deletedAt !== null ||
        !indexed(account, row.writtenAt) ||
        !wanted.every((term) => organizationValue(row, term))
      )
        continue
      found.push({ type: "organization", id: row.id, created: row.createdAt, row: () => organizationRow(account, row) })
    }
  }
  return found.sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : b.id - a.id))
}

/** By external id without a walk; otherwise everything, archive included. */
const candidates = function* (account: ZendeskAccount, wanted: ReadonlyArray<Term>): Generator<Ticket> {
  const key = wanted.find((term) => term.key === "external_id" && term.operator === ":" && term.value !== "none")
  if (key !== undefined) {
    for (const id of ticketIdsByExternalId(account, key.value)) {
      const ticket = findTicket(account, id)
      if (ticket !== undefined) yield ticket
    }
    return
  }
  for (let id = 1; id <= account.past.count; id++) if (!account.tickets.has(id)) yield account.past.ticket(id) as Ticket
  yield* account.tickets.values()
}

const shown = (found: Found): object => ({ ...found.row(), result_type: found.type })
const window = 1000

const search = ({ account, call }: Context): Reply => {
  const query = call.query.get("query")
  if (query === null) return badRequest("query is required")
  const page = Number(call.query.get("page") ?? 1)
  const perPage = Math.min(100, Number(call.query.get("per_page") ?? 100))
  if (!Number.isInteger(page) || page < 1 || !Number.isInteger(perPage) || perPage < 1)
    return paginationParameter("page and per_page must be positive integers")
  if (page * perPage > window) return searchWindow()
  const found = run(account, query, null)
  const from = (page - 1) * perPage
  const link = (other: number): string => {
    const next = new URLSearchParams(call.query)
    next.set("page", String(other))
    return `https://${account.host}/api/v2/search.json?${next}`
  }
  return json(200, {
    results: found.slice(from, from + perPage).map(shown),
    facets: null,
    next_page: from + perPage < Math.min(window, found.length) ? link(page + 1) : null,
    previous_page: page > 1 ? link(page - 1) : null,
    count: found.length
  })
}

/** Ordered by creation, with a cursor, for one type. */
const searchExport = ({ account, call }: Context): Reply => {
  const query = call.query.get("query")
  const type = call.query.get("filter[type]")
  if (query === null || type === null) return badRequest("query and filter[type] are required")
  const size = Math.min(1000, Number(call.query.get("page[size]") ?? 100))
  const after = call.query.get("page[after]")
  const from = after === null ? 0 : Number(Buffer.from(after, "base64").toString("utf8"))
  if (!Number.isInteger(from) || !Number.isInteger(size) || size < 1)
    return paginationParameter("page[after] is not a valid cursor")
  const found = [...run(account, query, type)].reverse()
  const cursor = Buffer.from(String(from + size)).toString("base64")
  const next = new URLSearchParams(call.query)
  next.set("page[after]", cursor)
  return json(200, {
    results: found.slice(from, from + size).map(shown),
    facets: null,
    meta: { has_more: from + size < found.length, after_cursor: cursor, before_cursor: null },
    links: { prev: null, next: `https://${account.host}/api/v2/search/export.json?${next}` }
  })
}

const count = ({ account, call }: Context): Reply =>
  json(200, { count: run(account, call.query.get("query") ?? "", null).length })

export const searchRoutes: ReadonlyArray<Route> = [
  route("GET", "search", "search", search),
  route("GET", "search.count", "search/count", count),
  route("GET", "search.export", "search/export", searchExport)
]
