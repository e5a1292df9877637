// Framing, schema evolution and the three ways in which bytes cannot be read.
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { avroCodec, avroType, schemaIdOf } from "./Avro.ts"
import { RegistryError, RegistryUnavailable } from "./Registry.ts"

const v1 = '{"type":"record","name":"T","fields":[{"name":"id","type":"string"}]}'
const v2 =
  '{"type":"record","name":"T","fields":[{"name":"id","type":"string"},{"name":"n","type":["null","int"],"default":null}]}'
const other = '{"type":"record","name":"T","fields":[{"name":"id","type":"int"}]}'

interface T {
  readonly id: string
  readonly n?: number | null
}

const away = new RegistryError({ operation: "byId", reason: new RegistryUnavailable({ cause: new Error("away") }) })

/** A registry over a map that counts its calls and can be away. */
const source = (schemas: Readonly<Record<number, string>>) => {
  const calls: Array<number> = []
  let up = true
  return {
    calls,
    up: (value: boolean) => {
      up = value
    },
    byId: (id: number) =>
      Effect.suspend(() => {
        calls.push(id)
        const schema = schemas[id]
        return up && schema !== undefined ? Effect.succeed(schema) : Effect.fail(away)
      })
  }
}

const written = (id: number, schema: string, value: unknown): Buffer => {
  const head = Buffer.alloc(5)
  head.writeInt32BE(id, 1)
  return Buffer.concat([head, avroType(schema).toBuffer(value)])
}

const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(effect)
const failure = <A, E>(effect: Effect.Effect<A, E>): Promise<E> => Effect.runPromise(Effect.flip(effect))

describe("avroCodec", () => {
  it("reads back what it wrote, under its own id, without asking anybody", async () => {
    const from = source({})
    const codec = avroCodec<T>({ topic: "t", schema: v2, schemaId: 300, byId: from.byId })
    const bytes = codec.encode({ id: "a", n: 7 })
    expect(schemaIdOf(bytes)).toBe(300)
    expect(await run(codec.decodeAll([bytes]))).toEqual([{ id: "a", n: 7 }])
    expect(from.calls).toEqual([])
  })

  it("reads an old writer with the new schema and a new writer with the old one", async () => {
    const from = source({ 1: v1, 2: v2 })
    const reader2 = avroCodec<T>({ topic: "t", schema: v2, schemaId: 2, byId: from.byId })
    const reader1 = avroCodec<T>({ topic: "t", schema: v1, schemaId: 1, byId: from.byId })
    expect(await run(reader2.decodeAll([written(1, v1, { id: "a" })]))).toEqual([{ id: "a", n: null }])
    expect(await run(reader1.decodeAll([written(2, v2, { id: "b", n: 3 })]))).toEqual([{ id: "b" }])
  })

  it("asks once per writer schema, however many records it wrote", async () => {
    const from = source({ 1: v1 })
    const codec = avroCodec<T>({ topic: "t", schema: v2, schemaId: 2, byId: from.byId })
    const values = Array.from({ length: 100 }, (_, i) => written(1, v1, { id: String(i) }))
    await run(codec.decodeAll(values))
    await run(codec.decodeAll(values))
    expect(from.calls).toEqual([1])
  })

  it("calls an unknown id transient and reads it as soon as the registry answers", async () => {
    const from = source({ 1: v1 })
    const codec = avroCodec<T>({ topic: "t", schema: v2, schemaId: 2, byId: from.byId })
    from.up(false)
    const error = await failure(codec.decodeAll([written(1, v1, { id: "a" })]))
    expect([error.reason._tag, error.transient]).toEqual(["WriterUnknown", true])
    from.up(true)
    expect(await run(codec.decodeAll([written(1, v1, { id: "a" })]))).toEqual([{ id: "a", n: null }])
  })

  it("calls a writer schema that cannot be resolved poison, and does not keep the failure", async () => {
    const from = source({ 9: other })
    const codec = avroCodec<T>({ topic: "t", schema: v1, schemaId: 1, byId: from.byId })
    for (let times = 1; times <= 2; times++) {
      const error = await failure(codec.prepare([written(9, other, { id: 1 })]))
      expect([error.reason._tag, error.transient]).toEqual(["Unresolvable", false])
      expect(from.calls.length).toBe(times)
    }
  })

  it("calls bytes without a frame and bytes that do not fit undecodable, one by one", async () => {
    const codec = avroCodec<T>({ topic: "t", schema: v1, schemaId: 1, byId: source({}).byId })
    const good = codec.encode({ id: "a" })
    const bad = [Buffer.from("{}"), Buffer.alloc(0), good.subarray(0, 6), Buffer.concat([good, good])]
    expect(await run(Effect.exit(codec.prepare([good, ...bad])))).toEqual(Exit.void)
    for (const bytes of bad) {
      const error = await failure(codec.decodeAll([bytes]))
      expect([error.reason._tag, error.transient]).toEqual(["Undecodable", false])
    }
    expect(codec.decode(good)).toEqual({ id: "a" })
  })

  it("refuses to write a value that does not fit", () => {
    const codec = avroCodec<{ readonly id: number }>({ topic: "t", schema: v1, schemaId: 1, byId: source({}).byId })
    expect(() => codec.encode({ id: 1 })).toThrow()
  })
})
