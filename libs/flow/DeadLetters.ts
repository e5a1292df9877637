// What was given up, with reason, position and the bytes as they came: a row for us, a record for operators who tap.
// For the runtime and stages. What does not belong here: the decision to give up (Retry.ts, the stages).
import type { Rec } from "@bridge/kafka/Broker"
import { enqueue } from "@bridge/store/Outbox"
import { Effect, Metric } from "effect"
import { SqlClient } from "effect/sql"
import { header } from "./Envelope.ts"
import { controlTopic } from "./Flow.ts"
import { deadLetters } from "./Metrics.ts"
import type { Poison } from "./Stage.ts"

export interface Dead {
  readonly rec: Rec
  readonly error: Poison
}

export interface Grave {
  readonly stage: string
  readonly group: string
  /** The tenant of the transaction; `nobody` when the record does not say. */
  readonly tenantId: string
  readonly attempts: number
  readonly partition: number
}

/** Stands for the tenant of records that name none. */
export const nobody = "00000000-0000-0000-0000-000000000000"
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i
export const isTenant = (text: string): boolean => text.length === 36 && uuid.test(text)

/** Text that Postgres takes, whatever a record brought: no NUL, no half surrogates, not endless. */
const plain = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\uFFFD").slice(0, 8000)

export const eventIdOf = (rec: Rec): string =>
  plain(header(rec, "ce_id") ?? `${rec.topic}/${rec.partition}/${rec.offset}`)

const jobOf = ({ error, rec }: Dead): string | null =>
  uuid.exec(error.jobId ?? header(rec, "ce_subject") ?? header(rec, "bridge_run") ?? "")?.[0] ?? null

const entityOf = (rec: Rec): string | null =>
  /^bridge\.(?:raw|processed|resolved|normalized|approved|loaded)\.([a-z-]+)\.v\d+$/.exec(rec.topic)?.[1] ?? null

/** Record keys are `<tenant>/<source id>`. */
const sourceIdOf = (rec: Rec): string | null =>
  entityOf(rec) === null || rec.key === null || !rec.key.includes("/") ? null : rec.key.slice(rec.key.indexOf("/") + 1)

const attemptOf = (rec: Rec): number => Number(header(rec, "bridge_redrive") ?? 0) || 0

/** Writes the rows and enqueues the records, in the caller's transaction of the tenant. Twice the same changes nothing. */
export const bury = (grave: Grave, dead: ReadonlyArray<Dead>) =>
  Effect.gen(function* () {
    if (dead.length === 0) return
    const sql = yield* SqlClient.SqlClient
    // Empty text for null: the driver takes no array of nulls alone.
    const text = (of: (d: Dead) => string | null) => dead.map((d) => plain(of(d) ?? ""))
    const rows = yield* sql<{ event_id: string }>`
      insert into dead_letters (tenant_id, job_id, stage, entity, source_id, event_id, topic, part, position, error_class,
        error, payload, redrive)
      select ${grave.tenantId}::uuid, nullif(j, '')::uuid, ${grave.stage}, nullif(e, ''), nullif(s, ''), i, t, p, o::bigint, c,
        m::jsonb, case when v then decode(b, 'base64') end, r
      from unnest(${text(jobOf)}::text[], ${text((d) => d.error.entity ?? entityOf(d.rec))}::text[],
        ${text((d) => d.error.sourceId ?? sourceIdOf(d.rec))}::text[], ${dead.map((d) => eventIdOf(d.rec))}::text[],
        ${dead.map((d) => d.rec.topic)}::text[], ${dead.map((d) => d.rec.partition)}::int[],
        ${dead.map((d) => d.rec.offset.toString())}::text[], ${text((d) => d.error.errorClass)}::text[],
        ${dead.map((d) => JSON.stringify({ message: plain(d.error.message) }))}::text[],
        ${dead.map((d) => d.rec.value !== null)}::bool[], ${dead.map((d) => d.rec.value?.toString("base64") ?? "")}::text[],
        ${dead.map((d) => attemptOf(d.rec))}::int[]) as u(j, e, s, i, t, p, o, c, m, v, b, r)
      on conflict (stage, event_id, redrive) do nothing
      returning event_id`
    const fresh = new Set(rows.map((r) => r.event_id))
    yield* enqueue(dead.filter((d) => fresh.has(eventIdOf(d.rec))).map((d) => message(grave, d)))
    for (const [errorClass, count] of countBy(dead)) {
      yield* Metric.update(Metric.withAttributes(deadLetters, { stage: grave.stage, class: errorClass }), count)
    }
  })

const countBy = (dead: ReadonlyArray<Dead>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const d of dead) counts.set(d.error.errorClass, (counts.get(d.error.errorClass) ?? 0) + 1)
  return counts
}

const message = (grave: Grave, { error, rec }: Dead) => ({
  topic: controlTopic("dead-letters"),
  key: grave.tenantId,
  partition: grave.partition,
  payload: rec.value ?? Buffer.alloc(0),
  headers: {
    ce_id: eventIdOf(rec),
    bridge_tenant: grave.tenantId,
    bridge_dlq_topic: rec.topic,
    bridge_dlq_partition: String(rec.partition),
    bridge_dlq_offset: rec.offset.toString(),
    bridge_dlq_timestamp: String(rec.timestamp),
    bridge_dlq_group: grave.group,
    bridge_dlq_error_class: plain(error.errorClass),
    bridge_dlq_error_message: plain(error.message).slice(0, 500),
    bridge_dlq_attempts: String(grave.attempts)
  }
})
