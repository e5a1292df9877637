// JSON text to values without losing digits: integers beyond 2^53 come out as their text. For everyone who reads a vendor's row.
import type { JsonValue } from "./Records.ts"

/** A run of digits that a double may not hold; most rows have none and take the fast path. */
const long = /\d{16}/

/** Parses; throws SyntaxError like JSON.parse. Ids stay exact: `9007199254740993` becomes `"9007199254740993"`. */
export const parseExact = (text: string): JsonValue => (long.test(text) ? JSON.parse(text, exact) : JSON.parse(text))

const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
    ? context?.source
    : value
