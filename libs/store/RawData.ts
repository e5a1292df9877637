// `job_extracted_data.raw_data`: a batch's rows as one JSON array, packed with Zstandard. For everyone who writes or reads it.
// What does not belong here: what is in the rows, how the array is cut (libs/http/Rows.ts).
import { promisify } from "node:util"
import zlib from "node:zlib"
import { Effect, Schema } from "effect"

/** The archive's bytes are no frame and no JSON array: damaged, or written by somebody else. We act: look at the row. */
export class RawDataError extends Schema.TaggedError<RawDataError>()("RawDataError", { cause: Schema.Defect() }) {}

const compress = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)

const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel } = zlib.constants
/** Level 1: the rest costs more CPU than it saves. */
const params = { [ZSTD_c_compressionLevel]: 1, [ZSTD_c_checksumFlag]: 1 }
/** More than any batch: rows over 256 kB are pointers. */
const maxOutputLength = 256 * 1024 * 1024
const mib = 1024 * 1024

/** `[row,row,...]` as it is stored. */
export const packed = (json: Buffer) =>
  Effect.promise(() => compress(json, { chunkSize: Math.max(4096, json.length >> 3), params }))

/** Zstandard, RFC 8878: a frame begins so. JSON does not. */
const magic = 0xfd2fb528

/** `[row,row,...]` as it was given; rows from before packing are plain JSON. */
export const unpacked = (stored: Uint8Array): Effect.Effect<Buffer, RawDataError> => {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== magic) return Effect.succeed(bytes)
  return Effect.tryPromise({
    try: () => decompress(bytes, { chunkSize: 2 * mib, maxOutputLength }),
    catch: (cause) => new RawDataError({ cause })
  })
}
