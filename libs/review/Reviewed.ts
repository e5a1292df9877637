// The reviewed set of a job: exactly the records, hashes and exclusions that an approval names. For review and approval
// (api), the approval of jobs that ask for none (scheduler) and the auditor. What does not belong here: CSV, HTTP, states.
import { type Approval, entityHasher } from "@bridge/domain/Approval"
import { type Json, sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"

interface ApprovedRow {
  readonly source_id: string
  readonly transformed_hash: string
  readonly resolution: Json
}

interface ExcludedRow {
  readonly entity: string
  readonly source_id: string
  readonly reason: string
}

/** A record is approved when its transform kept it and settling did not leave it out. */
export const approvedOnly = "state = 'ready' and resolution->>'excluded' is null"

/** Count and hash of one entity, streamed; in the transaction of the job's tenant. */
export const reviewedEntity = (jobId: string, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const hasher = entityHasher()
    yield* sql<ApprovedRow>`select source_id, transformed_hash, resolution from job_records
      where job_id = ${jobId}::uuid and entity = ${entity} and ${sql.literal(approvedOnly)} order by source_id collate "C"`.stream.pipe(
      Stream.runForEachArray((rows) =>
        Effect.sync(() => {
          for (const r of rows)
            hasher.add({ sourceId: r.source_id, transformedHash: r.transformed_hash, resolution: r.resolution })
        })
      )
    )
    return hasher.result()
  })

/** Hash over what is left out and why, sorted. */
export const exclusionsHash = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<ExcludedRow>`select entity, source_id, coalesce(resolution->>'excluded', reason, '') as reason from job_records
      where job_id = ${jobId}::uuid and not (${sql.literal(approvedOnly)}) order by entity collate "C", source_id collate "C"`
    return sha256(rows.map((r) => `${JSON.stringify([r.entity, r.source_id, r.reason])}\n`).join(""))
  })

interface JobRow {
  readonly revision: number
  readonly entities: ReadonlyArray<EntityId>
  readonly destination_account: string | null
  readonly mapping_id: string | null
  readonly mapping_version: number | null
  readonly mapping: Json
}

/** Everything an approval of this job would name now. The caller holds the job row where it matters. */
export const reviewed = (jobId: string, mappingHash: (mapping: Json) => string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [job] =
      yield* sql<JobRow>`select j.revision, j.entities, j.destination_account, j.mapping_id::text, j.mapping_version, m.body as mapping
      from jobs j left join mappings m on m.id = j.mapping_id and m.version = j.mapping_version where j.id = ${jobId}::uuid`
    if (job === undefined) return undefined
    const hashes: Partial<Record<EntityId, string>> = {}
    const counts: Partial<Record<EntityId, number>> = {}
    for (const entity of job.entities) {
      const { count, hash } = yield* reviewedEntity(jobId, entity)
      hashes[entity] = hash
      counts[entity] = count
    }
    return {
      revision: job.revision,
      hashes,
      counts,
      exclusions: yield* exclusionsHash(jobId),
      mapping: { id: job.mapping_id ?? "", version: job.mapping_version ?? 0, hash: mappingHash(job.mapping) },
      destination: job.destination_account ?? ""
    } satisfies Omit<Approval, "approvedBy" | "approvedAt">
  })
