// Moves jobs: on every job event, and once a second for jobs that live (the sweep), so that no message matters.
import { Commands } from "@bridge/flow/Commands"
import { controlAddress, header } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import { orStageError } from "@bridge/flow/Retry"
import type { Run, Stage } from "@bridge/flow/Stage"
import { asTenant } from "@bridge/store/Postgres"
import { Clock, Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { approveAsIs } from "./AutoApproval.ts"
import { decide } from "./Decide.ts"
import { carryOut, commandOf, sealEnded, snapshot } from "./JobFacts.ts"

/** Steps a job until its state rests. Runs inside a transaction of the job's tenant. */
export const step = (jobId: string) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    for (let i = 0; i < 12; i++) {
      const nowMillis = yield* Clock.currentTimeMillis
      const s = yield* snapshot(jobId, nowMillis)
      if (s === undefined) return yield* forget(jobId)
      const sealed = yield* sealEnded(s)
      yield* commands.emit(
        sealed.map(({ stream }) => ({
          type: "stream-sealed",
          tenantId: s.job.tenant_id,
          jobId,
          key: stream,
          detail: { stream }
        }))
      )
      if (sealed.length > 0) continue
      const d = decide(s.facts)
      if (d.approve) yield* approveAsIs(jobId)
      const { moved, wake } = yield* carryOut(s, d, nowMillis)
      const tenantId = s.job.tenant_id
      if (moved) {
        yield* commands.emit([
          {
            type: "state-changed",
            tenantId,
            jobId,
            key: d.state,
            detail: { from: s.job.state, to: d.state, ...(d.error === null ? {} : { error: d.error }) }
          }
        ])
      }
      yield* commands.send(wake.map((w) => commandOf(s.job, w)))
      if (!moved && !d.approve) return
    }
  })

/** A timer of a job that is gone (its tenant was deleted) ends. */
const forget = (jobId: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`delete from timers where kind = 'sweep' and key = ${jobId}`)

const stage = "schedule"

const handle = (run: Run) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const jobs = new Set((yield* commands.eventsOf(run)).map((e) => e.jobId))
    for (const jobId of jobs) yield* run.transaction(step(jobId))
  }).pipe(orStageError(stage))

/** Its own state changes come back as events: they are for the auditor and those who tap, and wake nobody here. */
const woken = controlAddress(null, "job")

export const schedule: Stage<Commands | SqlClient.SqlClient> = {
  stage,
  topics: [controlTopic("job-events")],
  address: (rec) => (header(rec, "ce_type")?.endsWith(".state-changed") === true ? null : woken(rec)),
  runsInFlight: 1,
  permits: 4,
  maxBytes: 16 * 1024 * 1024,
  maxPartitionBytes: 4 * 1024 * 1024,
  handle
}

interface Due {
  readonly key: string
  readonly tenant_id: string
}

const sweepBatch = 50

/** Takes due sweeps (any instance may) and steps their jobs, each in a transaction of its tenant. */
export const sweepOnce = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const due = yield* sql<Due>`update timers set due = now() + interval '3 seconds' where (kind, key) in (
      select kind, key from timers where kind = 'sweep' and due <= now() order by due limit ${sweepBatch} for update skip locked)
    returning key, tenant_id::text`
  yield* Effect.forEach(
    due,
    (d) =>
      asTenant(d.tenant_id)(step(d.key)).pipe(
        Effect.catchCause((cause) => Effect.logWarning("sweep failed, tried again in 3 s", { job: d.key }, cause))
      ),
    { concurrency: 2, discard: true }
  )
  return due.length
})

/** Sweeps for ever, without a pause while more is due; a failure of the database is told and tried again. */
export const sweeper = sweepOnce.pipe(
  Effect.repeat({ while: (swept) => swept === sweepBatch }),
  Effect.catchCause((cause) => Effect.logWarning("sweep not possible", cause)),
  Effect.repeat(Schedule.spaced("500 millis"))
)
