// JSON text to values without losing digits: integers beyond 2^53 come out as their text. For everyone who reads a vendor's row.
import type { JsonValue } from "./Records.ts"

/** Parses; throws SyntaxError like JSON.parse. Ids stay exact: `9007199254740993` becomes `"9007199254740993"`. */
export const parseExact = (text: string): JsonValue =>
  hasLongNumber(text) ? JSON.parse(text, exact) : JSON.parse(text)

const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
    ? context?.source
    : value

/** Digits that a double may not hold; most rows have no such run and take the fast path. */
const digits = 16
const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** True when 16 digits stand in a row: one of them stands at a multiple of 16, so only those places are looked at. */
const hasLongNumber = (text: string): boolean => {
  for (let at = 0; at < text.length; at += digits) {
    if (!isDigit(text.charCodeAt(at))) continue
    let first = at
    while (first > 0 && isDigit(text.charCodeAt(first - 1))) first--
    let end = at
    while (isDigit(text.charCodeAt(end + 1))) end++
    if (end - first + 1 >= digits) return true
  }
  return false
}
