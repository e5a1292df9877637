// The job that is audited: what the auditor reads of tables it does not own. Runs in the caller's transaction. For Audit.ts.
import { type AgentPaths, agentPaths } from "@bridge/domain/Adapted"
import type { Approval } from "@bridge/domain/Approval"
import type { EntityId } from "@bridge/domain/Entities"
import type { JobOptions } from "@bridge/domain/Jobs"
import { Mapping } from "@bridge/domain/Mapping"
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { Report } from "./Report.ts"

export interface AuditJob {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly state: string
  readonly revision: number
  readonly entities: ReadonlyArray<EntityId>
  readonly sourceAccount: string
  readonly sourceConnection: string
  readonly destinationAccount: string
  readonly destinationConnection: string
  readonly approval: Report["approval"]
  readonly agentPaths: AgentPaths
  readonly asked: Report["asked"]
  readonly auditComplete: boolean
  /** The books were compared. */
  readonly balanced: boolean
  /** Its records were removed, their time being over: there is nothing left to compare the destination with. */
  readonly expired: boolean
  readonly startedAt: string | null
  readonly endedAt: string | null
}

interface Row {
  readonly tenant_id: string
  readonly name: string
  readonly state: string
  readonly revision: number
  readonly entities: ReadonlyArray<EntityId>
  readonly source_account: string
  readonly source_connection: string
  readonly destination_account: string | null
  readonly destination_connection: string | null
  readonly approval: Approval | null
  readonly mapping: unknown
  readonly options: JobOptions
  readonly left_out: Readonly<Partial<Record<EntityId, number>>>
  readonly audit_complete: boolean
  readonly balanced: boolean
  readonly expired: boolean
  readonly started: string | null
  readonly ended: string | null
}

/** Undefined for a job without a destination: there is nothing to compare with. */
export const auditJob = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] =
      yield* sql<Row>`select tenant_id::text, name, state, revision, entities, source_account, source_connection::text,
        destination_account, destination_connection::text, approval, options, audit_complete,
        (select m.body from mappings m where m.id = jobs.mapping_id and m.version = jobs.mapping_version) as mapping,
        coalesce((select jsonb_object_agg(entity, n) from (select entity, sum(left_out)::int as n from job_streams s
          where s.job_id = jobs.id group by entity having sum(left_out) > 0) as l), '{}') as left_out,
        exists (select 1 from migration_results m where m.job_id = jobs.id) as balanced,
        data_expired_at is not null as expired,
        to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as started,
        to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ended
      from jobs where id = ${jobId}::uuid`
    if (row === undefined || row.destination_account === null || row.destination_connection === null) return undefined
    const job: AuditJob = {
      id: jobId,
      tenantId: row.tenant_id,
      name: row.name,
      state: row.state,
      revision: row.revision,
      entities: row.entities,
      sourceAccount: row.source_account,
      sourceConnection: row.source_connection,
      destinationAccount: row.destination_account,
      destinationConnection: row.destination_connection,
      agentPaths: Option.match(Schema.decodeUnknownOption(Mapping)(row.mapping), {
        onNone: () => new Map(),
        onSome: agentPaths
      }),
      approval: row.approval === null ? null : approvalOf(row.approval),
      asked: askedOf(row.options, row.left_out),
      auditComplete: row.audit_complete,
      balanced: row.balanced,
      expired: row.expired,
      startedAt: row.started,
      endedAt: row.ended
    }
    return job
  })

/** Only what says which records are moved. */
const askedOf = ({ filters, sampleSize, since, until }: JobOptions, leftOut: Row["left_out"]): Report["asked"] => {
  const options = {
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(filters !== undefined && { filters }),
    ...(sampleSize !== undefined && { sampleSize })
  }
  return Object.keys(options).length === 0 ? null : { options, leftOut }
}

const approvalOf = (a: Approval): NonNullable<Report["approval"]> => ({
  by: a.approvedBy,
  at: a.approvedAt,
  revision: a.revision,
  mapping: a.mapping,
  hashes: a.hashes
})

/** True when the auditor's own books have every batch that counts: the manifest's, the released and the loaded ones. */
export const tallied = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ behind: boolean }>`select exists (
        select 1 from job_batches b where b.job_id = ${jobId}::uuid and b.state in ('sent', 'refined') and b.rows > 0
          and not exists (select 1 from tallies t where t.job_id = b.job_id and t.stage = 'raw' and t.entity = b.entity
            and t.batch_key = b.stream || '/' || b.number || '/' || b.epoch and cardinality(t.ids) >= b.rows))
      or exists (
        select 1 from load_batches l where l.job_id = ${jobId}::uuid and l.state = 'done' and l.size > 0
          and (select count(*) from tallies t where t.job_id = l.job_id and t.stage in ('approved', 'loaded') and t.entity = l.entity
            and t.batch_key = l.number::text and cardinality(t.ids) >= l.size) < 2) as behind`
    return row?.behind === false
  })

/** What the destination could not take as approved and was given in another form, by code. */
export const adaptations = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Report["adapted"][number]>`select entity, w->>'code' as code, count(distinct source_id)::int as count,
        min(w->>'message') as message
      from job_record_outcomes, jsonb_array_elements(warnings) w where job_id = ${jobId}::uuid and warnings is not null
      group by 1, 2 order by 3 desc, 1, 2 limit 50`
  )

/** Failed records by reason, the most frequent first. */
export const failures = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Report["failures"][number]>`select coalesce(error->>'code', 'unknown') as code, count(*)::int as count,
        min(coalesce(error->>'message', '')) as message, min(coalesce(error->>'hint', '')) as hint
      from job_record_outcomes where job_id = ${jobId}::uuid and outcome = 'failed' group by 1 order by 2 desc, 1 limit 50`
  )
