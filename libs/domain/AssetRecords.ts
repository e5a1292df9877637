// Canonical records beside conversations and people: places, assets and what relates them, problems, changes, definitions of
// fields, files. For RecordFields.ts, which lists all. What does not belong here: a vendor's names, a destination's shape.
import type { EntityId } from "./Entities.ts"
import type { AttachmentParent, Custom, Identity, JsonValue, TicketLevel, TicketPriority } from "./Records.ts"

export type LocationRecord = Identity & {
  readonly name: string | null
  /** Native id of the location it lies in. */
  readonly parent: string | null
  readonly line1: string | null
  readonly line2: string | null
  readonly city: string | null
  readonly state: string | null
  readonly zip: string | null
  readonly country: string | null
  readonly contact_name: string | null
  /** Native id of a person. */
  readonly primary_contact: string | null
  readonly phone: string | null
  readonly email: string | null
  readonly updated_at: string | null
}

export type AssetTypeRecord = Identity & {
  readonly name: string | null
  readonly description: string | null
  /** Native id of the type it is a kind of, whose fields it has too. */
  readonly parent: string | null
  readonly visible: boolean | null
  readonly updated_at: string | null
}

export const assetStates = ["in_use", "in_stock", "on_order", "in_transit", "in_repair", "missing", "retired"] as const
export type AssetState = (typeof assetStates)[number]

export type AssetRecord = Identity & {
  readonly display_number: string | null
  readonly name: string | null
  readonly description: string | null
  /** Native id of an asset type. */
  readonly type: string | null
  readonly asset_tag: string | null
  readonly serial_number: string | null
  readonly model: string | null
  readonly vendor: string | null
  readonly state: AssetState | null
  readonly state_raw: string | null
  readonly usage_type: string | null
  readonly impact: TicketLevel | null
  /** Native ids of persons, a group, a department, a location. */
  readonly used_by: string | null
  readonly managed_by: string | null
  readonly group: string | null
  readonly department: string | null
  readonly location: string | null
  readonly cost: string | null
  readonly acquired_at: string | null
  readonly warranty_until: string | null
  readonly end_of_life: string | null
  readonly assigned_at: string | null
  readonly deleted: boolean | null
  readonly updated_at: string | null
  /** The other fields of its type, by name. */
  readonly custom: Custom
}

/** One asset is related to another, or to a person, department, location. `from` and `to` are native ids. */
export type RelationRecord = Identity & {
  readonly type: string | null
  readonly from_entity: EntityId | null
  readonly from: string
  readonly to_entity: EntityId | null
  readonly to: string
  readonly updated_at: string | null
}

export const problemStatuses = ["open", "investigating", "fix_in_progress", "resolved", "closed"] as const
export type ProblemStatus = (typeof problemStatuses)[number]

export type ProblemRecord = Identity & {
  readonly display_number: string | null
  readonly subject: string | null
  readonly description_html: string | null
  readonly description_text: string | null
  readonly status: ProblemStatus | null
  readonly status_raw: string | null
  readonly priority: TicketPriority | null
  readonly priority_raw: string | null
  readonly impact: TicketLevel | null
  readonly known_error: boolean | null
  readonly requester: string | null
  readonly assignee: string | null
  readonly group: string | null
  readonly department: string | null
  readonly category: string | null
  readonly sub_category: string | null
  readonly item: string | null
  readonly cause: string | null
  readonly symptom: string | null
  readonly impact_text: string | null
  /** Native id of the change that solves it. */
  readonly change_ref: string | null
  readonly assets: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly due_at: string | null
  readonly closed_at: string | null
  readonly deleted: boolean | null
  readonly updated_at: string | null
  readonly custom: Custom
}

export const changeStatuses = [
  "draft",
  "planning",
  "approval",
  "scheduled",
  "implementing",
  "review",
  "closed",
  "canceled"
] as const
export type ChangeStatus = (typeof changeStatuses)[number]
export const changeTypes = ["minor", "standard", "major", "emergency"] as const
export type ChangeType = (typeof changeTypes)[number]
export const changeRisks = ["low", "medium", "high", "very_high"] as const
export type ChangeRisk = (typeof changeRisks)[number]

export type ChangeRecord = Identity & {
  readonly display_number: string | null
  readonly subject: string | null
  readonly description_html: string | null
  readonly description_text: string | null
  readonly status: ChangeStatus | null
  readonly status_raw: string | null
  readonly type: ChangeType | null
  readonly type_raw: string | null
  readonly risk: ChangeRisk | null
  readonly risk_raw: string | null
  readonly priority: TicketPriority | null
  readonly priority_raw: string | null
  readonly impact: TicketLevel | null
  readonly requester: string | null
  readonly assignee: string | null
  readonly group: string | null
  readonly department: string | null
  readonly category: string | null
  readonly sub_category: string | null
  readonly item: string | null
  readonly approval_status: string | null
  readonly planned_start_at: string | null
  readonly planned_end_at: string | null
  /** Reason, impact, rollout, backout and the like, by the vendor's names. */
  readonly planning: Custom
  readonly assets: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly closed_at: string | null
  readonly deleted: boolean | null
  readonly updated_at: string | null
  readonly custom: Custom
}

/** The definition of a field. `name` is the key of its values in `custom`. */
export type CustomFieldRecord = Identity & {
  readonly for_entity: EntityId | null
  /** Native id of the asset type whose field it is. */
  readonly asset_type: string | null
  readonly name: string | null
  readonly label: string | null
  readonly description: string | null
  readonly type_raw: string | null
  /** False for a field that every account has. */
  readonly is_custom: boolean | null
  readonly required: boolean | null
  readonly position: string | null
  /** `{value, label}` each. */
  readonly choices: ReadonlyArray<JsonValue>
  /** Of a nested field: the names of its lower levels, from the top. */
  readonly levels: ReadonlyArray<string>
  readonly updated_at: string | null
}

/** `stored`: in the blob store under `sha256`. `unavailable`: it could not be had, `problem` says why. `unread`: not tried. */
export const attachmentStates = ["stored", "unavailable", "unread"] as const
export type AttachmentState = (typeof attachmentStates)[number]

/** A file of another record, without its bytes. `parent` is a native id. */
export type AttachmentRecord = Identity & {
  readonly parent_entity: AttachmentParent
  readonly parent: string
  readonly name: string | null
  readonly mime: string | null
  /** Bytes: as counted where it is stored, else as the vendor says. */
  readonly size: number | null
  /** Shown inside the text of its parent. */
  readonly inline: boolean
  /** Where the text names it: `urlHash` (Images.ts) of the image's address, several apart by a blank. */
  readonly url_hash: string | null
  readonly sha256: string | null
  readonly state: AttachmentState
  readonly problem: string | null
  readonly updated_at: string | null
}
