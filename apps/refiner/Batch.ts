// The four steps over one batch of rows: what goes to the archive, to `job_records` and to the normalized topics. Pure.
// For the shells (Refiner.ts, Remap.ts, Redrive.ts), which fetch and store. One row cannot spoil the others.
import type { Normalised } from "@bridge/connectors/Connector"
import { canonicalJson, sha256 } from "@bridge/domain/Canonical"
import type { JsonObject, Warning } from "@bridge/domain/Element"
import { type EntityId, entity as entityOf } from "@bridge/domain/Entities"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import { isConversation, type JsonValue } from "@bridge/domain/Records"
import type { Message } from "@bridge/kafka/Broker"
import { matchKey } from "@bridge/mapping/resolve/Identity"
import type { Transforms } from "@bridge/mapping/transform/Compile"
import { type Made, type Part, resolvedOf } from "./chain/Made.ts"
import { type Normalise, processRow } from "./process/Process.ts"

/** One row as the raw topic or the archive has it; `bytes` are the vendor's own. */
export interface RawRow {
  readonly position: number
  readonly sourceId: string
  /** The record the row came under: some vendors' rows do not name it (comments of Zendesk). */
  readonly parentId: string | null
  readonly rowStream: string
  readonly version: string
  readonly op: "upsert" | "delete"
  readonly contentHash: string
  /** `ce_id` of the raw record. */
  readonly eventId: string
  readonly bytes: Buffer
  /** In the blob store under this hash: the archive holds only a pointer. */
  readonly blob: string | null
  /** What a stage before has made of it, where the chain is cut. */
  readonly made?: Made
}

/** One row of `job_records`, and its element as canonical JSON (null: excluded, deleted, or a newer one is there). */
export interface RefinedRecord {
  readonly entity: EntityId
  readonly sourceId: string
  readonly nativeId: string
  readonly parentId: string | null
  readonly parentEntity: EntityId | null
  readonly position: number
  readonly version: string
  readonly rawHash: string
  readonly state: "ready" | "excluded" | "deleted"
  readonly reason: string | null
  readonly matchKey: string | null
  readonly sortKey: string
  readonly title: string
  readonly status: string | null
  /** As JSON; null when there are none. */
  readonly warnings: string | null
  /** As JSON; null when there are none. */
  readonly refs: string | null
  /** In UTF-8: it is hashed and stored as bytes. */
  readonly element: Buffer | null
  readonly hash: string | null
  /** For the normalized topic; null where nobody publishes (remaps). */
  readonly message: Message | null
  readonly row: RawRow
  /** Which of the records of its row: 0 is the row's own. */
  readonly part: number
}

export interface DeadRow {
  readonly row: RawRow
  readonly code: string
  readonly message: string
}

export interface RefinedBatch {
  readonly records: ReadonlyArray<RefinedRecord>
  readonly dead: ReadonlyArray<DeadRow>
}

/** What a message of the normalized topic says beside the record. */
export interface Origin {
  readonly sourceId: string
  readonly parentId: string | null
  readonly row: RawRow
  readonly part: number
}

/**
 * The message of a record, made while the record is at hand: what was parsed is garbage at once. Kept until the batch is
 * stored it would cost the collector more than it cost to make (docs/benchmarks.md).
 */
export type Tell = (entity: EntityId, record: CanonicalRecord, origin: Origin) => Message

/** What a batch is refined with. */
export interface Means {
  readonly normaliser: (rowStream: string) => Normalise | null
  readonly transforms: Transforms
  /** Other entities' records are taken only where they are wanted. */
  readonly wanted: ReadonlySet<string>
  /** Null: nothing is published. */
  readonly tell: Tell | null
  /** Derived records (members of a group) are numbered by themselves, in the order of rows, from here on; 0 by default. */
  readonly firstFree?: (derived: EntityId) => number
}

/** All rows of a batch of `entity`, one after the other. */
export const refineRows = (entity: EntityId, rows: ReadonlyArray<RawRow>, means: Means): RefinedBatch => {
  const { firstFree, normaliser, wanted } = means
  const records: Array<RefinedRecord> = []
  const dead: Array<DeadRow> = []
  const next = new Map<EntityId, number>()
  const place = (id: EntityId, part: number, row: RawRow): number => {
    if (id === entity && part === 0) return row.position
    const at =
      next.get(id) ?? (id === entity ? Math.max(...rows.map((one) => one.position)) + 1 : (firstFree?.(id) ?? 0))
    next.set(id, at + 1)
    return at
  }
  for (const row of rows) {
    const processed: Made = row.made ?? processRow(normaliser(row.rowStream), row.bytes, row.sourceId, row.parentId)
    if (processed._tag === "Poison") {
      dead.push({ row, code: processed.code, message: processed.message })
      continue
    }
    const [own] = processed.records
    if (own !== undefined && own.entity !== entity) {
      dead.push({ row, code: "other-entity", message: `the row came as ${entity} and reads as ${own.entity}` })
      continue
    }
    const made: Array<RefinedRecord> = []
    let refused: string | null = null
    for (let part = 0; part < processed.records.length; part++) {
      const one = processed.records[part] as Part
      if (part === 0 || wanted.has(one.entity)) refused ??= push(made, one, part, row, means, place)
    }
    if (refused === null) records.push(...made)
    else dead.push({ row, code: "incomplete-record", message: refused })
  }
  return { records: newest(records), dead }
}

const push = (
  made: Array<RefinedRecord>,
  one: Part,
  part: number,
  row: RawRow,
  means: Means,
  place: (id: EntityId, part: number, row: RawRow) => number
): string | null => {
  const resolved = resolvedOf(one)
  if (resolved._tag === "Refused") return `${one.entity} ${one.sourceId}: ${resolved.reason}`
  if (one.sourceId === "" || one.sourceId.includes("\0") || !one.sourceId.isWellFormed())
    return "the source id cannot be stored"
  made.push(refined(one, resolved.record, resolved.notes, part, row, means, place(one.entity, part, row)))
  return null
}

const refined = (
  { entity, parentEntity, parentId: parent, sourceId }: Normalised,
  record: CanonicalRecord,
  notes: ReadonlyArray<Warning>,
  part: number,
  row: RawRow,
  { tell, transforms }: Means,
  position: number
): RefinedRecord => {
  const gone = row.op === "delete"
  const { element, excluded, warnings } = gone
    ? { element: null, excluded: "deleted at the source", warnings: [] }
    : transforms[entity](record)
  const text = element === null ? null : Buffer.from(canonicalJson(element), "utf8")
  const body = element?.body ?? {}
  const parentId = parent ?? null
  return {
    entity,
    sourceId,
    nativeId: record.native_id,
    parentId,
    parentEntity: parentId === null ? null : (parentEntity ?? entityOf(entity).parents[0] ?? null),
    position,
    version: row.version,
    rawHash: row.contentHash,
    state: gone ? "deleted" : element === null ? "excluded" : "ready",
    reason: excluded,
    matchKey: element === null ? null : matchKey(entity, body),
    sortKey: record.created_at ?? "",
    title: titleOf(record),
    status: statusOf(entity, body),
    warnings: jsonOf(notes.length === 0 ? warnings : [...notes, ...warnings]),
    refs: jsonOf(element?.refs ?? {}),
    element: text,
    hash: text === null ? null : sha256(text),
    message: tell === null ? null : tell(entity, record, { sourceId, parentId, row, part }),
    row,
    part
  }
}

const jsonOf = (value: object): string | null => {
  for (const _ in value) return JSON.stringify(value)
  return null
}

/** Of several versions of one record in a batch the newest, at one version the last; in the order of source ids. */
const newest = (records: ReadonlyArray<RefinedRecord>): ReadonlyArray<RefinedRecord> => {
  const best = new Map<string, RefinedRecord>()
  for (const one of records) {
    const id = `${one.entity}/${one.sourceId}`
    const before = best.get(id)
    if (before === undefined || before.version <= one.version) best.set(id, one)
  }
  return [...best.values()].sort((a, b) =>
    a.entity === b.entity ? order(a.sourceId, b.sourceId) : order(a.entity, b.entity)
  )
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const titleLength = 200

/** What people see in lists: the subject or name, of a comment the beginning of its text. */
const titleOf = (record: CanonicalRecord): string => {
  const fields = record as { readonly [name: string]: JsonValue | undefined }
  for (const name of ["subject", "name", "text", "html", "email"]) {
    const value = fields[name]
    if (typeof value !== "string" || value === "") continue
    const text = name === "html" ? value.slice(0, 2000).replace(/<[^>]*>/gu, " ") : value.slice(0, 2000)
    const line = /[^\S ]| {2}/u.test(text) ? text.replace(/\s+/gu, " ") : text
    return line.trim().slice(0, titleLength).toWellFormed()
  }
  return ""
}

const statusOf = (entity: EntityId, body: JsonObject): string | null => {
  if (entity === "comment") return body.public === true ? "public" : "private"
  const value = isConversation(entity) ? body.status : entity === "person" ? body.role : null
  return typeof value === "string" ? value : null
}
