// The rows of a batch as records of a raw topic: envelope, headers, key. Pure; the vendor's bytes go through untouched.
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import { eventHeaders, runHeader, runId } from "@bridge/flow/Envelope"
import type { Message } from "@bridge/kafka/Broker"
import type { Envelope } from "@bridge/kafka/Envelope"
import type { Batch, CutRow } from "./Cut.ts"
import type { Claim } from "./Manifest.ts"

/** What all records of a batch share. */
export interface RawContext {
  readonly claim: Claim
  readonly vendor: string
  readonly topic: string
  readonly envelope: Envelope
  readonly nowMillis: number
}

/** `elsewhere`: rows whose bytes are in the blob store, by their hash. */
export const recordsOf = (
  context: RawContext,
  batch: Batch,
  elsewhere: ReadonlySet<CutRow>
): ReadonlyArray<Message> => {
  const { claim, topic } = context
  const encode = context.envelope.batch(constants(context, batch.entity, batch.number, batch.rows.length))
  const shared = sharedHeaders(context, batch.entity)
  const id = runId(`${claim.jobId}/${claim.stream}/${batch.entity}`, claim.epoch, batch.number)
  return batch.rows.map((cut, position): Message => {
    const { hash, row, stream } = cut
    const apart = elsewhere.has(cut)
    return {
      key: `${claim.tenantId}/${row.sourceId}`,
      value: encode({
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
      // What is the same in every record comes first: it is encoded once (patches/kafkajs).
      headers: {
        ...shared,
        ce_id: eventId(claim, topic, row.sourceId, row.op, hash),
        ce_subject: `${claim.jobId}/${row.sourceId}`,
        bridge_run: runHeader(id, position, batch.rows.length)
      }
    }
  })
}

/** The mark for those who tap that a stream has ended; nothing of ours depends on it. */
export const endOf = (context: RawContext, entity: EntityId): Message => {
  const { claim, topic } = context
  const encode = context.envelope.batch(constants(context, entity, 0, 0))
  return {
    key: `${claim.tenantId}/${claim.stream}`,
    value: encode({
      row_stream: claim.stream,
      position: 0,
      source_id: claim.stream,
      parent_id: null,
      version: "",
      op: "END",
      content_hash: "",
      blob: null,
      raw: null
    }),
    headers: {
      ...sharedHeaders(context, entity),
      ce_id: eventId(claim, topic, claim.stream, "end", ""),
      ce_subject: `${claim.jobId}/${claim.stream}`
    }
  }
}

const constants = ({ claim, nowMillis, vendor }: RawContext, entity: EntityId, batch: number, size: number) => ({
  tenant_id: claim.tenantId,
  job_id: claim.jobId,
  connection_id: claim.connectionId,
  source_system: vendor,
  stream: claim.stream,
  entity,
  epoch: claim.epoch,
  batch,
  size,
  extracted_at: nowMillis
})

/** Of all records of a batch; `ce_id` and `ce_subject` are each record's own. */
const sharedHeaders = ({ claim, nowMillis }: RawContext, entity: EntityId) => {
  const {
    ce_id: _id,
    ce_subject: _subject,
    ...shared
  } = eventHeaders({
    id: "",
    type: `bridge.raw.${entity}`,
    source: "bridge/extractor",
    subject: "",
    tenantId: claim.tenantId,
    atMillis: nowMillis
  })
  return shared
}

/** Makes a repeat recognisable: hash(job, topic, source id, op, content hash); docs/topics.md. */
const eventId = (claim: Claim, topic: string, sourceId: string, op: string, hash: string): string =>
  sha256(`${claim.jobId}\n${topic}\n${sourceId}\n${op}\n${hash}`).slice(0, 32)
