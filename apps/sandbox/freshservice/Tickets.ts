// GET /tickets, /tickets/{id} and what hangs below a ticket, with the traps: 30 days, hidden rows, credits for include.
import { isoSecond, nowSecond } from "../Clock.ts"
import { personNumbers } from "../corpus/Ids.ts"
import type { Row } from "../corpus/People.ts"
import { deleted, normal, spam } from "../corpus/Plan.ts"
import type { Matters } from "../corpus/Problems.ts"
import type { TicketQuestion } from "../corpus/Select.ts"
import { type Call, json, type Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { badValue, type FieldError, invalid, linkNext, notFound, paging, rowBytes, rowsPage } from "./Answers.ts"

const listIncludes = ["requester", "stats", "tags", "requested_for", "department"]
const viewIncludes =
  "conversations tags requester stats problem assets change related_tickets requested_for department feedback onboarding_context offboarding_context".split(
    " "
  )

const asked = (call: Call): ReadonlyArray<string> => {
  const include = call.query.get("include")
  return include === null || include === "" ? [] : include.split(",").map((part) => part.trim())
}

/** 1, and 2 for each embedded thing: with one `include` the 3 that both vendor documents agree on. */
export const listCredits = (call: Call): number => 1 + 2 * asked(call).length
export const viewCredits = (call: Call): number => 1 + asked(call).length

export const listTickets = (account: FreshserviceAccount, call: Call): Reply => {
  account.beforeList?.()
  const { corpus } = account
  const errors: Array<FieldError> = []
  const page = paging(call.query, errors)
  const include = asked(call)
  for (const name of include) if (!listIncludes.includes(name)) errors.push(oneOf("include", listIncludes))
  const question = readQuestion(account, call, errors)
  if (errors.length > 0) return invalid(errors)
  const indexes = question === null ? new Int32Array() : corpus.select(question)
  const from = (page.page - 1) * page.perPage
  const shown = indexes.subarray(from, from + page.perPage)
  const stripped = call.query.get("workspace_id") === "1" && account.options.workspaces > 1
  const rows = Array.from(shown, (index) => {
    if (include.length === 0 && !stripped) return account.ticketBytes(index)
    const row = { ...corpus.listRow(index), ...embedded(account, index, include) }
    return rowBytes(stripped ? { ...row, custom_fields: {} } : row)
  })
  return rowsPage("tickets", rows, linkNext(account.host, call, page, from + page.perPage < indexes.length))
}

const oneOf = (field: string, values: ReadonlyArray<string>): FieldError =>
  badValue(field, `It should be one of these values: '${values.join(",")}'`)

/** null when nobody can match, such as an unknown address. */
const readQuestion = (account: FreshserviceAccount, call: Call, errors: Array<FieldError>): TicketQuestion | null => {
  const { query } = call
  const filter = query.get("filter")
  const filters = ["new_and_my_open", "watching", "spam", "deleted"]
  if (filter !== null && !filters.includes(filter)) errors.push(oneOf("filter", filters))
  const orderBy = query.get("order_by") ?? "created_at"
  const orders = ["created_at", "due_by", "updated_at", "status"]
  if (!orders.includes(orderBy)) errors.push(oneOf("order_by", orders))
  const orderType = query.get("order_type") ?? "desc"
  if (orderType !== "asc" && orderType !== "desc") errors.push(oneOf("order_type", ["asc", "desc"]))
  const since = query.get("updated_since")
  const sinceMillis = since === null ? Number.NaN : Date.parse(since)
  if (since !== null && Number.isNaN(sinceMillis))
    errors.push(badValue("updated_since", "It should be a valid date in the ISO 8601 format"))
  const workspace = readWorkspace(account, query.get("workspace_id"), errors)
  const requester = readRequester(account, query)
  if (requester === -1 || filter === "watching") return null
  return {
    category: filter === "deleted" ? deleted : filter === "spam" ? spam : normal,
    workspace,
    // Without updated_since only 30 days are shown; whole minutes keep the question the same for a while.
    createdFrom: since === null ? Math.floor((nowSecond(account.clock) - 30 * 86_400) / 60) * 60 : null,
    updatedFrom: since === null ? null : Math.ceil(sinceMillis / 1000),
    requester,
    type: query.get("type"),
    openOnly: filter === "new_and_my_open",
    orderBy: orderBy as TicketQuestion["orderBy"],
    descending: orderType === "desc"
  }
}

const readWorkspace = (
  account: FreshserviceAccount,
  asked: string | null,
  errors: Array<FieldError>
): number | null => {
  const { workspaces } = account.options
  if (asked === "1") return null
  if (asked === null) return workspaces === 1 ? null : 2
  const workspace = Number(asked)
  if (!Number.isInteger(workspace) || workspace < 2 || workspace > workspaces + 1) {
    errors.push(badValue("workspace_id", "It should be a valid workspace"))
  }
  return workspace
}

/** An index, null when not asked for, -1 when unknown. */
const readRequester = (account: FreshserviceAccount, query: URLSearchParams): number | null => {
  const id = query.get("requester_id")
  if (id !== null) return account.corpus.personIndex(Number(id))
  const email = query.get("email")
  return email === null ? null : (account.byEmail(email)[0] ?? -1)
}

const embedded = (account: FreshserviceAccount, index: number, include: ReadonlyArray<string>): Row => {
  const { corpus } = account
  const facts = corpus.facts(index)
  const added: Row = {}
  for (const name of include) {
    if (name === "requester") added.requester = brief(account, facts.requester)
    else if (name === "requested_for") added.requested_for = brief(account, facts.requestedFor)
    else if (name === "tags") added.tags = corpus.detailRow(index).tags
    else if (name === "stats") added.stats = stats(account, index)
    else if (name === "conversations") added.conversations = corpus.conversations(index).slice(0, 10)
    else if (name === "department") {
      const row = facts.department === null ? undefined : corpus.departments()[facts.department]
      added.department = row === undefined ? null : { id: row.id, name: row.name }
    } else Object.assign(added, linked(account, index, name))
  }
  return added
}

/** What else a detail can embed: nothing of it is null or empty by chance. */
const linked = ({ corpus }: FreshserviceAccount, index: number, name: string): Row => {
  const { problem, change, assets, parent, children } = corpus.ticketLinks.of(index)
  const named = (matters: Matters, found: number | null): Row | null => {
    if (found === null) return null
    const { id, subject, status, priority } = matters.listRow(found)
    return { id, subject, status, priority }
  }
  switch (name) {
    case "problem":
      return { problem: named(corpus.problems, problem) }
    case "change":
      return { change: named(corpus.changes, change) }
    case "assets":
      return {
        assets: assets.map((asset) => {
          const { id, display_id, name: called, asset_type_id } = corpus.assets.row(asset)
          return { id, display_id, name: called, asset_type_id }
        })
      }
    case "related_tickets": {
      const idOf = (ticket: number): number => corpus.facts(ticket).id
      if (parent !== null) return { related_tickets: { parent_id: idOf(parent) } }
      return { related_tickets: children.length === 0 ? {} : { child_ids: children.map(idOf) } }
    }
    default:
      return { [name]: name.endsWith("context") ? null : [] }
  }
}

const brief = ({ corpus }: FreshserviceAccount, index: number): Row => {
  const { id, first, last, email } = corpus.person(index)
  return {
    id: id ?? personNumbers.id(index),
    name: last ? `${first} ${last}` : first,
    email,
    mobile: null,
    phone: null
  }
}

const stats = ({ corpus }: FreshserviceAccount, index: number): Row => {
  const updated = isoSecond(corpus.updated(index))
  const created = isoSecond(corpus.created(index))
  const status = Number(corpus.listRow(index).status)
  // Before the last change: an automation closes what was resolved, and more may happen to a closed one.
  const after = (share: number): string =>
    isoSecond(corpus.created(index) + Math.floor((corpus.updated(index) - corpus.created(index)) * share))
  return {
    ticket_id: corpus.facts(index).id,
    opened_at: null,
    status_updated_at: updated,
    pending_since: status === 3 ? updated : null,
    resolved_at: status === 4 || status === 5 ? after(0.5) : null,
    closed_at: status === 5 ? after(0.75) : null,
    first_assigned_at: created,
    assigned_at: created,
    agent_responded_at: null,
    requester_responded_at: null,
    first_responded_at: null,
    first_resp_time_in_secs: null,
    resolution_time_in_secs: status >= 4 ? corpus.updated(index) - corpus.created(index) : null,
    inbound_count: 1,
    outbound_count: 0,
    group_escalated: false,
    created_at: created,
    updated_at: updated
  }
}

/** A deleted ticket can still be read, with `deleted: true`. */
export const viewTicket = (account: FreshserviceAccount, call: Call, id: string): Reply => {
  const index = account.corpus.ticketIndex(Number(id))
  if (index < 0) return notFound()
  const include = asked(call)
  if (include.some((name) => !viewIncludes.includes(name))) return invalid([oneOf("include", viewIncludes)])
  return json(200, { ticket: { ...account.corpus.detailRow(index), ...embedded(account, index, include) } })
}

export const listConversations = (account: FreshserviceAccount, call: Call, id: string): Reply => {
  const index = account.corpus.ticketIndex(Number(id))
  if (index < 0) return notFound()
  const errors: Array<FieldError> = []
  const page = paging(call.query, errors)
  if (errors.length > 0) return invalid(errors)
  const all = account.corpus.conversations(index)
  const from = (page.page - 1) * page.perPage
  const rows = all.slice(from, from + page.perPage).map(rowBytes)
  return rowsPage("conversations", rows, linkNext(account.host, call, page, from + page.perPage < all.length))
}
