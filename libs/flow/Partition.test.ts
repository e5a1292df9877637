import { assert, describe, it } from "vitest"
import { murmur2, partitionOf } from "./Partition.ts"

describe("Partition", () => {
  it("hashes as the Java client does", () => {
    // Source: Apache Kafka, UtilsTest.testMurmur2.
    const known: ReadonlyArray<readonly [string, number]> = [
      ["21", -973932308],
      ["foobar", -790332482],
      ["a-little-bit-long-string", -985981536],
      ["a-little-bit-longer-string", -1486304829],
      ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
      ["abc", 479470107]
    ]
    for (const [text, hash] of known) assert.strictEqual(murmur2(Buffer.from(text)), hash, text)
  })

  it("spreads tenants over all partitions and never leaves the range", () => {
    const seen = new Set<number>()
    for (let i = 0; i < 1000; i++) {
      const p = partitionOf(`tenant-${i}`, 6)
      assert.isTrue(p >= 0 && p < 6)
      seen.add(p)
    }
    assert.strictEqual(seen.size, 6)
  })
})
