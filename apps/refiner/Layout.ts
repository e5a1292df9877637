// How a refined batch lies in the archive: arrays by position, the vendor's bytes untouched, large bodies as pointers. Pure.
// For the shells. What does not belong here: writing it (Archive.ts), the blob store itself.

import type { EntityId } from "@bridge/domain/Entities"
import { maxInlineBytes } from "@bridge/domain/Jobs"
import type { ArchiveRow } from "./Archive.ts"
import type { RawRow, RefinedBatch, RefinedRecord } from "./Batch.ts"

/** Where a body too large for a row lies. */
export const pointer = (hash: string, bytes: number): string => JSON.stringify({ $blob: hash, bytes })

/** True when the record's element goes to the blob store. */
export const isLarge = (record: RefinedRecord): boolean =>
  record.element !== null &&
  record.element.length * 3 > maxInlineBytes &&
  Buffer.byteLength(record.element) > maxInlineBytes

/** `[row,row,...]` with the bytes as they came; rows that are dead or missing are `null`. */
export const rawArray = (size: number, rows: ReadonlyArray<RawRow>, dead: ReadonlySet<number>): Buffer => {
  const pieces: Array<Buffer> = new Array<Buffer>(size).fill(nothing)
  for (const row of rows)
    if (!dead.has(row.position))
      pieces[row.position] = row.blob === null ? row.bytes : Buffer.from(pointer(row.blob, row.bytes.length))
  return joined(pieces)
}

/** `[element,element,...]` by position; `stored` replaces elements that lie elsewhere. */
export const elementArray = (
  size: number,
  records: ReadonlyArray<RefinedRecord>,
  stored: ReadonlyMap<RefinedRecord, string>
): string => {
  const length = records.reduce((most, record) => Math.max(most, record.position + 1), size)
  const texts = new Array<string>(length).fill("null")
  for (const record of records) texts[record.position] = stored.get(record) ?? record.element ?? "null"
  return `[${texts.join(",")}]`
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
const comma = Buffer.from(",")

const joined = (pieces: ReadonlyArray<Buffer>): Buffer => {
  const parts: Array<Buffer> = [Buffer.from("[")]
  pieces.forEach((piece, i) => {
    if (i > 0) parts.push(comma)
    parts.push(piece)
  })
  parts.push(Buffer.from("]"))
  return Buffer.concat(parts)
}
