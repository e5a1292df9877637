// Single values of Avro by hand: how large each is, how it is written and read. For Envelope.ts.
// What does not belong here: records and frames.

/** Text may come as bytes: the vendor's row travels from socket to database without being a string. */
export type Value = string | Buffer | number | bigint | boolean | null | ReadonlyArray<string>

export interface Kind {
  /** Bytes it takes at most: quick to say, so that it can be written in one go. */
  readonly most: (value: Value) => number
  /** Returns the position after the value. */
  readonly write: (out: Buffer, at: number, value: Value) => number
  /** The value at the cursor, which goes on behind it; text as a slice of the bytes when `raw`. */
  readonly read: (from: Cursor, raw: boolean) => Value
}

/** Where a record is read: one for all its fields, so that no value comes with a position of its own. */
export interface Cursor {
  readonly bytes: Buffer
  at: number
}

export interface Field {
  readonly name: string
  readonly kind: Kind
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

/** Of a 64-bit number. */
const longestVarint = 10

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

/** The unsigned number at the cursor: below 2^49, as nearly all are, without a bigint. */
const readVarint = (from: Cursor): number | bigint => {
  const { at, bytes } = from
  let value = 0
  let scale = 1
  for (let i = at; i < bytes.length && i < at + 7; i++) {
    const byte = bytes[i] as number
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      from.at = i + 1
      return value
    }
    scale *= 0x80
  }
  return readWide(from)
}

const readWide = (from: Cursor): bigint => {
  let value = 0n
  let shift = 0n
  while (from.at < from.bytes.length && shift < 70n) {
    const byte = from.bytes[from.at++] as number
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
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
  most: () => longestVarint,
  write: (out, at, value) => {
    let rest = zigzag(value)
    let to = at
    for (; typeof rest === "bigint" && rest >= 0x80n; rest >>= 7n) out[to++] = Number(rest & 0x7fn) | 0x80
    return writeVarint(out, to, Number(rest))
  },
  read: (from) => signed(readVarint(from))
}

/** Texts up to here are written letter by letter, as long as these are ASCII: a call into the engine costs more. */
const shortText = 64

/** Writes a short ASCII text with its length, or nothing (-1). */
const writeAscii = (out: Buffer, at: number, value: string): number => {
  const to = writeVarint(out, at, value.length * 2)
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code >= 0x80) return -1
    out[to + i] = code
  }
  return to + value.length
}

const writeText = (out: Buffer, at: number, value: string): number => {
  const end = value.length <= shortText ? writeAscii(out, at, value) : -1
  if (end >= 0) return end
  const start = writeVarint(out, at, Buffer.byteLength(value) * 2)
  return start + out.write(value, start)
}

const text: Kind = {
  most: (value) => {
    if (typeof value === "string") return longestVarint + value.length * 3
    if (Buffer.isBuffer(value)) return longestVarint + value.length
    throw mismatch(value)
  },
  write: (out, at, value) => {
    if (typeof value === "string") return writeText(out, at, value)
    if (!Buffer.isBuffer(value)) throw mismatch(value)
    const start = writeVarint(out, at, value.length * 2)
    out.set(value, start)
    return start + value.length
  },
  read: (from, raw) => {
    const length = Number(signed(readVarint(from)))
    const { at: start, bytes } = from
    const end = start + length
    if (length < 0 || end > bytes.length) throw new Error("truncated")
    from.at = end
    return raw ? bytes.subarray(start, end) : bytes.toString("utf8", start, end)
  }
}

const symbol = (symbols: ReadonlyArray<string>): Kind => {
  const indexOf = (value: Value): number => {
    const index = typeof value === "string" ? symbols.indexOf(value) : -1
    if (index < 0) throw mismatch(value)
    return index
  }
  return {
    most: () => longestVarint,
    write: (out, at, value) => writeVarint(out, at, indexOf(value) * 2),
    read: (from) => {
      const index = signed(readVarint(from))
      const found = symbols[Number(index)]
      if (found === undefined) throw new Error(`no symbol ${index}`)
      return found
    }
  }
}

const boolean: Kind = {
  most: () => 1,
  write: (out, at, value) => {
    if (typeof value !== "boolean") throw mismatch(value)
    out[at] = value ? 1 : 0
    return at + 1
  },
  read: (from) => {
    if (from.at >= from.bytes.length) throw new Error("truncated")
    return from.bytes[from.at++] === 1
  }
}

const listed = (value: Value): ReadonlyArray<string> => {
  if (!Array.isArray(value)) throw mismatch(value)
  return value
}

/** One block of texts, and an empty one to end the list. */
const texts: Kind = {
  most: (value) => listed(value).reduce((most, one) => most + text.most(one), longestVarint + 1),
  write: (out, at, value) => {
    const list = listed(value)
    let to = list.length === 0 ? at : writeVarint(out, at, list.length * 2)
    for (const one of list) to = text.write(out, to, one)
    out[to] = 0
    return to + 1
  },
  read: () => {
    throw new Error("lists are only written here")
  }
}

/** `["null", T]`. */
const nullable = (kind: Kind): Kind => ({
  most: (value) => (value === null ? 1 : 1 + kind.most(value)),
  write: (out, at, value) => {
    out[at] = value === null ? 0 : 2
    return value === null ? at + 1 : kind.write(out, at + 1, value)
  },
  read: (from, raw) => {
    const branch = from.bytes[from.at++]
    if (branch === 0) return null
    if (branch === 2) return kind.read(from, raw)
    throw new Error(`no branch ${branch}`)
  }
})

const mismatch = (value: Value): Error => new Error(`${typeof value} does not fit the field`)

const kindOf = (type: unknown): Kind => {
  if (type === "string") return text
  if (type === "boolean") return boolean
  if (type === "int" || type === "long") return integer
  if (Array.isArray(type) && type.length === 2 && type[0] === "null") return nullable(kindOf(type[1]))
  if (typeof type === "object" && type !== null && "type" in type) {
    if (type.type === "enum" && "symbols" in type && Array.isArray(type.symbols))
      return symbol(type.symbols.map(String))
    if (type.type === "array" && "items" in type && type.items === "string") return texts
    if (typeof type.type === "string") return kindOf(type.type)
  }
  throw new Error(`type ${JSON.stringify(type)} is not for an envelope`)
}

/** Throws for a schema that has more than strings, numbers, booleans, enums, lists of strings and null unions of them. */
export const fieldsOf = (schema: unknown): ReadonlyArray<Field> => {
  const list: unknown = typeof schema === "object" && schema !== null ? Reflect.get(schema, "fields") : undefined
  if (!Array.isArray(list)) throw new Error("not the schema of a record")
  return list.map((field: { readonly name: string; readonly type: unknown }) => ({
    name: field.name,
    kind: kindOf(field.type)
  }))
}
