// Reads a job's archive batch by batch: records with their raw rows and what the mapping made of them. For Download and Record.
// Each batch is a short transaction of its own, so that a slow reader holds no connection and memory stays constant.
import type { AnyConnector, Normalised } from "@bridge/connectors/Connector"
import type { Json } from "@bridge/domain/Canonical"
import type { BlobRef, JsonObject, Resolution, StoredElement, Warning } from "@bridge/domain/Element"
import { type EntityId, entity as entityOf } from "@bridge/domain/Entities"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import { Blobs } from "@bridge/store/Blobs"
import { unpacked } from "@bridge/store/RawData"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import { inTenant } from "../http/Rows.ts"
import type { Reviewed } from "./Columns.ts"

export interface BatchKey {
  readonly stream: string
  readonly batch: number
}

/** The batches of one entity, in archive order. */
export const batchesOf = (jobId: string, entity: EntityId) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<BatchKey>`select stream, batch_number as batch from job_extracted_data
      where job_id = ${jobId}::uuid and entity_type = ${entity} order by stream, batch_number`
  )

interface RecordRow {
  readonly source_id: string
  readonly native_id: string
  readonly parent_id: string | null
  readonly position: number
  readonly version: string
  readonly state: Reviewed["state"]
  readonly reason: string | null
  readonly title: string
  readonly warnings: ReadonlyArray<Warning> | null
  readonly resolution: Resolution | null
}

interface Bodies {
  readonly raw: Uint8Array | null
  readonly transformed: ReadonlyArray<StoredElement> | null
}

/** How to read the source's rows again; null when its connection is gone. */
export interface SourceReader {
  readonly connector: AnyConnector
  readonly config: unknown
}

/** The records of one batch in order, bodies included. */
export const readBatch = Effect.fn("Archive.readBatch")(function* (
  tenantId: string,
  jobId: string,
  entity: EntityId,
  key: BatchKey,
  source: SourceReader | null
) {
  const { bodies, parents, records } = yield* rowsOf(jobId, entity, key).pipe(inTenant(tenantId))
  const rows = parents === null || source === null ? [] : yield* rawRows(parents)
  const parentAt = new Map(records.map((r) => [r.position, r.parent_id]))
  const canonical = source === null ? noCanonical : yield* canonicalOf(tenantId, entity, key, rows, parentAt, source)
  const all: Array<Reviewed> = []
  for (const r of records) {
    const stored = bodies?.transformed?.[r.position] ?? null
    // Only what is in the blob store has to be waited for.
    const element = isInline(stored) ? stored : yield* elementOf(tenantId, stored)
    all.push(reviewed(r, element, canonical))
  }
  return all
})

const isInline = (stored: StoredElement): stored is Exclude<StoredElement, BlobRef> => blobOf(stored) === undefined

const rowsOf = (jobId: string, entity: EntityId, key: BatchKey) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const records =
      yield* sql<RecordRow>`select source_id, native_id, parent_id, position, version, state, reason, title, warnings, resolution
      from job_records where job_id = ${jobId}::uuid and entity = ${entity} and stream = ${key.stream} and batch = ${key.batch}
      order by position, source_id collate "C"`
    const bodiesOf = (id: EntityId) =>
      Effect.map(
        sql<Bodies>`select raw_data as raw, transformed_data as transformed from job_extracted_data
          where job_id = ${jobId}::uuid and entity_type = ${id} and stream = ${key.stream} and batch_number = ${key.batch}`,
        (rows) => rows[0]
      )
    const bodies = yield* bodiesOf(entity)
    // Derived records (members of groups) come out of the rows of another entity.
    const { derivedFrom } = entityOf(entity)
    const parents = derivedFrom === null ? bodies?.raw : (yield* bodiesOf(derivedFrom))?.raw
    return { records, bodies, parents: parents ?? null }
  })

const reviewed = (
  r: RecordRow,
  element: Exclude<StoredElement, BlobRef>,
  canonical: (sourceId: string) => CanonicalRecord | null
): Reviewed => ({
  sourceId: r.source_id,
  nativeId: r.native_id,
  parentId: r.parent_id,
  version: r.version,
  state: r.state,
  reason: r.reason,
  title: r.title,
  warnings: r.warnings ?? [],
  resolution: r.resolution,
  canonical: canonical(r.source_id),
  body: element?.body ?? null,
  refs: element?.refs ?? {},
  meta: (element?.meta ?? null) as JsonObject | null
})

const noCanonical = (): CanonicalRecord | null => null

/** The rows of a batch as values. */
export const rawRows = (stored: Uint8Array) =>
  Effect.map(Effect.orDie(unpacked(stored)), (json) => JSON.parse(json.toString("utf8")) as ReadonlyArray<Json>)

/**
 * The canonical records of a batch's rows, by source id, as the connector reads them. `parentAt`: what the row at a position
 * came under, where the vendor's row does not say it (a note of a problem).
 */
const canonicalOf = (
  tenantId: string,
  entity: EntityId,
  key: BatchKey,
  rows: ReadonlyArray<Json>,
  parentAt: ReadonlyMap<number, string | null>,
  { config, connector }: SourceReader
) =>
  Effect.gen(function* () {
    const wanted = entityOf(entity).derivedFrom ?? entity
    const stream =
      connector.streams.find((s) => s.name === key.stream && s.entity === wanted) ??
      connector.streams.find((s) => s.parent === key.stream && s.entity === wanted)
    const found = new Map<string, CanonicalRecord>()
    if (stream === undefined) return noCanonical
    for (const [position, row] of rows.entries()) {
      const whole = blobOf(row) === undefined ? row : yield* inlined(tenantId, row)
      if (!isObject(whole)) continue
      for (const n of normalisedSafely(() => stream.normalise(config, whole, parentAt.get(position) ?? null)))
        if (n.entity === entity) found.set(n.sourceId, n.record)
    }
    return (sourceId: string) => found.get(sourceId) ?? null
  })

/** A row that the refiner refused may not normalise here either: its cells stay empty. */
const normalisedSafely = (read: () => ReadonlyArray<Normalised>): ReadonlyArray<Normalised> =>
  Result.getOrElse(Result.try(read), () => [])

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const blobOf = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null && "$blob" in value && typeof value.$blob === "string"
    ? value.$blob
    : undefined

/** The value itself, from the blob store where it was too large for a row. */
export const inlined = (tenantId: string, value: Json) =>
  Effect.gen(function* () {
    const hash = blobOf(value)
    if (hash === undefined) return value
    const bytes = yield* (yield* Blobs).get(tenantId, hash).pipe(Effect.orDie)
    return JSON.parse(bytes.toString("utf8")) as Json
  })

const elementOf = (tenantId: string, stored: StoredElement) =>
  Effect.gen(function* () {
    const hash = blobOf(stored)
    if (hash === undefined) return stored as Exclude<StoredElement, BlobRef>
    const bytes = yield* (yield* Blobs).get(tenantId, hash).pipe(Effect.orDie)
    return JSON.parse(bytes.toString("utf8")) as Exclude<StoredElement, BlobRef>
  })
