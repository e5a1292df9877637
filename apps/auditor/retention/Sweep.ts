// Looks for jobs whose time is over and removes what they left, one job after the other, any instance. For main.ts.
// What does not belong here: what is removed (Expire.ts), when a job's time is over (the scheduler sets the timers).
import { asTenant } from "@bridge/store/Postgres"
import { Clock, Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { expireData, expireResults } from "./Expire.ts"

interface Due {
  readonly kind: "expire-data" | "expire-results"
  readonly job_id: string
  readonly tenant_id: string
}

/** Another instance takes it up when this one has died over it. */
const claimed = "10 minutes"

/** The job that is due longest, if any; true when there was one. */
export const expireOnce = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const nowMillis = yield* Clock.currentTimeMillis
  const [due] = yield* sql<Due>`update timers set due = to_timestamp(${nowMillis / 1000}::float8) + ${claimed}::interval
    where (kind, key) in (select kind, key from timers where kind in ('expire-data', 'expire-results')
      and due <= to_timestamp(${nowMillis / 1000}::float8) order by due limit 1 for update skip locked)
    returning kind, job_id::text, tenant_id::text`
  if (due === undefined) return false
  const job = { tenantId: due.tenant_id, jobId: due.job_id }
  const left = due.kind === "expire-data" ? yield* expireData(job, nowMillis) : yield* expireResults(job)
  const at = typeof left === "number" ? left : null
  yield* asTenant(due.tenant_id)(
    at === null
      ? sql`delete from timers where kind = ${due.kind} and key = ${due.job_id}`
      : sql`update timers set due = to_timestamp(${at / 1000}::float8) where kind = ${due.kind} and key = ${due.job_id}`
  )
  return true
})

/** For ever; what fails is told, and tried again when its claim has run out. */
export const expiry = expireOnce.pipe(
  Effect.repeat({ while: (some) => some }),
  Effect.catchCause((cause) => Effect.logWarning("what has expired could not be removed, tried again", cause)),
  Effect.repeat(Schedule.spaced("1 minute"))
)
