// Canonical JSON and content hashes: the same value gives the same bytes and hash, wherever it was kept in between.
// For everyone who proves something: refiner, review, loader, auditor.
import { hash } from "node:crypto"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** JSON with sorted keys and no blanks. What JSONB gives back has the same canonical text as what was put in. */
export const canonicalJson = (value: Json): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  // Concatenated, not mapped and joined: this runs for every record.
  let text = ""
  if (Array.isArray(value)) {
    for (const one of value) text += text === "" ? canonicalJson(one) : `,${canonicalJson(one)}`
    return `[${text}]`
  }
  const object = value as { readonly [key: string]: Json }
  for (const key of Object.keys(object).sort())
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`
  return `{${text}}`
}

/** SHA-256, hex. */
export const sha256 = (content: string | Uint8Array): string => hash("sha256", content, "hex")

/** SHA-256 of a value's canonical JSON, hex. */
export const hashJson = (value: Json): string => sha256(canonicalJson(value))
