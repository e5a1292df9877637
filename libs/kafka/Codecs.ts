// Zstandard for KafkaJS, which has no codec of its own. For Client.ts only.
// What does not belong here: Avro (Avro.ts), blobs.
import { promisify } from "node:util"
import zlib from "node:zlib"
import kafkajs from "kafkajs"

const compress = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)

/** Level 1: the rest costs more CPU than it saves. */
const params = { [zlib.constants.ZSTD_c_compressionLevel]: 1 }
/** A batch that inflates beyond 64 MiB is not ours. */
const maxOutputLength = 64 * 1024 * 1024
/** What a full batch of ours holds, headers included. */
const fullBatch = 1.25 * 1024 * 1024

/**
 * Room for the result in one piece, as a rule: every further one costs a copy, and V8 marks its whole heap for each 64 MB of
 * buffers. Node does not write a frame's size, so it is guessed.
 */
const compressedRoom = (bytes: number): number => Math.max(1024, Math.ceil(bytes / 8))
const inflatedRoom = (bytes: number): number => Math.max(1024, Math.min(bytes * 32, Math.max(fullBatch, bytes * 6)))

/** Call before any client is made: without the codec one zstd batch stops a KafkaJS consumer for good. */
export const installCodecs = (): void => {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) =>
      compress(buffer, { chunkSize: compressedRoom(buffer.length), params }),
    decompress: (buffer: Buffer) => decompress(buffer, { chunkSize: inflatedRoom(buffer.length), maxOutputLength })
  })
}
