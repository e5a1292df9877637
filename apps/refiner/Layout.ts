// How a refined batch lies in the archive: arrays by position, the vendor's bytes untouched, large bodies as pointers. Pure.
// For the shells. What does not belong here: writing it (Archive.ts), the blob store itself.

import type { EntityId } from "@bridge/domain/Entities"
import { maxInlineBytes } from "@bridge/domain/Jobs"
import type { ArchiveRow } from "./Archive.ts"
import type { RawRow, RefinedBatch, RefinedRecord } from "./Batch.ts"

/** Where a body too large for a row lies. */
export const pointer = (hash: string, bytes: number): string => JSON.stringify({ $blob: hash, bytes })

/** The client takes no row over 16 MiB, and whoever reads a batch holds it: elements of a row have half of that together. */
const maxArrayBytes = 8 * 1024 * 1024

const sizeOf = ({ element }: RefinedRecord): number => element?.length ?? 0

/** The records whose elements go to the blob store: large ones, and the largest of many that are too much together. */
export const elsewhere = (records: ReadonlyArray<RefinedRecord>): ReadonlyArray<RefinedRecord> => {
  const large = records.filter((record) => sizeOf(record) > maxInlineBytes)
  let left = records.reduce((sum, record) => sum + sizeOf(record), 0)
  for (const record of large) left -= sizeOf(record)
  if (left <= maxArrayBytes) return large
  const out = [...large]
  for (const record of records.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
    if (left <= maxArrayBytes) break
    if (sizeOf(record) > maxInlineBytes) continue
    out.push(record)
    left -= sizeOf(record)
  }
  return out
}

/** `[row,row,...]` with the bytes as they came; rows that are dead or missing are `null`. */
export const rawArray = (size: number, rows: ReadonlyArray<RawRow>, dead: ReadonlySet<number>): Buffer => {
  const pieces: Array<Buffer> = new Array<Buffer>(size).fill(nothing)
  for (const row of rows) if (!dead.has(row.position)) pieces[row.position] = bodyOf(row)
  return joined(pieces)
}

/** The array with these rows in their places. */
export const patched = (bodies: ReadonlyArray<Buffer>, rows: ReadonlyArray<RawRow>): Buffer => {
  const pieces = [...bodies]
  for (const row of rows) if (row.position < pieces.length) pieces[row.position] = bodyOf(row)
  return joined(pieces)
}

/** What stands in the archive for a row. */
const bodyOf = (row: RawRow): Buffer =>
  row.blob === null ? row.bytes : Buffer.from(pointer(row.blob, row.bytes.length))

/** `[element,element,...]` by position; `stored` replaces elements that lie elsewhere. */
export const elementArray = (
  size: number,
  records: ReadonlyArray<RefinedRecord>,
  stored: ReadonlyMap<RefinedRecord, string>
): Buffer => {
  const length = records.reduce((most, record) => Math.max(most, record.position + 1), size)
  const pieces = new Array<Buffer>(length).fill(nothing)
  for (const record of records) {
    const elsewhere = stored.get(record)
    pieces[record.position] = elsewhere === undefined ? (record.element ?? nothing) : Buffer.from(elsewhere)
  }
  return joined(pieces)
}

/** The archive rows of a batch: its own entity's with the raw bytes, those of derived entities without. */
export const archiveRows = (
  entity: EntityId,
  size: number,
  rows: ReadonlyArray<RawRow>,
  { dead, records }: RefinedBatch,
  stored: ReadonlyMap<RefinedRecord, string>
): ReadonlyArray<ArchiveRow> => {
  const lost = new Set(dead.map(({ row }) => row.position))
  const derived = [...new Set(records.map((record) => record.entity))].filter((id) => id !== entity)
  const of = (id: EntityId) => records.filter((record) => record.entity === id)
  return [
    {
      entity,
      raw: rawArray(size, rows, lost),
      transformed: elementArray(size, of(entity), stored),
      count: rows.filter((row) => !lost.has(row.position)).length
    },
    ...derived.map((id) => ({
      entity: id,
      raw: null,
      transformed: elementArray(0, of(id), stored),
      count: of(id).length
    }))
  ]
}

const nothing = Buffer.from("null")
const [open, comma, close] = [0x5b, 0x2c, 0x5d]

const joined = (pieces: ReadonlyArray<Buffer>): Buffer => {
  let size = 2 + Math.max(0, pieces.length - 1)
  for (const piece of pieces) size += piece.length
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const piece of pieces) {
    out[at++] = at === 1 ? open : comma
    at += piece.copy(out, at)
  }
  if (pieces.length === 0) out[at++] = open
  out[at] = close
  return out
}
