// The loader's messages: approved aggregates (references and hashes, never bodies) and what became of them, for the outbox.

import type { LoadWarning } from "@bridge/domain/Adapted"
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import { eventHeaders, runHeader, runId } from "@bridge/flow/Envelope"
import { recordTopic } from "@bridge/flow/Flow"
import { Partitions } from "@bridge/flow/Partition"
import { Schemas } from "@bridge/kafka/Schemas"
import type { Outgoing } from "@bridge/store/Outbox"
import { Clock, Effect } from "effect"
import type { BatchKey, Released } from "./Batches.ts"
import type { Outcome, PartOutcome } from "./Outcome.ts"

interface ApprovedValue {
  readonly tenant_id: string
  readonly job_id: string
  readonly entity: string
  readonly phase: number
  readonly batch: number
  readonly position: number
  readonly size: number
  readonly source_id: string
  readonly hash: string
  readonly parts: ReadonlyArray<{ readonly entity: string; readonly source_id: string; readonly hash: string }>
  readonly op: "UPSERT"
}

interface LoadedValue {
  readonly tenant_id: string
  readonly job_id: string
  readonly entity: string
  readonly batch: number
  readonly position: number
  readonly size: number
  readonly source_id: string
  readonly outcome: string
  readonly destination_id: string | null
  readonly hash: string | null
  readonly error: string | null
  readonly parts: ReadonlyArray<{
    readonly entity: string
    readonly source_id: string
    readonly outcome: string
    readonly destination_id: string | null
    readonly hash: string | null
  }>
  readonly op: "UPSERT"
}

/** Actor of a load batch's messages; the run in it is the batch. */
export const batchActor = (jobId: string, entity: EntityId): string => `${jobId}/${entity}`

const outgoing = (
  kind: "approved" | "loaded",
  key: BatchKey,
  size: number,
  atMillis: number,
  partition: number,
  row: { readonly sourceId: string; readonly position: number; readonly mark: string; readonly payload: Buffer }
): Outgoing => ({
  topic: recordTopic(kind, key.entity),
  key: `${key.tenantId}/${row.sourceId}`,
  partition,
  payload: row.payload,
  headers: {
    ...eventHeaders({
      id: sha256(`${key.jobId}\n${kind}\n${key.entity}\n${row.sourceId}\n${row.mark}`).slice(0, 32),
      type: `bridge.${kind}.${key.entity}`,
      source: "bridge/loader",
      subject: `${key.jobId}/${row.sourceId}`,
      tenantId: key.tenantId,
      atMillis
    }),
    bridge_run: runHeader(runId(batchActor(key.jobId, key.entity), 0, key.number), row.position, size)
  }
})

/** The approved messages of one load batch. */
export const approvedMessages = (key: BatchKey, phase: number, records: ReadonlyArray<Released>) =>
  Effect.gen(function* () {
    const schemas = yield* Schemas
    const partitions = yield* Partitions
    const topic = recordTopic("approved", key.entity)
    const codec = yield* schemas.codecFor<ApprovedValue>({ name: topic, schema: "approved" })
    const atMillis = yield* Clock.currentTimeMillis
    const partition = partitions.of(topic, key.tenantId)
    return records.map((r, position) =>
      outgoing("approved", key, records.length, atMillis, partition, {
        sourceId: r.sourceId,
        position,
        mark: r.hash,
        payload: codec.encode({
          tenant_id: key.tenantId,
          job_id: key.jobId,
          entity: key.entity,
          phase,
          batch: key.number,
          position,
          size: records.length,
          source_id: r.sourceId,
          hash: r.hash,
          parts: r.parts.map((p) => ({ entity: p.entity, source_id: p.sourceId, hash: p.hash })),
          op: "UPSERT"
        })
      })
    )
  })

/** One root of a finished batch with its outcome and its parts'. */
export interface Told {
  readonly sourceId: string
  readonly outcome: Outcome
  readonly parts: ReadonlyArray<PartOutcome>
  readonly warnings: ReadonlyArray<LoadWarning>
}

/** The loaded messages of one load batch. */
export const loadedMessages = (key: BatchKey, told: ReadonlyArray<Told>) =>
  Effect.gen(function* () {
    const schemas = yield* Schemas
    const partitions = yield* Partitions
    const topic = recordTopic("loaded", key.entity)
    const codec = yield* schemas.codecFor<LoadedValue>({ name: topic, schema: "loaded" })
    const atMillis = yield* Clock.currentTimeMillis
    const partition = partitions.of(topic, key.tenantId)
    return told.map(({ outcome, parts, sourceId }, position) =>
      outgoing("loaded", key, told.length, atMillis, partition, {
        sourceId,
        position,
        mark: outcome.word,
        payload: codec.encode({
          tenant_id: key.tenantId,
          job_id: key.jobId,
          entity: key.entity,
          batch: key.number,
          position,
          size: told.length,
          source_id: sourceId,
          outcome: outcome.word,
          destination_id: outcome.destinationId,
          hash: outcome.hash,
          error: outcome.error === null ? null : JSON.stringify(outcome.error),
          parts: parts.map((p) => ({
            entity: p.entity,
            source_id: p.sourceId,
            outcome: p.word,
            destination_id: p.destinationId,
            hash: p.hash
          })),
          op: "UPSERT"
        })
      })
    )
  })
