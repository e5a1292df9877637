// Draft-07 JSON Schemas of vendors' rows, written short. For stream declarations.
import type { Json, JsonObject } from "@bridge/http/Call"

/** Short names of field types; `?` behind one: may be null. */
export type FieldWord =
  | "integer"
  | "number"
  | "string"
  | "boolean"
  | "time"
  | "object"
  | "integers"
  | "strings"
  | "objects"
  | "any"

const forms: { readonly [W in FieldWord]: JsonObject } = {
  integer: { type: "integer" },
  number: { type: "number" },
  string: { type: "string" },
  boolean: { type: "boolean" },
  time: { type: "string", format: "date-time" },
  object: { type: "object" },
  integers: { type: "array", items: { type: "integer" } },
  strings: { type: "array", items: { type: "string" } },
  objects: { type: "array", items: { type: "object" } },
  any: {}
}

/** The schema of a row: `id` is required, everything else may be missing, more may come. */
export const rowSchema = (
  title: string,
  fields: Readonly<Record<string, FieldWord | `${FieldWord}?`>>
): JsonObject => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  title,
  type: "object",
  required: ["id"],
  additionalProperties: true,
  properties: Object.fromEntries(Object.entries(fields).map(([name, word]) => [name, formOf(word)]))
})

const formOf = (word: string): JsonObject => {
  const nullable = word.endsWith("?")
  const form = forms[(nullable ? word.slice(0, -1) : word) as FieldWord]
  const type: Json | undefined = form.type
  return nullable && typeof type === "string" ? { ...form, type: [type, "null"] } : form
}
