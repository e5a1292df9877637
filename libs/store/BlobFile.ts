// A blob as a file of sealed pieces, so that no size needs memory: `2 | file id | (length, sealed piece)...`. Each piece is bound
// to its file, its number and whether it is the last, so that none can be left out, moved or added. For Blobs.ts.
import { createHash, randomBytes, randomUUID } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Pieces } from "@bridge/vault/Vault"

const version = 2
const idBytes = 16
const headBytes = 1 + idBytes
/** Plain bytes in a piece. */
const pieceBytes = 1024 * 1024
/** A length above this is no length of ours. */
const mostSealed = pieceBytes + 1024

/** True for a file of pieces; others hold one sealed body. */
export const isPieces = (head: Uint8Array): boolean => head[0] === version

const place = (id: string, number: number, last: boolean): string => `blob/${id}/${number}/${last ? "last" : "more"}`

/** Takes bytes as they come and seals them piece by piece into a file beside its later place. */
export class BlobWriter {
  readonly #file: FileHandle
  readonly #path: string
  readonly #pieces: Pieces
  readonly #id = randomBytes(idBytes)
  readonly #hash = createHash("sha256")
  #waiting: Array<Uint8Array> = []
  #waitingBytes = 0
  #number = 0
  bytes = 0

  private constructor(file: FileHandle, path: string, pieces: Pieces) {
    this.#file = file
    this.#path = path
    this.#pieces = pieces
  }

  static async begin(folder: string, pieces: Pieces): Promise<BlobWriter> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, `${randomUUID()}.part`)
    const writer = new BlobWriter(await open(path, "wx", 0o600), path, pieces)
    await writer.#file.write(Buffer.concat([Buffer.of(version), writer.#id]))
    return writer
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    this.bytes += chunk.length
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes <= pieceBytes) return
    const all = Buffer.concat(this.#waiting)
    let at = 0
    for (; all.length - at > pieceBytes; at += pieceBytes) await this.#seal(all.subarray(at, at + pieceBytes), false)
    this.#waiting = [Buffer.from(all.subarray(at))]
    this.#waitingBytes = all.length - at
  }

  async #seal(plain: Uint8Array, last: boolean): Promise<void> {
    const sealed = this.#pieces.seal(place(this.#id.toString("hex"), this.#number++, last), plain)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(sealed.length)
    await this.#file.writev([length, sealed])
  }

  /** Flushed and under its name: from here on it counts. */
  async finish(folderOf: (hash: string) => string): Promise<string> {
    await this.#seal(Buffer.concat(this.#waiting), true)
    await this.#file.sync()
    await this.#file.close()
    const hash = this.#hash.digest("hex")
    const folder = folderOf(hash)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await rename(this.#path, join(folder, hash))
    return hash
  }

  /** Nothing of it stays. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined)
    await rm(this.#path, { force: true })
  }
}

/** The plain bytes of a file of pieces, piece by piece; throws `BrokenBlob` where they are not what was written. */
export async function* readPieces(path: string, pieces: Pieces): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: 256 * 1024 })[Symbol.asyncIterator]()
  let have: Buffer = Buffer.alloc(0)
  const take = async (length: number): Promise<Buffer | undefined> => {
    const parts = [have]
    let size = have.length
    while (size < length) {
      const next: IteratorResult<Buffer> = await source.next()
      if (next.done === true) break
      parts.push(next.value)
      size += next.value.length
    }
    have = parts.length === 1 ? have : Buffer.concat(parts)
    if (have.length < length) return undefined
    const out = have.subarray(0, length)
    have = have.subarray(length)
    return out
  }
  try {
    const head = await take(headBytes)
    if (head === undefined || !isPieces(head)) throw new BrokenBlob()
    const id = head.subarray(1).toString("hex")
    for (let number = 0; ; number++) {
      const length = (await take(4))?.readUInt32BE() ?? 0
      const sealed = length === 0 || length > mostSealed ? undefined : await take(length)
      if (sealed === undefined) throw new BrokenBlob()
      const more = pieces.open(place(id, number, false), sealed)
      if (more !== null) {
        yield more
        continue
      }
      const last = pieces.open(place(id, number, true), sealed)
      if (last === null || (await take(1)) !== undefined) throw new BrokenBlob()
      if (last.length > 0) yield last
      return
    }
  } finally {
    await source.return?.()
  }
}

/** The file is not what was written: cut, changed or of another tenant. */
export class BrokenBlob extends Error {}
