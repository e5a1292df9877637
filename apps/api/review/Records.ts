// Single records: pages of them, and one record's whole history from the vendor's row to the destination. For Routes.

import { problem } from "@bridge/contract/Problem"
import type { RecordHistory, RecordView } from "@bridge/contract/Review"
import type { Json } from "@bridge/domain/Canonical"
import type { Resolution, StoredElement, Warning } from "@bridge/domain/Element"
import { type EntityId, entityNamed, partsOf } from "@bridge/domain/Entities"
import { approvedOnly } from "@bridge/review/Reviewed"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { instant } from "../http/Rows.ts"
import { jobWithData } from "../jobs/Stored.ts"
import { inlined, rawRows } from "./Archive.ts"

/** `<entity>:<source id>`; ids may hold slashes, so callers percent-encode it in an address. */
export const recordIdOf = (entity: string, sourceId: string): string => `${entity}:${sourceId}`

interface Row {
  readonly entity: EntityId
  readonly source_id: string
  readonly parent_id: string | null
  readonly title: string
  readonly status: string | null
  readonly state: string
  readonly reason: string | null
  readonly warnings: ReadonlyArray<Warning> | null
  readonly resolution: Resolution | null
  readonly transformed_hash: string | null
  readonly outcome: string | null
  readonly destination_id: string | null
}

const columns = `r.entity, r.source_id, r.parent_id, r.title, r.status, r.state, r.reason, r.warnings, r.resolution,
  r.transformed_hash, o.outcome, o.destination_id`
const tables = `job_records r left join job_record_outcomes o on o.job_id = r.job_id and o.entity = r.entity and o.source_id = r.source_id`

const viewOf = (r: Row): typeof RecordView.Type => ({
  id: recordIdOf(r.entity, r.source_id),
  entity: r.entity,
  sourceId: r.source_id,
  parentId: r.parent_id,
  title: r.title,
  status: r.status,
  state: r.resolution?.excluded === undefined ? r.state : "excluded",
  reason: r.resolution?.excluded ?? r.reason,
  warnings: (r.warnings ?? []).map(({ code, message }) => ({ code, message })),
  hash: r.transformed_hash,
  outcome: r.outcome,
  destinationId: r.destination_id
})

export interface RecordsRequest {
  readonly entity?: EntityId
  readonly state?: "approved" | "excluded" | "deleted" | "warned" | "failed"
  readonly cursor?: string
  readonly limit?: number
}

const filters: Readonly<Record<NonNullable<RecordsRequest["state"]>, string>> = {
  approved: approvedOnly.replace(/\b(state|resolution)\b/g, "r.$1"),
  excluded: `r.state = 'excluded' or r.resolution->>'excluded' is not null`,
  deleted: "r.state = 'deleted'",
  warned: "jsonb_array_length(coalesce(r.warnings, '[]')) > 0",
  failed: "o.outcome = 'failed'"
}

/** By entity and source id; the cursor is the id of the last record shown. */
export const recordPage = (jobId: string, asked: RecordsRequest) =>
  Effect.gen(function* () {
    const job = yield* jobWithData(jobId)
    const sql = yield* SqlClient.SqlClient
    const limit = asked.limit ?? 100
    const after = placeOf(asked.cursor ?? "")
    const rows = yield* sql<Row>`select ${sql.literal(columns)} from ${sql.literal(tables)}
      where r.job_id = ${job.id}::uuid and (${asked.entity ?? null}::text is null or r.entity = ${asked.entity ?? null})
        and (${after?.entity ?? null}::text is null or (r.entity collate "C", r.source_id collate "C") > (${after?.entity ?? ""}, ${after?.sourceId ?? ""}))
        and (${sql.literal(asked.state === undefined ? "true" : filters[asked.state])})
      order by r.entity collate "C", r.source_id collate "C" limit ${limit + 1}`
    const shown = rows.slice(0, limit).map(viewOf)
    return { records: shown, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
  })

const placeOf = (id: string): { readonly entity: EntityId; readonly sourceId: string } | undefined => {
  const colon = id.indexOf(":")
  const entity = colon < 0 ? undefined : entityNamed(id.slice(0, colon))?.id
  return entity === undefined ? undefined : { entity, sourceId: id.slice(colon + 1) }
}

interface WholeRow extends Row {
  readonly version: string
  readonly revision: number
  readonly raw_hash: string
  readonly stream: string
  readonly batch: number
  readonly position: number
  readonly extraction_timestamp: Date | null
  readonly raw: Uint8Array | null
  readonly transformed: StoredElement
  readonly loaded_hash: string | null
  readonly load_error: Json
  readonly load_warnings: Json
  readonly loaded_at: Date | null
}

interface LedgerRow {
  readonly state: string
  readonly destination_id: string | null
  readonly created_job: string | null
  readonly last_job: string
  readonly updated_at: Date
}

export const recordHistory = (jobId: string, recordId: string) =>
  Effect.gen(function* () {
    const job = yield* jobWithData(jobId)
    const place = placeOf(recordId)
    const unknown = Effect.fail(problem("record-unknown", `The job has no record ${recordId}.`))
    if (place === undefined) return yield* unknown
    const sql = yield* SqlClient.SqlClient
    const [row] =
      yield* sql<WholeRow>`select ${sql.literal(columns)}, r.version, r.revision, r.raw_hash, r.stream, r.batch, r.position,
        d.extraction_timestamp, d.raw_data as raw, d.transformed_data->r.position as transformed,
        o.loaded_hash, o.error as load_error, o.warnings as load_warnings, o.at as loaded_at
      from ${sql.literal(tables)}
      left join job_extracted_data d on d.job_id = r.job_id and d.entity_type = r.entity and d.stream = r.stream and d.batch_number = r.batch
      where r.job_id = ${job.id}::uuid and r.entity = ${place.entity} and r.source_id = ${place.sourceId}`
    if (row === undefined) return yield* unknown
    const [ledger] =
      yield* sql<LedgerRow>`select state, destination_id, created_job, last_job, updated_at from load_ledger
      where destination_account = ${job.destination_account ?? ""} and source_account = ${job.source_account}
        and entity = ${place.entity} and source_id = ${place.sourceId}`
    const parts = partsOf(place.entity).map((e) => e.id)
    const children = yield* sql<Row>`select ${sql.literal(columns)} from ${sql.literal(tables)}
      where r.job_id = ${job.id}::uuid and r.entity = any(${parts}::text[]) and r.parent_entity = ${place.entity}
        and r.parent_id = ${place.sourceId}
      order by r.sort_key, r.source_id collate "C" limit 1000`
    return {
      ...viewOf(row),
      version: row.version,
      revision: row.revision,
      rawHash: row.raw_hash,
      archived: {
        stream: row.stream,
        batch: row.batch,
        position: row.position,
        extractedAt: row.extraction_timestamp === null ? "" : instant(row.extraction_timestamp)
      },
      raw: yield* inlined(job.tenant_id, row.raw === null ? null : ((yield* rawRows(row.raw))[row.position] ?? null)),
      transformed: yield* inlined(job.tenant_id, (row.transformed ?? null) as Json),
      resolution: (row.resolution ?? null) as Json,
      load: loadOf(row),
      ledger:
        ledger === undefined
          ? null
          : {
              state: ledger.state,
              destinationId: ledger.destination_id,
              createdByJob: ledger.created_job,
              lastJob: ledger.last_job,
              updatedAt: instant(ledger.updated_at)
            },
      parts: children.map(viewOf)
    } satisfies typeof RecordHistory.Type
  })

const loadOf = (row: WholeRow): (typeof RecordHistory.Type)["load"] =>
  row.outcome === null || row.loaded_at === null
    ? null
    : {
        outcome: row.outcome,
        destinationId: row.destination_id,
        hash: row.loaded_hash,
        error: row.load_error ?? null,
        warnings: Array.isArray(row.load_warnings) ? row.load_warnings : [],
        at: instant(row.loaded_at)
      }
