// Zstandard as KafkaJS calls it: everything comes back, and a frame that inflates without end does not.
import { zstdCompressSync } from "node:zlib"
import fc from "fast-check"
import kafkajs from "kafkajs"
import { beforeAll, describe, expect, it } from "vitest"
import { installCodecs } from "./Codecs.ts"

interface Codec {
  readonly compress: (encoder: { readonly buffer: Buffer }) => Promise<Buffer>
  readonly decompress: (frame: Buffer) => Promise<Buffer>
}
let codec: Codec

beforeAll(() => {
  installCodecs()
  codec = Reflect.get(kafkajs.CompressionCodecs, kafkajs.CompressionTypes.ZSTD)()
})

describe("zstd", () => {
  it("gives back what it took, however well it packs", () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.nat(2000), async (bytes, times) => {
        const whole = Buffer.concat(Array.from({ length: times }, () => bytes))
        expect((await codec.decompress(await codec.compress({ buffer: whole }))).equals(whole)).toBe(true)
      }),
      { numRuns: 60 }
    ))

  it("refuses a frame that inflates beyond all batches", async () => {
    const bomb = zstdCompressSync(Buffer.alloc(65 * 1024 * 1024))
    await expect(codec.decompress(bomb)).rejects.toMatchObject({ code: "ERR_BUFFER_TOO_LARGE" })
  })
})
