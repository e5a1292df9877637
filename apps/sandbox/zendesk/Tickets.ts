// Writing tickets: import and create, one by one and in bulk, updates, soft deletion.
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, header, json, type Reply } from "../Reply.ts"
import { ticketToChange, touchTicket, type ZendeskAccount } from "./Account.ts"
import {
  type Context,
  importResult,
  isJob,
  jobBody,
  type Route,
  refusable,
  route,
  startJob,
  withBody
} from "./Context.ts"
import { type Details, fault, idempotencyClash, Refused, recordNotFound } from "./Errors.ts"
import type { Comment, Ticket } from "./Model.ts"
import { choiceOf, flagOf, given, type Input, listOf, objectOf, tagsOf, textOf } from "./Reading.ts"
import { ticketRow } from "./Rows.ts"
import {
  commentLimit,
  readAssignee,
  readComment,
  readCustom,
  readGroup,
  readProblem,
  readTicket,
  type TicketSource,
  ticketStatuses,
  ticketTypes
} from "./TicketInput.ts"
import type { Attachment } from "./UploadModel.ts"
import { checkUploads, takeUploads, told } from "./Uploads.ts"
import { written } from "./Written.ts"

/** A ticket that was accepted gets its number, its comments theirs, and becomes visible. */
const keep = (
  context: Context,
  draft: Omit<Ticket, "id">,
  kind: string,
  archive: boolean,
  job: string | null
): Ticket => {
  const { account } = context
  const id = account.nextId("ticket")
  const comments = draft.comments.map((comment) => withFiles(account, id, comment))
  const ticket: Ticket = { ...draft, id, comments, archived: archive && draft.status === "closed" }
  account.tickets.set(id, ticket)
  if (!ticket.archived) account.listed.add(id)
  if (ticket.externalId !== null) {
    const same = account.ticketsByExternalId.get(ticket.externalId)
    if (same === undefined) account.ticketsByExternalId.set(ticket.externalId, [id])
    else same.push(id)
  }
  nameProblem(account, ticket, null)
  touchTicket(account, ticket)
  for (const k of comments.keys()) addEvent(account, ticket, k, k === 0)
  record(context, kind, ticket, job)
  return ticket
}

/** Keeps what a problem knows of its incidents. */
const nameProblem = (account: ZendeskAccount, ticket: Ticket, before: number | null): void => {
  if (before !== null) account.incidents.get(before)?.delete(ticket.id)
  if (ticket.problem === null) return
  const known = account.incidents.get(ticket.problem)
  if (known === undefined) account.incidents.set(ticket.problem, new Set([ticket.id]))
  else known.add(ticket.id)
}

/** A comment gets its number, and the files that were sent for it. */
const withFiles = (account: ZendeskAccount, ticket: number, comment: Comment): Comment => {
  const numbered = { ...comment, id: account.nextId("comment") }
  return { ...numbered, attachments: takeUploads(account, ticket, numbered).map((attachment) => attachment.id) }
}

const addEvent = (account: ZendeskAccount, ticket: Ticket, comment: number | null, created: boolean): void => {
  const id = account.nextId("event")
  account.events.set(id, { ticket: ticket.id, comment, created })
  account.eventStream.push(nowSecond(account.clock), id)
}

const record = (context: Context, kind: string, ticket: Ticket, job: string | null): void =>
  written(
    context,
    kind,
    ticket.id,
    {
      subject: ticket.subject,
      type: ticket.type,
      problem_id: ticket.problem,
      status: ticket.status,
      requester_id: ticket.requester,
      assignee_id: ticket.assignee,
      group_id: ticket.group,
      created_at: ticket.createdAt,
      comments: ticket.comments.length,
      attachments: ticket.comments.flatMap((comment, place) =>
        comment.attachments.map((id) => ({
          comment: place,
          ...told(context.account.uploads.attachments.get(id) as Attachment)
        }))
      )
    },
    { externalId: ticket.externalId, job }
  )

export const one = (context: Context, ticket: Ticket, status: number, withAudit: boolean): Reply => {
  const audit = {
    id: ticket.id + 9_000_000,
    ticket_id: ticket.id,
    created_at: ticket.updatedAt,
    author_id: context.caller.id,
    events: []
  }
  // Right after the create the export has not seen it yet.
  const row =
    status === 201
      ? { ...ticketRow(context.account, ticket), generated_timestamp: 0 }
      : ticketRow(context.account, ticket)
  const headers = status === 201 ? { location: `https://${context.account.host}/api/v2/tickets/${ticket.id}.json` } : {}
  return json(status, withAudit ? { ticket: row, audit } : { ticket: row }, headers)
}

const archiveNow = (context: Context): boolean => context.call.query.get("archive_immediately") === "true"

const importOne = (context: Context): Reply =>
  withBody(context, "ticket", (input) =>
    one(
      context,
      keep(
        context,
        readTicket(context.account, input, context.caller, "import"),
        "ticket.import",
        archiveNow(context),
        null
      ),
      201,
      false
    )
  )

const many =
  (type: string, source: TicketSource) =>
  (context: Context): Reply => {
    const archive = source === "import" && archiveNow(context)
    const job = startJob(
      context,
      type,
      "tickets",
      importResult,
      (input, { id }) =>
        keep(context, readTicket(context.account, input, context.caller, source), `ticket.${source}`, archive, id).id
    )
    return isJob(job) ? json(200, jobBody(context.account, job)) : job
  }

type Remembered = { readonly body: string; readonly at: number; readonly reply: Reply }
const idempotent = new WeakMap<ZendeskAccount, Map<string, Remembered>>()
const keptMillis = 7_200_000

/** Only here does the vendor know an idempotency key. */
const create = (context: Context): Reply => {
  const { account, call } = context
  const write = (): Reply =>
    withBody(context, "ticket", (input) =>
      one(
        context,
        keep(context, readTicket(account, input, context.caller, "create"), "ticket.create", false, null),
        201,
        true
      )
    )
  const key = header(call, "idempotency-key")
  if (key === undefined) return write()
  const kept = idempotent.get(account) ?? new Map<string, Remembered>()
  idempotent.set(account, kept)
  const known = kept.get(key)
  const body = call.body.toString("utf8")
  if (known !== undefined && account.clock.now() - known.at < account.clock.lasts(keptMillis)) {
    return known.body === body
      ? { ...known.reply, headers: { ...known.reply.headers, "x-idempotency-lookup": "hit" } }
      : idempotencyClash()
  }
  const reply = write()
  if (reply.status === 201) kept.set(key, { body, at: account.clock.now(), reply })
  return { ...reply, headers: { ...reply.headers, "x-idempotency-lookup": "miss" } }
}

const update = (context: Context): Reply => {
  const ticket = ticketToChange(context.account, context.id)
  if (ticket === undefined || ticket.status === "deleted") return recordNotFound()
  return withBody(context, "ticket", (input) => {
    if (ticket.status === "closed")
      throw new Refused({ status: [{ description: "Status: closed prevents ticket update" }] })
    if (flagOf(input, "safe_update", false) && textOf(input, "updated_stamp") !== ticket.updatedAt) {
      return json(409, {
        error: "UpdateConflict",
        description: "Safe Update prevented the update due to outdated ticket data"
      })
    }
    change(context, ticket, input)
    return one(context, ticket, 200, true)
  })
}

const change = (context: Context, ticket: Ticket, input: Input): void => {
  const { account, caller } = context
  const details: Details = {}
  const status = choiceOf(input, "status", ticketStatuses, "Status", details)
  const priority = choiceOf(input, "priority", ["low", "normal", "high", "urgent"], "Priority", details)
  const group = given(input, "group_id") ? readGroup(account, input, details) : ticket.group
  const assignee = given(input, "assignee_id") ? readAssignee(account, input, group, details) : null
  const type = "type" in input ? choiceOf(input, "type", ticketTypes, "Type", details) : ticket.type
  const problem = "problem_id" in input ? readProblem(account, input, type, details) : ticket.problem
  const { custom, tags } = readCustom(account, input, details)
  const comment = given(input, "comment") ? readComment(account, objectOf(input.comment), caller, null, details) : null
  if (comment !== null) checkUploads(account, [comment], details)
  if (comment !== null && ticket.comments.length >= commentLimit)
    fault(details, "base", `Comments: cannot be more than ${commentLimit}`, "InvalidValue")
  if (Object.keys(details).length > 0) throw new Refused(details)
  if (status !== null) ticket.status = status
  if (priority !== null) ticket.priority = priority
  const before = ticket.problem
  ticket.type = type
  ticket.problem = type === "incident" ? problem : null
  nameProblem(account, ticket, before)
  if ("subject" in input) ticket.subject = textOf(input, "subject")
  if ("external_id" in input) setExternalId(account, ticket, textOf(input, "external_id"))
  ticket.group = group
  if (assignee !== null) ticket.assignee = assignee.id
  ticket.custom = { ...ticket.custom, ...custom }
  ticket.tags = tagsOf([
    ...("tags" in input ? listOf(input, "tags") : ticket.tags),
    ...listOf(input, "additional_tags"),
    ...tags
  ])
  if (comment !== null) {
    ticket.comments.push(withFiles(account, ticket.id, comment))
    addEvent(account, ticket, ticket.comments.length - 1, false)
  }
  ticket.updatedAt = isoSecond(nowSecond(account.clock))
  touchTicket(account, ticket)
  record(context, "ticket.update", ticket, null)
}

const setExternalId = (account: ZendeskAccount, ticket: Ticket, externalId: string | null): void => {
  const old = ticket.externalId === null ? undefined : account.ticketsByExternalId.get(ticket.externalId)
  old?.splice(old.indexOf(ticket.id), old.includes(ticket.id) ? 1 : 0)
  ticket.externalId = externalId
  if (externalId === null) return
  const same = account.ticketsByExternalId.get(externalId)
  if (same === undefined) account.ticketsByExternalId.set(externalId, [ticket.id])
  else same.push(ticket.id)
}

const remove = (context: Context): Reply => {
  const { account } = context
  const ticket = ticketToChange(account, context.id)
  if (ticket === undefined || ticket.status === "deleted") return recordNotFound()
  ticket.status = "deleted"
  ticket.updatedAt = isoSecond(nowSecond(account.clock))
  account.listed.remove(ticket.id)
  touchTicket(account, ticket)
  record(context, "ticket.delete", ticket, null)
  return empty(204)
}

export const ticketRoutes: ReadonlyArray<Route> = [
  route("POST", "tickets.create", "tickets", create),
  route("POST", "tickets.create_many", "tickets/create_many", many("Bulk Create Ticket", "create")),
  route("PUT", "tickets.update", "tickets/{id}", (context) => refusable(() => update(context))),
  route("DELETE", "tickets.delete", "tickets/{id}", remove),
  route("POST", "imports.create", "imports/tickets", importOne, true),
  route("POST", "imports.create_many", "imports/tickets/create_many", many("Bulk Import Ticket", "import"), true)
]
