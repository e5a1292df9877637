// What a ticket in a request becomes, and every reason to refuse it: the references, dates and values of one row.
import { isoSecond, nowSecond } from "../Clock.ts"
import { findTicket, type ZendeskAccount } from "./Account.ts"
import { exists } from "./CustomValues.ts"
import { type Details, type FieldFault, fault, Refused } from "./Errors.ts"
import { isSystemField, type TicketField, tagsOfValue, valueFault } from "./Fields.ts"
import type { Comment, FieldValue, Ticket, User } from "./Model.ts"
import { choiceOf, dateOf, flagOf, given, type Input, idOf, listOf, objectOf, tagsOf, textOf } from "./Reading.ts"
import { cut } from "./Text.ts"
import { checkUploads } from "./Uploads.ts"
import { findOrCreateRequester } from "./Users.ts"

export const ticketStatuses = ["new", "open", "pending", "hold", "solved", "closed"]
const priorities = ["low", "normal", "high", "urgent"]
export const ticketTypes = ["problem", "incident", "question", "task"]
export const commentLimit = 5000

export type TicketSource = "import" | "create"

/** Throws Refused with everything that is wrong with the row. */
export const readTicket = (
  account: ZendeskAccount,
  input: Input,
  caller: User,
  source: TicketSource
): Omit<Ticket, "id"> => {
  const details: Details = {}
  const now = account.clock.now()
  const importing = source === "import"
  const dates = importing ? input : {}
  const createdAt = dateOf(dates, "created_at", now, "Created at", details) ?? isoSecond(nowSecond(account.clock))
  const updatedAt =
    dateOf(dates, "updated_at", now, "Updated at", details) ??
    (importing ? createdAt : isoSecond(nowSecond(account.clock)))
  const solvedAt = dateOf(dates, "solved_at", now, "Solved at", details)
  const requester = readRequester(account, input, caller, details)
  const submitter = given(input, "submitter_id") ? existing(account, input, "submitter_id", "Submitter", details) : null
  const group = readGroup(account, input, details)
  const assignee = readAssignee(account, input, group, details)
  const comments = readComments(account, input, caller, importing, createdAt, details)
  checkUploads(account, comments, details)
  const subject = textOf(input, "subject")
  const externalId = textOf(input, "external_id")
  refuseByRule(account, { subject, external_id: externalId }, details)
  const { custom, tags } = readCustom(account, input, details)
  const type = choiceOf(input, "type", ticketTypes, "Type", details)
  const problem = readProblem(account, input, type, details)
  const read = {
    externalId,
    subject,
    type,
    status: choiceOf(input, "status", ticketStatuses, "Status", details) ?? (assignee === null ? "new" : "open"),
    priority: choiceOf(input, "priority", priorities, "Priority", details),
    requester: requester?.id ?? caller.id,
    submitter: submitter?.id ?? requester?.id ?? caller.id,
    assignee: assignee?.id ?? null,
    group: group ?? assignee?.defaultGroup ?? null,
    organization: readOrganization(account, input, requester, details),
    problem,
    dueAt: textOf(input, "due_at"),
    solvedAt,
    tags: tagsOf([...listOf(input, "tags"), ...tags]),
    custom,
    createdAt,
    updatedAt,
    generated: 0,
    archived: false,
    comments,
    writtenAt: now
  }
  if (Object.keys(details).length > 0) throw new Refused(details)
  return read
}

const existing = (account: ZendeskAccount, input: Input, key: string, label: string, details: Details): User | null => {
  const id = idOf(input, key)
  const user = id === null ? undefined : account.users.get(id)
  if (user?.active) return user
  fault(details, key.replace(/_id$/, ""), `${label}: is invalid`, "InvalidValue")
  return null
}

const readRequester = (account: ZendeskAccount, input: Input, caller: User, details: Details): User | null => {
  if (given(input, "requester_id")) return existing(account, input, "requester_id", "Requester", details)
  return given(input, "requester") ? findOrCreateRequester(account, objectOf(input.requester), details) : caller
}

export const readGroup = (account: ZendeskAccount, input: Input, details: Details): number | null => {
  if (!given(input, "group_id")) return null
  const id = idOf(input, "group_id")
  const group = id === null ? undefined : account.groups.get(id)
  if (group !== undefined && !group.deleted) return group.id
  fault(details, "group", "Group: is invalid", "InvalidValue")
  return null
}

/** An active agent who is a member of the group. */
export const readAssignee = (
  account: ZendeskAccount,
  input: Input,
  group: number | null,
  details: Details
): User | null => {
  if (!given(input, "assignee_id")) return null
  const user = existing(account, input, "assignee_id", "Assignee", details)
  if (user === null) return null
  const refuse = (why: string): null => {
    fault(details, "assignee", `Assignee: ${why}`, "InvalidValue")
    return null
  }
  if (user.suspended) return refuse("is suspended")
  if (user.role === "end-user") return refuse("is not an agent")
  if (group !== null && account.groupMemberships.find(user.id, group) === undefined)
    return refuse("is not a member of the group")
  return user
}

/** An organization the requester is not in gives way to the requester's own. */
const readOrganization = (
  account: ZendeskAccount,
  input: Input,
  requester: User | null,
  details: Details
): number | null => {
  const own = requester?.organization ?? null
  if (!given(input, "organization_id")) return own
  const id = idOf(input, "organization_id")
  const organization = id === null ? undefined : account.organizations.get(id)
  if (organization === undefined || organization.deletedAt !== null) {
    fault(details, "organization", "Organization: is invalid", "InvalidValue")
    return null
  }
  const member = requester !== null && account.organizationMemberships.find(requester.id, organization.id) !== undefined
  return member ? organization.id : own
}

const refuseByRule = (account: ZendeskAccount, values: Record<string, string | null>, details: Details): void => {
  for (const { field, pattern, description } of account.refusals) {
    const value = values[field]
    if (typeof value === "string" && new RegExp(pattern).test(value)) fault(details, field, description, "InvalidValue")
  }
}

export const readCustom = (account: ZendeskAccount, input: Input, details: Details) => {
  const custom: Record<number, FieldValue> = {}
  const tags: Array<string> = []
  const pairs = Array.isArray(input.custom_fields)
    ? input.custom_fields.map(objectOf).map((pair) => [idOf(pair, "id"), pair.value] as const)
    : Object.entries(objectOf(input.custom_fields)).map(([id, value]) => [Number(id), value] as const)
  for (const [id, value] of pairs) {
    const field = account.fields.find((known) => known.id === id)
    if (field === undefined || isSystemField(field)) continue
    const found = valueFault(field, value as FieldValue) ?? lookupFault(account, field, value)
    if (found !== null) details[String(field.id)] = [found]
    else if (value !== undefined) {
      custom[field.id] = value as FieldValue
      tags.push(...tagsOfValue(field, value as FieldValue))
    }
  }
  return { custom, tags }
}

/** A lookup names a record that is there. */
const lookupFault = (account: ZendeskAccount, field: TicketField, value: unknown): FieldFault | null =>
  field.target === undefined || value === null || value === "" || exists(account, field.target, value)
    ? null
    : {
        description: `${field.title}: is invalid`,
        error: "InvalidValue",
        ticket_field_id: field.id,
        ticket_field_type: field.type
      }

/** Incidents alone have a problem, and it is a ticket of that type. */
export const readProblem = (
  account: ZendeskAccount,
  input: Input,
  type: string | null,
  details: Details
): number | null => {
  if (!given(input, "problem_id") || type !== "incident") return null
  const problem = findTicket(account, idOf(input, "problem_id") ?? 0)
  if (problem?.type === "problem" && problem.status !== "deleted") return problem.id
  fault(details, "problem_id", "Problem: is invalid", "InvalidValue")
  return null
}

const readComments = (
  account: ZendeskAccount,
  input: Input,
  caller: User,
  importing: boolean,
  createdAt: string,
  details: Details
): Array<Comment> => {
  const described = given(input, "description") ? [{ body: input.description }] : []
  const inputs = importing
    ? given(input, "comments")
      ? listOf(input, "comments").map(objectOf)
      : given(input, "comment")
        ? [objectOf(input.comment)]
        : described
    : given(input, "comment")
      ? [objectOf(input.comment)]
      : described
  if (inputs.length === 0) fault(details, "base", "Description: cannot be blank", "BlankValue")
  if (inputs.length > commentLimit)
    fault(details, "base", `Comments: cannot be more than ${commentLimit}`, "InvalidValue")
  if (details.base !== undefined) return []
  return inputs.map((comment) => readComment(account, comment, caller, importing ? createdAt : null, details))
}

/** `createdAt` null: the comment is made now, whatever it says. */
export const readComment = (
  account: ZendeskAccount,
  input: Input,
  caller: User,
  createdAt: string | null,
  details: Details
): Comment => {
  const own: Details = {}
  const author = given(input, "author_id") ? existing(account, input, "author_id", "Author", own) : caller
  const html = textOf(input, "html_body")
  const text = textOf(input, "body") ?? textOf(input, "value")
  if ((html ?? text ?? "").trim() === "") fault(own, "comment", "Comment: cannot be blank", "BlankValue")
  const dated = createdAt === null ? null : dateOf(input, "created_at", account.clock.now(), "Comment created at", own)
  const faults = Object.values(own).flat()
  if (faults.length > 0) details.comments = [...(details.comments ?? []), ...faults]
  return {
    id: 0,
    author: author?.id ?? caller.id,
    html: html === null ? null : cut(html),
    text: html === null ? cut(text ?? "") : null,
    public: flagOf(input, "public", true),
    createdAt: dated ?? createdAt ?? isoSecond(nowSecond(account.clock)),
    uploads: typeof input.uploads === "string" ? [input.uploads] : listOf(input, "uploads").map(String),
    attachments: []
  }
}
