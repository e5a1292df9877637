// Named leases with an owner, an epoch and an end: one job per source or destination account, one sweeper. For app shells.
// What does not belong here: partitions (Fences.ts), budgets of vendors (libs/http).
import { Duration, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Fenced } from "./Stage.ts"

export interface Lease {
  readonly name: string
  readonly owner: string
  /** Goes up with every new owner. */
  readonly epoch: bigint
}

export interface Take {
  readonly name: string
  readonly owner: string
  readonly tenantId?: string
  readonly jobId?: string
  readonly ttl: Duration.Input
}

const seconds = (ttl: Duration.Input): number => Duration.toSeconds(ttl)

/** The lease, when it is free, has ended or is this owner's already; none while somebody else holds it. */
export const take = ({ jobId, name, owner, tenantId, ttl }: Take) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ epoch: string }>`
        insert into leases as l (name, owner, tenant_id, job_id, epoch, until)
        values (${name}, ${owner}, ${tenantId ?? null}::uuid, ${jobId ?? null}::uuid, 1, now() + make_interval(secs => ${seconds(ttl)}))
        on conflict (name) do update set owner = excluded.owner, tenant_id = excluded.tenant_id, job_id = excluded.job_id,
          until = excluded.until, epoch = case when l.owner = excluded.owner and l.until > now() then l.epoch else l.epoch + 1 end
        where l.until <= now() or l.owner = excluded.owner
        returning epoch::text`,
      ([row]): Option.Option<Lease> =>
        row === undefined ? Option.none() : Option.some({ name, owner, epoch: BigInt(row.epoch) })
    )
  )

/** True when it was still held; false when it has ended: somebody else may have it by now. */
export const renew = ({ epoch, name }: Lease, ttl: Duration.Input) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`update leases set until = now() + make_interval(secs => ${seconds(ttl)})
        where name = ${name} and epoch = ${epoch} and until > now() returning 1`,
      (rows) => rows.length > 0
    )
  )

/** Ends it; the row stays, so that the epoch never goes back. */
export const release = ({ epoch, name }: Lease) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.asVoid(sql`update leases set until = now() where name = ${name} and epoch = ${epoch} and until > now()`)
  )

/** Inside a transaction, first: fails with Fenced when the lease is not held any more; nobody can take it before the commit. */
export const hold = ({ epoch, name }: Lease) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql`select 1 from leases where name = ${name} and epoch = ${epoch} and until > now() for share`
    if (rows.length === 0) return yield* new Fenced({ what: `lease ${name}` })
  })
