// What a topic says, counted by ourselves: ids and hashes per batch, whatever the writers claim. Pure.
// For Tally.ts and the archive's count. What does not belong here: comparing (audit/Compare.ts).
import type { Normalised } from "@bridge/connectors/Connector"
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"

/** One row of `tallies`: three arrays by position. Notes are versions (raw) or outcomes (loaded). */
export interface Tally {
  readonly entity: string
  readonly batchKey: string
  readonly ids: ReadonlyArray<string>
  readonly hashes: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
}

/** A raw record as far as it is counted; `body` are the vendor's bytes, null when they lie in the blob store. */
export interface RawLine {
  readonly stream: string
  readonly batch: number
  readonly epoch: number
  readonly sourceId: string
  readonly version: string
  readonly contentHash: string
  readonly body: Buffer | null
}

/** Key of a manifest batch; the epoch keeps an abandoned batch apart from its number used again. */
export const rawBatchKey = (line: Pick<RawLine, "stream" | "batch" | "epoch">): string =>
  `${line.stream}/${line.batch}/${line.epoch}`

/** The records that a row yields besides its own: members of a group. */
export type Derive = (body: Buffer) => ReadonlyArray<Pick<Normalised, "entity" | "sourceId">>

class Columns {
  readonly ids: Array<string> = []
  readonly hashes: Array<string> = []
  readonly notes: Array<string> = []

  add(id: string, hash: string, note: string): void {
    this.ids.push(id)
    this.hashes.push(hash)
    this.notes.push(note)
  }
}

/** Tallies by entity and batch, in the order of first appearance. */
class Sheet {
  readonly #columns = new Map<
    string,
    { readonly entity: string; readonly batchKey: string; readonly columns: Columns }
  >()

  of(entity: string, batchKey: string): Columns {
    const key = `${entity}\n${batchKey}`
    const known = this.#columns.get(key)
    if (known !== undefined) return known.columns
    const columns = new Columns()
    this.#columns.set(key, { entity, batchKey, columns })
    return columns
  }

  get tallies(): ReadonlyArray<Tally> {
    return [...this.#columns.values()].map(({ batchKey, columns, entity }) => ({ entity, batchKey, ...columns }))
  }
}

/** The hash of each row's bytes is computed here; the one that the extractor wrote stands only for bodies elsewhere. */
export const countRaw = (
  entity: EntityId,
  lines: ReadonlyArray<RawLine>,
  derive: Derive | null
): ReadonlyArray<Tally> => {
  const sheet = new Sheet()
  for (const line of lines) {
    const hash = line.body === null ? line.contentHash : sha256(line.body)
    const key = rawBatchKey(line)
    sheet.of(entity, key).add(line.sourceId, hash, line.version)
    if (derive === null || line.body === null) continue
    for (const one of derive(line.body))
      if (one.entity !== entity) sheet.of(one.entity, key).add(one.sourceId, hash, line.version)
  }
  return sheet.tallies
}

export interface ApprovedLine {
  readonly batch: number
  readonly source_id: string
  readonly hash: string
  readonly parts: ReadonlyArray<{ readonly entity: string; readonly source_id: string; readonly hash: string }>
}

export const countApproved = (entity: string, lines: ReadonlyArray<ApprovedLine>): ReadonlyArray<Tally> => {
  const sheet = new Sheet()
  for (const line of lines) {
    const key = String(line.batch)
    sheet.of(entity, key).add(line.source_id, line.hash, "")
    for (const part of line.parts) sheet.of(part.entity, key).add(part.source_id, part.hash, "")
  }
  return sheet.tallies
}

export interface LoadedLine {
  readonly batch: number
  readonly source_id: string
  readonly outcome: string
  readonly hash: string | null
  readonly parts: ReadonlyArray<{
    readonly entity: string
    readonly source_id: string
    readonly outcome: string
    readonly hash: string | null
  }>
}

export const countLoaded = (entity: string, lines: ReadonlyArray<LoadedLine>): ReadonlyArray<Tally> => {
  const sheet = new Sheet()
  for (const line of lines) {
    const key = String(line.batch)
    sheet.of(entity, key).add(line.source_id, line.hash ?? "", line.outcome)
    for (const part of line.parts) sheet.of(part.entity, key).add(part.source_id, part.hash ?? "", part.outcome)
  }
  return sheet.tallies
}
