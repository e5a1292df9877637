// A body that is handed on as it comes: decompressed, counted, never held. For Wire.ts and Download.ts.
import type { Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"

export interface Sink {
  /** The most that is taken, after decompression. */
  readonly maxBytes: number
  /** The next piece; the sender waits for it. Called for answers of 2xx only. */
  readonly write: (chunk: Buffer) => Promise<void>
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: number
}

/** More than the most that is taken. */
export class TooLarge extends Error {}

interface Opened extends Omit<Received, "bytes"> {
  readonly body: Readable & { dump(): Promise<void> }
}

const unpack: Readonly<Record<string, () => NodeJS.ReadWriteStream & AsyncIterable<Buffer>>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate
}

/** Reads the body to its end into the sink; of an answer that is no success nothing is handed on. */
export const bodyOf = async ({ body, headers, status }: Opened, { maxBytes, write }: Sink): Promise<Received> => {
  if (status < 200 || status >= 300) {
    await body.dump()
    return { status, headers, bytes: 0 }
  }
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? ""
  const how = Object.hasOwn(unpack, encoding) ? unpack[encoding] : undefined
  let source: AsyncIterable<Buffer> = body
  if (how !== undefined) {
    const plain = how()
    body.on("error", (error) => plain.emit("error", error))
    source = body.pipe(plain)
  }
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      body.destroy()
      throw new TooLarge(`it is larger than ${maxBytes} bytes`)
    }
    await write(chunk)
  }
  return { status, headers, bytes }
}
