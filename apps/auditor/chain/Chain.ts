// Appends what happened to the audit log, tenant by tenant, each entry's hash over the one before; and verifies it. One
// appender a tenant at a time. Woken by job events, and by the queue for events that travel no topic.
import { chain, genesis, type Verification, verifyEntries } from "@bridge/domain/AuditChain"
import { Wakeups } from "@bridge/flow/Wakeups"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { append, entriesAfter, head, strayEvent, unchained } from "./Log.ts"

/** Entries in one transaction. */
const portion = 500

/** Chains everything of a tenant that is not chained yet. */
export const appendTenant = (tenantId: string) =>
  Effect.gen(function* () {
    while ((yield* asTenant(tenantId)(appendSome(tenantId))) === portion) yield* Effect.yieldNow
  })

const appendSome = (tenantId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`select pg_advisory_xact_lock(hashtextextended(${`bridge/audit/${tenantId}`}, 0))`
    const end = yield* head(tenantId)
    const entries = yield* unchained(tenantId, end.entries, portion)
    yield* append(tenantId, chain(end.head, entries))
    return entries.length
  })

/** Tenants with events that wait; what of the queue was chained meanwhile is cleared with its event. */
const waiting = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ tenant_id: string }>`select distinct tenant_id::text from audit_queue limit 100`
  return rows.map((r) => r.tenant_id)
})

/** Chains what waits, for ever. */
export const chainLoop = Effect.gen(function* () {
  const wakeups = yield* Wakeups
  const some = Effect.map(waiting, (tenants) => (tenants.length === 0 ? Option.none() : Option.some(tenants)))
  return yield* Effect.forever(
    Effect.flatMap(wakeups.until("audit", some, "2 seconds"), (tenants) =>
      Effect.forEach(tenants, appendTenant, { discard: true })
    ).pipe(
      Effect.tapCause((cause) => Effect.logWarning("the audit log could not be appended to, tried again", cause)),
      Effect.retry(Schedule.spaced("2 seconds"))
    )
  )
})

/**
 * Checks a tenant's whole log against itself and against the events: a row that was changed, removed or put in is found,
 * also at the end.
 */
export const verifyChain = (tenantId: string) =>
  asTenant(tenantId)(
    Effect.gen(function* () {
      let at = { seq: 0, hash: genesis(tenantId) }
      for (;;) {
        const entries = yield* entriesAfter(tenantId, at.seq, 1_000)
        const seen: Verification = verifyEntries(tenantId, entries, at)
        if (!seen.ok) return seen
        at = { seq: seen.entries, hash: seen.head }
        if (entries.length > 0) continue
        const stray = yield* strayEvent(tenantId)
        if (stray === undefined) return seen
        const problem = `event ${stray} was chained and has no entry that says the same`
        return { ok: false, entries: at.seq, seq: at.seq + 1, problem } satisfies Verification
      }
    })
  )
