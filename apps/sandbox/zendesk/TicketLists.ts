// Reading tickets: lists that hide the archive, in any order, details, comments, and what is deleted.
import { isoSecond, nowSecond } from "../Clock.ts"
import { json, type Reply } from "../Reply.ts"
import { findTicket, ticketIdsByExternalId, type ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route } from "./Context.ts"
import { recordNotFound } from "./Errors.ts"
import type { Ticket, User } from "./Model.ts"
import { list, ranked } from "./Paging.ts"
import { commentRow, groupRow, organizationRow, ticketRow, userRow } from "./Rows.ts"
import { ticketStatuses } from "./TicketInput.ts"
import { one } from "./Tickets.ts"

const view = (context: Context): Reply => {
  const ticket = findTicket(context.account, context.id)
  return ticket === undefined || ticket.status === "deleted" ? recordNotFound() : one(context, ticket, 200, false)
}

const showMany = ({ account, call }: Context): Reply => {
  const ids = (call.query.get("ids") ?? "").split(",").filter(Boolean).slice(0, 100).map(Number)
  const rows = ids
    .map((id) => findTicket(account, id))
    .filter((ticket) => ticket !== undefined && ticket.status !== "deleted")
  return json(200, {
    tickets: rows.map((row) => ticketRow(account, row as Ticket)),
    next_page: null,
    previous_page: null,
    count: rows.length
  })
}

const comments = (context: Context): Reply => {
  const { account, call, id } = context
  const ticket = findTicket(account, id)
  if (ticket === undefined || ticket.status === "deleted") return recordNotFound()
  const descending = call.query.get("sort") === "-created_at" || call.query.get("sort_order") === "desc"
  const sorted = [...ticket.comments].sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt) || a.id - b.id)
  if (descending) sorted.reverse()
  const inline = call.query.get("include_inline_images") === "true"
  const byId = new Map(sorted.map((comment) => [comment.id, comment]))
  const ids = sorted.map((comment) => comment.id)
  const authors = (page: ReadonlyArray<number>): string => {
    if (call.query.get("include") !== "users") return ""
    const people = [...new Set(page.map((comment) => byId.get(comment)?.author ?? 0))].map((author) =>
      account.users.get(author)
    )
    return `,"users":${JSON.stringify(people.filter((user) => user !== undefined).map((user) => userRow(account, user as User)))}`
  }
  return list(call, {
    key: "comments",
    host: account.host,
    path: `tickets/${id}/comments`,
    ids,
    rank: ranked(ids),
    row: (comment) => JSON.stringify(commentRow(account, byId.get(comment) as (typeof sorted)[number], inline)),
    beside: authors
  })
}

const orders: Record<string, (ticket: Ticket) => number | string> = {
  id: (ticket) => ticket.id,
  updated_at: (ticket) => ticket.updatedAt,
  created_at: (ticket) => ticket.createdAt,
  status: (ticket) => ticketStatuses.indexOf(ticket.status),
  subject: (ticket) => ticket.subject ?? "",
  requester: (ticket) => ticket.requester,
  group: (ticket) => ticket.group ?? 0,
  assignee: (ticket) => ticket.assignee ?? 0
}
const sortedLists = new WeakMap<
  ZendeskAccount,
  { key: string; ids: ReadonlyArray<number>; rank: (id: number) => number }
>()

/** The list in another order is made once per order and state of the account. */
const inOrder = (account: ZendeskAccount, field: string, descending: boolean) => {
  const key = `${account.version}|${field}|${descending}`
  const known = sortedLists.get(account)
  if (known?.key === key) return known
  const value = orders[field] as (ticket: Ticket) => number | string
  const keyed = account.listed.ids().map((id) => ({ id, value: value(findTicket(account, id) as Ticket) }))
  keyed.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.id - b.id))
  const ids = keyed.map((entry) => entry.id)
  if (descending) ids.reverse()
  const made = { key, ids, rank: ranked(ids) }
  sortedLists.set(account, made)
  return made
}

const readList = (context: Context): Reply => {
  const { account, call } = context
  const cursor = call.query.has("page[size]")
  const sort = cursor ? call.query.get("sort") : call.query.get("sort_by")
  const field = (sort ?? "").replace(/^-/, "")
  const descending = cursor ? (sort ?? "").startsWith("-") : call.query.get("sort_order") === "desc"
  const externalId = call.query.get("external_id")
  const mixed = cursor && (call.query.has("page") || call.query.has("per_page"))
  const ordered = externalId === null && !mixed && field in orders ? inOrder(account, field, descending) : null
  const shown = (id: number): boolean => {
    const ticket = findTicket(account, id)
    return ticket !== undefined && !ticket.archived && ticket.status !== "deleted"
  }
  const ids =
    externalId !== null
      ? ticketIdsByExternalId(account, externalId).filter(shown)
      : (ordered?.ids ?? account.listed.ids())
  return list(call, {
    key: "tickets",
    host: account.host,
    path: "tickets",
    ids,
    row: (id) => JSON.stringify(ticketRow(account, findTicket(account, id) as Ticket)),
    beside: (page) => sideloads(account, call.query.get("include"), page),
    ...(ordered !== null && { rank: ordered.rank })
  })
}

/** `include=users,groups,organizations`: what the rows of this page refer to. */
export const sideloads = (account: ZendeskAccount, include: string | null, ids: ReadonlyArray<number>): string => {
  if (include === null) return ""
  const tickets = ids.map((id) => findTicket(account, id)).filter((ticket) => ticket !== undefined)
  const wanted = include.split(",")
  const rows = <A>(
    numbers: ReadonlyArray<number | null>,
    from: ReadonlyMap<number, A>,
    row: (value: A) => object
  ): ReadonlyArray<object> =>
    [...new Set(numbers)].flatMap((id) => {
      const found = id === null ? undefined : from.get(id)
      return found === undefined ? [] : [row(found)]
    })
  let text = ""
  if (wanted.includes("users")) {
    const people = tickets.flatMap((ticket) => [ticket.requester, ticket.submitter, ticket.assignee])
    text += `,"users":${JSON.stringify(rows(people, account.users, (user) => userRow(account, user)))}`
  }
  if (wanted.includes("groups"))
    text += `,"groups":${JSON.stringify(
      rows(
        tickets.map((row) => row.group),
        account.groups,
        (group) => groupRow(account, group)
      )
    )}`
  if (wanted.includes("organizations")) {
    text += `,"organizations":${JSON.stringify(
      rows(
        tickets.map((row) => row.organization),
        account.organizations,
        (row) => organizationRow(account, row)
      )
    )}`
  }
  return text
}

/** The incidents of a problem, archived ones too. */
const incidents = (context: Context): Reply => {
  const { account, call, id } = context
  const problem = findTicket(account, id)
  if (problem === undefined || problem.status === "deleted") return recordNotFound()
  const ids = [...(account.incidents.get(id) ?? [])].filter(
    (incident) => findTicket(account, incident)?.status !== "deleted"
  )
  return list(call, {
    key: "tickets",
    host: account.host,
    path: `tickets/${id}/incidents`,
    ids: ids.sort((a, b) => a - b),
    row: (incident) => JSON.stringify(ticketRow(account, findTicket(account, incident) as Ticket))
  })
}

const problems = ({ account, call }: Context): Reply =>
  list(call, {
    key: "tickets",
    host: account.host,
    path: "problems",
    ids: account.listed.ids().filter((id) => findTicket(account, id)?.type === "problem"),
    row: (id) => JSON.stringify(ticketRow(account, findTicket(account, id) as Ticket))
  })

const deletedList = ({ account, call }: Context): Reply => {
  const ids = [...account.tickets.values()].filter((ticket) => ticket.status === "deleted").map((ticket) => ticket.id)
  const row = (id: number): string => {
    const { subject, updatedAt } = account.tickets.get(id) as Ticket
    return JSON.stringify({
      id,
      subject,
      actor: { id: account.owner.id, name: account.owner.name },
      deleted_at: updatedAt,
      previous_state: "closed"
    })
  }
  return list(call, { key: "deleted_tickets", host: account.host, path: "deleted_tickets", ids, row })
}

const count = ({ account }: Context): Reply =>
  json(200, { count: { value: account.listed.ids().length, refreshed_at: isoSecond(nowSecond(account.clock)) } })

export const ticketListRoutes: ReadonlyArray<Route> = [
  route("GET", "tickets.list", "tickets", readList),
  route("GET", "tickets.count", "tickets/count", count),
  route("GET", "tickets.show_many", "tickets/show_many", showMany),
  route("GET", "tickets.view", "tickets/{id}", view),
  route("GET", "comments.list", "tickets/{id}/comments", comments),
  route("GET", "tickets.incidents", "tickets/{id}/incidents", incidents),
  route("GET", "problems.list", "problems", problems),
  route("GET", "deleted_tickets.list", "deleted_tickets", deletedList)
]
