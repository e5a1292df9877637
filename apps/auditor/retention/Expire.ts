// Removes what a job left when its time is over: rows and bodies after the tenant's 30 to 90 days, results after seven years.
// In small transactions, again from anywhere. For Sweep.ts. What does not belong here: whose time is over (the timers).
import { Commands } from "@bridge/flow/Commands"
import { Blobs } from "@bridge/store/Blobs"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** An archive row is up to a megabyte, a record a line. */
const archiveRows = 50
const lines = 5_000
const dayMillis = 86_400_000
/** The longest that a tenant's extracted data is kept for anything. */
const mostDays = 90

export interface Expiring {
  readonly tenantId: string
  readonly jobId: string
}

/**
 * When the rest of a job's extracted data expires; null when nothing of it is left. What an audit still has to compare waits for
 * it, a day at a time and never beyond `mostDays`.
 */
export const expireData = ({ jobId, tenantId }: Expiring, nowMillis: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [wanted] = yield* asTenant(tenantId)(
      sql`select 1 from jobs where id = ${jobId}::uuid and state = 'completed' and not audit_complete
        and destination_connection is not null and data_expired_at is null
        and ended_at > to_timestamp(${nowMillis / 1000}::float8) - make_interval(days => ${mostDays})`
    )
    if (wanted !== undefined) return nowMillis + dayMillis
    // Said before the first row goes: whoever asks meanwhile must not take half of it for all.
    yield* asTenant(tenantId)(sql`update jobs set data_expired_at = to_timestamp(${nowMillis / 1000}::float8)
      where id = ${jobId}::uuid and data_expired_at is null and (not exists (select 1 from job_extracted_data where job_id = ${jobId}::uuid)
        or exists (select 1 from job_extracted_data where job_id = ${jobId}::uuid and expires_at <= to_timestamp(${nowMillis / 1000}::float8)))`)
    const archive = sql`delete from job_extracted_data where id in (select id from job_extracted_data
      where job_id = ${jobId}::uuid and expires_at <= to_timestamp(${nowMillis / 1000}::float8) limit ${archiveRows}) returning 1`
    const removed = yield* portions(tenantId, archive, archiveRows)
    const [left] = yield* asTenant(tenantId)(
      sql<{ next: number | null }>`select (extract(epoch from min(expires_at)) * 1000)::float8 as next
        from job_extracted_data where job_id = ${jobId}::uuid`
    )
    if (left !== undefined && left.next !== null) return left.next
    for (const table of ["job_records", "dead_letters", "load_batches", "job_files"])
      yield* portions(tenantId, rowsOf(sql, table, jobId), lines)
    yield* expireBodies(tenantId, nowMillis)
    yield* asTenant(tenantId)(said({ tenantId, jobId }, "data-expired", removed))
    return null
  })

const results = ["tallies", "job_load_results", "job_record_outcomes", "migration_results", "reports", "job_batches"]

/** What proves a migration; the job, its ledger and the audit log stay. */
export const expireResults = ({ jobId, tenantId }: Expiring) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    let removed = 0
    yield* asTenant(tenantId)(
      sql`update jobs set results_expired_at = now() where id = ${jobId}::uuid and results_expired_at is null`
    )
    for (const table of results) removed += yield* portions(tenantId, rowsOf(sql, table, jobId), lines)
    yield* asTenant(tenantId)(said({ tenantId, jobId }, "results-expired", removed))
  })

const rowsOf = (sql: SqlClient.SqlClient, table: string, jobId: string) =>
  sql`delete from ${sql(table)} where ctid in (select ctid from ${sql(table)} where job_id = ${jobId}::uuid limit ${lines}) returning 1`

/** Deletes until less than a portion was left, each in a transaction of its own; how many rows went. */
const portions = (tenantId: string, remove: Effect.Effect<ReadonlyArray<object>, unknown>, portion: number) =>
  Effect.gen(function* () {
    let removed = 0
    for (;;) {
      const { length } = yield* asTenant(tenantId)(remove)
      removed += length
      if (length < portion) return removed
      yield* Effect.yieldNow
    }
  })

/**
 * A body is stored after its batch was read and at the latest when the batch is archived, a file while its page is read: those
 * older than every batch that is left belong to none. A day between, for pages with many files and clocks that differ.
 */
const expireBodies = (tenantId: string, nowMillis: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const blobs = yield* Blobs
    const [first] = yield* asTenant(tenantId)(
      sql<{ days: number; read: number | null }>`select retention_days as days, (select
          (extract(epoch from min(extraction_timestamp)) * 1000)::float8 from job_extracted_data) as read
        from tenants where id = ${tenantId}::uuid`
    )
    if (first === undefined) return
    const kept = nowMillis - first.days * dayMillis
    yield* blobs.expire(tenantId, Math.min(kept, first.read ?? kept) - dayMillis)
  })

const said = ({ jobId, tenantId }: Expiring, type: string, rows: number) =>
  Effect.flatMap(Commands, (commands) => commands.emit([{ type, tenantId, jobId, detail: { rows } }]))
