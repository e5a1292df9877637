// One batch as records of its raw topic: envelope, headers, key. The vendor's bytes go through untouched.
import type { OpenConnection } from "@bridge/connectors/Connections"
import { sha256 } from "@bridge/domain/Canonical"
import { maxInlineBytes } from "@bridge/domain/Jobs"
import { type Event, eventHeaders, runHeader, runId } from "@bridge/flow/Envelope"
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

/** Body of a row, or where it is when it is too large for a message. */
interface Body {
  readonly hash: string
  readonly inline: Buffer | null
}

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

    const bodyOf = (tenantId: string, { row }: CutRow) =>
      row.json.length <= maxInlineBytes
        ? Effect.succeed<Body>({ hash: sha256(row.json), inline: row.json })
        : Effect.map(blobs.put(tenantId, row.json), (hash): Body => ({ hash, inline: null }))

    const send = (claim: Claim, connection: OpenConnection, batch: Batch, nowMillis: number) =>
      Effect.gen(function* () {
        const topic = recordTopic("raw", batch.entity)
        const encoder = (yield* envelopeOf(topic)).batch({ ...constants(claim, connection, batch, nowMillis) })
        const id = runId(`${claim.jobId}/${claim.stream}/${batch.entity}`, claim.epoch, batch.number)
        const bodies: Array<Body> = []
        for (const r of batch.rows) {
          bodies.push(
            r.row.json.length <= maxInlineBytes
              ? { hash: sha256(r.row.json), inline: r.row.json }
              : yield* bodyOf(claim.tenantId, r)
          )
        }
        const messages = batch.rows.map((r, position): Message => {
          const body = bodies[position] as Body
          return {
            key: `${claim.tenantId}/${r.row.sourceId}`,
            value: encoder({
              row_stream: r.stream,
              position,
              source_id: r.row.sourceId,
              parent_id: r.row.parentId ?? null,
              version: r.row.version,
              op: r.row.op === "delete" ? "DELETE" : "UPSERT",
              content_hash: body.hash,
              blob: body.inline === null ? body.hash : null,
              raw: body.inline
            }),
            headers: {
              ...eventHeaders(event(claim, batch.entity, topic, r.row.sourceId, r.row.op, body.hash, nowMillis)),
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
        const headers = eventHeaders(event(claim, entity, topic, claim.stream, "end", "", nowMillis))
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

/** `ce_id` makes a repeat recognisable: hash(job, topic, source id, op, content hash). Design section 8. */
const event = (
  claim: Claim,
  entity: string,
  topic: string,
  sourceId: string,
  op: string,
  hash: string,
  nowMillis: number
): Event => ({
  id: sha256(`${claim.jobId}\n${topic}\n${sourceId}\n${op}\n${hash}`).slice(0, 32),
  type: `bridge.raw.${entity}`,
  source: "bridge/extractor",
  subject: `${claim.jobId}/${sourceId}`,
  tenantId: claim.tenantId,
  atMillis: nowMillis
})
