// From Freshservice rows to canonical records. Pure and total. Codes: Freshservice API v2, "Ticket properties"; the pairing of
// channels and kinds with canonical words is ours.
import type { TicketKind, TicketLevel, TicketPriority, TicketStatus } from "@bridge/domain/Records"
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

/** 6 and above are the account's own: null, and the raw value decides in the mapping. */
const statuses: Readonly<Record<string, TicketStatus>> = { 2: "open", 3: "pending", 4: "resolved", 5: "closed" }
export const priorities: Readonly<Record<string, TicketPriority>> = { 1: "low", 2: "medium", 3: "high", 4: "critical" }
export const levels: Readonly<Record<string, TicketLevel>> = { 1: "low", 2: "medium", 3: "high" }
const kinds: Readonly<Record<string, TicketKind>> = {
  incident: "incident",
  "service request": "service_request",
  alert: "alert",
  case: "case",
  "major incident": "major_incident"
}
const channels: Readonly<Record<string, string>> = {
  1: "email",
  2: "portal",
  3: "phone",
  4: "chat",
  5: "widget",
  6: "yammer",
  7: "monitoring",
  8: "monitoring",
  9: "walk_in",
  10: "slack",
  11: "chat",
  12: "workplace",
  13: "hr_flow",
  14: "monitoring",
  15: "teams",
  18: "hr_flow"
}
/** 0 and 2 were seen; others are not known. */
const conversationChannels: Readonly<Record<string, string>> = { 0: "reply", 2: "note" }

export const identity = (row: JsonObject, id: string, sourceId = id) => ({
  source_id: sourceId,
  native_id: id,
  source_updated_at: timeOf(row.updated_at),
  created_at: timeOf(row.created_at)
})

/** An id, or that of the object or of the first of a list that stands there: what `include` gives differs. */
export const refOf = (value: Json | undefined): string | null => {
  const one = listOf(value)[0] ?? value
  return idOf(one) ?? idOf(objectOf(one).id) ?? idOf(objectOf(one).display_id)
}

/** Native ids of assets are their `display_id`: the value in paths, tickets and relationships. */
export const assetsOf = (value: Json | undefined): ReadonlyArray<string> => [
  ...new Set(
    listOf(value).flatMap((one) => idOf(one) ?? idOf(objectOf(one).display_id) ?? idOf(objectOf(one).id) ?? [])
  )
]

/** What `include=related_tickets` looks like is not documented: the parent's id or the parent itself, by either name. */
const parentOf = (row: JsonObject): string | null => {
  const { parent, parent_id, parent_ticket, parent_ticket_id } = objectOf(row.related_tickets)
  const told = [parent, parent_id, parent_ticket, parent_ticket_id, row.parent_ticket_id, row.parent_id]
  return told.map(refOf).find((id) => id !== null) ?? null
}

export const ticket = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const deleted = booleanOf(row.deleted)
  const stats = customOf(row.stats)
  return [
    {
      entity: "ticket",
      sourceId: id,
      record: {
        ...identity(row, id),
        display_number: id,
        subject: textOf(row.subject),
        description_html: textOf(row.description),
        description_text: textOf(row.description_text),
        kind: wordOf(kinds, textOf(row.type)?.trim().toLowerCase()),
        type_raw: textOf(row.type),
        status: deleted === true ? "deleted" : wordOf(statuses, row.status),
        status_raw: textOf(row.status),
        priority: wordOf(priorities, row.priority),
        priority_raw: textOf(row.priority),
        impact: wordOf(levels, row.impact),
        urgency: wordOf(levels, row.urgency),
        source_channel: wordOf(channels, row.source),
        source_channel_raw: textOf(row.source),
        requester: idOf(row.requester_id),
        requested_for: idOf(row.requested_for_id),
        submitted_by: null,
        assignee: idOf(row.responder_id),
        group: idOf(row.group_id),
        organization: idOf(row.department_id),
        department: idOf(row.department_id),
        category: textOf(row.category),
        sub_category: textOf(row.sub_category),
        item: textOf(row.item_category),
        tags: textsOf(row.tags),
        watchers: textsOf(row.cc_emails),
        problem_ref: refOf(row.problem) ?? idOf(row.problem_id),
        change_ref: refOf(row.change) ?? refOf(row.changes) ?? idOf(row.change_id),
        parent_ref: parentOf(row),
        assets: assetsOf(row.assets),
        requested_items: listOf(row.requested_items),
        due_at: timeOf(row.due_by),
        first_response_due_at: timeOf(row.fr_due_by),
        updated_at: timeOf(row.updated_at),
        resolved_at: timeOf(stats.resolved_at),
        closed_at: timeOf(stats.closed_at),
        resolution: textOf(row.resolution_notes),
        deleted,
        spam: booleanOf(row.spam),
        external_id: null,
        custom: customOf(row.custom_fields)
      }
    }
  ]
}

export const conversation = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  const ticketId = idOf(row.ticket_id)
  if (id === null || ticketId === null) return []
  const hidden = booleanOf(row.private)
  const incoming = booleanOf(row.incoming)
  return [
    {
      entity: "comment",
      sourceId: id,
      parentId: ticketId,
      record: {
        ...identity(row, id),
        parent_entity: "ticket",
        ticket: ticketId,
        author: idOf(row.user_id),
        visibility: hidden === null ? null : hidden ? "private" : "public",
        direction: incoming === null ? null : incoming ? "incoming" : "outgoing",
        html: textOf(row.body),
        text: textOf(row.body_text),
        channel: wordOf(conversationChannels, row.source),
        channel_raw: textOf(row.source),
        updated_at: timeOf(row.updated_at)
      }
    }
  ]
}

export const requester = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> =>
  person(row, "requesters", row.primary_email, booleanOf(row.is_agent) ?? false)

export const agent = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> =>
  person(row, "agents", row.email, true)

/** Agents and requesters share one space of ids; the stream in front keeps both rows of a person who is both. */
const person = (
  row: JsonObject,
  stream: string,
  email: JsonObject[string] | undefined,
  isAgent: boolean
): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const first = textOf(row.first_name)
  const last = textOf(row.last_name)
  const sourceId = `${stream}/${id}`
  return [
    {
      entity: "person",
      sourceId,
      record: {
        ...identity(row, id, sourceId),
        email: trimmedOf(email),
        other_emails: textsOf(row.secondary_emails).map((other) => other.trim()),
        first_name: first,
        last_name: last,
        name: trimmedOf([first, last].map((part) => part?.trim() ?? "").join(" ")),
        phone: trimmedOf(row.work_phone_number),
        mobile: trimmedOf(row.mobile_phone_number),
        title: textOf(row.job_title),
        departments: idsOf(row.department_ids),
        location: textOf(row.location_name) ?? idOf(row.location_id),
        manager: idOf(row.reporting_manager_id),
        active: booleanOf(row.active),
        vip: booleanOf(row.vip_user),
        language: textOf(row.language),
        time_zone: textOf(row.time_zone),
        external_id: idOf(row.external_id),
        is_agent: isAgent,
        role: isAgent ? (booleanOf(row.occasional) === true ? "occasional agent" : "agent") : "requester",
        tags: [],
        notes: textOf(row.background_information),
        updated_at: timeOf(row.updated_at),
        custom: customOf(row.custom_fields)
      }
    }
  ]
}

/** A group and its members: the union of all lists that name people, each once with its strongest role. */
export const group = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const leaders = idsOf(row.leaders)
  const roles = new Map<string, "member" | "observer" | "leader">()
  for (const who of idsOf(row.observers)) roles.set(who, "observer")
  for (const who of [...idsOf(row.agent_ids), ...idsOf(row.members)]) roles.set(who, "member")
  for (const who of idsOf(row.observers)) if (!idsOf(row.members).includes(who)) roles.set(who, "observer")
  for (const who of leaders) roles.set(who, "leader")
  const members = [...roles].map(([who, role]): Normalised => {
    const sourceId = `${id}/${who}`
    return {
      entity: "group-member",
      sourceId,
      parentId: id,
      record: {
        source_id: sourceId,
        native_id: sourceId,
        source_updated_at: timeOf(row.updated_at),
        created_at: null,
        group: id,
        person: who,
        role,
        is_default: null
      }
    }
  })
  return [
    {
      entity: "group",
      sourceId: id,
      record: {
        ...identity(row, id),
        name: textOf(row.name),
        description: textOf(row.description),
        manager: leaders[0] ?? null,
        active: null,
        updated_at: timeOf(row.updated_at),
        custom: {}
      }
    },
    ...members
  ]
}

export const department = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  return [
    {
      entity: "department",
      sourceId: id,
      record: {
        ...identity(row, id),
        name: textOf(row.name),
        description: textOf(row.description),
        notes: null,
        domains: textsOf(row.domains),
        head: idOf(row.head_user_id),
        primary_contact: idOf(row.prime_user_id),
        external_id: null,
        tags: [],
        updated_at: timeOf(row.updated_at),
        custom: customOf(row.custom_fields)
      }
    }
  ]
}
