// The record path of the KafkaJS patch: the same bytes out, the same records in, as the originals beside it.
import { createRequire } from "node:module"
import fc from "fast-check"
import kafkajs from "kafkajs"
import { beforeAll, describe, expect, it, vi } from "vitest"
import { installCodecs } from "./Codecs.ts"

const require = createRequire(import.meta.url)
const load = <A>(path: string): A => require(`kafkajs/src/protocol/${path}`)

interface Encoded {
  readonly buffer: Buffer
}
type Request = (request: object) => { readonly encode: () => Promise<Encoded> }
interface BatchRecord {
  readonly headers: Readonly<Record<string, unknown>>
  readonly header: (name: string) => Buffer | undefined
}
type DecodeBatch = (decoder: object) => Promise<{ readonly records: ReadonlyArray<BatchRecord> }>

const produce = load<Request>("requests/produce/v3/request.js")
const produceStock = load<Request>("requests/produce/v3/request.js.orig.js")
const decode = load<DecodeBatch>("recordBatch/v0/decoder.js")
const decodeStock = load<DecodeBatch>("recordBatch/v0/decoder.js.orig.js")
const crc = load<(buffer: Buffer) => number>("recordBatch/crc32C/crc32C.js")
const crcStock = load<(buffer: Buffer) => number>("recordBatch/crc32C/crc32C.js.orig.js")
const Decoder = load<new (buffer: Buffer) => object>("decoder.js")

beforeAll(() => {
  installCodecs()
  vi.spyOn(Date, "now").mockReturnValue(1_790_000_000_123)
})

const text = fc.oneof(
  fc.string({ unit: "binary" }).map((s) => s.toWellFormed()),
  fc.string({ maxLength: 300 })
)
const bytes = fc.uint8Array({ maxLength: 300 }).map((list) => Buffer.from(list))
const value = fc.oneof(text, bytes)
/** The original reads a name that every object inherits as one that came twice. */
const name = text.filter((word) => !(word in Object.prototype))
const headers = fc.dictionary(name, value, { noNullPrototype: true })
const usual = fc.record(
  { key: fc.option(value), value: fc.option(value), headers },
  { requiredKeys: ["value"], noNullPrototype: true }
)
/** Records of one batch, as ours are: most headers are the same ones, in the same order, and are copied from the record before. */
const few = [
  ["ce_type", "bridge.raw.ticket"],
  ["ce_type", "größer"],
  ["bridge_tenant", "acme"],
  ["größe", Buffer.from([1, 2, 3])],
  ["größe", Buffer.from([1, 2, 3])],
  ["", ""],
  ["long", "x".repeat(63)],
  ["long", `${"x".repeat(63)}ä`]
] as const
const alike = fc.record(
  { key: fc.option(value), value: fc.option(value), headers: fc.subarray([...few]).map(Object.fromEntries) },
  { requiredKeys: ["value"], noNullPrototype: true }
)
/** What the fast path leaves to the original: times of its own, headers that come twice. */
const unusual = fc.record(
  {
    key: fc.option(value),
    value: fc.option(value),
    headers: fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })), {
      noNullPrototype: true
    }),
    timestamp: fc.integer({ min: 1, max: 4_000_000_000_000 }).map(String)
  },
  { requiredKeys: ["value"], noNullPrototype: true }
)

const requests = (message: fc.Arbitrary<object>) =>
  fc.record({
    acks: fc.constant(-1),
    timeout: fc.nat(),
    transactionalId: fc.option(fc.constant("tx")),
    producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }).map(String),
    producerEpoch: fc.nat(32767),
    compression: fc.constantFrom(0, 1, 4),
    topicData: fc.array(
      fc.record({
        topic: fc.string({ minLength: 1 }),
        partitions: fc.array(
          fc.record({
            partition: fc.nat(),
            firstSequence: fc.nat(),
            messages: fc.array(message, { minLength: 1, maxLength: 20 })
          }),
          { maxLength: 3 }
        )
      }),
      { maxLength: 3 }
    )
  })

describe("produce", () => {
  it.each([
    ["usual", usual],
    ["alike", alike],
    ["unusual", fc.oneof(usual, unusual)]
  ])("writes the very bytes of the original for %s messages", async (_, message) => {
    await fc.assert(
      fc.asyncProperty(requests(message), async (request) => {
        const [ours, theirs] = [await produce(request).encode(), await produceStock(request).encode()]
        expect(ours.buffer.equals(theirs.buffer)).toBe(true)
      }),
      { numRuns: 200 }
    )
  })

  it("writes many records, long ones too, as the original does", async () => {
    const messages = Array.from({ length: 20_000 }, (_, i) => ({
      key: `k${i}`,
      value: "x".repeat(i % 70),
      headers: { a: "b" }
    }))
    messages.push({ key: "long", value: "y".repeat(300_000), headers: { a: "b" } })
    const request = {
      acks: -1,
      timeout: 1,
      producerId: "7",
      compression: 0,
      topicData: [{ topic: "t", partitions: [{ partition: 0, messages }] }]
    }
    const [ours, theirs] = [await produce(request).encode(), await produceStock(request).encode()]
    expect(ours.buffer.equals(theirs.buffer)).toBe(true)
  })
})

describe("records encoded ahead of their turn", () => {
  type Prepare = (compression: number, messages: ReadonlyArray<object>) => Promise<void>
  const prepare: Prepare = Reflect.get(globalThis, Symbol.for("bridge/kafkajs/prepare"))
  const requestOf = (messages: ReadonlyArray<object>, compression: number, firstSequence: number) => ({
    acks: -1,
    timeout: 1,
    producerId: "7",
    compression,
    topicData: [{ topic: "t", partitions: [{ partition: 0, firstSequence, messages }] }]
  })
  const isStock = async (request: object): Promise<boolean> => {
    const ours = (await produce(request).encode()).buffer
    return ours.equals((await produceStock(request).encode()).buffer)
  }

  it("are the same bytes under the numbers they are sent with, again and again", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(usual, unusual, alike), { maxLength: 20 }),
        fc.constantFrom(0, 1, 4),
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        async (messages, compression, sequences) => {
          await prepare(compression, messages)
          if (messages.length === 0) return
          for (const first of sequences) expect(await isStock(requestOf(messages, compression, first))).toBe(true)
        }
      ),
      { numRuns: 100 }
    ))

  it("are encoded once, ahead or in their turn, and anew when they are sent again", async () => {
    const compress = vi.fn(async ({ buffer }: { readonly buffer: Buffer }) => Buffer.from(buffer))
    const codecs: Record<number, unknown> = kafkajs.CompressionCodecs
    const before = codecs[2]
    codecs[2] = () => ({ compress })
    try {
      const list = (key: string) => [{ key, value: Buffer.from(key) }]
      const [first, second] = [list("first"), list("second")]
      await prepare(2, first)
      await produce(requestOf(first, 2, 1)).encode()
      expect(compress).toHaveBeenCalledTimes(1)
      await produce(requestOf(first, 2, 1)).encode()
      expect(compress).toHaveBeenCalledTimes(2)
      const encoding = produce(requestOf(second, 2, 1)).encode()
      await prepare(2, second)
      await encoding
      expect(compress).toHaveBeenCalledTimes(3)
    } finally {
      codecs[2] = before
    }
  })

  it("are not taken for another list, another codec or a part of them", async () => {
    const messages = ["a", "b", "c"].map((key) => ({ key, value: Buffer.from(key) }))
    await prepare(0, messages)
    expect(await isStock(requestOf(messages.slice(0, 2), 0, 5))).toBe(true)
    expect(await isStock(requestOf([...messages.slice(0, 2), { key: "d", value: Buffer.from("d") }], 0, 5))).toBe(true)
    expect(await isStock(requestOf(messages.slice(1), 0, 5))).toBe(true)
    expect(await isStock(requestOf(messages, 4, 5))).toBe(true)
  })
})

describe("requests at the same time", () => {
  it("do not write into each other's room", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(requests(alike), { minLength: 2, maxLength: 8 }), async (list) => {
        const ours = await Promise.all(list.map((request) => produce(request).encode()))
        for (const [i, request] of list.entries())
          expect(ours[i]?.buffer.equals((await produceStock(request).encode()).buffer)).toBe(true)
      }),
      { numRuns: 50 }
    )
  })
})

describe("any request", () => {
  interface Encoder extends Encoded {
    readonly writeInt32: (n: number) => void
    readonly writeString: (text: string) => void
    readonly writeBuffer: (bytes: Buffer) => void
    readonly writeVarInt: (n: number) => void
  }
  type Make = new (size?: number) => Encoder
  const steps = fc.array(fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.string(), bytes), {
    maxLength: 40
  })
  const written = (Made: Make, size: number | undefined, list: ReadonlyArray<number | string | Buffer>): Encoder => {
    const encoder = new Made(size)
    for (const step of list)
      if (typeof step === "string") encoder.writeString(step)
      else if (typeof step === "number") encoder[step % 2 === 0 ? "writeInt32" : "writeVarInt"](step)
      else encoder.writeBuffer(step)
    return encoder
  }

  it("is written as the original writes it, however much room there was at first", () =>
    fc.assert(
      fc.property(steps, fc.option(fc.nat(2000), { nil: undefined }), (list, size) => {
        const [ours, theirs] = [load<Make>("encoder.js"), load<Make>("encoder.js.orig.js")]
        expect(written(ours, size, list).buffer.equals(written(theirs, size, list).buffer)).toBe(true)
      })
    ))

  it("has the original's head", async () => {
    type Whole = (one: object) => Promise<Encoded>
    const [ours, theirs] = [load<Whole>("request.js"), load<Whole>("request.js.orig.js")]
    const one = (encode: () => Promise<object>) => ({
      correlationId: 7,
      clientId: "c",
      request: { apiKey: 3, apiVersion: 11, encode }
    })
    const payload = async () => written(load<Make>("encoder.js"), 5, ["a", 1, Buffer.alloc(3000, 7)])
    const [a, b] = [await ours(one(payload)), await theirs(one(payload))]
    expect(a.buffer.equals(b.buffer)).toBe(true)
  })
})

describe("fetch", () => {
  /** The batch alone: behind the request's head, its topic's and its partition's. */
  const batchOf = async (messages: ReadonlyArray<object>, compression: number): Promise<Buffer> => {
    const topicData = [{ topic: "t", partitions: [{ partition: 0, messages }] }]
    const { buffer } = await produceStock({ acks: -1, timeout: 1, producerId: "7", compression, topicData }).encode()
    return buffer.subarray(2 + 2 + 4 + 4 + 2 + 1 + 4 + 4 + 4)
  }
  const shape = ({ records, ...batch }: Awaited<ReturnType<DecodeBatch>>) => ({
    batch,
    records: records.map((record) => ({ ...record, headers: record.headers }))
  })

  it("reads the records that the original reads, whatever the attributes and times", async () => {
    const batches = fc.record({
      messages: fc.array(fc.oneof(usual, unusual), { minLength: 1, maxLength: 20 }),
      compression: fc.constantFrom(0, 1, 4),
      flags: fc.constantFrom(0, 0x8, 0x10, 0x20, 0x38),
      offset: fc.oneof(fc.nat(), fc.bigInt({ min: 2n ** 52n - 9n, max: 2n ** 62n })).map(BigInt)
    })
    await fc.assert(
      fc.asyncProperty(batches, async ({ messages, compression, flags, offset }) => {
        const batch = Buffer.from(await batchOf(messages, compression))
        batch.writeBigInt64BE(offset, 0)
        batch.writeInt16BE(batch.readInt16BE(21) | flags, 21)
        const [ours, theirs] = [await decode(new Decoder(batch)), await decodeStock(new Decoder(batch))]
        expect(shape(ours)).toEqual(shape(theirs))
      }),
      { numRuns: 200 }
    )
  })

  it("reads a header by its name, whatever the name", async () => {
    const names = ["__proto__", "constructor", "toString", "a"]
    const own = Object.fromEntries(names.map((one) => [one, `${one}'s`]))
    const { records } = await decode(new Decoder(await batchOf([{ key: "k", value: "v", headers: own }], 0)))
    const read = Object.entries(records[0]?.headers ?? {}).map(([one, bytes]) => [one, String(bytes)])
    expect(read).toEqual(Object.entries(own))
  })

  it("finds one header as it finds all of them, the first where it came twice", async () => {
    const names = fc.constantFrom("a", "ab", "b", "toString", "bridge_run")
    const some = fc.dictionary(names, fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })), {
      noNullPrototype: true
    })
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 5 }), async (all) => {
        const batch = await batchOf(
          all.map((one) => ({ value: "v", headers: one })),
          0
        )
        const { records } = await decode(new Decoder(batch))
        for (const record of records)
          for (const wanted of ["a", "ab", "b", "bridge_run", "none"]) {
            const found = Object.hasOwn(record.headers, wanted) ? record.headers[wanted] : undefined
            expect(record.header(wanted)).toEqual(Array.isArray(found) ? found[0] : found)
          }
      })
    )
  })

  it("stops at a batch that is cut off, and refuses one that is broken", async () => {
    const batch = await batchOf([{ key: "k", value: "v", headers: { a: "b" } }], 0)
    for (let n = 61; n < batch.length; n++) {
      await expect(decode(new Decoder(batch.subarray(0, n)))).rejects.toMatchObject({
        name: "KafkaJSPartialMessageError"
      })
    }
    const broken = Buffer.from(batch)
    broken[61] = 0x7e
    await expect(decode(new Decoder(broken))).rejects.toThrow(RangeError)
  })
})

describe("crc32c", () => {
  it("is the original's", () => {
    fc.assert(
      fc.property(bytes, (buffer) => {
        expect(crc(buffer)).toBe(crcStock(buffer))
      })
    )
  })
})
