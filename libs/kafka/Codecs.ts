// Zstandard for KafkaJS, which has no codec of its own. For Client.ts only.
// What does not belong here: Avro (Avro.ts), blobs.
import { promisify } from "node:util"
import zlib from "node:zlib"
import kafkajs from "kafkajs"

const compress = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)

/** Level 1: the rest costs more CPU than it saves. Small chunks make many small allocations, large ones waste memory. */
const compressing = { chunkSize: 256 * 1024, params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }
/** A batch that inflates beyond 64 MiB is not ours. */
const decompressing = { chunkSize: 1024 * 1024, maxOutputLength: 64 * 1024 * 1024 }

/** Call before any client is made: without the codec one zstd batch stops a KafkaJS consumer for good. */
export const installCodecs = (): void => {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { readonly buffer: Buffer }) => compress(encoder.buffer, compressing),
    decompress: (buffer: Buffer) => decompress(buffer, decompressing)
  })
}
