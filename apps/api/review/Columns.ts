// The columns of a review CSV: first what a person must decide, then ids, the canonical record, and what would be written.
// Pure. For Download.ts. What does not belong here: encoding of cells (Csv.ts), reading rows (Archive.ts).
import type { JsonObject, Resolution, Warning } from "@bridge/domain/Element"
import type { EntityId } from "@bridge/domain/Entities"
import type { Mapping } from "@bridge/domain/Mapping"
import { type CanonicalRecord, recordFields } from "@bridge/domain/RecordFields"
import { isConversation } from "@bridge/domain/Records"
import { cellText } from "./Csv.ts"

/** One record as the archive has it. `canonical` and `body` are null where there is none (deleted, excluded). */
export interface Reviewed {
  readonly sourceId: string
  readonly nativeId: string
  readonly parentId: string | null
  readonly version: string
  readonly state: "ready" | "excluded" | "deleted"
  readonly reason: string | null
  readonly title: string
  readonly warnings: ReadonlyArray<Warning>
  readonly resolution: Resolution | null
  readonly canonical: CanonicalRecord | null
  readonly body: JsonObject | null
  readonly refs: Readonly<Record<string, { readonly entity: string; readonly nativeId: string }>>
  readonly meta: JsonObject | null
}

interface Topic {
  readonly column: string
  /** Warnings that belong here. */
  readonly codes: ReadonlyArray<string>
  /** Reasons for leaving a record out that belong here. */
  readonly reason?: RegExp
}

/** What needs a human decision, in the order in which people go through it. */
const topics: ReadonlyArray<Topic> = [
  {
    column: "unmapped_value",
    codes: ["value-defaulted", "value-kept", "option-unmapped", "field-unmatched"],
    reason: /^unmapped /
  },
  {
    column: "agent",
    codes: ["agent-inactive", "agent-without-email", "not-an-agent", "not-a-member"],
    reason: /inactive agent|not an agent/
  },
  { column: "no_email", codes: ["no-email", "other-emails"], reason: /no e-mail/ },
  { column: "merged", codes: ["merged"] },
  { column: "text_limit", codes: ["truncated", "split", "empty-text"] },
  { column: "file", codes: ["file-unavailable", "file-differs"] },
  { column: "organization", codes: ["organization-of-another", "several-departments"] },
  { column: "name_clash", codes: ["name-clash"] },
  { column: "not_readable", codes: ["repaired", "custom-unreadable", "time-unreadable"] }
]

const heads = [
  "decision",
  "reason",
  ...topics.map((t) => t.column),
  "missing_reference",
  "merged_with",
  "replaced",
  "other_warnings"
]
const ids = ["entity", "source_id", "native_id", "parent_id", "version", "title"]

/** Canonical fields that are not among the ids. */
const canonicalFields = (entity: EntityId): ReadonlyArray<string> =>
  Object.keys(recordFields[entity]).filter((field) => !ids.includes(field))

/** The header: the same for every record of the entity, also when there is none. */
export const columnsOf = (entity: EntityId, mapping: Mapping | null): ReadonlyArray<string> => [
  ...heads,
  ...ids,
  ...canonicalFields(entity),
  ...destinationFields(entity, mapping).map((f) => `to.${f}`)
]

/** What a definition that is made says. */
const definitionFields = ["list", "key", "type", "title", "custom_field_options"]

/** Fields that the mapping writes, text and custom fields among them. */
const destinationFields = (entity: EntityId, mapping: Mapping | null): ReadonlyArray<string> => {
  const rules = mapping?.entities[entity]
  if (rules === undefined) return []
  const text = rules.text === undefined ? [] : isConversation(entity) ? ["description"] : ["html_body"]
  const fields = [...rules.fields.map((f) => f.to), ...(rules.make === undefined ? [] : definitionFields)]
  return [...new Set([...fields, ...text, ...(rules.custom === undefined ? [] : [rules.custom.into])])]
}

/** What will happen to the record. */
export const decisionOf = (r: Reviewed): "load" | "merge" | "exclude" | "deleted" => {
  if (r.state === "deleted") return "deleted"
  if (r.state === "excluded" || r.resolution?.excluded !== undefined) return "exclude"
  return r.resolution?.merged === undefined ? "load" : "merge"
}

const reasonOf = (r: Reviewed): string => r.resolution?.excluded ?? r.reason ?? ""

/** The cells of one record under `columnsOf(entity, mapping)`. */
export const cellsOf = (entity: EntityId, mapping: Mapping | null) => {
  const canonical = canonicalFields(entity)
  const destination = destinationFields(entity, mapping)
  const canonicalCells = (r: Reviewed): ReadonlyArray<string> => {
    const values: Readonly<Record<string, unknown>> = r.canonical ?? {}
    return canonical.map((field) => cellText(values[field]))
  }
  return (r: Reviewed): ReadonlyArray<string> => [
    decisionOf(r),
    reasonOf(r),
    ...topics.map((t) => topicCell(t, r)),
    missing(r),
    merged(r),
    Object.entries(r.resolution?.set ?? {})
      .map(([path, value]) => `${path}: ${cellText(value)}`)
      .join("; "),
    said(r.warnings.filter((w) => !topics.some((t) => t.codes.includes(w.code)))),
    entity,
    r.sourceId,
    r.nativeId,
    r.parentId ?? "",
    r.version,
    r.title,
    ...canonicalCells(r),
    ...destination.map((field) => destinationCell(field, r))
  ]
}

const said = (warnings: ReadonlyArray<Warning>): string => warnings.map((w) => w.message).join("; ")

const topicCell = (topic: Topic, r: Reviewed): string => {
  const reason = reasonOf(r)
  if (reason === "" && r.warnings.length === 0) return ""
  const words = [
    ...(topic.reason?.test(reason) === true ? [reason] : []),
    ...r.warnings.filter((w) => topic.codes.includes(w.code)).map((w) => w.message)
  ]
  return words.join("; ")
}

const merged = (r: Reviewed): string =>
  [...(r.resolution?.merged === undefined ? [] : [r.resolution.merged.into]), ...(r.resolution?.merges ?? [])].join(
    "; "
  )

const missing = (r: Reviewed): string =>
  Object.entries(r.resolution?.refs ?? {})
    .flatMap(([path, ref]) => ("missing" in ref ? [`${path}: ${ref.entity} ${ref.missing} (${ref.use})`] : []))
    .join("; ")

/** A reference shows the source's id: the destination's does not exist yet. */
const destinationCell = (field: string, r: Reviewed): string => {
  const ref = r.resolution?.refs?.[field]
  if (ref !== undefined) return "sourceId" in ref ? `${ref.entity} ${ref.sourceId}` : ""
  const open = r.refs[field]
  if (open !== undefined) return `${open.entity} ${open.nativeId}`
  if (field === "description") return cellText(objectOf(r.meta?.["description"])?.["html_body"])
  const value = r.resolution?.set?.[field] ?? at(r.body, field)
  return cellText(Array.isArray(value) ? value.flatMap((one, i) => one ?? linkAt(`${field}.${i}`, r) ?? []) : value)
}

/** A place in a list of fields that a record is named in. */
const linkAt = (path: string, { refs, resolution }: Reviewed): string | null => {
  const ref = resolution?.refs?.[path]
  if (ref !== undefined) return "sourceId" in ref ? `${ref.entity} ${ref.sourceId}` : null
  const open = refs[path]
  return open === undefined ? null : `${open.entity} ${open.nativeId}`
}

const objectOf = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

const at = (body: JsonObject | null, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => objectOf(value)?.[key], body)
