// stdout as NDJSON: one object a line, a vendor's row byte for byte inside it, at the pace of who reads. For the connector
// commands; words for people go to stderr.

import type { Json } from "@bridge/http/Call"
import { Context, Effect, Layer } from "effect"

/** What takes the lines; a test gives its own. */
export class Lines extends Context.Service<
  Lines,
  {
    readonly write: (line: Buffer) => Effect.Effect<void>
    /** For people. */
    readonly say: (words: string) => Effect.Effect<void>
  }
>()("bridge/cli/Lines") {
  static readonly layer = Layer.succeed(
    Lines,
    Lines.of({
      write: (line) => toStream(process.stdout, line),
      say: (words) => toStream(process.stderr, Buffer.from(`${words}\n`))
    })
  )
}

/** Waits while the reader is slow. A reader that has gone away (`| head`) ends us quietly, as it does other tools. */
const toStream = (stream: NodeJS.WriteStream, bytes: Buffer): Effect.Effect<void> =>
  Effect.callback((resume) => {
    stream.write(bytes, (error) => resume(error === null || error === undefined ? Effect.void : Effect.interrupt))
  })

export const line = (value: { readonly [key: string]: Json }): Buffer => Buffer.from(`${JSON.stringify(value)}\n`)

/** A record line: the row's bytes stay as they are, but for line breaks, which JSON has only outside strings. */
export const recordLine = (
  stream: string,
  id: string,
  row: Buffer,
  normalized: ReadonlyArray<{ readonly [key: string]: Json }> | null
): Buffer => {
  const head = Buffer.from(`{"type":"record","stream":${JSON.stringify(stream)},"id":${JSON.stringify(id)},"data":`)
  const tail = Buffer.from(`${normalized === null ? "" : `,"normalized":${JSON.stringify(normalized)}`}}\n`)
  return Buffer.concat([head, onOneLine(row), tail])
}

const onOneLine = (row: Buffer): Buffer => {
  if (!row.includes(0x0a) && !row.includes(0x0d)) return row
  return Buffer.from(row.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)))
}
