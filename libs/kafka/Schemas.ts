// The schemas in avro/ and the topics they belong to: the deploy step registers them, everybody else looks them up.
// What does not belong here: which topic has which file (libs/flow/Flow.ts says), HTTP (Registry.ts).
import { readFileSync } from "node:fs"
import { Context, Effect, Layer } from "effect"
import { avroCodec, type Codec } from "./Avro.ts"
import { Registry, type RegistryError } from "./Registry.ts"

/** A topic and the file in avro/ (without `.avsc`) that its values have; null: bytes as they were. */
export interface SchemaTopic {
  readonly name: string
  readonly schema: string | null
}

export interface Registered {
  readonly subject: string
  readonly schemaId: number
}

/** Subject of a topic's values. One record type per topic. */
export const subjectOf = (topic: string): string => `${topic}-value`

/** Codecs of topics, each made once per process. Never registers anything. */
export class Schemas extends Context.Service<
  Schemas,
  {
    /** Fails with SchemaMissing when the deploy step has not run for this topic and schema. */
    readonly codecFor: <A>(topic: SchemaTopic) => Effect.Effect<Codec<A>, RegistryError>
  }
>()("bridge/kafka/Schemas") {
  static readonly layer: Layer.Layer<Schemas, never, Registry> = Layer.effect(Schemas, make())
}

function make() {
  return Effect.map(Registry, (registry) => {
    const codecs = new Map<string, Codec<unknown>>()
    return Schemas.of({
      codecFor: <A>(topic: SchemaTopic) =>
        Effect.gen(function* () {
          if (topic.schema === null) return yield* Effect.die(new Error(`${topic.name} has no schema`))
          const place = `${topic.name} ${topic.schema}`
          const known = codecs.get(place)
          if (known !== undefined) return known as Codec<A>
          const schema = schemaText(topic.schema)
          const schemaId = yield* registry.idOf(subjectOf(topic.name), schema)
          const codec = avroCodec<A>({ topic: topic.name, schema, schemaId, byId: registry.byId })
          codecs.set(place, codec as Codec<unknown>)
          return codec
        })
    })
  })
}

/** The deploy step: every topic's schema under its subject, FULL_TRANSITIVE. Stops at the first that is refused. */
export const registerSchemas = (
  topics: ReadonlyArray<SchemaTopic>
): Effect.Effect<ReadonlyArray<Registered>, RegistryError, Registry> =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const out: Array<Registered> = []
    for (const { name, schema } of topics) {
      if (schema === null) continue
      const subject = subjectOf(name)
      out.push({ subject, schemaId: yield* registry.register(subject, schemaText(schema)) })
    }
    return out
  })

const folder = new URL("../../avro/", import.meta.url)
const texts = new Map<string, string>()

/** The canonical text of `avro/<file>.avsc`: the same schema, however it is laid out, is the same text. */
export const schemaText = (file: string): string => {
  const known = texts.get(file)
  if (known !== undefined) return known
  const text = canonical(readFileSync(new URL(`${file}.avsc`, folder), "utf8"))
  texts.set(file, text)
  return text
}

/** In the order of the Avro specification; what is not named here comes after, by name. */
const order = ["name", "namespace", "type", "logicalType", "doc", "aliases", "symbols", "items", "values", "size"]
const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : key === "fields" ? 99 : 50)

/** One layout for equal schemas: the registry gives the same schema in another layout a new id. */
export const canonical = (schema: string): string => JSON.stringify(JSON.parse(schema), sorted)

const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)))
    : value
