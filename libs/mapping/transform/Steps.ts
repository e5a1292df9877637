// The closed list of transformations as functions, compiled once per mapping. Pure and total: never throw, whatever comes in.
// For Rules.ts. What does not belong here: which field they are for.
import type { Warning } from "@bridge/domain/Element"
import { isPlain, millisOf } from "@bridge/domain/Instant"
import type { Transformation } from "@bridge/domain/Mapping"
import type { JsonValue } from "@bridge/domain/Records"
import { escapeHtml, truncateBytes } from "./Text.ts"

/** Null is "no value". Warnings are pushed, not returned: most values have none. */
export type Step = (value: JsonValue, warnings: Array<Warning>) => JsonValue

/** Nothing to see: null, empty or only blanks, an empty list. */
export const isBlank = (value: JsonValue | undefined): value is null | undefined | "" =>
  value === null ||
  value === undefined ||
  (typeof value === "string" && (value === "" || value.trim() === "")) ||
  (Array.isArray(value) && value.length === 0)

/** Text of a scalar; lists are joined by a comma, objects are their JSON. */
export const textOf = (value: JsonValue): string =>
  typeof value === "string"
    ? value
    : value === null
      ? ""
      : Array.isArray(value)
        ? value.map(textOf).join(", ")
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value)

const listOf = (value: JsonValue): ReadonlyArray<JsonValue> =>
  Array.isArray(value) ? value : value === null ? [] : [value]
const orNull = (text: string): string | null => (text === "" ? null : text)
const some = (list: ReadonlyArray<string>): ReadonlyArray<string> | null => (list.length === 0 ? null : list)

/** The step of a transformation; `field` is named in its warnings. */
export const step = (transformation: Transformation, field: string): Step => {
  switch (transformation.do) {
    case "text":
      return (value) => orNull(textOf(value).trim())
    case "join":
      return (value) =>
        orNull(
          listOf(value)
            .filter((one) => !isBlank(one))
            .map(textOf)
            .join(transformation.with)
        )
    case "first":
      return (value) => listOf(value)[0] ?? null
    case "lower":
      return (value) => (value === null ? null : textOf(value).toLowerCase())
    case "prefix":
      return (value) => (isBlank(value) ? null : transformation.text + textOf(value))
    case "html":
      return (value) => (value === null ? null : escapeHtml(textOf(value)))
    case "truncate":
      return truncate(transformation.bytes, field)
    case "instant":
      return (value, warnings) => instant(value, field, warnings)
    case "date":
      return (value, warnings) => instant(value, field, warnings)?.slice(0, 10) ?? null
    case "tags":
      return (value) => some(tagsOf(listOf(value)))
    case "phone":
      return (value) => phone(textOf(value))
    case "email":
      return (value) => orNull(textOf(value).trim())
    case "domains":
      return (value) => some(domainsOf(listOf(value)))
    case "identities":
      return (value) => identitiesOf(listOf(value))
    case "key":
      return (value) => keyOf(textOf(value), transformation.length)
    case "lines":
      return (value) => orNull(linesOf(value).join("\n"))
  }
}

const truncate =
  (bytes: number, field: string): Step =>
  (value, warnings) => {
    if (value === null) return null
    const text = textOf(value)
    const kept = truncateBytes(text, bytes)
    if (kept.length < text.length)
      warnings.push({ code: "truncated", field, message: `${field} is longer than ${bytes} bytes and was cut` })
    return kept
  }

/** UTC to the second. What is no time, or before 1970, is no value: the destination would refuse the record for it. */
export const instant = (value: JsonValue, field: string, warnings: Array<Warning>): string | null => {
  if (isBlank(value)) return null
  const text = textOf(value)
  const millis = millisOf(text)
  if (millis >= 0 && millis < 253_402_300_800_000) {
    return isPlain(text) ? text : `${new Date(millis).toISOString().slice(0, 19)}Z`
  }
  warnings.push({
    code: "time-unreadable",
    field,
    message: `${field}: ${text.slice(0, 80)} is not a time from 1970 on`
  })
  return null
}

/** Lower case, inner blanks as `_`, each once, in the order given. Source: Zendesk API, tags are lower case without blanks. */
export const tagsOf = (values: ReadonlyArray<JsonValue>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  for (const value of values) {
    const tag = textOf(value)
      .toLowerCase()
      .trim()
      .replace(/[\s,]+/gu, "_")
    if (tag !== "") seen.add(tag)
  }
  return [...seen]
}

/** Digits with a leading `+`; anything with fewer than three digits is no number. */
const phone = (text: string): string | null => {
  const plus = text.trim().startsWith("+") ? "+" : ""
  const digits = text.replace(/\D+/gu, "")
  return digits.length < 3 ? null : plus + digits
}

/** Bare host names. Source: Zendesk API, organization `domain_names`. */
const domainsOf = (values: ReadonlyArray<JsonValue>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  for (const value of values) {
    const host = textOf(value)
      .trim()
      .toLowerCase()
      .replace(/^[a-z]+:\/\//u, "")
      .replace(/^www\./u, "")
      .replace(/[/:?#].*$/u, "")
      .replace(/\.$/u, "")
    if (host.includes(".") && !/\s/u.test(host)) seen.add(host)
  }
  return [...seen]
}

const identitiesOf = (values: ReadonlyArray<JsonValue>): JsonValue => {
  const addresses = new Set(values.map((one) => textOf(one).trim()).filter((one) => one !== ""))
  return addresses.size === 0 ? null : [...addresses].map((value) => ({ type: "email", value }))
}

/** Source: Zendesk API, keys of custom objects: lower case letters, digits and `_`, a letter first. */
const keyOf = (text: string, length: number): string | null => {
  const words = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "_")
    .replace(/^[_0-9]+|_+$/gu, "")
  return orNull(words.slice(0, length).replace(/_+$/u, ""))
}

const linesOf = (value: JsonValue): ReadonlyArray<string> =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? []
    : Object.entries(value).flatMap(([name, one]) => (isBlank(one) ? [] : [`${name}: ${textOf(one)}`]))
