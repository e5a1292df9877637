// Kinds that nothing in the job is of: left out with a reason, so that nothing is made for them at the destination. For Settle.ts,
// before references settle. Again changes nothing, and one that has come into use is no longer left out.
import type { EntityId } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { LinkPlan } from "./Plan.ts"

/** Why a record is left out. */
export const unused = (entity: EntityId, by: EntityId): string => `no ${by} of the job is of this ${entity}`

/** Only where the job moves what would be of them too: who moves kinds alone wants all of them. */
export const holdToUsed = (
  { jobId, plan, wanted }: { readonly jobId: string; readonly plan: LinkPlan; readonly wanted: ReadonlyArray<string> },
  entity: EntityId
): Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient> => {
  const use = plan.onlyUsed(entity)
  if (use === null || !wanted.includes(use.by)) return Effect.void
  const reason = unused(entity, use.by)
  return Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`with used as materialized (
        select distinct r.refs -> p ->> 'nativeId' as native from job_records r cross join unnest(${use.paths}::text[]) as p
        where r.job_id = ${jobId}::uuid and r.entity = ${use.by} and r.state = 'ready'),
      kind as materialized (
        select source_id, state, native_id in (select native from used where native is not null) as used from job_records
        where job_id = ${jobId}::uuid and entity = ${entity}
          and (state = 'ready' or (state = 'excluded' and reason = ${reason})))
      update job_records r set state = case when k.used then 'ready' else 'excluded' end,
        reason = case when k.used then null else ${reason} end, updated_at = now()
      from kind k where r.job_id = ${jobId}::uuid and r.entity = ${entity} and r.source_id = k.source_id
        and (k.state = 'ready') <> k.used`
  )
}
