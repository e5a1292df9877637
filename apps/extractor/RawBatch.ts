// One batch as records of its raw topic: envelope, headers, key. The vendor's bytes go through untouched.
import type { OpenConnection } from "@bridge/connectors/Connections"
import { sha256 } from "@bridge/domain/Canonical"
import { maxInlineBytes } from "@bridge/domain/Jobs"
import { eventHeaders, runHeader, runId } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import { Partitions } from "@bridge/flow/Partition"
import type { Message, Send } from "@bridge/kafka/Broker"
import { type Envelope, envelope } from "@bridge/kafka/Envelope"
import { Registry, type RegistryError } from "@bridge/kafka/Registry"
import { schemaText, subjectOf } from "@bridge/kafka/Schemas"
import { type BlobError, Blobs } from "@bridge/store/Blobs"
import type { VaultError } from "@bridge/vault/VaultError"
import { Context, Effect, Layer } from "effect"
import type { Batch, CutRow } from "./Cut.ts"
import type { Claim } from "./Manifest.ts"

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
      entity: string,
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

    const send = (claim: Claim, connection: OpenConnection, batch: Batch, nowMillis: number) =>
      Effect.gen(function* () {
        const topic = recordTopic("raw", batch.entity)
        const encoder = (yield* envelopeOf(topic)).batch({ ...constants(claim, connection, batch, nowMillis) })
        const id = runId(`${claim.jobId}/${claim.stream}/${batch.entity}`, claim.epoch, batch.number)
        const elsewhere = yield* putAway(claim.tenantId, batch)
        const headers = sharedHeaders(claim, batch.entity, nowMillis)
        const messages = batch.rows.map((cut, position): Message => {
          const { hash, row, stream } = cut
          const apart = elsewhere.has(cut)
          return {
            key: `${claim.tenantId}/${row.sourceId}`,
            value: encoder({
              row_stream: stream,
              position,
              source_id: row.sourceId,
              parent_id: row.parentId ?? null,
              version: row.version,
              op: row.op === "delete" ? "DELETE" : "UPSERT",
              content_hash: hash,
              blob: apart ? hash : null,
              raw: apart ? null : row.json
            }),
            headers: {
              ...headers,
              ce_id: eventId(claim, topic, row.sourceId, row.op, hash),
              ce_subject: `${claim.jobId}/${row.sourceId}`,
              bridge_run: runHeader(id, position, batch.rows.length)
            }
          }
        })
        return { topic, partition: partitions.of(topic, claim.tenantId), messages } satisfies Send
      })

    const end = (claim: Claim, connection: OpenConnection, entity: string, nowMillis: number) =>
      Effect.gen(function* () {
        const topic = recordTopic("raw", entity as Batch["entity"])
        const batch = { entity: entity as Batch["entity"], number: 0, rows: [], bytes: 0 }
        const encoder = (yield* envelopeOf(topic)).batch({ ...constants(claim, connection, batch, nowMillis) })
        const value = encoder({
          row_stream: claim.stream,
          position: 0,
          source_id: claim.stream,
          parent_id: null,
          version: "",
          op: "END",
          content_hash: "",
          blob: null,
          raw: null
        })
        const headers = {
          ...sharedHeaders(claim, entity, nowMillis),
          ce_id: eventId(claim, topic, claim.stream, "end", ""),
          ce_subject: `${claim.jobId}/${claim.stream}`
        }
        return {
          topic,
          partition: partitions.of(topic, claim.tenantId),
          messages: [{ key: `${claim.tenantId}/${claim.stream}`, value, headers }]
        } satisfies Send
      })
    return RawBatches.of({ send, end })
  })
}

const constants = (claim: Claim, connection: OpenConnection, batch: Batch, nowMillis: number) => ({
  tenant_id: claim.tenantId,
  job_id: claim.jobId,
  connection_id: claim.connectionId,
  source_system: connection.vendor,
  stream: claim.stream,
  entity: batch.entity,
  epoch: claim.epoch,
  batch: batch.number,
  size: batch.rows.length,
  extracted_at: nowMillis
})

/** Of all records of a batch; `ce_id` and `ce_subject` are each record's own. */
const sharedHeaders = (claim: Claim, entity: string, nowMillis: number) =>
  eventHeaders({
    id: "",
    type: `bridge.raw.${entity}`,
    source: "bridge/extractor",
    subject: "",
    tenantId: claim.tenantId,
    atMillis: nowMillis
  })

/** Makes a repeat recognisable: hash(job, topic, source id, op, content hash); docs/topics.md. */
const eventId = (claim: Claim, topic: string, sourceId: string, op: string, hash: string): string =>
  sha256(`${claim.jobId}\n${topic}\n${sourceId}\n${op}\n${hash}`).slice(0, 32)
