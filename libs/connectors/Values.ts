// Readings of what stands in a vendor's row: total, null for what is not there or not of its kind. For normalisers.
import { isPlain, millisOf } from "@bridge/domain/Instant"
import type { Custom } from "@bridge/domain/Records"
import type { Json, JsonObject } from "@bridge/http/Call"

/** A text as it is; null for null, absent and what is neither text nor scalar. An empty text stays empty. */
export const textOf = (value: Json | undefined): string | null => {
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null
}

/** An id as text: numbers and texts, never empty. */
export const idOf = (value: Json | undefined): string | null => {
  if (typeof value === "number" && Number.isFinite(value)) return String(value)
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null
}

export const idsOf = (value: Json | undefined): ReadonlyArray<string> =>
  listOf(value).flatMap((item) => {
    const id = idOf(item)
    return id === null ? [] : [id]
  })

export const textsOf = (value: Json | undefined): ReadonlyArray<string> =>
  listOf(value).flatMap((item) => {
    const text = textOf(item)
    return text === null || text === "" ? [] : [text]
  })

export const booleanOf = (value: Json | undefined): boolean | null => {
  if (typeof value === "boolean") return value
  if (value === "true" || value === 1) return true
  return value === "false" || value === 0 ? false : null
}

/** An instant as `2024-05-10T11:32:29Z`, with milliseconds only where there are some; null for what is no instant. */
export const timeOf = (value: Json | undefined): string | null => {
  if (typeof value !== "string") return null
  const at = millisOf(value)
  if (Number.isNaN(at)) return null
  return isPlain(value) ? value : new Date(at).toISOString().replace(".000Z", "Z")
}

export const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !isList(value) ? value : {}

export const listOf = (value: Json | undefined): ReadonlyArray<Json> => (isList(value) ? value : [])

export const customOf = (value: Json | undefined): Custom => objectOf(value)

/** The word of a coded value, or null when the code is not known: a mapping must decide. */
export const wordOf = <W extends string>(words: Readonly<Record<string, W>>, value: Json | undefined): W | null => {
  const key = textOf(value)
  return key !== null && Object.hasOwn(words, key) ? (words[key] ?? null) : null
}

/** Text without blanks around it; null when nothing is left. */
export const trimmedOf = (value: Json | undefined): string | null => {
  const text = textOf(value)?.trim() ?? ""
  return text === "" ? null : text
}

const isList = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)
