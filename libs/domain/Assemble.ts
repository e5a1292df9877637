// From approved data to the body that is written: references become destination ids, settled values and parts are put in.
// Pure. For the loader (which writes it) and the auditor (which compares what the destination holds with it).
import type { Json } from "./Canonical.ts"
import type { Element, JsonObject, Resolution, ResolvedRef } from "./Element.ts"
import type { EntityId } from "./Entities.ts"

/** A root or part as the archive has it. */
export interface Piece {
  readonly entity: EntityId
  readonly sourceId: string
  readonly element: Element
  readonly resolution: Resolution | null
}

/** Where references lead: the destination id of a record that is there by now, and who stands in for a missing person. */
export interface Destinations {
  readonly idOf: (entity: EntityId, sourceId: string) => string | undefined
  readonly placeholder: string | undefined
}

/** A reference leads nowhere: the record cannot be written as it was approved. */
export interface Dangling {
  readonly _tag: "Dangling"
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** The records whose destination ids a piece needs. */
export const referencesOf = (piece: Piece): ReadonlyArray<{ readonly entity: EntityId; readonly sourceId: string }> =>
  Object.values(resolvedRefs(piece)).flatMap((r) =>
    "sourceId" in r ? [{ entity: r.entity, sourceId: r.sourceId }] : []
  )

/** True when the piece needs the stand-in person. */
export const needsPlaceholder = (piece: Piece): boolean =>
  Object.values(resolvedRefs(piece)).some((r) => "missing" in r && r.use === "placeholder")

/** One comment of a body, and the record it comes from: null for the description. */
export interface AssembledComment {
  readonly sourceId: string | null
  readonly body: JsonObject
}

export interface Aggregate {
  readonly _tag: "Ready"
  readonly body: JsonObject
  readonly comments: ReadonlyArray<AssembledComment>
}

/**
 * The body of an aggregate. A ticket's `comments` are its description and then its comments by time and id, a text over
 * the limit as several in a row; other entities have none. Same inputs, same body.
 */
export const assemble = (
  root: Piece,
  parts: ReadonlyArray<Piece>,
  destinations: Destinations
): Aggregate | Dangling => {
  const filled = fill(root, destinations)
  if (filled._tag === "Dangling") return filled
  const comments: Array<AssembledComment> = []
  const add = (sourceId: string | null, comment: JsonObject, more: Json | undefined): void => {
    for (const body of pieces(comment, more)) comments.push({ sourceId, body })
  }
  const description = filled.meta["description"]
  if (isObject(description)) add(null, description, description["more"])
  for (const part of parts.toSorted(byTimeThenId)) {
    const one = fill(part, destinations)
    if (one._tag === "Dangling") return { ...one, message: `${part.entity} ${part.sourceId}: ${one.message}` }
    add(part.sourceId, one.body, one.meta["more"])
  }
  const body = comments.length === 0 ? filled.body : { ...filled.body, comments: comments.map((c) => c.body) }
  return { _tag: "Ready", body, comments }
}

/** Ids are text with us; a vendor whose ids are numbers wants numbers. */
export const idValue = (id: string): Json => (/^(0|[1-9]\d{0,14})$/.test(id) ? Number(id) : id)

/** One comment, and what did not fit into it as further comments of the same author and time. */
const pieces = (comment: JsonObject, more: Json | undefined): ReadonlyArray<JsonObject> => {
  const { more: _, ...first } = comment
  const rest = Array.isArray(more) ? more.map((html) => ({ ...first, html_body: html as Json })) : []
  return [first, ...rest].map(withoutNulls)
}

const withoutNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))

interface Filled {
  readonly _tag: "Filled"
  readonly body: JsonObject
  readonly meta: JsonObject
}

interface Draft {
  body: Record<string, Json>
  meta: Record<string, Json>
}

const fill = (piece: Piece, destinations: Destinations): Filled | Dangling => {
  const out = structuredClone({ body: piece.element.body, meta: piece.element.meta ?? {} }) as Draft
  for (const [path, value] of Object.entries(piece.resolution?.set ?? {}))
    put(out, path, structuredClone(value) as Json)
  const shrunk = new Set<Array<Json>>()
  for (const [path, ref] of Object.entries(resolvedRefs(piece))) {
    const value = idFor(ref, destinations)
    if (isDangling(value)) return { ...value, message: `${path}: ${value.message}` }
    const array = put(out, path, value)
    if (array !== undefined && value === null) shrunk.add(array)
  }
  for (const array of shrunk) array.splice(0, array.length, ...array.filter((v) => v !== null))
  return { _tag: "Filled", body: out.body, meta: out.meta }
}

const idFor = (ref: ResolvedRef, destinations: Destinations): Json | Dangling => {
  if ("sourceId" in ref) {
    const id = destinations.idOf(ref.entity, ref.sourceId)
    if (id !== undefined) return idValue(id)
    return {
      _tag: "Dangling",
      code: "reference-not-loaded",
      message: `${ref.entity} ${ref.sourceId} is not at the destination`,
      hint: `Its own failure is in the results. Correct that ${ref.entity}, then migrate again: what is there already is skipped.`
    }
  }
  if (ref.use === "drop") return null
  if (ref.use === "placeholder" && destinations.placeholder !== undefined) return idValue(destinations.placeholder)
  return {
    _tag: "Dangling",
    code: "reference-missing",
    message: `${ref.entity} ${ref.missing} was not found in the source`,
    hint: `Say in the mapping what to do with a missing ${ref.entity} (placeholder or drop), or add it to the migration.`
  }
}

const isDangling = (value: Json | Dangling): value is Dangling =>
  value !== null && typeof value === "object" && "_tag" in value && value._tag === "Dangling"

/** What settling decided. A reference it did not speak of leads nowhere: the record fails and is not guessed. */
const resolvedRefs = (piece: Piece): Readonly<Record<string, ResolvedRef>> => {
  const settled = piece.resolution?.refs ?? {}
  const out: Record<string, ResolvedRef> = {}
  for (const [path, ref] of Object.entries(piece.element.refs ?? {}))
    out[path] = { entity: ref.entity, missing: ref.nativeId, use: "fail" }
  return { ...out, ...settled }
}

/** Sets the value at a path, making objects on the way; returns the array it stands in, if any. */
const put = (out: Draft, path: string, value: Json): Array<Json> | undefined => {
  const keys = path.split(".")
  const inMeta = keys[0] === "meta" && keys.length > 1
  if (inMeta) keys.shift()
  let at: Record<string, Json> = inMeta ? out.meta : out.body
  const last = keys.pop() as string
  for (const key of keys) {
    const next = at[key]
    if (next === null || typeof next !== "object") at[key] = {}
    at = at[key] as Record<string, Json>
  }
  at[last] = value
  return Array.isArray(at) ? at : undefined
}

const isObject = (value: Json | undefined): value is JsonObject =>
  value !== undefined && value !== null && typeof value === "object" && !Array.isArray(value)

const createdAt = (piece: Piece): string => {
  const at = piece.element.body["created_at"]
  return typeof at === "string" ? at : ""
}

const byTimeThenId = (a: Piece, b: Piece): number => {
  const [x, y] = [createdAt(a), createdAt(b)]
  if (x !== y) return x < y ? -1 : 1
  const [m, n] = [Number(a.sourceId), Number(b.sourceId)]
  if (Number.isFinite(m) && Number.isFinite(n) && m !== n) return m - n
  return a.sourceId < b.sourceId ? -1 : a.sourceId > b.sourceId ? 1 : 0
}
