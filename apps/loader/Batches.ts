// Load batches: claimed by one owner at a time under an epoch, with the vendor's jobs that work on them, so that a restart
// goes on where it stood. All of it runs in the caller's transaction. For release (inserts) and load.
import type { EntityId } from "@bridge/domain/Entities"
import { Fenced, StageError } from "@bridge/flow/Stage"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export interface ReleasedPart {
  readonly entity: EntityId
  readonly sourceId: string
  readonly hash: string
  readonly resolution: string
}

/** One approved root with its parts, by id and hash: bodies stay in the archive. */
export interface Released {
  readonly sourceId: string
  readonly hash: string
  /** Hash of what settling decided, approved with the body. */
  readonly resolution: string
  readonly merged?: string
  readonly parts: ReadonlyArray<ReleasedPart>
}

/** A vendor's job that works on records of the batch, in the order of the call. */
export interface VendorJob {
  readonly id: string
  readonly sourceIds: ReadonlyArray<string>
  /** What it did is in the ledger. The id stays, so that the vendor's list of jobs can be placed in time. */
  readonly ended?: true
}

export interface BatchKey {
  readonly tenantId: string
  readonly jobId: string
  readonly entity: EntityId
  readonly number: number
}

export interface Batch extends BatchKey {
  readonly phase: number
  readonly epoch: number
  /** How often it was claimed. */
  readonly attempt: number
  readonly records: ReadonlyArray<Released>
  readonly vendorJobs: ReadonlyArray<VendorJob>
}

interface Row {
  readonly phase: number
  readonly epoch: bigint | number | string
  readonly attempt: number
  readonly records: ReadonlyArray<Released>
  readonly vendor_jobs: ReadonlyArray<VendorJob>
}

/** Takes the batch: older owners are fenced from here on (Promise 8). Undefined when there is nothing left to do. */
export const claim = (key: BatchKey, owner: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<Row>`update load_batches set epoch = epoch + 1, owner = ${owner}, attempt = attempt + 1,
        state = case state when 'released' then 'sending' else state end, updated_at = now()
      where job_id = ${key.jobId}::uuid and entity = ${key.entity} and number = ${key.number}
        and state in ('released', 'sending', 'waiting')
      returning phase, epoch, attempt, records, vendor_jobs`
    if (row === undefined) return undefined
    const batch: Batch = {
      ...key,
      phase: row.phase,
      epoch: Number(row.epoch),
      attempt: row.attempt,
      records: row.records,
      vendorJobs: row.vendor_jobs.filter((job) => job.ended !== true)
    }
    return batch
  })

const fenced = (b: Batch) =>
  new StageError({ stage: "load", reason: new Fenced({ what: `load batch ${b.jobId}/${b.entity}/${b.number}` }) })

/** Fails when somebody else has claimed the batch since; holds it until the transaction ends. */
export const holdBatch = (b: Batch) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql`select 1 from load_batches where job_id = ${b.jobId}::uuid and entity = ${b.entity}
      and number = ${b.number} and epoch = ${b.epoch} for update`
    if (rows.length === 0) return yield* fenced(b)
  })

/** Still at work: the batch is not taken for one that hangs. */
export const beat = (b: Batch) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql`update load_batches set updated_at = now() where job_id = ${b.jobId}::uuid and entity = ${b.entity}
      and number = ${b.number} and epoch = ${b.epoch} returning number`
    if (rows.length === 0) return yield* fenced(b)
  })

/** Notes a vendor's job, so that it is not lost over a restart. */
export const addVendorJob = (b: Batch, job: VendorJob) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql`update load_batches set vendor_jobs = vendor_jobs || jsonb_build_array(${JSON.stringify(job)}::jsonb
          || jsonb_build_object('at', to_jsonb(clock_timestamp()))), state = 'waiting', updated_at = now()
      where job_id = ${b.jobId}::uuid and entity = ${b.entity} and number = ${b.number} and epoch = ${b.epoch} returning number`
    if (rows.length === 0) return yield* fenced(b)
  })

/** The vendor's job has ended and what it did is in the ledger. */
export const endVendorJob = (b: Batch, jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update load_batches set vendor_jobs = (select jsonb_agg(case when v->>'id' = ${jobId}
          then v || '{"ended": true, "sourceIds": []}' else v end order by n)
          from jsonb_array_elements(vendor_jobs) with ordinality as t(v, n)), state = 'sending', updated_at = now()
      where job_id = ${b.jobId}::uuid and entity = ${b.entity} and number = ${b.number} and epoch = ${b.epoch}`
  )

/** Jobs of the vendor that this tenant's loads were given before an instant: what a list of jobs may show. */
export const vendorJobsBefore = (destinationAccount: string, at: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ id: string }>`select v->>'id' as id from load_batches b
        join jobs j on j.id = b.job_id and j.destination_account = ${destinationAccount},
        jsonb_array_elements(b.vendor_jobs) as t(v)
      where (v->>'at')::timestamptz < ${at}::timestamptz order by (v->>'at')::timestamptz desc limit 500`
    return new Set(rows.map((r) => r.id))
  })

/** Ends the batch: `done`, or `withdrawn` when the job was cancelled before all of it was sent. */
export const endBatch = (b: Batch, state: "done" | "withdrawn", error: unknown) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql`update load_batches set state = ${state}, error = ${error === null ? null : JSON.stringify(error)}::jsonb,
        updated_at = now()
      where job_id = ${b.jobId}::uuid and entity = ${b.entity} and number = ${b.number} and epoch = ${b.epoch}`
  )
