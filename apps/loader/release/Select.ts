// What a release cuts into batches: approved roots in archive order with their parts, and where it stands. Runs in the
// caller's transaction. Merged records come last, when the records that stand for them are loaded.
import type { Resolution } from "@bridge/domain/Element"
import type { EntityId } from "@bridge/domain/Entities"
import { resolutionHash } from "@bridge/review/Elements"
import { approvedParts } from "@bridge/review/Parts"
import { approvedOnly } from "@bridge/review/Reviewed"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Released, ReleasedPart } from "../Batches.ts"

/** Place after the last record released, in the order of the archive. Pass 1 takes the merged ones. */
export interface Position {
  readonly pass: 0 | 1
  readonly stream: string
  readonly batch: number
  readonly position: number
}

export const start = (pass: 0 | 1): Position => ({ pass, stream: "", batch: -1, position: -1 })

export interface Phase {
  readonly phase: number
  readonly slice: number
  readonly position: Position | null
  readonly nextBatch: number
  readonly ended: boolean
  readonly done: boolean
}

/** The phase, locked. */
export const lockPhase = (jobId: string, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{
      phase: number
      slice: number
      position: Position | null
      next_batch: number
      ended: boolean
      done: boolean
    }>`select phase, slice, position, next_batch, ended, done from load_phases
      where job_id = ${jobId}::uuid and entity = ${entity} for update`
    if (row === undefined) return undefined
    const phase: Phase = { ...row, nextBatch: row.next_batch }
    return phase
  })

export const savePhase = (
  jobId: string,
  entity: EntityId,
  to: { position: Position; nextBatch: number; ended: boolean }
) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update load_phases set position = ${JSON.stringify(to.position)}::jsonb, next_batch = ${to.nextBatch},
        ended = ${to.ended}, updated_at = now() where job_id = ${jobId}::uuid and entity = ${entity}`
  )

interface RootRow {
  readonly source_id: string
  readonly transformed_hash: string
  readonly resolution: Resolution | null
  readonly stream: string
  readonly batch: number
  readonly position: number
}

export interface Selected {
  readonly records: ReadonlyArray<Released>
  readonly last: Position
  /** Nothing is left of this pass. */
  readonly ended: boolean
}

/** The next approved roots after `from`, at most `limit`. */
export const select = (jobId: string, entity: EntityId, from: Position, limit: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<RootRow>`select source_id, transformed_hash, resolution, stream, batch, position from job_records
      where job_id = ${jobId}::uuid and entity = ${entity} and ${sql.literal(approvedOnly)}
        and (coalesce(resolution->'merged', 'null') <> 'null') = ${from.pass === 1}
        and (stream, batch, position) > (${from.stream}, ${from.batch}, ${from.position})
      order by stream, batch, position limit ${limit}`
    const parts = yield* partsOfRoots(jobId, entity, rows)
    const last = rows.at(-1)
    const selected: Selected = {
      records: rows.map((r) => ({
        sourceId: r.source_id,
        hash: r.transformed_hash,
        resolution: resolutionHash(r.resolution),
        ...(r.resolution?.merged === undefined ? {} : { merged: r.resolution.merged.into }),
        parts: parts.get(r.source_id) ?? []
      })),
      last:
        last === undefined
          ? from
          : { pass: from.pass, stream: last.stream, batch: last.batch, position: last.position },
      ended: rows.length < limit
    }
    return selected
  })

/** True when there are merged records, which a second pass takes. */
export const mergedLeft = (jobId: string, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ left: boolean }>`select exists (select 1 from job_records where job_id = ${jobId}::uuid
        and entity = ${entity} and ${sql.literal(approvedOnly)} and coalesce(resolution->'merged', 'null') <> 'null') as left`
    return row?.left === true
  })

const partsOfRoots = (jobId: string, entity: EntityId, roots: ReadonlyArray<RootRow>) =>
  Effect.map(
    approvedParts(
      jobId,
      entity,
      roots.map((r) => r.source_id)
    ),
    (found) => {
      const parts = new Map<string, Array<ReleasedPart>>()
      for (const { entity, hash, resolution, root, sourceId } of found) {
        const list = parts.get(root) ?? []
        list.push({ entity, sourceId, hash, resolution: resolutionHash(resolution) })
        parts.set(root, list)
      }
      return parts
    }
  )

export interface NewBatch {
  readonly number: number
  readonly records: ReadonlyArray<Released>
}

/**
 * Parts in one batch, but for a root that has more alone: each takes about 220 bytes of the batch's row, of which the client
 * takes 16 MiB, and its body while it is loaded.
 */
const mostParts = 20_000

/** Records into batches of at most `size`, numbered from `from`. Pure. */
export const cut = (records: ReadonlyArray<Released>, size: number, from: number): ReadonlyArray<NewBatch> => {
  const out: Array<NewBatch> = []
  let open: Array<Released> = []
  let parts = 0
  const close = (): void => {
    if (open.length > 0) out.push({ number: from + out.length, records: open })
    open = []
    parts = 0
  }
  for (const record of records) {
    if (open.length >= size || parts + record.parts.length > mostParts) close()
    open.push(record)
    parts += record.parts.length
  }
  close()
  return out
}

export const insertBatches = (
  tenantId: string,
  jobId: string,
  entity: EntityId,
  phase: number,
  batches: ReadonlyArray<NewBatch>
) =>
  Effect.gen(function* () {
    if (batches.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into load_batches (tenant_id, job_id, entity, phase, number, state, records, size)
      select ${tenantId}::uuid, ${jobId}::uuid, ${entity}, ${phase}::int, n, 'released', r::jsonb, s
      from unnest(${batches.map((b) => b.number)}::int[], ${batches.map((b) => JSON.stringify(b.records))}::text[],
        ${batches.map((b) => b.records.length)}::int[]) as t(n, r, s)`
  })

interface AbandonedRow {
  readonly number: number
  readonly records: ReadonlyArray<Released>
}

/**
 * Batches that nobody has touched for a while though they are open: their message went astray, or they were set aside by a
 * fault. Touched here, so that one waker at a time sends them again.
 */
export const abandoned = (jobId: string, entity: EntityId) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql<AbandonedRow>`update load_batches set updated_at = now() where job_id = ${jobId}::uuid and entity = ${entity}
        and state in ('released', 'sending', 'waiting')
        and updated_at < now() - case when error is null then interval '1 minute' else interval '10 minutes' end
      returning number, records`
  )
