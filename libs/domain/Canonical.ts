// Canonical JSON and content hashes: the same value gives the same bytes and hash, wherever it was kept in between.
// For everyone who proves something: refiner, review, loader, auditor.
import { createHash } from "node:crypto"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** JSON with sorted keys and no blanks. What JSONB gives back has the same canonical text as what was put in. */
export const canonicalJson = (value: Json): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  const object = value as { readonly [key: string]: Json }
  return `{${Object.keys(object)
    .toSorted()
    .map((k) => `${JSON.stringify(k)}:${canonicalJson(object[k] ?? null)}`)
    .join(",")}}`
}

/** SHA-256, hex. */
export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex")

/** SHA-256 of a value's canonical JSON, hex. */
export const hashJson = (value: Json): string => sha256(canonicalJson(value))
