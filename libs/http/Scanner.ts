// Passes over the bytes of JSON without parsing them: where values end, and a few scalar fields of an object. For Rows.ts; what
// the parts of a page are is said there.
import { Malformed } from "./Call.ts"

/** One element: its bytes, and the JSON text of the wanted keys it has at its top level. */
interface Passed {
  readonly json: Buffer
  readonly fields: Readonly<Record<string, string>>
  readonly isObject: boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
export const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
export const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
/** Bytes of a string that are looked at one by one. */
const shortString = 40

const words = new Map<number | undefined, string>(["true", "false", "null"].map((word) => [word.charCodeAt(0), word]))

/** Letters, digits, signs and points: what true, false, null and numbers are made of. */
const isLiteral = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45)

/** Behind a short string of plain ASCII that begins at `from`, or -1. */
const endOfPlain = (body: Buffer, from: number): number => {
  const near = Math.min(body.length, from + shortString)
  for (let i = from; i < near; i++) {
    const byte = body[i] as number
    if (byte === QUOTE) return i + 1
    if (byte === BACKSLASH || byte >= 0x80) return -1
  }
  return -1
}

const endOfDigits = (body: Buffer, from: number): number => {
  let i = from
  while ((body[i] as number) >= 0x30 && (body[i] as number) <= 0x39) i++
  return i
}

const isNull = (body: Buffer, at: number): boolean =>
  body[at + 1] === 0x75 && body[at + 2] === 0x6c && body[at + 3] === 0x6c

/** Which of the wanted names stands there. */
const nameOf = (body: Buffer, from: number, to: number, wanted: ReadonlyArray<string>): string | undefined => {
  const length = to - from
  const first = body[from]
  for (const name of wanted) {
    if (name.length !== length || name.charCodeAt(0) !== first) continue
    let at = 1
    while (at < length && body[from + at] === name.charCodeAt(at)) at++
    if (at === length) return name
  }
  return undefined
}

export class Scanner {
  readonly #body: Buffer
  readonly #end: number
  #i = 0
  /** What closes the values that are open, outermost first; kept for the next value. */
  readonly #open: Array<number> = []
  /** The next backslash, where it is not behind us: the scanner never goes back. */
  #backslash = -1

  constructor(body: Buffer) {
    this.#body = body
    this.#end = body.length
    if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) this.#i = 3
  }

  get ended(): boolean {
    return this.#i >= this.#end
  }

  at(byte: number): boolean {
    return this.#body[this.#i] === byte
  }

  space(): void {
    const body = this.#body
    let i = this.#i
    while (i < this.#end) {
      const byte = body[i]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      i++
    }
    this.#i = i
  }

  /** Walks an object; `value` must consume the value of the key. */
  object(value: (key: string) => void): void {
    this.#take(OPEN_OBJECT, "an object")
    this.space()
    if (this.#skip(CLOSE_OBJECT)) return
    for (;;) {
      this.space()
      const key = this.#key()
      this.space()
      this.#take(COLON, "':'")
      this.space()
      value(key)
      this.space()
      if (this.#skip(COMMA)) continue
      this.#take(CLOSE_OBJECT, "',' or '}'")
      return
    }
  }

  /** Walks an array; `element` must consume one element. */
  array(element: () => void): void {
    this.#take(OPEN_ARRAY, "an array")
    this.space()
    if (this.#skip(CLOSE_ARRAY)) return
    for (;;) {
      this.space()
      element()
      this.space()
      if (this.#skip(COMMA)) continue
      this.#take(CLOSE_ARRAY, "',' or ']'")
      return
    }
  }

  row(wanted: ReadonlyArray<string>): Passed {
    const start = this.#i
    const fields: Record<string, string> = {}
    const isObject = this.at(OPEN_OBJECT)
    if (isObject) this.#members(wanted, fields)
    else this.#value()
    return { json: this.#body.subarray(start, this.#i), fields, isObject }
  }

  /** Most keys are not wanted and are never made into text. */
  #members(wanted: ReadonlyArray<string>, fields: Record<string, string>): void {
    this.#i += 1
    this.space()
    if (this.#skip(CLOSE_OBJECT)) return
    for (;;) {
      if (!this.#plainMember(wanted, fields)) this.#member(wanted, fields)
      this.space()
      if (this.#skip(COMMA)) continue
      this.#take(CLOSE_OBJECT, "',' or '}'")
      return
    }
  }

  /**
   * The hot path: a member as JSON.stringify writes it, with a short key, whose value is a short string, a whole number, a
   * word or nothing that is wanted. False, and nowhere: it is another one.
   */
  #plainMember(wanted: ReadonlyArray<string>, fields: Record<string, string>): boolean {
    const body = this.#body
    const start = this.#i
    if (body[start] !== QUOTE) return false
    const key = endOfPlain(body, start + 1)
    if (key < 0 || body[key] !== COLON) return false
    const name = nameOf(body, start + 1, key - 1, wanted)
    const from = key + 1
    const first = body[from] as number
    let end: number
    if (first === QUOTE) end = endOfPlain(body, from + 1)
    else if (first >= 0x31 && first <= 0x39) end = endOfDigits(body, from + 1)
    else if (first === 0x6e) end = isNull(body, from) ? from + 4 : -1
    else end = -1
    if (end < 0 || (body[end] !== COMMA && body[end] !== CLOSE_OBJECT)) {
      this.#i = from
      // The key is passed; its value is for the general way.
      if (name === undefined) this.#spaced()
      else fields[name] = this.#spacedText()
      return true
    }
    this.#i = end
    if (name !== undefined) fields[name] = body.toString("latin1", from, end)
    return true
  }

  #spaced(): void {
    this.space()
    this.#value()
  }

  #spacedText(): string {
    this.space()
    return this.text()
  }

  #member(wanted: ReadonlyArray<string>, fields: Record<string, string>): void {
    this.space()
    const key = this.#wantedKey(wanted)
    this.space()
    this.#take(COLON, "':'")
    if (key === undefined) this.#spaced()
    else fields[key] = this.#spacedText()
  }

  #wantedKey(wanted: ReadonlyArray<string>): string | undefined {
    const body = this.#body
    const start = this.#i + 1
    if (!this.at(QUOTE)) throw this.#fault("a key")
    const escaped = this.#string()
    const length = this.#i - 1 - start
    const name = nameOf(body, start, start + length, wanted)
    if (name !== undefined) return name
    if (!escaped) return undefined
    const key = this.#keyText(start - 1)
    return wanted.find((name) => name === key)
  }

  /** The JSON text of the value here. */
  text(): string {
    const start = this.#i
    this.#value()
    return this.#body.toString("utf8", start, this.#i)
  }

  #key(): string {
    const start = this.#i
    if (!this.at(QUOTE)) throw this.#fault("a key")
    this.#string()
    return this.#keyText(start)
  }

  /** The key whose quotes stand at `start` and before here. */
  #keyText(start: number): string {
    try {
      return String(JSON.parse(this.#body.toString("utf8", start, this.#i)))
    } catch {
      throw this.#fault("a key")
    }
  }

  /**
   * Passes a string; true when it has an escape. What is in it is not judged: that is for who parses the row, so that one
   * bad row does not cost its page. Most strings are short: calling memchr for them costs more than looking at each byte.
   */
  #string(): boolean {
    const body = this.#body
    const near = Math.min(this.#end, this.#i + shortString)
    let escaped = false
    let i = this.#i + 1
    while (i < near) {
      const byte = body[i] as number
      if (byte === QUOTE) {
        this.#i = i + 1
        return escaped
      }
      if (byte === BACKSLASH) {
        escaped = true
        i++
      }
      i++
    }
    return this.#rest(i, escaped)
  }

  /** The rest of a long string, from quote to quote at the speed of memchr while no backslash is near. */
  #rest(from: number, before: boolean): boolean {
    const body = this.#body
    let escaped = before
    let i = from
    for (;;) {
      const quote = body.indexOf(QUOTE, i)
      if (quote < 0) break
      if (this.#backslash < i) {
        const next = body.indexOf(BACKSLASH, i)
        this.#backslash = next < 0 ? Number.MAX_SAFE_INTEGER : next
      }
      if (quote < this.#backslash) {
        this.#i = quote + 1
        return escaped
      }
      escaped = true
      i = this.#backslash + 2
    }
    this.#i = this.#end
    throw this.#fault("the end of a string")
  }

  /** Passes any value. Nested ones by counting brackets of both kinds on a small stack. */
  #value(): void {
    const first = this.#body[this.#i]
    if (first === QUOTE) this.#string()
    else if (first === OPEN_OBJECT || first === OPEN_ARRAY) this.#nested()
    else this.#literal()
  }

  #nested(): void {
    const body = this.#body
    const open = this.#open
    let depth = 0
    let i = this.#i
    while (i < this.#end) {
      const byte = body[i] as number
      if (byte === QUOTE) {
        this.#i = i
        this.#string()
        i = this.#i
        continue
      }
      if (byte === OPEN_OBJECT) open[depth++] = CLOSE_OBJECT
      else if (byte === OPEN_ARRAY) open[depth++] = CLOSE_ARRAY
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (open[--depth] !== byte) {
          this.#i = i
          throw this.#fault("the right closing bracket")
        }
        if (depth === 0) {
          this.#i = i + 1
          return
        }
      }
      i++
    }
    this.#i = this.#end
    throw this.#fault("the end of a value")
  }

  #literal(): void {
    const body = this.#body
    const start = this.#i
    const word = words.get(body[start])
    if (word !== undefined && this.#word(word)) return
    let i = start
    // A whole number, as most are; its first digit may only be 0 when it is the only one.
    while (i < this.#end && (body[i] as number) >= 0x30 && (body[i] as number) <= 0x39) i++
    if (i > start && !isLiteral(body[i]) && (body[start] !== 0x30 || i === start + 1)) {
      this.#i = i
      return
    }
    while (i < this.#end && isLiteral(body[i])) i++
    if (i === start) throw this.#fault("a value")
    this.#i = i
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(body.toString("latin1", start, i)))
      throw this.#fault("a value")
  }

  #word(word: string): boolean {
    const body = this.#body
    const start = this.#i
    for (let at = 1; at < word.length; at++) if (body[start + at] !== word.charCodeAt(at)) return false
    if (isLiteral(body[start + word.length])) return false
    this.#i = start + word.length
    return true
  }

  #skip(byte: number): boolean {
    if (this.#body[this.#i] !== byte) return false
    this.#i++
    return true
  }

  #take(byte: number, what: string): void {
    if (!this.#skip(byte)) throw this.#fault(what)
  }

  #fault(what: string): Malformed {
    const where = this.#i >= this.#end ? "at the end of the body" : `at byte ${this.#i}`
    return new Malformed(`${what} was expected ${where} of a page of ${this.#end} bytes`)
  }
}
