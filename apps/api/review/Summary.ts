// What was extracted and what would be loaded, per entity, with the hashes that an approval names. For Routes.
import type { EntitySummary, Summary } from "@bridge/contract/Review"
import { type EntityId, entity as entityOf } from "@bridge/domain/Entities"
import type { Mapping } from "@bridge/domain/Mapping"
import { mappingHash } from "@bridge/domain/Mapping"
import { approvedOnly, reviewed } from "@bridge/review/Reviewed"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type JobRow, jobWithData } from "../jobs/Stored.ts"

interface CountRow {
  readonly entity: EntityId
  readonly archived: number
  readonly excluded: number
  readonly approved: number
  readonly dead: number
  readonly warned: number
}

interface GroupRow {
  readonly entity: EntityId
  readonly word: string
  readonly count: number
}

/** Long enough for millions of records; the pools' own limit is for ordinary requests. */
export const withLongTransaction = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.andThen(sql`select set_config('transaction_timeout', '600s', true)`, self)
  )

export const hashOfMapping = (mapping: unknown): string => mappingHash(mapping as Mapping)

/** Hashes only when they are final for the revision: sealed, settled, nothing behind. */
export const isSettled = (job: JobRow) =>
  Effect.gen(function* () {
    if (job.settled_revision !== job.revision) return false
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ behind: boolean }>`select
        exists (select 1 from job_batches where job_id = ${job.id}::uuid and state = 'refined' and revision < ${job.revision})
        or exists (select 1 from job_streams where job_id = ${job.id}::uuid and sealed_at is null) as behind`
    return row?.behind === false
  })

export const summaryOf = (id: string) =>
  Effect.gen(function* () {
    const job = yield* jobWithData(id)
    const settled = yield* isSettled(job)
    const set = settled ? yield* reviewed(job.id, hashOfMapping) : undefined
    const counts = yield* countsOf(job.id)
    const leftOut = yield* leftOutOf(job.id)
    const warnings = yield* warningsOf(job.id)
    const exclusions = yield* exclusionsOf(job.id)
    const entities = job.entities.map((entity): typeof EntitySummary.Type => {
      const c = counts.find((r) => r.entity === entity)
      return {
        entity,
        leftOut: leftOut.find((r) => r.entity === entity)?.count ?? 0,
        archived: c?.archived ?? 0,
        excluded: c?.excluded ?? 0,
        approved: c?.approved ?? 0,
        dead: c?.dead ?? 0,
        withWarnings: c?.warned ?? 0,
        warnings: warnings.filter((w) => w.entity === entity).map((w) => ({ code: w.word, count: w.count })),
        exclusions: exclusions.filter((w) => w.entity === entity).map((w) => ({ reason: w.word, count: w.count })),
        hash: set?.hashes[entity] ?? null,
        csv: `/api/jobs/${job.id}/download/csv/${entityOf(entity).plural}`
      }
    })
    return {
      jobId: job.id,
      state: job.state,
      revision: job.revision,
      settled,
      entities,
      deadLetters: yield* deadLettersOf(job.id),
      fieldWarnings: fieldWarningsOf(job),
      streamWarnings: yield* gapsOf(job.id),
      approval:
        set === undefined
          ? null
          : {
              hashes: hashesOf(set.hashes),
              mapping: { id: set.mapping.id, version: set.mapping.version },
              destination: set.destination,
              exclusions: set.exclusions
            }
    } satisfies Summary
  }).pipe(withLongTransaction)

const hashesOf = (hashes: Readonly<Partial<Record<EntityId, string>>>): Record<string, string> =>
  Object.fromEntries(Object.entries(hashes).filter((e): e is [string, string] => e[1] !== undefined))

/** Fields without a counterpart, found when the job began; they say nothing of another mapping. */
const fieldWarningsOf = (job: JobRow): Summary["fieldWarnings"] => {
  const stored = job.revision === 1 ? job.options["fieldWarnings"] : []
  return Array.isArray(stored)
    ? stored.flatMap((w) => {
        if (typeof w !== "object" || w === null || Array.isArray(w)) return []
        const { code, entity, field, message } = w as Readonly<Record<string, unknown>>
        return [{ entity: String(entity), field: String(field), code: String(code), message: String(message) }]
      })
    : []
}

const deadLettersOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Summary["deadLetters"][number]>`select entity, source_id as "sourceId", stage, error_class as code,
        coalesce(error->>'message', '') as message
      from dead_letters where job_id = ${jobId}::uuid and state = 'open' order by created_at, id limit 100`
  )

const gapsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Summary["streamWarnings"][number]>`select g->>'stream' as stream, s.entity, 'not-readable' as code,
        g->>'message' as message
      from job_streams s, jsonb_array_elements(s.gaps) g where s.job_id = ${jobId}::uuid order by 1, 4`
  )

const countsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<CountRow>`select coalesce(r.entity, d.entity) as entity, coalesce(r.archived, 0)::int as archived,
        coalesce(r.archived - r.approved, 0)::int as excluded, coalesce(r.approved, 0)::int as approved,
        coalesce(r.warned, 0)::int as warned, coalesce(d.dead, 0)::int as dead
      from (select entity, count(*) as archived, count(*) filter (where ${sql.literal(approvedOnly)}) as approved,
          count(*) filter (where jsonb_array_length(coalesce(warnings, '[]')) > 0) as warned
        from job_records where job_id = ${jobId}::uuid group by entity) r
      full join (select entity, count(distinct coalesce(source_id, id::text)) as dead
        from dead_letters where job_id = ${jobId}::uuid and state = 'open' and entity is not null group by entity) d using (entity)`
  )

/** What the job's options did not ask for, by the entity of the stream; what would have come under it is not known. */
const leftOutOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ entity: EntityId; count: number }>`select entity, sum(left_out)::int as count from job_streams
      where job_id = ${jobId}::uuid group by entity`
  )

const warningsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<GroupRow>`select entity, w->>'code' as word, count(*)::int as count
      from job_records, jsonb_array_elements(coalesce(warnings, '[]')) w
      where job_id = ${jobId}::uuid group by 1, 2 order by 3 desc, 2`
  )

const exclusionsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql<GroupRow>`select entity, coalesce(resolution->>'excluded', reason, state) as word, count(*)::int as count
      from job_records where job_id = ${jobId}::uuid and not (${sql.literal(approvedOnly)}) group by 1, 2 order by 3 desc, 2`
  )
