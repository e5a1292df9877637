// Text that PostgreSQL's JSONB and Kafka's readers cannot hold, made holdable: NUL and halves of surrogate pairs. Pure.
// For Resolve.ts.
import type { JsonValue } from "@bridge/domain/Records"

type Note = (what: string) => void

/** The same text in nearly all cases; NULs are removed, lone surrogates become U+FFFD. */
export const cleanText = (text: string, note: Note): string => {
  let clean = text
  if (clean.includes("\0")) {
    clean = clean.replaceAll("\0", "")
    note("NUL characters were removed")
  }
  if (!clean.isWellFormed()) {
    clean = clean.toWellFormed()
    note("broken characters were replaced")
  }
  return clean
}

/** True when there is nothing to repair, as with nearly all values. */
export const isSound = (value: JsonValue | undefined, depth = 0): boolean => {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed()
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || value === null) return value !== undefined
  if (depth >= 100) return false
  if (Array.isArray(value)) return value.every((one) => isSound(one, depth + 1))
  const object = value as { readonly [key: string]: JsonValue }
  for (const key of Object.keys(object)) if (!isSound(key) || !isSound(object[key], depth + 1)) return false
  return true
}

/** The same value when nothing had to be repaired. Deeper than 100 levels is cut: nobody maps it, and it breaks readers. */
export const cleanJson = (value: JsonValue, note: Note, depth = 0): JsonValue => {
  if (typeof value === "string") return cleanText(value, note)
  if (typeof value === "number") return Number.isFinite(value) ? value : null
  if (typeof value !== "object" || value === null) return value ?? null
  if (depth >= 100) {
    note("nested too deep, left out")
    return null
  }
  if (Array.isArray(value)) {
    const list = value.map((one) => cleanJson(one, note, depth + 1))
    return list.every((one, i) => one === value[i]) ? value : list
  }
  let changed = false
  const entries = Object.entries(value).map(([key, one]) => {
    const cleanKey = cleanText(key, note)
    const clean = cleanJson(one, note, depth + 1)
    if (cleanKey !== key || clean !== one) changed = true
    return [cleanKey, clean] as const
  })
  return changed ? Object.fromEntries(entries) : value
}
