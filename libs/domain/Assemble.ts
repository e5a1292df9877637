// From approved data to the body that is written: references become destination ids, settled values and parts are put in.
// Pure. For the loader (which writes it) and the auditor (which compares what the destination holds with it).
import { type Adapted, type AgentPaths, agentPath, type LoadWarning } from "./Adapted.ts"
import type { Json } from "./Canonical.ts"
import type { Element, JsonObject, Resolution, ResolvedRef } from "./Element.ts"
import type { EntityId } from "./Entities.ts"
import { type AssembledComment, folded } from "./Folded.ts"

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
  /** What was written in place of what was approved, where the destination could not take that. */
  readonly adapted?: (entity: EntityId, sourceId: string) => Adapted | undefined
  readonly agentPaths?: AgentPaths
  /** Comments that the destination takes in one record. */
  readonly mostComments?: number
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
    "sourceId" in r
      ? [
          { entity: r.entity, sourceId: r.sourceId },
          ...("field" in r ? [{ entity: "custom-field" as const, sourceId: r.field }] : [])
        ]
      : []
  )

/** True when the piece needs the stand-in person. */
export const needsPlaceholder = (piece: Piece): boolean =>
  Object.values(resolvedRefs(piece)).some((r) => "missing" in r && r.use === "placeholder")

/** A file of a body: it belongs to the comment at this place. */
export interface AssembledFile {
  readonly sourceId: string
  readonly comment: number
  readonly name: string
  readonly mime: string
  readonly size: number
  readonly sha256: string
  readonly urlHash: string | null
  /** What stands in the comment where the file cannot go along. */
  readonly note: string
}

export interface Aggregate {
  readonly _tag: "Ready"
  readonly body: JsonObject
  readonly comments: ReadonlyArray<AssembledComment>
  readonly files: ReadonlyArray<AssembledFile>
  /** What is not as approved, since the destination could not take it so. */
  readonly warnings: ReadonlyArray<LoadWarning>
}

/**
 * The body of an aggregate. A ticket's `comments` are its description, its notes, and then its comments by time and id, a
 * text over the limit as several in a row; other entities have none. Its files are told with their comments; one that the
 * destination does not take, or that is in `refused`, is a line of text there. Same inputs, same body.
 */
export const assemble = (
  root: Piece,
  parts: ReadonlyArray<Piece>,
  destinations: Destinations,
  refused: ReadonlySet<string> = none
): Aggregate | Dangling => {
  const filled = fill(root, destinations)
  if (filled._tag === "Dangling") return filled
  const whole: Array<AssembledComment> = []
  const warnings = [...filled.warnings]
  const add = (sourceId: string | null, comment: JsonObject, more: Json | undefined): void => {
    for (const body of pieces(comment, more)) whole.push({ sourceId, body })
  }
  const description = filled.meta["description"]
  if (isObject(description)) {
    add(null, description, description["more"])
    for (const note of listOf(filled.meta["notes"])) {
      const { more: _, ...first } = description
      add(null, { ...first, ...note }, undefined)
    }
  }
  for (const part of parts.filter((p) => p.entity !== "attachment").toSorted(byTimeThenId)) {
    const one = fill(part, destinations)
    if (one._tag === "Dangling") return { ...one, message: `${part.entity} ${part.sourceId}: ${one.message}` }
    warnings.push(...one.warnings)
    add(part.sourceId, one.body, one.meta["more"])
  }
  const comments = folded(whole, destinations.mostComments ?? whole.length)
  if (comments.length < whole.length)
    warnings.push({
      code: "comments-folded",
      field: "comments",
      message: `${whole.length} comments, of which the destination takes ${comments.length}: the others stand in those before them`
    })
  const all = parts
    .filter((p) => p.entity === "attachment")
    .toSorted(byTimeThenId)
    .flatMap((part) => fileOf(part, comments))
  const left = all.filter((file) => file.noteOnly || refused.has(file.sourceId))
  const files = all.filter((file) => !left.includes(file)).map(({ noteOnly: _, ...file }) => file)
  const texts = withNotes({ comments: comments.map((c) => c.body) }, left)["comments"] as ReadonlyArray<JsonObject>
  const body = comments.length === 0 ? filled.body : { ...filled.body, comments: texts }
  const told = comments.map((c, i) => ({ ...c, body: texts[i] ?? c.body }))
  return { _tag: "Ready", body, comments: told, files, warnings }
}

const none: ReadonlySet<string> = new Set()

/** The comment a file belongs to: its own, or the first one where it is the ticket's. */
const fileOf = (
  part: Piece,
  comments: ReadonlyArray<AssembledComment>
): ReadonlyArray<AssembledFile & { readonly noteOnly: boolean }> => {
  const { body, meta } = part.element
  const file = meta?.file
  if (file === undefined) return []
  const { entity, nativeId } = file.parent
  const isOwn = (id: string) => id === nativeId || id.endsWith(`/${nativeId}`)
  const own = comments.findIndex(
    ({ sourceId, with: more }) => sourceId !== null && [sourceId, ...(more ?? [])].some(isOwn)
  )
  return [
    {
      sourceId: part.sourceId,
      comment: entity === "comment" && own >= 0 ? own : 0,
      name: textOf(body["file_name"]),
      mime: textOf(body["content_type"]),
      size: Number(body["size"] ?? 0),
      sha256: file.sha256,
      urlHash: file.url_hash,
      note: file.note,
      noteOnly: file.noteOnly === true
    }
  ]
}

/** Texts up to here are taken whole by every destination we know: what is added must not push a text over it. */
const longestText = 65_000

/** A body whose comments say in a line of text what files could not go along. */
export const withNotes = (
  body: JsonObject,
  files: ReadonlyArray<Pick<AssembledFile, "comment" | "note">>
): JsonObject => {
  if (files.length === 0) return body
  const comments = listOf(body["comments"]).map((comment, at) => {
    let html = textOf(comment["html_body"])
    for (const { note } of files.filter((file) => file.comment === at)) {
      const longer = `${html}<p>${note}</p>`
      if (Buffer.byteLength(longer) <= longestText) html = longer
    }
    return { ...comment, html_body: html }
  })
  return { ...body, comments }
}

const listOf = (value: Json | undefined): ReadonlyArray<JsonObject> =>
  Array.isArray(value) ? value.filter((one) => isObject(one as Json)).map((one) => one as JsonObject) : []

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "")

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
  readonly warnings: ReadonlyArray<LoadWarning>
}

interface Draft {
  body: Record<string, Json>
  meta: Record<string, Json>
}

/** Lists and objects of one's own; texts are shared, and some have 10 MB. */
const copyOf = (value: Json): Json =>
  Array.isArray(value) ? value.map(copyOf) : isObject(value) ? membersOf(value) : value

const membersOf = (object: JsonObject): Record<string, Json> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, copyOf(value)]))

const fill = (piece: Piece, destinations: Destinations): Filled | Dangling => {
  const out: Draft = { body: membersOf(piece.element.body), meta: membersOf(piece.element.meta ?? {}) }
  for (const [path, value] of Object.entries(piece.resolution?.set ?? {})) put(out, path, copyOf(value as Json))
  const shrunk = new Set<Array<Json>>()
  const unnamed: Array<string> = []
  const warnings: Array<LoadWarning> = []
  for (const [path, ref] of Object.entries(resolvedRefs(piece))) {
    const unfit = noAgent(piece.entity, path, ref, destinations)
    if (unfit !== undefined && !isDangling(unfit)) warnings.push(unfit)
    const found = unfit === undefined ? idFor(ref, destinations) : isDangling(unfit) ? unfit : null
    if (piece.element.refs[path]?.gate) {
      const gate = idFor(ref, destinations)
      if (isDangling(gate)) without(path, gate, warnings)
      if (isDangling(gate) || gate === null) drop(out.body, path)
      continue
    }
    const spare = ref.entity === "custom-field" || "field" in ref
    const value = spare && isDangling(found) ? without(path, found, warnings) : found
    if (isDangling(value)) return { ...value, message: `${path}: ${value.message}` }
    const array = put(out, path, value)
    if (array !== undefined && value === null) shrunk.add(array)
    if (value === null) unnamed.push(path)
  }
  for (const path of unnamed) emptied(out, path, shrunk)
  for (const array of shrunk) array.splice(0, array.length, ...array.filter((v) => v !== null))
  const own = destinations.adapted?.(piece.entity, piece.sourceId)
  if (own !== undefined) {
    for (const [path, value] of Object.entries(own.set)) put(out, path, copyOf(value as Json))
    warnings.push({ code: own.code, field: Object.keys(own.set).join(", "), message: own.message })
  }
  return { _tag: "Filled", body: out.body, meta: out.meta, warnings }
}

/** A field that could not be made, and a record that one names beside itself, is left out: the record is worth more than it. */
const without = (path: string, { code, message }: Dangling, warnings: Array<LoadWarning>): null => {
  warnings.push({ code, field: path, message: `left out: ${message}` })
  return null
}

/** `custom_fields.3.id` without an id: the whole entry says nothing. */
const emptied = (out: Draft, path: string, shrunk: Set<Array<Json>>): void => {
  const [list = "", at = "", ...rest] = path.split(".")
  const array = out.body[list]
  if (rest.length !== 1 || !/^\d+$/.test(at) || !Array.isArray(array)) return
  array[Number(at)] = null
  shrunk.add(array)
}

/** A reference that must lead to an agent, to somebody whom the destination did not take as one. */
const noAgent = (
  entity: EntityId,
  path: string,
  ref: ResolvedRef,
  { adapted, agentPaths }: Destinations
): LoadWarning | Dangling | undefined => {
  const missing = agentPaths?.get(agentPath(entity, path))
  const other = missing !== undefined && "sourceId" in ref ? adapted?.(ref.entity, ref.sourceId) : undefined
  if (missing === undefined || other === undefined || !("sourceId" in ref)) return undefined
  const message = `${ref.entity} ${ref.sourceId} is no agent at the destination: ${other.message}`
  if (missing !== "fail") return { code: other.code, field: path, message: `left out: ${message}` }
  return {
    _tag: "Dangling",
    code: other.code,
    message,
    hint: "Make that person an agent at the destination, then migrate again: what is there already is skipped."
  }
}

const idFor = (ref: ResolvedRef, destinations: Destinations): Json | Dangling => {
  if ("name" in ref) return ref.name
  if ("field" in ref) {
    const { entity, field, sourceId } = ref
    const value = idFor({ entity, sourceId }, destinations)
    if (isDangling(value)) return value
    const id = idFor({ entity: "custom-field", sourceId: field }, destinations)
    const unmade = `${entity} ${sourceId} stands in the note alone: the field of its kind could not be made`
    return isDangling(id) ? { ...id, message: unmade } : { id, value }
  }
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

const isDangling = (value: Json | LoadWarning | Dangling): value is Dangling =>
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

/** Takes the value at a path of objects away, and the object that has no other. */
const drop = (body: Record<string, Json>, path: string): void => {
  const [key = "", ...rest] = path.split(".")
  const inner = body[key]
  if (rest.length === 0 || !isObject(inner)) delete body[key]
  else {
    drop(inner as Record<string, Json>, rest.join("."))
    if (Object.keys(inner).length === 0) delete body[key]
  }
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
