// From Zendesk rows to canonical records. Pure and total. Words: Zendesk API, "Tickets" (status, priority, type, via); the
// pairing with canonical words is ours.
import type { Custom, TicketKind, TicketPriority, TicketStatus } from "@bridge/domain/Records"
import type { Json, JsonObject } from "@bridge/http/Call"
import type { Normalised } from "../Connector.ts"
import {
  booleanOf,
  customOf,
  idOf,
  idsOf,
  listOf,
  objectOf,
  textOf,
  textsOf,
  timeOf,
  trimmedOf,
  wordOf
} from "../Values.ts"

const statuses: Readonly<Record<string, TicketStatus>> = {
  new: "new",
  open: "open",
  pending: "pending",
  hold: "on_hold",
  solved: "resolved",
  closed: "closed",
  deleted: "deleted"
}
const priorities: Readonly<Record<string, TicketPriority>> = {
  urgent: "critical",
  high: "high",
  normal: "medium",
  low: "low"
}
const kinds: Readonly<Record<string, TicketKind>> = {
  incident: "incident",
  question: "question",
  problem: "problem",
  task: "task"
}
const channels: Readonly<Record<string, string>> = {
  email: "email",
  web: "portal",
  voice: "phone",
  phone: "phone",
  chat: "chat",
  native_messaging: "chat",
  messaging: "chat",
  api: "api"
}

const identity = (row: JsonObject, id: string) => ({
  source_id: id,
  native_id: id,
  source_updated_at: timeOf(row.updated_at),
  created_at: timeOf(row.created_at)
})

const channelOf = (row: JsonObject): string | null => textOf(objectOf(row.via).channel)

/** `[{id, value}]` as values by field id. */
const fieldValues = (value: Json | undefined): Custom => {
  const out: Record<string, Json> = {}
  for (const item of listOf(value)) {
    const field = objectOf(item)
    const id = idOf(field.id)
    if (id === "__proto__") Object.defineProperty(out, id, { value: field.value ?? null, enumerable: true })
    else if (id !== null) out[id] = field.value ?? null
  }
  return out
}

export const ticket = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const status = textOf(row.status)
  return [
    {
      entity: "ticket",
      sourceId: id,
      record: {
        source_id: id,
        native_id: id,
        source_updated_at: timeOf(row.updated_at),
        created_at: timeOf(row.created_at),
        display_number: id,
        subject: textOf(row.subject) ?? textOf(row.raw_subject),
        description_html: null,
        description_text: textOf(row.description),
        kind: wordOf(kinds, row.type),
        type_raw: textOf(row.type),
        status: wordOf(statuses, row.status),
        status_raw: status,
        priority: wordOf(priorities, row.priority),
        priority_raw: textOf(row.priority),
        impact: null,
        urgency: null,
        source_channel: wordOf(channels, channelOf(row)),
        source_channel_raw: channelOf(row),
        requester: idOf(row.requester_id),
        requested_for: null,
        submitted_by: idOf(row.submitter_id),
        assignee: idOf(row.assignee_id),
        group: idOf(row.group_id),
        organization: idOf(row.organization_id),
        department: null,
        category: null,
        sub_category: null,
        item: null,
        tags: textsOf(row.tags),
        watchers: [...new Set([...idsOf(row.email_cc_ids), ...idsOf(row.follower_ids)])],
        problem_ref: idOf(row.problem_id),
        change_ref: null,
        parent_ref: null,
        assets: [],
        requested_items: [],
        due_at: timeOf(row.due_at),
        first_response_due_at: null,
        updated_at: timeOf(row.updated_at),
        resolved_at: null,
        closed_at: null,
        resolution: null,
        deleted: status === null ? null : status === "deleted",
        spam: null,
        external_id: idOf(row.external_id),
        custom: fieldValues(row.custom_fields ?? row.fields)
      }
    }
  ]
}

/** A comment's row does not name its ticket. The first comment of a ticket is its description. */
export const comment = (
  _config: unknown,
  row: JsonObject,
  parentId: string | null = null
): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  const ticketId = parentId ?? idOf(row.ticket_id)
  if (id === null || ticketId === null) return []
  const open = booleanOf(row.public)
  return [
    {
      entity: "comment",
      sourceId: id,
      parentId: ticketId,
      record: {
        ...identity(row, id),
        parent_entity: "ticket",
        ticket: ticketId,
        author: idOf(row.author_id),
        visibility: open === null ? null : open ? "public" : "private",
        direction: null,
        html: textOf(row.html_body),
        text: textOf(row.plain_body) ?? textOf(row.body),
        channel: wordOf(channels, channelOf(row)),
        channel_raw: channelOf(row),
        updated_at: timeOf(row.updated_at)
      }
    }
  ]
}

/** Zendesk keeps one name; the first word stands for the first name. */
export const user = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const name = trimmedOf(row.name)
  const [first, ...rest] = name?.split(/\s+/) ?? []
  const role = textOf(row.role)
  const active = booleanOf(row.active)
  return [
    {
      entity: "person",
      sourceId: id,
      record: {
        ...identity(row, id),
        email: trimmedOf(row.email),
        other_emails: [],
        first_name: first ?? null,
        last_name: rest.length === 0 ? null : rest.join(" "),
        name,
        phone: trimmedOf(row.phone),
        mobile: null,
        title: null,
        departments: idsOf([row.organization_id ?? null]),
        location: null,
        manager: null,
        active: active === null ? null : active && booleanOf(row.suspended) !== true,
        vip: null,
        language: textOf(row.locale),
        time_zone: textOf(row.iana_time_zone) ?? textOf(row.time_zone),
        external_id: idOf(row.external_id),
        is_agent: role === null ? null : role !== "end-user",
        role,
        tags: textsOf(row.tags),
        notes: trimmedOf(
          [textOf(row.notes), textOf(row.details)].filter((text) => text !== null && text !== "").join("\n")
        ),
        updated_at: timeOf(row.updated_at),
        custom: customOf(row.user_fields)
      }
    }
  ]
}

export const organization = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  return [
    {
      entity: "department",
      sourceId: id,
      record: {
        ...identity(row, id),
        name: textOf(row.name),
        description: textOf(row.details),
        notes: textOf(row.notes),
        domains: textsOf(row.domain_names),
        head: null,
        primary_contact: null,
        external_id: idOf(row.external_id),
        tags: textsOf(row.tags),
        updated_at: timeOf(row.updated_at),
        custom: customOf(row.organization_fields)
      }
    }
  ]
}

export const group = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const deleted = booleanOf(row.deleted)
  return [
    {
      entity: "group",
      sourceId: id,
      record: {
        ...identity(row, id),
        name: textOf(row.name),
        description: textOf(row.description),
        manager: null,
        active: deleted === null ? null : !deleted,
        updated_at: timeOf(row.updated_at),
        custom: {}
      }
    }
  ]
}

export const groupMembership = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  const groupId = idOf(row.group_id)
  const person = idOf(row.user_id)
  if (id === null || groupId === null || person === null) return []
  return [
    {
      entity: "group-member",
      sourceId: id,
      parentId: groupId,
      record: { ...identity(row, id), group: groupId, person, role: "member", is_default: booleanOf(row.default) }
    }
  ]
}
