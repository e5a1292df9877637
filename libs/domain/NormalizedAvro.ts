// The Avro form of canonical records: the schema of `normalized.<entity>` and the step from record to Avro value. For the
// refiner and those who read its topics. The files avro/normalized-*.avsc are this, written: run the file to write them again.
import { writeFileSync } from "node:fs"
import { type EntityId, entityIds } from "./Entities.ts"
import { millisOf } from "./Instant.ts"
import { type CanonicalRecord, type FieldType, type RecordOf, recordFields } from "./RecordFields.ts"

/** Where a record came from; stands in front of the canonical fields. Times are epoch milliseconds. */
export interface Provenance {
  readonly tenant_id: string
  readonly job_id: string
  readonly connection_id: string
  /** The vendor: `freshservice`. */
  readonly source: string
  readonly parent_id: string | null
  readonly observed_at: number | null
  /** Content hash of the vendor's row, hex. */
  readonly raw_hash: string | null
  /** The refiner's revision that made it. */
  readonly revision: number
  readonly op: "upsert" | "delete"
}

export type AvroValue = { readonly [field: string]: string | number | boolean | null | ReadonlyArray<string> }

const time = { type: "long", logicalType: "timestamp-millis" }
const nullable = (type: unknown) => ({ type: ["null", type], default: null })

const avroField: { readonly [T in FieldType]: { readonly type: unknown; readonly default?: unknown } } = {
  id: { type: "string" },
  text: nullable("string"),
  strings: { type: { type: "array", items: "string" }, default: [] },
  boolean: nullable("boolean"),
  integer: nullable("long"),
  time: nullable(time),
  json: nullable("string"),
  list: nullable("string")
}

const provenance = [
  { name: "tenant_id", type: "string" },
  { name: "job_id", type: "string" },
  { name: "connection_id", type: "string" },
  { name: "source", type: "string" },
  { name: "parent_id", ...nullable("string") },
  { name: "observed_at", ...nullable(time) },
  { name: "raw_hash", ...nullable("string") },
  { name: "revision", type: "int", default: 0 },
  { name: "op", type: "string", default: "upsert" }
]

/** Schema of `bridge.normalized.<entity>.v1`: FULL_TRANSITIVE allows only new fields, and each must have a default. */
export const normalizedSchema = (entity: EntityId) => ({
  type: "record",
  name: "Normalized",
  namespace: `bridge.${entity.replaceAll("-", "_")}.v1`,
  fields: [...provenance, ...fieldsOf(entity).map(([name, type]) => ({ name, ...avroField[type] }))]
})

/**
 * The values of a record in the order of its schema's fields: this runs for every record, and a list is quicker to make and to
 * read than an object with fifty names. A time that is no time becomes null; the text stays in the archive.
 */
export const avroValues = <E extends EntityId>(
  entity: E,
  record: RecordOf[E],
  from: Provenance
): ReadonlyArray<AvroValue[string]> => {
  const out: Array<AvroValue[string]> = [
    from.tenant_id,
    from.job_id,
    from.connection_id,
    from.source,
    from.parent_id,
    from.observed_at,
    from.raw_hash,
    from.revision,
    from.op
  ]
  const values: Record<string, unknown> = record
  const columns = columnLists[entity]
  for (let i = 0; i < columns.length; i++) {
    const { convert, name } = columns[i] as Column
    out.push(convert(values[name]))
  }
  return out
}

const convert: { readonly [T in FieldType]: (value: unknown) => AvroValue[string] } = {
  id: (value) => String(value),
  text: (value) => (typeof value === "string" ? value : value === null || value === undefined ? null : String(value)),
  strings: (value) => (Array.isArray(value) ? (value.length === 0 ? value : value.map(String)) : []),
  boolean: (value) => (typeof value === "boolean" ? value : null),
  time: (value) => {
    const millis = typeof value === "string" ? millisOf(value) : Number.NaN
    return Number.isNaN(millis) ? null : millis
  },
  integer: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value : null),
  json: (value) => (value === null || value === undefined ? null : JSON.stringify(value)),
  list: (value) => (Array.isArray(value) ? JSON.stringify(value) : null)
}

const fieldLists = new Map(
  entityIds.map((id) => [
    id,
    Object.entries(recordFields[id]) as ReadonlyArray<readonly [keyof CanonicalRecord, FieldType]>
  ])
)
const fieldsOf = (entity: EntityId) => fieldLists.get(entity) ?? []

interface Column {
  readonly name: string
  readonly convert: (value: unknown) => AvroValue[string]
}
const columnsOf = (entity: EntityId): ReadonlyArray<Column> =>
  fieldsOf(entity).map(([name, type]) => ({ name, convert: convert[type] }))
const columnLists = Object.fromEntries(entityIds.map((id) => [id, columnsOf(id)])) as {
  readonly [E in EntityId]: ReadonlyArray<Column>
}

/** The text of the file `avro/normalized-<entity>.avsc`. */
export const normalizedFile = (entity: EntityId): string => `${JSON.stringify(normalizedSchema(entity), null, 2)}\n`

if (import.meta.main)
  for (const id of entityIds)
    writeFileSync(new URL(`../../avro/normalized-${id}.avsc`, import.meta.url), normalizedFile(id))
