// Files that were written with a ticket, side by side with those its comments have at the destination. Pure; bytes are hashed
// by whoever reads them. For Pairs.ts.
import type { FileThere } from "@bridge/connectors/Connector"
import type { AssembledFile } from "@bridge/domain/Assemble"

/** A file of the source and the one at the destination that stands for it; null where there is none. */
export interface FilePair {
  readonly approved: AssembledFile
  readonly there: FileThere | null
}

export interface FilePairs {
  readonly pairs: ReadonlyArray<FilePair>
  /** Files beyond those that were written. */
  readonly extra: number
}

/**
 * Paired within their comment: by name and size, then by size, then by name, each once. A destination may shorten or clean
 * a name; the bytes are what counts.
 */
export const pairFiles = (
  approved: ReadonlyArray<AssembledFile>,
  comments: ReadonlyArray<ReadonlyArray<FileThere>>
): FilePairs => {
  const left = comments.map((files) => [...files])
  const found = new Map<AssembledFile, FileThere>()
  const likeness: ReadonlyArray<(a: AssembledFile, b: FileThere) => boolean> = [
    (a, b) => a.name === b.name && a.size === b.size,
    (a, b) => a.size === b.size,
    (a, b) => a.name === b.name
  ]
  for (const like of likeness)
    for (const file of approved) {
      if (found.has(file)) continue
      const there = left[file.comment] ?? []
      const at = there.findIndex((one) => like(file, one))
      const [one] = at < 0 ? [] : there.splice(at, 1)
      if (one !== undefined) found.set(file, one)
    }
  return {
    pairs: approved.map((file) => ({ approved: file, there: found.get(file) ?? null })),
    extra: left.reduce((n, files) => n + files.length, 0)
  }
}
