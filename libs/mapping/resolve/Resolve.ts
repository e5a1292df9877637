// Checks a canonical record against its shape and repairs what can be repaired, with a note. Pure and total.
// For the refiner's shells. What does not belong here: other records (link/), the destination (transform/).
import type { AttachmentRecord } from "@bridge/domain/AssetRecords"
import type { Warning } from "@bridge/domain/Element"
import { type EntityId, entityIds } from "@bridge/domain/Entities"
import { isPlain, millisOf } from "@bridge/domain/Instant"
import { type CanonicalRecord, type FieldType, type RecordOf, recordFields } from "@bridge/domain/RecordFields"
import type { JsonValue } from "@bridge/domain/Records"
import { fileNotes } from "./Files.ts"
import { cleanEmail } from "./Identity.ts"
import { cleanJson, cleanText, isSound } from "./Repair.ts"

export type Resolved<R extends CanonicalRecord = CanonicalRecord> =
  | { readonly _tag: "Resolved"; readonly record: R; readonly notes: ReadonlyArray<Warning> }
  /** Nothing can be made of it: it has no id. */
  | { readonly _tag: "Refused"; readonly reason: string }

/** Short texts are names and words: longer ones are a fault of the source. */
export const maxShortText = 4000
const longTexts: ReadonlySet<string> = new Set([
  "description_html",
  "description_text",
  "html",
  "text",
  "resolution",
  "notes",
  "description",
  "cause",
  "symptom",
  "impact_text"
])

type Fix = (value: unknown, note: (what: string) => void) => JsonValue

/** Copies only what changes: most records are returned as they are. */
export const resolve = <E extends EntityId>(entity: E, record: RecordOf[E]): Resolved<RecordOf[E]> => {
  let repaired: Record<string, unknown> | undefined
  const notes: Array<Warning> = []
  const given = record as { readonly [field: string]: unknown }
  for (const { fix, name, required, sound } of checks[entity]) {
    const value = given[name]
    if (sound(value)) continue
    const fixed = fix(value, (what) => notes.push({ code: "repaired", field: name, message: `${name}: ${what}` }))
    if (required && (fixed === null || fixed === "")) return { _tag: "Refused", reason: `${name} is missing` }
    if (fixed === value) continue
    repaired ??= { ...given }
    repaired[name] = fixed
  }
  const whole = repaired === undefined ? record : (repaired as RecordOf[E])
  if (entity === "attachment") notes.push(...fileNotes(whole as AttachmentRecord))
  return { _tag: "Resolved", record: whole, notes }
}

interface Check {
  readonly name: string
  readonly fix: Fix
  /** Says quickly that `fix` would change nothing and note nothing, as with nearly all values; a required one is there. */
  readonly sound: (value: unknown) => boolean
  readonly required: boolean
}

const text =
  (limit: number): Fix =>
  (value, note) => {
    if (value === null || value === undefined) return null
    if (
      typeof value !== "string" &&
      typeof value !== "number" &&
      typeof value !== "boolean" &&
      typeof value !== "bigint"
    ) {
      note("is no text and was left out")
      return null
    }
    const clean = cleanText(typeof value === "string" ? value : String(value), note)
    if (clean.length <= limit) return clean
    note(`was cut to ${limit} characters`)
    return clean.slice(0, limit).toWellFormed()
  }

const shortText = text(maxShortText)
const longText = text(Number.POSITIVE_INFINITY)

/** A reference or id: text without blanks around it; an empty one is none. */
const id: Fix = (value, note) => {
  const clean = shortText(value, note)
  if (typeof clean !== "string") return clean
  const trimmed = clean.trim()
  return trimmed === "" ? null : trimmed
}

const strings: Fix = (value, note) => {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) {
    note("is no list and was left out")
    return []
  }
  let changed = false
  const list = value.flatMap((one: unknown) => {
    const clean = shortText(one, note)
    if (clean !== one) changed = true
    return typeof clean === "string" ? [clean] : []
  })
  return changed ? list : (value as ReadonlyArray<string>)
}

const boolean: Fix = (value, note) => {
  if (typeof value === "boolean") return value
  if (value === null || value === undefined) return null
  if (value === "true" || value === "false") return value === "true"
  note("is neither true nor false and was left out")
  return null
}

/** Years 1 to 9999; anything else is no time. */
const time: Fix = (value, note) => {
  if (value === null || value === undefined) return null
  const millis = typeof value === "string" && /^\d{4}-/u.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(millis)) return value as string
  const shown = typeof value === "string" ? value.slice(0, 60).toWellFormed().replaceAll("\0", "") : typeof value
  note(`${shown} is no time and was left out`)
  return null
}

const json: Fix = (value, note) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (value !== null && value !== undefined) note("is no object and was left out")
    return {}
  }
  return isSound(value as JsonValue) ? (value as JsonValue) : cleanJson(value as JsonValue, note)
}

/** A list of JSON values; anything else is none. */
const list: Fix = (value, note) => {
  if (!Array.isArray(value)) {
    if (value !== null && value !== undefined) note("is no list and was left out")
    return []
  }
  return isSound(value as JsonValue) ? (value as JsonValue) : cleanJson(value as JsonValue, note)
}

const integer: Fix = (value, note) => {
  if (value === null || value === undefined) return null
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  if (typeof number === "number" && Number.isSafeInteger(number)) return number
  note("is no whole number and was left out")
  return null
}

const email: Fix = (value, note) => {
  const clean = shortText(value, note)
  return typeof clean === "string" ? cleanEmail(clean, note) : null
}

const emails: Fix = (value, note) => {
  const list = strings(value, note) as ReadonlyArray<string>
  const clean = list.flatMap((one) => cleanEmail(one, note) ?? [])
  return clean.length === list.length && clean.every((one, i) => one === list[i]) ? list : clean
}

const isLong = (value: unknown): boolean =>
  value === null || (typeof value === "string" && value.isWellFormed() && !value.includes("\0"))
const isShort = (value: unknown): boolean =>
  value === null || (typeof value === "string" && value.length <= maxShortText && isLong(value))
const isReference = (value: unknown): boolean =>
  value === null || (typeof value === "string" && value.length < 32 && /^[\w/.-]+$/.test(value))
const soundByType: { readonly [T in FieldType]: Check["sound"] } = {
  id: (value) => value !== null && isReference(value),
  text: isShort,
  strings: (value) => Array.isArray(value) && value.length === 0,
  boolean: (value) => value === null || typeof value === "boolean",
  integer: (value) => value === null || Number.isSafeInteger(value),
  time: (value) => value === null || (typeof value === "string" && isPlain(value) && !Number.isNaN(millisOf(value))),
  json: () => false,
  list: (value) => Array.isArray(value) && value.length === 0
}

const byType: { readonly [T in FieldType]: Fix } = { id, text: shortText, strings, boolean, integer, time, json, list }
const byName: { readonly [name: string]: Fix } = { email, other_emails: emails }
const references = new Set([
  "requester",
  "requested_for",
  "submitted_by",
  "assignee",
  "group",
  "organization",
  "department",
  "problem_ref",
  "author",
  "manager",
  "head",
  "primary_contact",
  "location",
  "person",
  "ticket",
  "change_ref",
  "parent_ref",
  "parent",
  "from",
  "to",
  "used_by",
  "managed_by",
  "asset_type"
])

const checksOf = (entity: EntityId): ReadonlyArray<Check> =>
  Object.entries(recordFields[entity]).map(([name, type]: readonly [string, FieldType]) => ({
    name,
    required: type === "id",
    ...(byName[name] !== undefined
      ? { fix: byName[name], sound: () => false }
      : references.has(name)
        ? { fix: id, sound: isReference }
        : type === "text" && longTexts.has(name)
          ? { fix: longText, sound: isLong }
          : { fix: byType[type], sound: soundByType[type] })
  }))

const checks = Object.fromEntries(entityIds.map((entity) => [entity, checksOf(entity)])) as {
  readonly [E in EntityId]: ReadonlyArray<Check>
}
