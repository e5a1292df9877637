// The Avro envelope written by hand, table-driven from its schema: what all records of a batch share is encoded once.
// For the hot paths of extractor and refiner. Held equal to avsc by a property test. Not here: single values (Kinds.ts), which
// fields (avro/).
import { type Cursor, type Field, fieldsOf, type Value } from "./Kinds.ts"

export type Fields = Readonly<Record<string, Value>>

export interface Envelope {
  /**
   * An encoder for the records of one batch. `constants` must be the first fields of the schema, in any order; what it
   * returns takes the rest.
   */
  readonly batch: (constants: Fields) => (rest: Fields) => Buffer
  /** Encodes a record whose values stand in the order of the schema's fields. */
  readonly row: (values: ReadonlyArray<Value>) => Buffer
  /** Reads what was written under the same schema id; the fields named in `raw` stay bytes (slices of `bytes`). */
  readonly read: (bytes: Buffer, raw: ReadonlySet<string>) => Record<string, Value>
  /**
   * `read` for the records of a batch, one after the other, in two parts: the fields before `own` are the very object of the
   * record before as long as their bytes are the same.
   */
  readonly batchReader: (raw: ReadonlySet<string>, own: string) => (bytes: Buffer) => Parts
}

/** A record's fields: those that it shares with the one before, and its own. */
export interface Parts {
  readonly shared: Fields
  readonly own: Fields
}

/** A record that was read as a whole, another way. */
export const undivided = (fields: Fields): Parts => ({ shared: fields, own: fields })

/** Throws for a schema that has other fields than Kinds.ts knows. */
export const envelope = (schema: string, schemaId: number): Envelope => {
  const fields = fieldsOf(JSON.parse(schema))
  const empty = frame(schemaId)
  return {
    batch: (constants) => {
      const count = Object.keys(constants).length
      const wrong = fields.slice(0, count).find(({ name }) => !(name in constants))
      if (wrong !== undefined) throw new Error(`${wrong.name} must be among the constants`)
      const rest = fields.slice(count)
      const head = fields.slice(0, count)
      const prefix = encode(head, (i) => given(constants, head[i]), empty)
      return (values) => encode(rest, (i) => given(values, rest[i]), prefix)
    },
    row: (values) => {
      if (values.length !== fields.length) throw new Error(`${values.length} values for ${fields.length} fields`)
      return encode(fields, (i) => values[i] as Value, empty)
    },
    read: (bytes, raw) => {
      const from: Cursor = { bytes, at: framed(bytes, schemaId) }
      return ended(from, readFields(wanted(fields, raw), from, {}))
    },
    batchReader: (raw, own) => {
      const first = fields.findIndex(({ name }) => name === own)
      if (first < 0) throw new Error(`there is no field ${own}`)
      const [head, rest] = [wanted(fields.slice(0, first), raw), wanted(fields.slice(first), raw)]
      const blank = Object.fromEntries(rest.map(({ name }) => [name, null as Value]))
      let known: Buffer = Buffer.alloc(0)
      let shared: Fields = {}
      return (bytes) => {
        if (known.length === 0 || !startsWith(bytes, known)) {
          const from: Cursor = { bytes, at: framed(bytes, schemaId) }
          shared = readFields(head, from, {})
          known = bytes.subarray(0, from.at)
        }
        const from: Cursor = { bytes, at: known.length }
        // A copy has room for all its fields at once.
        return { shared, own: ended(from, readFields(rest, from, { ...blank })) }
      }
    }
  }
}

const startsWith = (bytes: Buffer, head: Buffer): boolean =>
  bytes.length >= head.length && bytes.compare(head, 0, head.length, 0, head.length) === 0

/** Where the fields begin. */
const framed = (bytes: Buffer, schemaId: number): number => {
  if (bytes[0] !== 0 || bytes.readInt32BE(1) !== schemaId) throw new Error("not written under this schema")
  return 5
}

interface WantedField extends Field {
  /** As bytes. */
  readonly raw: boolean
}

const wanted = (fields: ReadonlyArray<Field>, raw: ReadonlySet<string>): ReadonlyArray<WantedField> =>
  fields.map((field) => ({ ...field, raw: raw.has(field.name) }))

/** Reads fields into `out`, which it returns. */
const readFields = (
  fields: ReadonlyArray<WantedField>,
  from: Cursor,
  out: Record<string, Value>
): Record<string, Value> => {
  for (let i = 0; i < fields.length; i++) {
    const { kind, name, raw } = fields[i] as WantedField
    out[name] = kind.read(from, raw)
  }
  return out
}

/** What was read up to here, behind which nothing may stand. */
const ended = (from: Cursor, out: Record<string, Value>): Record<string, Value> => {
  if (from.at !== from.bytes.length) throw new Error("the value does not end where its fields end")
  return out
}

const frame = (schemaId: number): Buffer => {
  const out = Buffer.alloc(5)
  out.writeInt32BE(schemaId, 1)
  return out
}

/** Records are written one behind the other into a common piece of memory: a piece of its own for each costs more than it. */
const slabBytes = 256 * 1024
let slab = Buffer.allocUnsafeSlow(slabBytes)
let used = 0
/** Where large records are written before their length is known. Nothing here waits, so one is enough for all. */
let scratch = Buffer.allocUnsafeSlow(slabBytes)

/** `prefix` and values, field by field. */
const encode = (fields: ReadonlyArray<Field>, valueAt: (index: number) => Value, prefix: Buffer): Buffer => {
  let most = prefix.length
  for (let i = 0; i < fields.length; i++) most += (fields[i] as Field).kind.most(valueAt(i))
  if (most > slabBytes / 8) return alone(fields, valueAt, prefix, most)
  if (used + most > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes)
    used = 0
  }
  const from = used
  used = write(fields, valueAt, prefix, slab, from)
  return slab.subarray(from, used)
}

const alone = (
  fields: ReadonlyArray<Field>,
  valueAt: (index: number) => Value,
  prefix: Buffer,
  most: number
): Buffer => {
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(most * 2)
  const end = write(fields, valueAt, prefix, scratch, 0)
  const out = Buffer.allocUnsafeSlow(end)
  scratch.copy(out, 0, 0, end)
  return out
}

const write = (
  fields: ReadonlyArray<Field>,
  valueAt: (index: number) => Value,
  prefix: Buffer,
  out: Buffer,
  from: number
): number => {
  out.set(prefix, from)
  let end = from + prefix.length
  for (let i = 0; i < fields.length; i++) end = (fields[i] as Field).kind.write(out, end, valueAt(i))
  return end
}

const given = (values: Fields, field: Field | undefined): Value => {
  const value = values[field?.name ?? ""]
  if (value === undefined) throw new Error(`field ${field?.name} is missing`)
  return value
}
