// Canonical JSON and content hashes: the same value gives the same bytes and hash, wherever it was kept in between.
// For everyone who proves something: refiner, review, loader, auditor.
import { hash } from "node:crypto"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
type JsonObject = { readonly [key: string]: Json }

/** JSON with sorted keys and no blanks. What JSONB gives back has the same canonical text as what was put in. */
export const canonicalJson = (value: Json): string => {
  const ordered = inOrder(value)
  return ordered === unordered ? pieceByPiece(value) : JSON.stringify(ordered)
}

const unordered = Symbol("unordered")
type Ordered = Json | typeof unordered

/**
 * The value with its keys in order, or `unordered` where no object keeps them so. This runs for every record: one
 * JSON.stringify of a sorted copy takes half the time of a text put together piece by piece.
 */
const inOrder = (value: Json): Ordered => {
  if (value === null || typeof value !== "object") return value
  return Array.isArray(value) ? listInOrder(value) : objectInOrder(value as JsonObject)
}

const listInOrder = (list: ReadonlyArray<Json>): Ordered => {
  const out: Array<Json> = []
  for (const one of list) {
    const ordered = inOrder(one)
    if (ordered === unordered) return unordered
    out.push(ordered)
  }
  return out
}

const objectInOrder = (object: JsonObject): Ordered => {
  const out: Record<string, Json> = {}
  for (const key of sortedKeys(object)) {
    const ordered = inOrder(object[key] ?? null)
    if (ordered === unordered || isUnruly(key)) return unordered
    out[key] = ordered
  }
  return out
}

const fewKeys = 40

/** In place and by insertion where they are few: `sort` makes more garbage than the object itself. */
const sortedKeys = (object: JsonObject): ReadonlyArray<string> => {
  const keys = Object.keys(object)
  if (keys.length > fewKeys) return keys.sort()
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string
    let at = i
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}

/** Whole numbers come first in every object, whatever was put in first; `__proto__` is no key like others. */
const isUnruly = (key: string): boolean => {
  const first = key.charCodeAt(0)
  return (first >= 0x30 && first <= 0x39 && key.length <= 10) || key === "__proto__"
}

const pieceByPiece = (value: Json): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(pieceByPiece).join(",")}]`
  const object = value as JsonObject
  const member = (key: string): string => `${JSON.stringify(key)}:${pieceByPiece(object[key] ?? null)}`
  return `{${sortedKeys(object).map(member).join(",")}}`
}

/** SHA-256, hex. */
export const sha256 = (content: string | Uint8Array): string => hash("sha256", content, "hex")

/** SHA-256 of a value's canonical JSON, hex. An interface of ours that holds nothing but JSON is no `Json` to the compiler. */
export const hashJson = (value: Json | object): string => sha256(canonicalJson(value as Json))
