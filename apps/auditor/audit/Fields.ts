// Does a destination record hold what was approved? Field by field, in the words of the body that was written. Pure.
// Tolerant only where a vendor stores the same value in another form; a field the body leaves open claims nothing.
import type { AssembledComment } from "@bridge/domain/Folded"
import type { Json, JsonObject } from "@bridge/http/Call"

/** Written with the record and not compared: the destination sets them by itself, or they are compared apart. */
const apart: ReadonlySet<string> = new Set(["comments", "external_id", "updated_at", "solved_at", "due_at"])

/** Names of the fields that differ. */
export const changedFields = (approved: JsonObject, actual: JsonObject): ReadonlyArray<string> =>
  Object.keys(approved)
    .filter((key) => !apart.has(key) && actual[key] !== undefined)
    .filter((key) => !same(key, approved[key] ?? null, comparable(key, approved, actual)))
    .toSorted()

/** Drop-down values are tags as well, where the destination keeps them so: those of approved fields belong to a record. */
const comparable = (key: string, approved: JsonObject, actual: JsonObject): Json => {
  if (key !== "tags") return actual[key] ?? null
  const written = new Set(listOf(approved["tags"]).map((tag) => String(tag).toLowerCase()))
  const fields = [
    ...listOf(approved["custom_fields"])
      .filter(isField)
      .map(({ value }) => value),
    ...["user_fields", "organization_fields"].flatMap((name) => Object.values(approved[name] ?? {}))
  ]
  const values = new Set(fields.flat().map((value) => String(value).toLowerCase()))
  return listOf(actual["tags"]).filter((tag) => {
    const name = String(tag).toLowerCase()
    return written.has(name) || !values.has(name)
  })
}

const listOf = (value: Json | undefined): ReadonlyArray<Json> => (Array.isArray(value) ? value : [])

const blank = (value: Json | undefined): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0)

const same = (key: string, approved: Json, actual: Json): boolean => {
  if (blank(approved)) return true
  if (Array.isArray(approved)) return sameList(approved, actual)
  if (typeof approved === "object" && approved !== null) return sameObject(approved as JsonObject, actual)
  return scalar(key, approved) === scalar(key, actual)
}

/** Lists are sets (tags, domains); custom fields are found by their id. */
const sameList = (approved: ReadonlyArray<Json>, actual: Json): boolean => {
  if (!Array.isArray(actual)) return false
  if (approved.every(isField)) {
    const values = new Map(actual.filter(isField).map((f) => [String(f.id), f.value]))
    return approved.filter(isField).every((f) => same("value", f.value, values.get(String(f.id)) ?? null))
  }
  const texts = (list: ReadonlyArray<Json>) =>
    JSON.stringify([...new Set(list.map((v) => String(v).toLowerCase()))].toSorted())
  return texts(approved) === texts(actual)
}

const isField = (value: Json): value is { readonly id: Json; readonly value: Json } =>
  typeof value === "object" && value !== null && "id" in value && "value" in value

const sameObject = (approved: JsonObject, actual: Json): boolean =>
  typeof actual === "object" &&
  actual !== null &&
  !Array.isArray(actual) &&
  Object.entries(approved).every(([key, value]) => same(key, value, (actual as JsonObject)[key] ?? null))

const scalar = (key: string, value: Json): string => {
  if (value === null) return ""
  const text = String(value).trim()
  if (key === "email") return text.toLowerCase()
  if (key === "phone") return text.replaceAll(/[^\d+]/g, "")
  if (key.endsWith("_at") || key === "date") return instant(text)
  return text.replaceAll("\r\n", "\n")
}

const instant = (text: string): string => {
  const millis = Date.parse(text)
  return Number.isNaN(millis) ? text : String(Math.floor(millis / 1000))
}

export interface CommentFinding {
  /** Source ids of comments that are not there, or hold something else; null stands for the description. */
  readonly missing: ReadonlyArray<string | null>
  readonly changed: ReadonlyArray<{ readonly sourceId: string | null; readonly fields: ReadonlyArray<string> }>
  /** Comments beyond those that were written. */
  readonly extra: number
}

/** Comments in their order: author, text, visibility and time. */
export const compareComments = (
  approved: ReadonlyArray<AssembledComment>,
  actual: ReadonlyArray<JsonObject>
): CommentFinding => {
  const missing = approved.slice(actual.length).map((c) => c.sourceId)
  const changed = approved.slice(0, actual.length).flatMap(({ body, sourceId }, i) => {
    const fields = commentFields(body, actual[i] ?? {})
    return fields.length === 0 ? [] : [{ sourceId, fields }]
  })
  return { missing, changed, extra: Math.max(0, actual.length - approved.length) }
}

const commentFields = (approved: JsonObject, actual: JsonObject): ReadonlyArray<string> => {
  const text = String(approved["html_body"] ?? approved["body"] ?? approved["value"] ?? "")
  const there = String(actual["html_body"] ?? actual["body"] ?? "")
  return [
    ...changedFields(
      {
        author_id: approved["author_id"] ?? null,
        public: approved["public"] ?? null,
        created_at: approved["created_at"] ?? null
      },
      actual
    ),
    ...(text === there || plainText(text) === plainText(there) ? [] : ["body"])
  ]
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " }

/** What a reader sees of an HTML text: destinations wrap, re-indent and re-encode it. */
export const plainText = (html: string): string =>
  html
    .replaceAll(/<\/?(?:a|abbr|b|code|em|font|i|s|small|span|strong|sub|sup|u)(?:\s[^>]*)?>/gi, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, name: string) => {
      if (!name.startsWith("#")) return entities[name.toLowerCase()] ?? whole
      const code = name[1]?.toLowerCase() === "x" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
    })
    .replaceAll(/[\s\u00a0]+/g, " ")
    .trim()
