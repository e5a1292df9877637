// How pages become batches: the unit of sending, archiving and loading. Pure. For the extractor.
import type { Cursor } from "@bridge/connectors/Connector"
import type { Gap } from "@bridge/connectors/Reading"
import type { Poison, Row } from "@bridge/connectors/Row"
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"

/** Rows of one stream, as a page group brings them. */
export interface StreamRows {
  readonly stream: string
  readonly entity: EntityId
  readonly rows: ReadonlyArray<Row>
}

/** A row that cannot be named, of an entity where its stream feeds one. */
export interface Unnamed extends Poison {
  readonly entity: EntityId | null
}

/** Everything of one or more whole pages: what is sent and checkpointed together. */
export interface Group {
  readonly rows: ReadonlyArray<StreamRows>
  readonly poison: ReadonlyArray<Unnamed>
  readonly gaps: ReadonlyArray<Gap>
  readonly next: Cursor | null
  readonly calls: number
  /** Listed rows that were taken, and that were not. */
  readonly taken: number
  readonly leftOut: number
}

/** One row with the stream it belongs to, and SHA-256 of its bytes. */
export interface CutRow {
  readonly stream: string
  readonly row: Row
  readonly hash: string
}

/** One batch of one entity: at most `maxRows` rows and, but for a single larger row, `maxBytes` bytes. */
export interface Batch {
  readonly entity: EntityId
  readonly number: number
  readonly rows: ReadonlyArray<CutRow>
  readonly bytes: number
}

/** Pages one after the other as one group; the last page's cursor is where to go on. */
export const merge = (groups: ReadonlyArray<Group>): Group => ({
  rows: groups.flatMap((g) => g.rows),
  poison: groups.flatMap((g) => g.poison),
  gaps: groups.flatMap((g) => g.gaps),
  next: groups.at(-1)?.next ?? null,
  calls: groups.reduce((n, g) => n + g.calls, 0),
  taken: groups.reduce((n, g) => n + g.taken, 0),
  leftOut: groups.reduce((n, g) => n + g.leftOut, 0)
})

export const rowCount = (group: Group): number => group.rows.reduce((n, s) => n + s.rows.length, 0)

export const byteCount = (group: Group): number =>
  group.rows.reduce((n, s) => s.rows.reduce((bytes, row) => bytes + row.json.length, n), 0)

/** Cuts a group into numbered batches, in the order of arrival per entity; `next` holds the first free number per entity. */
export const cut = (
  group: Group,
  next: Readonly<Record<string, number>>,
  maxRows: number,
  maxBytes: number
): { readonly batches: ReadonlyArray<Batch>; readonly next: Readonly<Record<string, number>> } => {
  const numbers: Record<string, number> = { ...next }
  const batches: Array<Batch> = []
  for (const [entity, rows] of byEntity(group)) {
    let open: Array<CutRow> = []
    let bytes = 0
    const close = (): void => {
      if (open.length === 0) return
      const number = numbers[entity] ?? 0
      numbers[entity] = number + 1
      batches.push({ entity, number, rows: open, bytes })
      open = []
      bytes = 0
    }
    for (const r of rows) {
      if (open.length >= maxRows || (open.length > 0 && bytes + r.row.json.length > maxBytes)) close()
      open.push(r)
      bytes += r.row.json.length
    }
    close()
  }
  return { batches, next: numbers }
}

const byEntity = (group: Group): Map<EntityId, Array<CutRow>> => {
  const out = new Map<EntityId, Array<CutRow>>()
  for (const { entity, rows, stream } of group.rows) {
    const list = out.get(entity) ?? []
    for (const row of rows) list.push({ stream, row, hash: sha256(row.json) })
    if (list.length > 0) out.set(entity, list)
  }
  return out
}
