// One batch as a send to its raw topic: which topic and partition, under which schema id; large bodies go to the blob store.
// What does not belong here: what stands in a record (RawRecords.ts).
import type { OpenConnection } from "@bridge/connectors/Connections"
import type { EntityId } from "@bridge/domain/Entities"
import { maxInlineBytes } from "@bridge/domain/Jobs"
import { recordTopic } from "@bridge/flow/Flow"
import { Partitions } from "@bridge/flow/Partition"
import type { Send } from "@bridge/kafka/Broker"
import { type Envelope, envelope } from "@bridge/kafka/Envelope"
import { Registry, type RegistryError } from "@bridge/kafka/Registry"
import { schemaText, subjectOf } from "@bridge/kafka/Schemas"
import { type BlobError, Blobs } from "@bridge/store/Blobs"
import type { VaultError } from "@bridge/vault/VaultError"
import { Context, Effect, Layer } from "effect"
import type { Batch, CutRow } from "./Cut.ts"
import type { Claim } from "./Manifest.ts"
import { endOf, type RawContext, recordsOf } from "./RawRecords.ts"

export type SendError = RegistryError | BlobError | VaultError

/** Writes batches as raw records. */
export class RawBatches extends Context.Service<
  RawBatches,
  {
    /** The send of one batch; large bodies are in the blob store when it returns. */
    readonly send: (
      claim: Claim,
      connection: OpenConnection,
      batch: Batch,
      nowMillis: number
    ) => Effect.Effect<Send, SendError>
    /** The mark for those who tap that a stream has ended; nothing of ours depends on it. */
    readonly end: (
      claim: Claim,
      connection: OpenConnection,
      entity: EntityId,
      nowMillis: number
    ) => Effect.Effect<Send, RegistryError>
  }
>()("bridge/extractor/RawBatches") {
  static readonly layer = Layer.effect(RawBatches, Effect.suspend(make))
}

function make() {
  return Effect.gen(function* () {
    const blobs = yield* Blobs
    const partitions = yield* Partitions
    const registry = yield* Registry
    const schema = schemaText("raw")
    const envelopes = new Map<string, Envelope>()
    const envelopeOf = (topic: string) =>
      Effect.gen(function* () {
        const known = envelopes.get(topic)
        if (known !== undefined) return known
        const made = envelope(schema, yield* registry.idOf(subjectOf(topic), schema))
        envelopes.set(topic, made)
        return made
      })

    /** Rows too large for a message; they are in the blob store, by their hashes, when this returns. */
    const putAway = (tenantId: string, { rows }: Batch) =>
      Effect.map(
        Effect.forEach(
          rows.filter(({ row }) => row.json.length > maxInlineBytes),
          (large) => Effect.as(blobs.put(tenantId, large.row.json), large)
        ),
        (large): ReadonlySet<CutRow> => new Set(large)
      )

    const contextOf = (claim: Claim, { vendor }: OpenConnection, entity: EntityId, nowMillis: number) => {
      const topic = recordTopic("raw", entity)
      return Effect.map(
        envelopeOf(topic),
        (known): RawContext => ({ claim, vendor, topic, envelope: known, nowMillis })
      )
    }
    const to = (topic: string, claim: Claim) => ({ topic, partition: partitions.of(topic, claim.tenantId) })

    const send = (claim: Claim, connection: OpenConnection, batch: Batch, nowMillis: number) =>
      Effect.gen(function* () {
        const context = yield* contextOf(claim, connection, batch.entity, nowMillis)
        const elsewhere = yield* putAway(claim.tenantId, batch)
        return { ...to(context.topic, claim), messages: recordsOf(context, batch, elsewhere) } satisfies Send
      })

    const end = (claim: Claim, connection: OpenConnection, entity: EntityId, nowMillis: number) =>
      Effect.map(
        contextOf(claim, connection, entity, nowMillis),
        (context): Send => ({ ...to(context.topic, claim), messages: [endOf(context, entity)] })
      )
    return RawBatches.of({ send, end })
  })
}
