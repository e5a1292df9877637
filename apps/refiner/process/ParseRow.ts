// The vendor's JSON text as a value, without loss of long numbers. For Process.ts and the archive's readers.
import type { JsonValue } from "@bridge/domain/Records"

/** Anything that could be a number of 16 digits or more; a few texts match too, that only costs time. */
const longNumber = /[[:,\s]-?\d{16,}/

/** Throws SyntaxError. Whole numbers beyond 2^53 become texts: they are ids, and as numbers they would be others. */
export const parseJson = (text: string): JsonValue =>
  longNumber.test(text) ? JSON.parse(text, exact) : JSON.parse(text)

const exact = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source !== undefined
    ? context.source
    : value
