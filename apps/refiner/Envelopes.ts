// Raw records as rows: the Avro envelope read with the vendor's bytes left as they are. For the shells.
// What does not belong here: what is in the bytes (process/).

import type { EntityId } from "@bridge/domain/Entities"
import { recordTopic } from "@bridge/flow/Flow"
import { type AvroError, type Codec, schemaIdOf } from "@bridge/kafka/Avro"
import { type Envelope, envelope, type Fields, undivided } from "@bridge/kafka/Envelope"
import type { RegistryError } from "@bridge/kafka/Registry"
import { Schemas, schemaText } from "@bridge/kafka/Schemas"
import { Context, Effect, Layer } from "effect"
import type { RawRow } from "./Batch.ts"
import { isEntityId } from "./Keys.ts"

/** What all rows of a batch share. */
export interface RawBatch {
  readonly connectionId: string
  readonly sourceSystem: string
  readonly extractedAt: number
}

/** A row whose bytes may still be in the blob store. */
export type RawRecord = Omit<RawRow, "bytes"> & { readonly bytes: Buffer | null }

/** Which batch a record is of; of neighbours the same object. */
export interface Head {
  readonly batch: RawBatch
  readonly jobId: string
  readonly stream: string
  readonly entity: EntityId
  readonly number: number
  readonly epoch: bigint
}

export interface Opened {
  readonly head: Head
  readonly row: RawRecord
}

export class Envelopes extends Context.Service<
  Envelopes,
  {
    /** A reader for values of an entity's raw topic; throws for what is no raw record. */
    readonly reader: (
      entity: EntityId,
      values: ReadonlyArray<Buffer>
    ) => Effect.Effect<(value: Buffer, eventId: string) => Opened, AvroError | RegistryError>
  }
>()("bridge/refiner/Envelopes") {
  static readonly layer = Layer.effect(
    Envelopes,
    Effect.map(Schemas, (schemas) => make(schemas))
  )
}

const bytes: ReadonlySet<string> = new Set(["raw"])

function make(schemas: Schemas["Service"]) {
  const known = new Map<EntityId, { readonly codec: Codec<Fields>; readonly quick: Envelope }>()
  const of = (entity: EntityId) =>
    Effect.suspend(() => {
      const before = known.get(entity)
      if (before !== undefined) return Effect.succeed(before)
      return Effect.map(schemas.codecFor<Fields>({ name: recordTopic("raw", entity), schema: "raw" }), (codec) => {
        const made = { codec, quick: envelope(schemaText("raw"), codec.schemaId) }
        known.set(entity, made)
        return made
      })
    })
  return Envelopes.of({
    reader: (entity, values) =>
      Effect.gen(function* () {
        const { codec, quick } = yield* of(entity)
        // Another version of the schema: slower, and the bytes pass through a string.
        yield* codec.prepare(values)
        const read = quick.batchReader(bytes, "row_stream")
        let known: { readonly shared: Fields; readonly head: Head } | undefined
        return (value, eventId) => {
          const { own, shared } = schemaIdOf(value) === codec.schemaId ? read(value) : undivided(codec.decode(value))
          if (known?.shared !== shared) known = { shared, head: headOf(shared) }
          return { head: known.head, row: rowOf(shared, own, eventId) }
        }
      })
  })
}

const headOf = (fields: Fields): Head => {
  const entity = text(fields, "entity")
  if (!isEntityId(entity)) throw new Error(`${entity} is no entity`)
  return {
    jobId: text(fields, "job_id"),
    stream: text(fields, "stream"),
    entity,
    number: Number(fields.batch),
    epoch: BigInt(String(fields.epoch ?? 0)),
    batch: {
      connectionId: text(fields, "connection_id"),
      sourceSystem: text(fields, "source_system"),
      extractedAt: Number(fields.extracted_at)
    }
  }
}

const rowOf = (shared: Fields, own: Fields, eventId: string): RawRecord => {
  const { raw } = own
  return {
    position: Number(own.position),
    sourceId: text(own, "source_id"),
    parentId: typeof own.parent_id === "string" ? own.parent_id : null,
    rowStream: text(own, "row_stream") || text(shared, "stream"),
    version: text(own, "version"),
    op: own.op === "DELETE" ? "delete" : "upsert",
    contentHash: text(own, "content_hash"),
    eventId,
    bytes: typeof raw === "string" ? Buffer.from(raw, "utf8") : Buffer.isBuffer(raw) ? raw : null,
    blob: typeof own.blob === "string" ? own.blob : null
  }
}

const text = (fields: Fields, name: string): string => {
  const value = fields[name]
  if (typeof value !== "string") throw new Error(`${name} is missing`)
  return value
}
