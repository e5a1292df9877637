// Audit entries of things that belong to no job (logins, tokens, connections, mappings): rows of job_events. For all rooms here.
// Events of a job go through libs/flow/Commands.ts, which also wakes the scheduler.
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export interface TenantEvent {
  readonly tenantId: string
  readonly type: string
  readonly actor: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** In the transaction that makes it true; the auditor chains it with its next pass. */
export const note = (event: TenantEvent) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`insert into job_events (tenant_id, type, actor, detail)
      values (${event.tenantId}::uuid, ${event.type}, ${event.actor}, ${JSON.stringify(event.detail ?? {})}::jsonb)`
  )
