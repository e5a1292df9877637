// The archive's transformed elements with their hashes computed again, never taken on trust. For the loader (Promise 3) and
// the auditor. What does not belong here: what is approved (Reviewed.ts), filling in references (libs/domain/Assemble.ts).
import { hashJson } from "@bridge/domain/Canonical"
import type { BlobRef, Element, Resolution, StoredElement } from "@bridge/domain/Element"
import type { EntityId } from "@bridge/domain/Entities"
import { type BlobError, Blobs } from "@bridge/store/Blobs"
import { asTenant } from "@bridge/store/Postgres"
import type { VaultError } from "@bridge/vault/VaultError"
import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export interface ElementKey {
  readonly entity: EntityId
  readonly sourceId: string
}

/** One record as the archive has it now. */
export interface Loaded extends ElementKey {
  readonly parentId: string | null
  readonly element: Element
  /** SHA-256 of the element's canonical JSON, computed from the archive's content. */
  readonly hash: string
  readonly resolution: Resolution | null
  readonly resolutionHash: string
}

export interface ArchiveOf {
  readonly tenantId: string
  readonly jobId: string
  readonly revision: number
}

export const elementKey = (entity: string, sourceId: string): string => `${entity}\n${sourceId}`

/** Hash of a resolution as a release notes it; null has one too. */
export const resolutionHash = (resolution: Resolution | null): string => hashJson(resolution)

export class Elements extends Context.Service<
  Elements,
  {
    /** The elements of these records by `elementKey`; a record or element that is not there is absent. */
    readonly of: (
      archive: ArchiveOf,
      keys: ReadonlyArray<ElementKey>
    ) => Effect.Effect<ReadonlyMap<string, Loaded>, SqlError.SqlError | BlobError | VaultError>
  }
>()("bridge/review/Elements") {
  /** Keeps the last few decoded batches: neighbours in the archive are loaded one after another. */
  static readonly layer = Layer.effect(
    Elements,
    Effect.suspend(() => make)
  )
}

/** Characters of JSON text held decoded, over all jobs of this process. */
const cacheChars = 24 * 1024 * 1024

interface Place {
  readonly entity: EntityId
  readonly source_id: string
  readonly parent_id: string | null
  readonly stream: string
  readonly batch: number
  readonly position: number
  readonly resolution: Resolution | null
}

interface Batch {
  readonly elements: ReadonlyArray<StoredElement>
  readonly chars: number
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const blobs = yield* Blobs
  const cache = new Batches()

  const places = (jobId: string, keys: ReadonlyArray<ElementKey>) =>
    sql<Place>`select r.entity, r.source_id, r.parent_id, r.stream, r.batch, r.position, r.resolution
      from job_records r join unnest(${keys.map((k) => k.entity)}::text[], ${keys.map((k) => k.sourceId)}::text[]) as k(entity, source_id)
        on r.entity = k.entity and r.source_id = k.source_id
      where r.job_id = ${jobId}::uuid`

  const read = (jobId: string, wanted: ReadonlyArray<Place>) =>
    sql<{ entity: string; stream: string; batch: number; elements: string }>`select d.entity_type as entity, d.stream,
        d.batch_number as batch, d.transformed_data::text as elements
      from job_extracted_data d join unnest(${wanted.map((p) => p.entity)}::text[], ${wanted.map((p) => p.stream)}::text[],
        ${wanted.map((p) => p.batch)}::int[]) as w(entity, stream, batch)
        on d.entity_type = w.entity and d.stream = w.stream and d.batch_number = w.batch
      where d.job_id = ${jobId}::uuid and d.transformed_data is not null`

  const whole = (tenantId: string, stored: BlobRef) =>
    Effect.map(blobs.get(tenantId, stored.$blob), (bytes) => JSON.parse(bytes.toString("utf8")) as Element)

  const of = Effect.fn("Elements.of")(function* (archive: ArchiveOf, keys: ReadonlyArray<ElementKey>) {
    const found = new Map<string, Loaded>()
    if (keys.length === 0) return found
    const { jobId, tenantId } = archive
    const batchKey = (p: { readonly entity: string; readonly stream: string; readonly batch: number }): string =>
      `${jobId}/${archive.revision}/${p.entity}/${p.stream}/${p.batch}`
    const [at, batches] = yield* Effect.gen(function* () {
      const at = yield* places(jobId, keys)
      const held = new Map<string, Batch>()
      const missing = new Map<string, Place>()
      for (const p of at) {
        const key = batchKey(p)
        const batch = cache.get(key)
        if (batch === undefined) missing.set(key, p)
        else held.set(key, batch)
      }
      const rows = missing.size === 0 ? [] : yield* read(jobId, [...missing.values()])
      for (const row of rows) {
        const batch: Batch = { elements: JSON.parse(row.elements), chars: row.elements.length }
        held.set(batchKey(row), batch)
        cache.set(batchKey(row), batch)
      }
      return [at, held] as const
    }).pipe(asTenant(tenantId), Effect.provideService(SqlClient.SqlClient, sql))
    for (const p of at) {
      const stored = batches.get(batchKey(p))?.elements[p.position] ?? null
      if (stored === null) continue
      const element = "$blob" in stored ? yield* whole(tenantId, stored) : stored
      found.set(elementKey(p.entity, p.source_id), {
        entity: p.entity,
        sourceId: p.source_id,
        parentId: p.parent_id,
        element,
        hash: hashJson(element),
        resolution: p.resolution,
        resolutionHash: resolutionHash(p.resolution)
      })
    }
    return found
  })
  return Elements.of({ of })
})

/** Decoded batches, the least used leave first. */
class Batches {
  readonly #held = new Map<string, Batch>()
  #chars = 0

  get(key: string): Batch | undefined {
    const batch = this.#held.get(key)
    if (batch === undefined) return undefined
    this.#held.delete(key)
    this.#held.set(key, batch)
    return batch
  }

  set(key: string, batch: Batch): void {
    this.#chars += batch.chars - (this.#held.get(key)?.chars ?? 0)
    this.#held.delete(key)
    this.#held.set(key, batch)
    for (const [oldest, old] of this.#held) {
      if (this.#chars <= cacheChars || oldest === key) break
      this.#held.delete(oldest)
      this.#chars -= old.chars
    }
  }
}
