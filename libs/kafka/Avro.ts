// Values of topics as Avro with Confluent framing: 0x00, schema id (4 bytes), body. For producers and stages.
// What does not belong here: where schemas come from (Registry.ts), the raw envelope by hand (Envelope.ts).
import avro, { type Type } from "avsc"
import { Effect, Schema } from "effect"
import type { RegistryError } from "./Registry.ts"

/** The writer's schema is not to be had now: the registry is away, or does not know the id yet. Nobody acts; tried again. */
export class WriterUnknown extends Schema.TaggedError<WriterUnknown>()("WriterUnknown", {
  schemaId: Schema.Int,
  cause: Schema.Defect()
}) {}
/** Our schema cannot read what that writer wrote. We act, at once: the whole topic is poison, not one record. */
export class Unresolvable extends Schema.TaggedError<Unresolvable>()("Unresolvable", {
  schemaId: Schema.Int,
  issue: Schema.String
}) {}
/** Not Confluent-framed Avro of the schema it names. We act; the record goes to dead letters. */
export class Undecodable extends Schema.TaggedError<Undecodable>()("Undecodable", { issue: Schema.String }) {}

export class AvroError extends Schema.TaggedError<AvroError>()("AvroError", {
  topic: Schema.String,
  reason: Schema.Union([WriterUnknown, Unresolvable, Undecodable])
}) {
  /** True when the same bytes may be read later without anyone acting. */
  get transient(): boolean {
    return this.reason._tag === "WriterUnknown"
  }
}

export interface Codec<A> {
  readonly topic: string
  /** Under which our values are written. */
  readonly schemaId: number
  /** Throws when the value does not fit the schema: that is a bug of the caller. */
  readonly encode: (value: A) => Buffer
  /** Learns every writer schema that occurs in `values`; what is not framed is left to `decode`. */
  readonly prepare: (values: Iterable<Buffer>) => Effect.Effect<void, AvroError>
  /** Plain and quick, for one record after `prepare`. Throws AvroError. */
  readonly decode: (value: Buffer) => A
  /** `prepare`, then `decode` of all; fails with the first record that cannot be read. */
  readonly decodeAll: (values: ReadonlyArray<Buffer>) => Effect.Effect<ReadonlyArray<A>, AvroError>
}

export interface CodecOptions {
  readonly topic: string
  /** Our schema (reader and writer) and its id. */
  readonly schema: string
  readonly schemaId: number
  readonly byId: (id: number) => Effect.Effect<string, RegistryError>
}

/** One resolver per writer schema, kept for good; a failure is never kept. Two askers for one id may both ask: harmless. */
export const avroCodec = <A>({ topic, schema, schemaId, byId }: CodecOptions): Codec<A> => {
  const type = avroType(schema)
  const fail = (reason: AvroError["reason"]) => new AvroError({ topic, reason })
  const readers = new Map<number, (body: Buffer) => A>([[schemaId, (body) => type.fromBuffer(body)]])
  const learn = (id: number) =>
    byId(id).pipe(
      Effect.mapError((cause) => fail(new WriterUnknown({ schemaId: id, cause }))),
      Effect.flatMap((text) =>
        Effect.try({
          try: () => type.createResolver(avroType(text)),
          catch: (error) => fail(new Unresolvable({ schemaId: id, issue: String(error) }))
        })
      ),
      Effect.map((resolver) => readers.set(id, (body) => type.fromBuffer(body, resolver)))
    )
  const prepare = (values: Iterable<Buffer>) =>
    Effect.suspend(() => {
      const unknown = new Set<number>()
      for (const value of values) {
        const id = schemaIdOf(value)
        if (id !== undefined && !readers.has(id)) unknown.add(id)
      }
      return Effect.forEach(unknown, learn, { discard: true })
    })
  const decode = (value: Buffer): A => {
    const id = schemaIdOf(value)
    if (id === undefined) throw fail(new Undecodable({ issue: "not Confluent-framed Avro" }))
    const reader = readers.get(id)
    if (reader === undefined) throw fail(new WriterUnknown({ schemaId: id, cause: new Error("not prepared") }))
    try {
      return reader(value.subarray(5))
    } catch (error) {
      throw fail(new Undecodable({ issue: String(error) }))
    }
  }
  return {
    topic,
    schemaId,
    encode: (value) => framed(schemaId, type.toBuffer(value)),
    prepare,
    decode,
    decodeAll: (values) =>
      Effect.andThen(
        prepare(values),
        Effect.try({
          try: () => values.map(decode),
          catch: (error) => (error instanceof AvroError ? error : fail(new Undecodable({ issue: String(error) })))
        })
      )
  }
}

/** The id in the frame, or undefined when there is no frame. */
export const schemaIdOf = (value: Buffer): number | undefined =>
  value.length < 5 || value[0] !== 0 ? undefined : value.readInt32BE(1)

const framed = (id: number, body: Buffer): Buffer => {
  const out = Buffer.allocUnsafe(body.length + 5)
  out[0] = 0
  out.writeInt32BE(id, 1)
  body.copy(out, 5)
  return out
}

/** Throws when the text is no Avro schema. Logical types are read as what they stand on: times are numbers of milliseconds. */
export const avroType = (schema: string): Type => avro.Type.forSchema(JSON.parse(schema))
