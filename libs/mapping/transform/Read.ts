// How a mapping names a value of a canonical record: a field, a custom field, or one computed from others. Pure.
// For Compile.ts and Custom.ts.
import type { JsonValue } from "@bridge/domain/Records"
import { isBlank } from "./Steps.ts"

/** The value, null when there is none. */
export type Read = (record: object) => JsonValue

/** A canonical field (`subject`), `custom.<key>`, or a computed one; a name that leads nowhere reads null. */
export const reader = (name: string): Read => {
  if (name === "person_kind") return personKind
  if (name.startsWith("custom.")) {
    const key = name.slice("custom.".length)
    return (record) => {
      const custom = own(record, "custom")
      return typeof custom === "object" && custom !== null ? own(custom, key) : null
    }
  }
  // Every record is asked for every name: only where an object has the name without being given it, it matters whose it is.
  return name in Object.prototype ? (record) => own(record, name) : (record) => given(record, name)
}

/** The first of several that is not blank. */
export const firstReader = (names: string | ReadonlyArray<string>): Read => {
  const readers = (typeof names === "string" ? [names] : names).map(reader)
  const [only] = readers
  if (readers.length === 1 && only !== undefined) return only
  return (record) => {
    for (const read of readers) {
      const value = read(record)
      if (!isBlank(value)) return value
    }
    return null
  }
}

const given = (object: object, key: string): JsonValue =>
  (object as { readonly [key: string]: JsonValue | undefined })[key] ?? null

const own = (object: object, key: string): JsonValue => (Object.hasOwn(object, key) ? given(object, key) : null)

/** `agent`, `inactive-agent` or `requester`. */
const personKind: Read = (record) =>
  own(record, "is_agent") !== true ? "requester" : own(record, "active") === false ? "inactive-agent" : "agent"
