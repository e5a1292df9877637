// Jobs as the API shows them: one, or a page of them. Rows of jobs are written here only when one begins or a person decides.
import type { JobView } from "@bridge/contract/Jobs"
import { problem } from "@bridge/contract/Problem"
import type { JsonObject } from "@bridge/contract/Shapes"
import type { Approval } from "@bridge/domain/Approval"
import type { EntityId } from "@bridge/domain/Entities"
import type { JobState } from "@bridge/domain/Jobs"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { instant, instantOrNull, isId } from "../http/Rows.ts"

export interface JobRow {
  readonly id: string
  readonly tenant_id: string
  readonly kind: string
  readonly name: string
  readonly state: JobState
  readonly paused: boolean
  readonly cancel_requested: boolean
  readonly source_connection: string
  readonly source_vendor: string
  readonly source_account: string
  readonly destination_connection: string | null
  readonly destination_vendor: string | null
  readonly destination_account: string | null
  readonly entities: ReadonlyArray<EntityId>
  readonly options: JsonObject
  readonly mapping_id: string | null
  readonly mapping_version: number | null
  readonly revision: number
  readonly settled_revision: number | null
  readonly approval: Approval | null
  readonly audit_complete: boolean
  readonly error: JsonObject | null
  readonly created_by: string
  readonly created_at: Date
  readonly started_at: Date | null
  readonly ended_at: Date | null
  readonly data_expired_at: Date | null
  readonly results_expired_at: Date | null
}

const columns = `id, tenant_id, kind, name, state, paused, cancel_requested, source_connection, source_vendor, source_account,
  destination_connection, destination_vendor, destination_account, entities, options, mapping_id, mapping_version, revision,
  settled_revision, approval, audit_complete, error, created_by, created_at, started_at, ended_at, data_expired_at, results_expired_at`

export const jobView = (r: JobRow): JobView => ({
  id: r.id,
  kind: r.kind,
  name: r.name,
  state: r.state,
  paused: r.paused,
  cancelRequested: r.cancel_requested,
  source: { connection: r.source_connection, vendor: r.source_vendor, account: r.source_account },
  destination:
    r.destination_connection === null
      ? null
      : {
          connection: r.destination_connection,
          vendor: r.destination_vendor ?? "",
          account: r.destination_account ?? ""
        },
  entities: r.entities,
  options: Object.fromEntries(Object.entries(r.options).filter(([key]) => key !== "fieldWarnings")),
  mapping: r.mapping_id === null ? null : { id: r.mapping_id, version: r.mapping_version ?? 1 },
  revision: r.revision,
  approved: r.approval === null ? null : { by: r.approval.approvedBy, at: r.approval.approvedAt },
  auditComplete: r.audit_complete,
  error: r.error,
  createdBy: r.created_by,
  createdAt: instant(r.created_at),
  startedAt: instantOrNull(r.started_at),
  endedAt: instantOrNull(r.ended_at),
  expired: { data: instantOrNull(r.data_expired_at), results: instantOrNull(r.results_expired_at) }
})

/** Another tenant's job is as unknown as none (Promise 5). `lock` is for decisions: they hold the job row. */
export const jobRow = (id: string, lock: "" | "for update" = "") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = isId(id)
      ? yield* sql<JobRow>`select ${sql.literal(columns)} from jobs where id = ${id}::uuid ${sql.literal(lock)}`
      : []
    return row ?? (yield* Effect.fail(problem("job-unknown", `There is no job ${id}.`)))
  })

/** A job whose records are still there: removed ones are gone (410), not empty. */
export const jobWithData = (id: string) =>
  Effect.flatMap(jobRow(id), (job) =>
    job.data_expired_at === null
      ? Effect.succeed(job)
      : Effect.fail(
          problem("data-expired", `The records of job ${job.id} were removed at ${instant(job.data_expired_at)}.`)
        )
  )

/** A job whose results are still there. */
export const jobWithResults = (id: string) =>
  Effect.flatMap(jobRow(id), (job) =>
    job.results_expired_at === null
      ? Effect.succeed(job)
      : Effect.fail(
          problem("results-expired", `The results of job ${job.id} were removed at ${instant(job.results_expired_at)}.`)
        )
  )

export interface PageRequest {
  readonly state?: JobState
  readonly cursor?: string
  readonly limit?: number
}

/** Newest first. The cursor is the id of the last one shown: ids ascend with time. */
export const jobPage = (asked: PageRequest, migrations: boolean) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const limit = asked.limit ?? 50
    const after = asked.cursor !== undefined && isId(asked.cursor) ? asked.cursor : null
    const rows = yield* sql<JobRow>`select ${sql.literal(columns)} from jobs
      where (${after}::uuid is null or id < ${after}::uuid) and (${asked.state ?? null}::text is null or state = ${asked.state ?? null})
        and (not ${migrations}::boolean or kind <> 'sync')
      order by id desc limit ${limit + 1}`
    const shown = rows.slice(0, limit)
    return { jobs: shown.map(jobView), next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
  })
