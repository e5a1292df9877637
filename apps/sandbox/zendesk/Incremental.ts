// Incremental exports: cursor and time based, in the order of the last change, hiding the last minute.
import { isoSecond, nowSecond } from "../Clock.ts"
import { json, jsonText, type Reply } from "../Reply.ts"
import { joined, makeRowCache, type RowCache } from "../RowCache.ts"
import { findTicket, type ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route } from "./Context.ts"
import { badRequest, tooRecent } from "./Errors.ts"
import type { Organization, Ticket, User } from "./Model.ts"
import { viaApi } from "./Model.ts"
import { pastComments } from "./Past.ts"
import { attachmentRows, organizationRow, plainText, ticketRow, userRow } from "./Rows.ts"
import type { Entry, Stream } from "./Stream.ts"
import { htmlOfText } from "./Text.ts"
import { sideloads } from "./TicketLists.ts"

type Export = {
  readonly key: string
  readonly path: string
  readonly stream: (account: ZendeskAccount) => Stream
  /** null: not part of this export after all. */
  readonly row: (context: Context, entry: Entry) => Buffer | null
  readonly beside?: (context: Context, ids: ReadonlyArray<number>) => string
}

/** Seconds up to which an export shows changes. */
const visibleUntil = (account: ZendeskAccount): number =>
  Math.floor((account.clock.now() - account.clock.lasts(account.options.exportLagMillis)) / 1000)

const pageSize = (context: Context): number => {
  const asked = Number(context.call.query.get("per_page") ?? 1000)
  return Number.isInteger(asked) && asked > 0 ? Math.min(1000, asked) : 1000
}

const cursorOf = ({ at, id }: Entry): string => Buffer.from(`${at}.0||${id}|`).toString("base64")

const readCursor = (cursor: string): Entry | null => {
  const match = /^(\d+)\.0\|\|(\d+)\|$/.exec(Buffer.from(cursor, "base64").toString("utf8"))
  return match === null ? null : { at: Number(match[1]), id: Number(match[2]) }
}

type Start = { readonly from: Entry } | { readonly refused: Reply }

const startTime = (context: Context): Start => {
  const raw = context.call.query.get("start_time")
  const start = Number(raw)
  if (raw === null || !Number.isFinite(start) || start < 0) return { refused: badRequest("start_time is required") }
  const account = context.account
  if (start * 1000 > account.clock.now() - account.clock.lasts(60_000)) return { refused: tooRecent() }
  // Inclusive: everything of that very second comes (again).
  return { from: { at: Math.floor(start), id: -1 } }
}

const page = (context: Context, made: Export, entries: ReadonlyArray<Entry>, tail: object): Reply => {
  const shown: Array<Buffer> = []
  for (const entry of entries) {
    const row = made.row(context, entry)
    if (row !== null) shown.push(row)
  }
  const beside = made.beside?.(
    context,
    entries.map((entry) => entry.id)
  )
  return jsonText(200, joined(`{"${made.key}":[`, shown, `]${beside ?? ""},${JSON.stringify(tail).slice(1)}`))
}

const bytes = (row: object): Buffer => Buffer.from(JSON.stringify(row), "utf8")

const cursorExport =
  (made: Export) =>
  (context: Context): Reply => {
    const { account, call } = context
    const given = call.query.get("cursor")
    const at = given === null ? null : readCursor(given)
    if (given !== null && at === null) return badRequest("cursor is not valid")
    const start: Start = at === null ? startTime(context) : { from: at }
    if ("refused" in start) return start.refused
    const size = pageSize(context)
    const fromId = at !== null && account.options.exportRepeats ? at.id - 1 : start.from.id
    const entries = made.stream(account).after(start.from.at, fromId, size + 1, visibleUntil(account))
    const rows = entries.slice(0, size)
    const last = rows.at(-1)
    const end = entries.length <= size
    const link = (cursor: string): string => {
      const query = new URLSearchParams(call.query)
      query.delete("start_time")
      query.set("cursor", cursor)
      return `https://${account.host}/api/v2/incremental/${made.path}/cursor.json?${query}`
    }
    // An empty last page has nothing in its cursor fields, so the caller has to keep the one before.
    const after = last === undefined ? null : cursorOf(last)
    const before = rows[0] === undefined ? null : cursorOf(rows[0])
    const tail = {
      after_url: after === null ? null : link(after),
      before_url: before === null ? null : link(before),
      after_cursor: after,
      before_cursor: before,
      end_of_stream: end
    }
    return page(context, made, rows, tail)
  }

/** Pages end at a second, which the next page repeats; `next_page` stays filled at the end. */
const timeExport =
  (made: Export) =>
  (context: Context): Reply => {
    const { account, call } = context
    const start = startTime(context)
    if ("refused" in start) return start.refused
    const size = pageSize(context)
    const entries = made.stream(account).after(start.from.at, start.from.id, size + 1, visibleUntil(account))
    const rows = entries.slice(0, size)
    const endTime = rows.at(-1)?.at ?? null
    const query = new URLSearchParams(call.query)
    query.set("start_time", String(endTime ?? start.from.at))
    const tail = {
      next_page: `https://${account.host}/api/v2/incremental/${made.path}.json?${query}`,
      count: rows.length,
      end_time: endTime,
      end_of_stream: entries.length <= size
    }
    return page(context, made, rows, tail)
  }

const caches = new WeakMap<ZendeskAccount, RowCache>()
const keptBytes = 512_000_000

/** Rows that were there at the start never change unless they were written to, so their bytes are kept. */
const ticketBytes = (account: ZendeskAccount, id: number): Buffer => {
  const ticket = account.tickets.get(id)
  if (ticket !== undefined) return bytes(ticketRow(account, ticket))
  const cache = caches.get(account) ?? makeRowCache(keptBytes)
  caches.set(account, cache)
  return cache.get(id, () => JSON.stringify(ticketRow(account, findTicket(account, id) as Ticket)))
}

const tickets: Export = {
  key: "tickets",
  path: "tickets",
  stream: (account) => account.ticketStream,
  row: ({ account, call }, { id }) =>
    call.query.get("exclude_deleted") === "true" && findTicket(account, id)?.status === "deleted"
      ? null
      : ticketBytes(account, id),
  beside: ({ account, call }, ids) => sideloads(account, call.query.get("include"), ids)
}

const users: Export = {
  key: "users",
  path: "users",
  stream: (account) => account.userStream,
  row: ({ account }, { id }) => bytes(userRow(account, account.users.get(id) as User))
}

const organizations: Export = {
  key: "organizations",
  path: "organizations",
  stream: (account) => account.organizationStream,
  row: ({ account }, { id }) => bytes(organizationRow(account, account.organizations.get(id) as Organization, true))
}

const ticketEvents: Export = {
  key: "ticket_events",
  path: "ticket_events",
  stream: (account) => account.eventStream,
  row: (context, entry) => eventRow(context, entry)
}

const eventRow = ({ account, call }: Context, { at, id }: Entry): Buffer | null => {
  const past = id <= account.past.count * pastComments
  const known = account.events.get(id)
  const event = past
    ? { ticket: Math.ceil(id / pastComments), comment: (id - 1) % pastComments, created: (id - 1) % pastComments === 0 }
    : known
  const ticket = event === undefined ? undefined : findTicket(account, event.ticket)
  if (event === undefined || ticket === undefined || ticket.status === "deleted") return null
  const comment = event.comment === null ? undefined : ticket.comments[event.comment]
  const children: Array<object> = []
  if (event.created)
    children.push({ id: id * 10, via: viaApi, event_type: "Create", subject: ticket.subject, status: ticket.status })
  if (comment !== undefined && call.query.get("include") === "comment_events") {
    children.push({
      id: comment.id,
      via: viaApi,
      event_type: "Comment",
      type: "Comment",
      author_id: comment.author,
      body: plainText(comment),
      html_body: comment.html ?? htmlOfText(comment.text ?? ""),
      plain_body: plainText(comment),
      public: comment.public,
      attachments: attachmentRows(account, comment, false),
      audit_id: comment.id + 1_000_000_000,
      comment_public: comment.public,
      created_at: comment.createdAt
    })
  } else if (comment !== undefined)
    children.push({
      id: comment.id,
      via: viaApi,
      event_type: "Comment",
      comment_present: true,
      comment_public: comment.public
    })
  return bytes({
    id: comment === undefined ? id : comment.id + 1_000_000_000,
    ticket_id: ticket.id,
    timestamp: at,
    created_at: comment?.createdAt ?? isoSecond(at),
    updater_id: comment?.author ?? ticket.submitter,
    via: "API",
    system: { client: null, location: null, latitude: null, longitude: null },
    metadata: {},
    event_type: "Audit",
    child_events: children
  })
}

const sample = (context: Context): Reply => {
  const { account } = context
  const entries = account.ticketStream.after(0, -1, 50, visibleUntil(account))
  return json(200, {
    tickets: entries.map(({ id }) => ticketRow(account, findTicket(account, id) as Ticket)),
    end_time: nowSecond(account.clock),
    count: entries.length
  })
}

export const incrementalRoutes: ReadonlyArray<Route> = [
  route("GET", "incremental.tickets.cursor", "incremental/tickets/cursor", cursorExport(tickets), true),
  route("GET", "incremental.users.cursor", "incremental/users/cursor", cursorExport(users), true),
  route("GET", "incremental.tickets", "incremental/tickets", timeExport(tickets), true),
  route("GET", "incremental.users", "incremental/users", timeExport(users), true),
  route("GET", "incremental.organizations", "incremental/organizations", timeExport(organizations), true),
  route("GET", "incremental.ticket_events", "incremental/ticket_events", timeExport(ticketEvents), true),
  route("GET", "incremental.sample", "incremental/tickets/sample", sample, true)
]
