// The registry's promises on the real one: compatibility from the first version on, stable ids, words for each refusal.
import { randomUUID } from "node:crypto"
import { testStack } from "@bridge/infra/TestStack"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Registry } from "./Registry.ts"
import { canonical, registerSchemas, Schemas, subjectOf } from "./Schemas.ts"

let stack: Awaited<ReturnType<typeof testStack>>
beforeAll(async () => {
  stack = await testStack()
})
afterAll(() => stack.stop())

const run = <A, E>(effect: Effect.Effect<A, E, Registry | Schemas>): Promise<A> =>
  Effect.runPromise(
    effect.pipe(Effect.provide(Schemas.layer.pipe(Layer.provideMerge(Registry.layerWith(stack.registryUrl)))))
  )

const record = (fields: ReadonlyArray<unknown>) =>
  canonical(JSON.stringify({ type: "record", name: "T", namespace: "bridge.t.v1", fields }))
const id = { name: "id", type: "string" }
const optional = { name: "n", type: ["null", "int"], default: null }
const unique = (what: string) => `${what}-${randomUUID()}`

describe("Registry", () => {
  it("gives the same schema the same id, and the id's schema back", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* Registry
        const subject = unique("same")
        const first = yield* registry.register(subject, record([id]))
        expect(yield* registry.register(subject, record([id]))).toBe(first)
        expect(yield* registry.idOf(subject, record([id]))).toBe(first)
        expect(JSON.parse(yield* registry.byId(first))).toEqual(JSON.parse(record([id])))
      })
    ))

  it("takes a field with a default and refuses one without, against all versions", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* Registry
        const subject = unique("compatible")
        yield* registry.register(subject, record([id]))
        yield* registry.register(subject, record([id, optional]))
        const error = yield* Effect.flip(registry.register(subject, record([id, { name: "m", type: "int" }])))
        expect([error.reason._tag, error.transient]).toEqual(["SchemaRefused", false])
      })
    ))

  it("refuses what is no Avro", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* Registry
        const error = yield* Effect.flip(registry.register(unique("no-avro"), '{"type":"nothing"}'))
        expect(error.reason._tag).toBe("SchemaRefused")
      })
    ))

  it("says what is missing: an id, a subject", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* Registry
        expect((yield* Effect.flip(registry.byId(2_000_000_000))).reason._tag).toBe("SchemaMissing")
        expect((yield* Effect.flip(registry.idOf(unique("none"), record([id])))).reason._tag).toBe("SchemaMissing")
      })
    ))

  it("calls a registry that is away transient", async () => {
    const away = Registry.use((registry) => Effect.flip(registry.ping)).pipe(
      Effect.provide(Registry.layerWith("http://127.0.0.1:9/apis/ccompat/v7"))
    )
    expect((await Effect.runPromise(away)).transient).toBe(true)
  })
})

describe("Schemas", () => {
  it("registers every topic's schema under `<topic>-value` and gives codecs for them", () =>
    run(
      Effect.gen(function* () {
        const topics = [
          { name: unique("bridge.commands"), schema: "command" },
          { name: unique("bridge.raw.ticket"), schema: "raw" },
          { name: unique("bridge.dead-letters"), schema: null }
        ]
        const done = yield* registerSchemas(topics)
        expect(done.map(({ subject }) => subject)).toEqual(topics.slice(0, 2).map(({ name }) => subjectOf(name)))
        const codec = yield* (yield* Schemas).codecFor<{ readonly id: string }>(topics[0] ?? { name: "", schema: null })
        expect(codec.schemaId).toBe(done[0]?.schemaId)
        const command = { id: "1", type: "extract", tenant_id: "t", job_id: "j", key: "tickets", slice: 3, at: 1 }
        expect(yield* codec.decodeAll([codec.encode(command)])).toEqual([command])
        expect(yield* (yield* Schemas).codecFor(topics[0] ?? { name: "", schema: null })).toBe(codec)
        expect(yield* registerSchemas(topics)).toEqual(done)
      })
    ))

  it("never registers at run time: without the deploy step a topic has no codec", () =>
    run(
      Effect.gen(function* () {
        const schemas = yield* Schemas
        const error = yield* Effect.flip(schemas.codecFor({ name: unique("bridge.forgotten"), schema: "command" }))
        expect(error.reason._tag).toBe("SchemaMissing")
      })
    ))
})
