// Where files that were sent are put: one temporary file without a name, so that nothing is left when the process ends.

import { createHash, randomUUID } from "node:crypto"
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SentFile } from "./Reply.ts"

export type Spool = {
  /** Takes pieces as they come; `done` says what they were. */
  readonly begin: () => { readonly add: (piece: Buffer) => void; readonly done: () => SentFile }
  readonly close: () => void
}

type Extent = { readonly at: number; readonly size: number }

const piece = 65_536

export const makeSpool = (): Spool => {
  let opened: number | null = null
  let end = 0
  const file = (): number => {
    if (opened !== null) return opened
    const path = join(tmpdir(), `sandbox-${randomUUID()}`)
    const made = openSync(path, "wx+", 0o600)
    unlinkSync(path)
    opened = made
    return made
  }
  const read = function* (extents: ReadonlyArray<Extent>, from: number, to: number): Iterable<Buffer> {
    let before = 0
    for (const { at, size } of extents) {
      const first = Math.max(0, from - before)
      const last = Math.min(size, to - before)
      for (let position = first; position < last; position += piece) {
        const bytes = Buffer.allocUnsafe(Math.min(piece, last - position))
        readSync(file(), bytes, 0, bytes.length, at + position)
        yield bytes
      }
      before += size
    }
  }
  return {
    begin: () => {
      const extents: Array<Extent> = []
      const hash = createHash("sha256")
      let size = 0
      return {
        add: (bytes) => {
          hash.update(bytes)
          for (let written = 0; written < bytes.length; )
            written += writeSync(file(), bytes, written, bytes.length - written, end + written)
          const last = extents.at(-1)
          if (last !== undefined && last.at + last.size === end)
            extents[extents.length - 1] = { at: last.at, size: last.size + bytes.length }
          else if (bytes.length > 0) extents.push({ at: end, size: bytes.length })
          end += bytes.length
          size += bytes.length
        },
        done: () => ({
          bytes: { size, read: (from, to) => read(extents, from, Math.min(to, size)) },
          sha256: hash.digest("hex")
        })
      }
    },
    close: () => {
      if (opened !== null) closeSync(opened)
      opened = null
    }
  }
}
