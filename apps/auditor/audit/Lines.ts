// The lines of the comparison out of the tables, in the order of source ids. Reads only, in a transaction of the tenant
// that may take longer than others. For Audit.ts.
import type { Entity } from "@bridge/domain/Entities"
import { approvedOnly } from "@bridge/review/Reviewed"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { comparison, type Line } from "./Compare.ts"

/** Compares the books of one entity. */
export const compareEntity = (jobId: string, entity: Entity) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`select set_config('transaction_timeout', '10min', true)`
    const books = comparison()
    yield* lines(sql, jobId, entity).pipe(
      Stream.runForEachArray((rows) =>
        Effect.sync(() => {
          for (const row of rows) books.add(lineOf(row, entity))
        })
      )
    )
    return books.result()
  })

interface Row {
  readonly id: string
  readonly topic: string | null
  readonly recorded: string | null
  readonly archive: string | null
  readonly dead: boolean
  readonly excluded: string | null
  readonly approved: string | null
  readonly released: string | null
  readonly outcome: string | null
  readonly told: string | null
  readonly loaded: string | null
  readonly state: string | null
  readonly hash: string | null
  readonly destination: string | null
}

const lineOf = (row: Row, entity: Entity): Line => ({
  ...row,
  ledger: row.state === null ? null : { state: row.state, hash: row.hash, destinationId: row.destination },
  part: entity.writtenWith.length > 0
})

/** Topic: of several versions the newest, then the later batch. Only batches that the manifest counts are looked at. */
const lines = (sql: SqlClient.SqlClient, jobId: string, entity: Entity) =>
  sql<Row>`with counted as (
      select t.ids, t.hashes, t.notes, b.number from tallies t join job_batches b on b.job_id = t.job_id
        and b.entity = ${entity.derivedFrom ?? entity.id} and t.batch_key = b.stream || '/' || b.number || '/' || b.epoch
        and b.state in ('sent', 'refined')
      where t.job_id = ${jobId}::uuid and t.stage = 'raw' and t.entity = ${entity.id}),
    topic as (
      select distinct on (id) id, hash from counted c, unnest(c.ids, c.hashes, c.notes) with ordinality as u(id, hash, version, n)
      order by id, version collate "C" desc, c.number desc, n desc),
    archive as (
      select u.id, u.hash from tallies t, unnest(t.ids, t.hashes) as u(id, hash)
      where t.job_id = ${jobId}::uuid and t.stage = 'archive' and t.entity = ${entity.id}),
    record as (
      select source_id as id, raw_hash, case when ${sql.literal(approvedOnly)} then transformed_hash end as approved,
        case when ${sql.literal(approvedOnly)} then null
          else coalesce(resolution->>'excluded', reason, state) end as excluded
      from job_records where job_id = ${jobId}::uuid and entity = ${entity.id}),
    dead as (
      select distinct source_id as id from dead_letters where job_id = ${jobId}::uuid and state <> 'resolved'
        and entity = ${entity.derivedFrom ?? entity.id} and source_id is not null),
    released as (
      select distinct on (u.id) u.id, u.hash from tallies t, unnest(t.ids, t.hashes) as u(id, hash)
      where t.job_id = ${jobId}::uuid and t.stage = 'approved' and t.entity = ${entity.id} order by u.id),
    told as (
      select distinct on (u.id) u.id, u.hash, u.outcome from tallies t, unnest(t.ids, t.hashes, t.notes) as u(id, hash, outcome)
      where t.job_id = ${jobId}::uuid and t.stage = 'loaded' and t.entity = ${entity.id} order by u.id),
    outcome as (
      select source_id as id, outcome from job_record_outcomes where job_id = ${jobId}::uuid and entity = ${entity.id}),
    ledger as (
      select l.source_id as id, l.state, l.loaded_hash, l.destination_id from load_ledger l join jobs j on j.id = ${jobId}::uuid
        and l.tenant_id = j.tenant_id and l.destination_account = j.destination_account and l.source_account = j.source_account
      where l.entity = ${entity.id}),
    known as (
      select id from topic union select id from record union select id from released union select id from told
        union select id from outcome)
    select k.id, t.hash as topic, r.raw_hash as recorded, a.hash as archive,
      exists (select 1 from dead d where d.id = k.id
        or (${entity.derivedFrom !== null}::boolean and d.id = split_part(k.id, '/', 1))) as dead,
      r.excluded, r.approved, s.hash as released, o.outcome, w.outcome as told, w.hash as loaded, l.state, l.loaded_hash as hash,
      l.destination_id as destination
    from known k left join topic t using (id) left join archive a using (id) left join record r using (id)
      left join released s using (id) left join told w using (id) left join outcome o using (id) left join ledger l using (id)
    order by k.id collate "C"`.stream
