// The canonical records: what a vendor's row becomes, one shape per entity, the same for every vendor. For connectors (which
// produce them), the refiner, review and audit. What does not belong here: a vendor's names, a destination's shape.
import type { EntityId } from "./Entities.ts"

/** Plain JSON, as custom fields hold it. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<JsonValue>
  | { readonly [key: string]: JsonValue }
export type Custom = { readonly [key: string]: JsonValue }

/**
 * What every record has. `source_id` is unique within the entity and connection (`agents/17` where two streams feed one
 * entity); `native_id` is the vendor's own id, which references of other records hold. Times are UTC, ISO 8601 with `Z`.
 */
export type Identity = {
  readonly source_id: string
  readonly native_id: string
  readonly source_updated_at: string | null
  readonly created_at: string | null
}

/** Mapping of states and priorities between vendors goes through these words; the vendor's own stays in `*_raw`. */
export const ticketStatuses = [
  "new",
  "open",
  "in_progress",
  "pending",
  "on_hold",
  "resolved",
  "closed",
  "canceled",
  "deleted"
] as const
export type TicketStatus = (typeof ticketStatuses)[number]
export const ticketPriorities = ["critical", "high", "medium", "low", "planning"] as const
export type TicketPriority = (typeof ticketPriorities)[number]
export const ticketLevels = ["high", "medium", "low"] as const
export type TicketLevel = (typeof ticketLevels)[number]
export const ticketKinds = [
  "incident",
  "service_request",
  "question",
  "problem",
  "task",
  "alert",
  "case",
  "major_incident"
] as const
export type TicketKind = (typeof ticketKinds)[number]

/** A ticket without its comments. Canonical words are null where the vendor's value is not known: a mapping must decide. */
export type TicketRecord = Identity & {
  /** The number people see; the id where the vendor has no other. */
  readonly display_number: string | null
  readonly subject: string | null
  readonly description_html: string | null
  readonly description_text: string | null
  readonly kind: TicketKind | null
  readonly type_raw: string | null
  readonly status: TicketStatus | null
  readonly status_raw: string | null
  readonly priority: TicketPriority | null
  readonly priority_raw: string | null
  readonly impact: TicketLevel | null
  readonly urgency: TicketLevel | null
  readonly source_channel: string | null
  readonly source_channel_raw: string | null
  /** References are native ids of persons, groups, departments. */
  readonly requester: string | null
  readonly requested_for: string | null
  readonly submitted_by: string | null
  readonly assignee: string | null
  readonly group: string | null
  readonly organization: string | null
  readonly department: string | null
  readonly category: string | null
  readonly sub_category: string | null
  readonly item: string | null
  readonly tags: ReadonlyArray<string>
  /** Addresses (Freshservice) or native ids of persons (Zendesk). */
  readonly watchers: ReadonlyArray<string>
  readonly problem_ref: string | null
  /** The change it was solved by or caused by, and the ticket it is a part of: native ids. */
  readonly change_ref: string | null
  readonly parent_ref: string | null
  /** Native ids of assets. */
  readonly assets: ReadonlyArray<string>
  /** What a service request asks for: one object for each item, as the vendor gives it. */
  readonly requested_items: ReadonlyArray<JsonValue>
  readonly due_at: string | null
  readonly first_response_due_at: string | null
  readonly updated_at: string | null
  readonly resolved_at: string | null
  readonly closed_at: string | null
  readonly resolution: string | null
  readonly deleted: boolean | null
  readonly spam: boolean | null
  readonly external_id: string | null
  /** Values by the vendor's key: a name (Freshservice) or a field id (Zendesk). Scalars and arrays of scalars. */
  readonly custom: Custom
}

/** Records that comments and attachments belong to. */
export const commentParents = ["ticket", "problem", "change"] as const
export type CommentParent = (typeof commentParents)[number]
/** True for what has comments: its own text is the first of them. */
export const isConversation = (id: EntityId): id is CommentParent => commentParents.some((parent) => parent === id)
export const attachmentParents = ["ticket", "comment", "problem", "change", "asset"] as const
export type AttachmentParent = (typeof attachmentParents)[number]

/** One entry of a conversation. Zendesk repeats the description as the first one, Freshservice does not. */
export type CommentRecord = Identity & {
  /** What it belongs to; `ticket` is its native id, whatever it is: readers of the first version know no other name. */
  readonly parent_entity: CommentParent
  readonly ticket: string
  readonly author: string | null
  readonly visibility: "public" | "private" | null
  readonly direction: "incoming" | "outgoing" | null
  readonly html: string | null
  readonly text: string | null
  readonly channel: string | null
  readonly channel_raw: string | null
  readonly updated_at: string | null
}

/** A human: requester or agent. `email` is trimmed and otherwise as given; the match key is its lower case. */
export type PersonRecord = Identity & {
  readonly email: string | null
  readonly other_emails: ReadonlyArray<string>
  readonly first_name: string | null
  readonly last_name: string | null
  readonly name: string | null
  readonly phone: string | null
  readonly mobile: string | null
  readonly title: string | null
  /** Native ids, the main one first. */
  readonly departments: ReadonlyArray<string>
  readonly location: string | null
  readonly manager: string | null
  readonly active: boolean | null
  readonly vip: boolean | null
  readonly language: string | null
  readonly time_zone: string | null
  readonly external_id: string | null
  readonly is_agent: boolean | null
  readonly role: string | null
  readonly tags: ReadonlyArray<string>
  readonly notes: string | null
  readonly updated_at: string | null
  readonly custom: Custom
}

export type GroupRecord = Identity & {
  readonly name: string | null
  readonly description: string | null
  readonly manager: string | null
  readonly active: boolean | null
  readonly updated_at: string | null
  readonly custom: Custom
}

/** One person in one group; `group` and `person` are native ids. */
export type GroupMemberRecord = Identity & {
  readonly group: string
  readonly person: string
  readonly role: "member" | "observer" | "leader" | null
  readonly is_default: boolean | null
}

/** A department, company or organization: what people and tickets belong to. */
export type DepartmentRecord = Identity & {
  readonly name: string | null
  readonly description: string | null
  readonly notes: string | null
  readonly domains: ReadonlyArray<string>
  readonly head: string | null
  readonly primary_contact: string | null
  readonly external_id: string | null
  readonly tags: ReadonlyArray<string>
  readonly updated_at: string | null
  readonly custom: Custom
}
