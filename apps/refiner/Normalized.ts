// Canonical records as messages of the normalized topics. For the shells that refine rows for the first time.
// What does not belong here: the schema and the step from record to value (libs/domain/NormalizedAvro.ts).
import { sha256 } from "@bridge/domain/Canonical"
import { type EntityId, entities } from "@bridge/domain/Entities"
import { avroValues } from "@bridge/domain/NormalizedAvro"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import { eventHeaders } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import { Partitions } from "@bridge/flow/Partition"
import type { Message, Send } from "@bridge/kafka/Broker"
import { type Envelope, envelope } from "@bridge/kafka/Envelope"
import { portions } from "@bridge/kafka/Portions"
import { Registry, type RegistryError } from "@bridge/kafka/Registry"
import { schemaText, subjectOf } from "@bridge/kafka/Schemas"
import { Context, Effect, Layer } from "effect"
import type { BatchKey } from "./Archive.ts"
import type { RefinedRecord, Tell } from "./Batch.ts"
import type { RawBatch } from "./Envelopes.ts"

export class Normalized extends Context.Service<
  Normalized,
  {
    /** What makes the messages of a batch: of its own entity and of those that are derived from it. */
    readonly teller: (
      key: BatchKey,
      raw: RawBatch,
      revision: number,
      nowMillis: number
    ) => Effect.Effect<Tell, RegistryError>
    /** The sends of a batch's messages, each small enough for one record batch. */
    readonly sends: (tenantId: string, records: ReadonlyArray<RefinedRecord>) => ReadonlyArray<Send>
  }
>()("bridge/refiner/Normalized") {
  static readonly layer = Layer.effect(
    Normalized,
    Effect.gen(function* () {
      return make(yield* Registry, yield* Partitions)
    })
  )
}

/** Bodies in the blob store are not in messages (docs/topics.md): their long texts are cut here. */
const cutText = 65_536

interface Topic {
  readonly envelope: Envelope
}

function make(registry: Registry["Service"], partitions: Partitions["Service"]) {
  const topics = new Map<EntityId, Topic>()
  const topicOf = (entity: EntityId) =>
    Effect.suspend(() => {
      const before = topics.get(entity)
      if (before !== undefined) return Effect.succeed(before)
      const name = recordTopic("normalized", entity)
      const schema = schemaText(`normalized-${entity}`)
      return Effect.map(registry.idOf(subjectOf(name), schema), (id) => {
        const topic: Topic = { envelope: envelope(schema, id) }
        topics.set(entity, topic)
        return topic
      })
    })
  return Normalized.of({
    teller: (key, raw, revision, nowMillis) =>
      Effect.gen(function* () {
        const writers = new Map<EntityId, Tell>()
        for (const { derivedFrom, id } of entities)
          if (id === key.entity || derivedFrom === key.entity)
            writers.set(id, writer(yield* topicOf(id), id, key, raw, revision, nowMillis))
        return (entity, record, origin) => {
          const write = writers.get(entity)
          if (write === undefined) throw new Error(`${entity} is not derived from ${key.entity}`)
          return write(entity, record, origin)
        }
      }),
    sends: (tenantId, records) =>
      [...byEntity(records)].flatMap(([entity, messages]) => {
        const topic = recordTopic("normalized", entity)
        const partition = partitions.of(topic, tenantId)
        const sizeOf = ({ value }: Message) => value?.length ?? 0
        return portions(messages, sizeOf).map((portion): Send => ({ topic, partition, messages: portion }))
      })
  })
}

const byEntity = (records: ReadonlyArray<RefinedRecord>): ReadonlyMap<EntityId, ReadonlyArray<Message>> => {
  const out = new Map<EntityId, Array<Message>>()
  for (const { entity, message } of records) {
    if (message === null) continue
    const list = out.get(entity)
    if (list === undefined) out.set(entity, [message])
    else list.push(message)
  }
  return out
}

const writer = (
  topic: Topic,
  entity: EntityId,
  key: BatchKey,
  raw: RawBatch,
  revision: number,
  nowMillis: number
): Tell => {
  const shared = eventHeaders({
    id: "",
    type: `bridge.normalized.${entity}`,
    source: "bridge/refiner",
    subject: "",
    tenantId: key.tenantId,
    atMillis: nowMillis
  })
  return (_, record, { parentId, part, row, sourceId }) => {
    const values = avroValues(entity, row.blob === null ? record : slim(record), {
      tenant_id: key.tenantId,
      job_id: key.jobId,
      connection_id: raw.connectionId,
      source: raw.sourceSystem,
      parent_id: parentId,
      observed_at: raw.extractedAt,
      raw_hash: row.contentHash,
      revision,
      op: row.op
    })
    return {
      key: `${key.tenantId}/${sourceId}`,
      value: topic.envelope.row(values),
      // The same row under the same revision is recognisably the same event (docs/topics.md).
      headers: {
        ...shared,
        ce_id: sha256(`${row.eventId}\n${part}\n${revision}`).slice(0, 32),
        ce_subject: `${key.jobId}/${sourceId}`
      }
    }
  }
}

const slim = (record: CanonicalRecord): CanonicalRecord => {
  const out: Record<string, unknown> = { ...record }
  for (const [name, value] of Object.entries(record)) {
    if (typeof value === "string" && value.length > cutText) out[name] = value.slice(0, cutText).toWellFormed()
    else if (name === "custom" && JSON.stringify(value).length > cutText) out[name] = {}
  }
  return out as CanonicalRecord
}
