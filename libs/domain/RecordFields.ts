// All canonical records by entity, and their fields with their types: columns of CSVs, fields of Avro schemas, checks of the
// refiner. What does not belong here: the shape of each record (Records.ts, AssetRecords.ts).
import type {
  AssetRecord,
  AssetTypeRecord,
  AttachmentRecord,
  ChangeRecord,
  CustomFieldRecord,
  LocationRecord,
  ProblemRecord,
  RelationRecord
} from "./AssetRecords.ts"
import type { EntityId } from "./Entities.ts"
import type {
  CommentRecord,
  DepartmentRecord,
  GroupMemberRecord,
  GroupRecord,
  PersonRecord,
  TicketRecord
} from "./Records.ts"

export type RecordOf = {
  readonly location: LocationRecord
  readonly "asset-type": AssetTypeRecord
  readonly asset: AssetRecord
  readonly relation: RelationRecord
  readonly problem: ProblemRecord
  readonly change: ChangeRecord
  readonly "custom-field": CustomFieldRecord
  readonly attachment: AttachmentRecord
  readonly ticket: TicketRecord
  readonly comment: CommentRecord
  readonly person: PersonRecord
  readonly group: GroupRecord
  readonly "group-member": GroupMemberRecord
  readonly department: DepartmentRecord
}
export type CanonicalRecord = RecordOf[EntityId]

/**
 * `id` is a string that is never null; `time` ISO 8601 here and timestamp-millis in Avro; `json` an object and `list` an
 * array here, text there.
 */
export type FieldType = "id" | "text" | "strings" | "boolean" | "integer" | "time" | "json" | "list"

const identity = { source_id: "id", native_id: "id", source_updated_at: "time", created_at: "time" } as const

/** The fields of each record in their order: columns of CSVs, fields of `avro/normalized-<entity>.avsc`. */
export const recordFields: { readonly [E in EntityId]: { readonly [F in keyof RecordOf[E]]: FieldType } } = {
  ticket: {
    ...identity,
    display_number: "text",
    subject: "text",
    description_html: "text",
    description_text: "text",
    kind: "text",
    type_raw: "text",
    status: "text",
    status_raw: "text",
    priority: "text",
    priority_raw: "text",
    impact: "text",
    urgency: "text",
    source_channel: "text",
    source_channel_raw: "text",
    requester: "text",
    requested_for: "text",
    submitted_by: "text",
    assignee: "text",
    group: "text",
    organization: "text",
    department: "text",
    category: "text",
    sub_category: "text",
    item: "text",
    tags: "strings",
    watchers: "strings",
    problem_ref: "text",
    due_at: "time",
    first_response_due_at: "time",
    updated_at: "time",
    resolved_at: "time",
    closed_at: "time",
    resolution: "text",
    deleted: "boolean",
    spam: "boolean",
    external_id: "text",
    custom: "json",
    change_ref: "text",
    parent_ref: "text",
    assets: "strings",
    requested_items: "list"
  },
  comment: {
    ...identity,
    ticket: "id",
    author: "text",
    visibility: "text",
    direction: "text",
    html: "text",
    text: "text",
    channel: "text",
    channel_raw: "text",
    updated_at: "time",
    parent_entity: "text"
  },
  person: {
    ...identity,
    email: "text",
    other_emails: "strings",
    first_name: "text",
    last_name: "text",
    name: "text",
    phone: "text",
    mobile: "text",
    title: "text",
    departments: "strings",
    location: "text",
    manager: "text",
    active: "boolean",
    vip: "boolean",
    language: "text",
    time_zone: "text",
    external_id: "text",
    is_agent: "boolean",
    role: "text",
    tags: "strings",
    notes: "text",
    updated_at: "time",
    custom: "json"
  },
  group: {
    ...identity,
    name: "text",
    description: "text",
    manager: "text",
    active: "boolean",
    updated_at: "time",
    custom: "json"
  },
  "group-member": { ...identity, group: "id", person: "id", role: "text", is_default: "boolean" },
  department: {
    ...identity,
    name: "text",
    description: "text",
    notes: "text",
    domains: "strings",
    head: "text",
    primary_contact: "text",
    external_id: "text",
    tags: "strings",
    updated_at: "time",
    custom: "json"
  },
  location: {
    ...identity,
    name: "text",
    parent: "text",
    line1: "text",
    line2: "text",
    city: "text",
    state: "text",
    zip: "text",
    country: "text",
    contact_name: "text",
    primary_contact: "text",
    phone: "text",
    email: "text",
    updated_at: "time"
  },
  "asset-type": {
    ...identity,
    name: "text",
    description: "text",
    parent: "text",
    visible: "boolean",
    updated_at: "time"
  },
  asset: {
    ...identity,
    display_number: "text",
    name: "text",
    description: "text",
    type: "text",
    asset_tag: "text",
    serial_number: "text",
    model: "text",
    vendor: "text",
    state: "text",
    state_raw: "text",
    usage_type: "text",
    impact: "text",
    used_by: "text",
    managed_by: "text",
    group: "text",
    department: "text",
    location: "text",
    cost: "text",
    acquired_at: "time",
    warranty_until: "time",
    end_of_life: "time",
    assigned_at: "time",
    deleted: "boolean",
    updated_at: "time",
    custom: "json"
  },
  relation: {
    ...identity,
    type: "text",
    from_entity: "text",
    from: "id",
    to_entity: "text",
    to: "id",
    updated_at: "time"
  },
  problem: {
    ...identity,
    display_number: "text",
    subject: "text",
    description_html: "text",
    description_text: "text",
    status: "text",
    status_raw: "text",
    priority: "text",
    priority_raw: "text",
    impact: "text",
    known_error: "boolean",
    requester: "text",
    assignee: "text",
    group: "text",
    department: "text",
    category: "text",
    sub_category: "text",
    item: "text",
    cause: "text",
    symptom: "text",
    impact_text: "text",
    change_ref: "text",
    assets: "strings",
    tags: "strings",
    due_at: "time",
    closed_at: "time",
    deleted: "boolean",
    updated_at: "time",
    custom: "json"
  },
  change: {
    ...identity,
    display_number: "text",
    subject: "text",
    description_html: "text",
    description_text: "text",
    status: "text",
    status_raw: "text",
    type: "text",
    type_raw: "text",
    risk: "text",
    risk_raw: "text",
    priority: "text",
    priority_raw: "text",
    impact: "text",
    requester: "text",
    assignee: "text",
    group: "text",
    department: "text",
    category: "text",
    sub_category: "text",
    item: "text",
    approval_status: "text",
    planned_start_at: "time",
    planned_end_at: "time",
    planning: "json",
    assets: "strings",
    tags: "strings",
    closed_at: "time",
    deleted: "boolean",
    updated_at: "time",
    custom: "json"
  },
  "custom-field": {
    ...identity,
    for_entity: "text",
    asset_type: "text",
    name: "text",
    label: "text",
    description: "text",
    type_raw: "text",
    is_custom: "boolean",
    required: "boolean",
    position: "text",
    choices: "list",
    levels: "strings",
    updated_at: "time"
  },
  attachment: {
    ...identity,
    parent_entity: "text",
    parent: "id",
    name: "text",
    mime: "text",
    size: "integer",
    inline: "boolean",
    url_hash: "text",
    sha256: "text",
    state: "text",
    problem: "text",
    updated_at: "time"
  }
}
