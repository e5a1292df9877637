// The Avro envelope written by hand, table-driven from its schema: what all records of a batch share is encoded once.
// For the extractor and the refiner's hot path. Held equal to avsc by a property test. Not here: which fields (avro/raw.avsc).

/** Text may come as bytes: the vendor's row travels from socket to database without being a string. */
export type Value = string | Buffer | number | bigint | null
export type Fields = Readonly<Record<string, Value>>

interface Kind {
  readonly size: (value: Value) => number
  /** Returns the position after the value. */
  readonly write: (out: Buffer, at: number, value: Value) => number
  /** Position and value, text as a slice of the bytes when `raw`. */
  readonly read: (bytes: Buffer, at: number, raw: boolean) => readonly [value: Value, at: number]
}

interface Field {
  readonly name: string
  readonly kind: Kind
}

export interface Envelope {
  /**
   * An encoder for the records of one batch. `constants` must be the first fields of the schema, in any order; what it
   * returns takes the rest.
   */
  readonly batch: (constants: Fields) => (rest: Fields) => Buffer
  /** Reads what was written under the same schema id; the fields named in `raw` stay bytes (slices of `bytes`). */
  readonly read: (bytes: Buffer, raw: ReadonlySet<string>) => Record<string, Value>
  /**
   * `read` for the records of a batch, one after the other: the fields before `own` are read anew only where their bytes
   * are not those of the record before.
   */
  readonly batchReader: (raw: ReadonlySet<string>, own: string) => (bytes: Buffer) => Record<string, Value>
}

/** Throws for a schema that has more than strings, ints, longs, enums and null unions of them. */
export const envelope = (schema: string, schemaId: number): Envelope => {
  const fields = fieldsOf(JSON.parse(schema))
  return {
    batch: (constants) => {
      const count = Object.keys(constants).length
      const wrong = fields.slice(0, count).find(({ name }) => !(name in constants))
      if (wrong !== undefined) throw new Error(`${wrong.name} must be among the constants`)
      const rest = fields.slice(count)
      const prefix = encode(fields.slice(0, count), constants, frame(schemaId))
      return (values) => encode(rest, values, prefix)
    },
    read: (bytes, raw) => readFrom(fields, bytes, framed(bytes, schemaId), {}, raw),
    batchReader: (raw, own) => {
      const first = fields.findIndex(({ name }) => name === own)
      if (first < 0) throw new Error(`there is no field ${own}`)
      const [shared, rest] = [fields.slice(0, first), fields.slice(first)]
      let head: Buffer = Buffer.alloc(0)
      let known: Record<string, Value> = {}
      return (bytes) => {
        if (head.length === 0 || !startsWith(bytes, head)) {
          known = {}
          head = bytes.subarray(0, readFields(shared, bytes, framed(bytes, schemaId), known, raw))
        }
        return readFrom(rest, bytes, head.length, { ...known }, raw)
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

/** Reads fields into `out`; where they end. */
const readFields = (
  fields: ReadonlyArray<Field>,
  bytes: Buffer,
  from: number,
  out: Record<string, Value>,
  raw: ReadonlySet<string>
): number => {
  let at = from
  for (const { name, kind } of fields) {
    const [value, next] = kind.read(bytes, at, raw.has(name))
    out[name] = value
    at = next
  }
  return at
}

/** The last fields of a value, behind which nothing may stand. */
const readFrom = (...[fields, bytes, from, out, raw]: Parameters<typeof readFields>): Record<string, Value> => {
  if (readFields(fields, bytes, from, out, raw) !== bytes.length)
    throw new Error("the value does not end where its fields end")
  return out
}

const frame = (schemaId: number): Buffer => {
  const out = Buffer.alloc(5)
  out.writeInt32BE(schemaId, 1)
  return out
}

const encode = (fields: ReadonlyArray<Field>, values: Fields, prefix: Buffer): Buffer => {
  let size = prefix.length
  for (const { name, kind } of fields) size += kind.size(given(values, name))
  const out = Buffer.allocUnsafe(size)
  let at = prefix.copy(out)
  for (const { name, kind } of fields) at = kind.write(out, at, given(values, name))
  return out
}

const given = (values: Fields, name: string): Value => {
  const value = values[name]
  if (value === undefined) throw new Error(`field ${name} is missing`)
  return value
}

/** Zigzag of Avro's ints and longs. Above 2^53 only bigints are exact, and only they are taken. */
const zigzag = (value: Value): number | bigint => {
  if (typeof value === "number" && Number.isSafeInteger(value) && Math.abs(value) < 2 ** 51) {
    return value < 0 ? -2 * value - 1 : 2 * value
  }
  if (typeof value !== "bigint" && !(typeof value === "number" && Number.isSafeInteger(value))) throw mismatch(value)
  const n = BigInt(value)
  return BigInt.asUintN(64, (n << 1n) ^ (n >> 63n))
}

const sizeOfVarint = (n: number): number => {
  let size = 1
  for (let rest = n; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

const writeVarint = (out: Buffer, at: number, n: number): number => {
  let rest = n
  let to = at
  while (rest >= 0x80) {
    out[to++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[to++] = rest
  return to
}

/** The unsigned number at `at`: below 2^49, as nearly all are, without a bigint. */
const readVarint = (bytes: Buffer, at: number): readonly [number | bigint, number] => {
  let value = 0
  let scale = 1
  for (let from = at; from < bytes.length && from < at + 7; from++) {
    const byte = bytes[from] as number
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, from + 1]
    scale *= 0x80
  }
  return readWide(bytes, at)
}

const readWide = (bytes: Buffer, at: number): readonly [bigint, number] => {
  let value = 0n
  let shift = 0n
  for (let from = at; from < bytes.length && shift < 70n; from++) {
    const byte = bytes[from] as number
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return [value, from + 1]
    shift += 7n
  }
  throw new Error("truncated")
}

/** From zigzag; a bigint only where a number is not exact. */
const signed = (n: number | bigint): number | bigint => {
  if (typeof n === "number") return n % 2 === 0 ? n / 2 : -(n + 1) / 2
  const wide = (n >> 1n) ^ -(n & 1n)
  return Number.isSafeInteger(Number(wide)) ? Number(wide) : wide
}

const integer: Kind = {
  size: (value) => {
    const n = zigzag(value)
    return typeof n === "number" ? sizeOfVarint(n) : Math.ceil(n.toString(2).length / 7)
  },
  write: (out, at, value) => {
    let rest = zigzag(value)
    let to = at
    for (; typeof rest === "bigint" && rest >= 0x80n; rest >>= 7n) out[to++] = Number(rest & 0x7fn) | 0x80
    return writeVarint(out, to, Number(rest))
  },
  read: (bytes, at) => {
    const [value, next] = readVarint(bytes, at)
    return [signed(value), next]
  }
}

const lengthOf = (value: Value): number => {
  if (typeof value === "string") return Buffer.byteLength(value)
  if (Buffer.isBuffer(value)) return value.length
  throw mismatch(value)
}

const text: Kind = {
  size: (value) => {
    const length = lengthOf(value)
    return sizeOfVarint(length * 2) + length
  },
  write: (out, at, value) => {
    const start = writeVarint(out, at, lengthOf(value) * 2)
    if (typeof value === "string") return start + out.write(value, start)
    if (Buffer.isBuffer(value)) return start + value.copy(out, start)
    throw mismatch(value)
  },
  read: (bytes, at, raw) => {
    const [zigzag, start] = readVarint(bytes, at)
    const length = Number(signed(zigzag))
    const end = start + length
    if (length < 0 || end > bytes.length) throw new Error("truncated")
    return [raw ? bytes.subarray(start, end) : bytes.toString("utf8", start, end), end]
  }
}

const symbol = (symbols: ReadonlyArray<string>): Kind => {
  const indexOf = (value: Value): number => {
    const index = typeof value === "string" ? symbols.indexOf(value) : -1
    if (index < 0) throw mismatch(value)
    return index
  }
  return {
    size: (value) => sizeOfVarint(indexOf(value) * 2),
    write: (out, at, value) => writeVarint(out, at, indexOf(value) * 2),
    read: (bytes, at) => {
      const [index, next] = readVarint(bytes, at)
      const found = symbols[Number(signed(index))]
      if (found === undefined) throw new Error(`no symbol ${index}`)
      return [found, next]
    }
  }
}

/** `["null", T]`. */
const nullable = (kind: Kind): Kind => ({
  size: (value) => (value === null ? 1 : 1 + kind.size(value)),
  write: (out, at, value) => {
    out[at] = value === null ? 0 : 2
    return value === null ? at + 1 : kind.write(out, at + 1, value)
  },
  read: (bytes, at, raw) => {
    const branch = bytes[at]
    if (branch === 0) return [null, at + 1]
    if (branch === 2) return kind.read(bytes, at + 1, raw)
    throw new Error(`no branch ${branch}`)
  }
})

const mismatch = (value: Value): Error => new Error(`${typeof value} does not fit the field`)

const kindOf = (type: unknown): Kind => {
  if (type === "string") return text
  if (type === "int" || type === "long") return integer
  if (Array.isArray(type) && type.length === 2 && type[0] === "null") return nullable(kindOf(type[1]))
  if (typeof type === "object" && type !== null && "type" in type) {
    if (type.type === "enum" && "symbols" in type && Array.isArray(type.symbols))
      return symbol(type.symbols.map(String))
    if (typeof type.type === "string") return kindOf(type.type)
  }
  throw new Error(`type ${JSON.stringify(type)} is not for an envelope`)
}

const fieldsOf = (schema: unknown): ReadonlyArray<Field> => {
  const list: unknown = typeof schema === "object" && schema !== null ? Reflect.get(schema, "fields") : undefined
  if (!Array.isArray(list)) throw new Error("not the schema of a record")
  return list.map((field: { readonly name: string; readonly type: unknown }) => ({
    name: field.name,
    kind: kindOf(field.type)
  }))
}
