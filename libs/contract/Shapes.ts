// Small shapes that several routes speak: ids, instants, labels, the idempotency key, pages. For the groups beside.
import { Schema } from "effect"

export const Id = Schema.String.check(
  Schema.isPattern(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/u, { message: "not an id (a UUID)" })
).annotate({ format: "uuid" })

/** UTC, ISO 8601 with milliseconds and Z. */
export const Instant = Schema.String.annotate({ format: "date-time" })

/** An instant in a request, in any ISO 8601 form with a time zone. */
export const InstantInput = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/u, {
    message: "not an instant such as 2026-01-31T00:00:00Z"
  })
)

export const Label = Schema.String.check(
  Schema.isMinLength(1, { message: "must not be empty" }),
  Schema.isMaxLength(200, { message: "at most 200 characters" })
)

/** A repeat with the same key and body gets the first answer; the same key with another body is refused. */
export const Keyed = {
  "idempotency-key": Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,200}$/u, { message: "1 to 200 visible ASCII characters" }))
  )
}

/** Versions count from 1; the database counts up to this. */
const inVersions = Schema.isBetween({ minimum: 1, maximum: 2_147_483_647 })
export const Version = Schema.Int.check(inVersions)
export const VersionFromString = Schema.FiniteFromString.check(Schema.isInt(), inVersions)

export const Limit = Schema.optionalKey(
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 500 }))
)
export const Cursor = Schema.optionalKey(Schema.String)

/** Plain JSON objects whose keys the contract does not name: configurations, mappings, rows. */
export const JsonObject = Schema.Record(Schema.String, Schema.Json)
export type JsonObject = typeof JsonObject.Type
