// JSON text to values without losing digits: integers beyond 2^53 come out as their text. For everyone who reads a vendor's row.
import type { JsonValue } from "./Records.ts"

/** Parses; throws SyntaxError like JSON.parse. Ids stay exact: `9007199254740993` becomes `"9007199254740993"`. */
export const parseExact = (text: string): JsonValue =>
  hasLongNumber(Buffer.from(text)) ? JSON.parse(text, exact) : JSON.parse(text)

/** The same of a text given as its UTF-8: bytes are quicker to look through than a text. */
export const parseExactBytes = (bytes: Buffer): JsonValue => {
  const text = bytes.toString("utf8")
  return hasLongNumber(bytes) ? JSON.parse(text, exact) : JSON.parse(text)
}

const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
    ? context?.source
    : value

/** Digits that a double may not hold; most rows have no such run and take the fast path. */
const digits = 16
const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** True when 16 digits stand in a row: one of them stands at a multiple of 16, so only those places are looked at. */
const hasLongNumber = (bytes: Buffer): boolean => {
  for (let at = 0; at < bytes.length; at += digits) {
    if (!isDigit(bytes[at] as number)) continue
    let first = at
    while (first > 0 && isDigit(bytes[first - 1] as number)) first--
    let end = at
    while (end + 1 < bytes.length && isDigit(bytes[end + 1] as number)) end++
    if (end - first + 1 >= digits) return true
  }
  return false
}
