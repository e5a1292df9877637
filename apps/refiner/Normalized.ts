// Canonical records as messages of the normalized topics. For the shells that refine rows for the first time.
// What does not belong here: the schema and the step from record to value (libs/domain/NormalizedAvro.ts).
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
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
import type { RefinedRecord } from "./Batch.ts"
import type { RawBatch } from "./Envelopes.ts"

export class Normalized extends Context.Service<
  Normalized,
  {
    /** The sends of a batch's records, each small enough for one record batch. */
    readonly sends: (
      key: BatchKey,
      raw: RawBatch,
      revision: number,
      records: ReadonlyArray<RefinedRecord>,
      nowMillis: number
    ) => Effect.Effect<ReadonlyArray<Send>, RegistryError>
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
  readonly name: string
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
        const topic: Topic = { name, envelope: envelope(schema, id) }
        topics.set(entity, topic)
        return topic
      })
    })
  return Normalized.of({
    sends: (key, raw, revision, records, nowMillis) =>
      Effect.gen(function* () {
        const sends: Array<Send> = []
        for (const [entity, list] of byEntity(records)) {
          const topic = yield* topicOf(entity)
          const write = writer(topic, entity, key, raw, revision, nowMillis)
          const partition = partitions.of(topic.name, key.tenantId)
          for (const messages of portions(list.map(write), ({ value }) => value?.length ?? 0))
            sends.push({ topic: topic.name, partition, messages })
        }
        return sends
      })
  })
}

const byEntity = (records: ReadonlyArray<RefinedRecord>): ReadonlyMap<EntityId, ReadonlyArray<RefinedRecord>> => {
  const out = new Map<EntityId, Array<RefinedRecord>>()
  for (const record of records) {
    const list = out.get(record.entity)
    if (list === undefined) out.set(record.entity, [record])
    else list.push(record)
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
): ((record: RefinedRecord) => Message) => {
  const shared = eventHeaders({
    id: "",
    type: `bridge.normalized.${entity}`,
    source: "bridge/refiner",
    subject: "",
    tenantId: key.tenantId,
    atMillis: nowMillis
  })
  return (r) => {
    const values = avroValues(entity, r.row.blob === null ? r.record : slim(r.record), {
      tenant_id: key.tenantId,
      job_id: key.jobId,
      connection_id: raw.connectionId,
      source: raw.sourceSystem,
      parent_id: r.parentId,
      observed_at: raw.extractedAt,
      raw_hash: r.rawHash,
      revision,
      op: r.state === "deleted" ? "delete" : "upsert"
    })
    return {
      key: `${key.tenantId}/${r.sourceId}`,
      value: topic.envelope.row(values),
      // The same row under the same revision is recognisably the same event (docs/topics.md).
      headers: {
        ...shared,
        ce_id: sha256(`${r.row.eventId}\n${r.part}\n${revision}`).slice(0, 32),
        ce_subject: `${key.jobId}/${r.sourceId}`
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
