// The settle stage: what concerns a job as a whole, woken by commands: settling, a changed mapping, dead letters once more.
// Everything it needs to know is in the tables; a command too many changes nothing. Refused once the job is approved.
import { Commands } from "@bridge/flow/Commands"
import { controlAddress } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import type { Command } from "@bridge/flow/Messages"
import { orStageError } from "@bridge/flow/Retry"
import { Fenced, type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Archive from "./Archive.ts"
import { linkPlan } from "./link/Plan.ts"
import { holdToSample } from "./link/Sample.ts"
import { settle } from "./link/Settle.ts"
import { Mappings } from "./Mappings.ts"
import { redrive } from "./Redrive.ts"
import type { Needs } from "./Refiner.ts"
import { remap } from "./Remap.ts"

const stage = "settle"

const handle = (run: Run): Effect.Effect<void, StageError, Needs> =>
  Effect.gen(function* () {
    const commands = yield* Commands
    for (const command of yield* commands.commandsOf(run)) yield* obey(run, command)
  }).pipe(orStageError(stage))

const obey = (run: Run, { jobId, key, type }: Command) => {
  switch (type) {
    case "settle":
      return settleJob(run, jobId)
    case "remap":
      return remapJob(run, jobId)
    case "redrive":
      return redrive(run, jobId, key)
    default:
      return Effect.void
  }
}

const fenced = (what: string) => Effect.fail(new StageError({ stage, reason: new Fenced({ what }) }))

/** The job when all its streams are sealed and refined under its revision, and it is not settled yet. */
const unsettled = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const job = yield* Archive.jobFacts(jobId, "none")
    if (job === undefined || !job.writable) return undefined
    const [open] = yield* sql<{ open: boolean }>`select settled_revision is not distinct from revision
        or exists (select 1 from job_streams s where s.job_id = j.id and s.sealed_at is null)
        or exists (select 1 from job_batches b where b.job_id = j.id and (b.state in ('sending', 'sent')
          or (b.state = 'refined' and b.revision < j.revision))) as open
      from jobs j where id = ${jobId}::uuid`
    return open?.open === false ? job : undefined
  })

const settleJob = (run: Run, jobId: string) =>
  Effect.gen(function* () {
    const job = yield* run.transaction(unsettled(jobId))
    if (job === undefined) return
    const mappings = yield* Mappings
    const { mapping } = yield* run
      .transaction(mappings.of(job))
      .pipe(
        Effect.catchTag("MappingUnusable", (cause) =>
          Effect.fail(new StageError({ stage, reason: new Transient({ cause }) }))
        )
      )
    const same = (now: Archive.JobFacts | undefined) => now?.writable === true && now.revision === job.revision
    // Each part under the job's share lock: an approval or a new mapping in between ends this pass, another follows.
    const transact = <A>(body: Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>) =>
      run.transaction(
        Effect.flatMap(
          Archive.jobFacts(jobId, "share"),
          (now): Effect.Effect<A, SqlError.SqlError | StageError, SqlClient.SqlClient> =>
            same(now) ? body : fenced(`settling of ${jobId}`)
        )
      )
    // The rows are new: without statistics the planner takes them for a handful.
    yield* run.transaction(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`analyze job_records`))
    if (job.sample) yield* holdToSample(jobId, transact)
    yield* settle({ jobId, plan: linkPlan(mapping), wanted: job.entities }, transact)
    yield* run.transaction(
      Effect.gen(function* () {
        if (!same(yield* Archive.jobFacts(jobId, "update"))) return
        const sql = yield* SqlClient.SqlClient
        const commands = yield* Commands
        yield* sql`update jobs set settled_revision = revision, updated_at = now() where id = ${jobId}::uuid`
        yield* commands.emit([{ type: "settled", tenantId: run.tenantId, jobId, detail: { revision: job.revision } }])
      })
    )
  })

const remapJob = (run: Run, jobId: string) =>
  Effect.gen(function* () {
    if ((yield* remap(run, jobId)) !== "slice") return
    const commands = yield* Commands
    yield* run.transaction(commands.send([{ type: "remap", tenantId: run.tenantId, jobId }]))
  })

const mib = 1024 * 1024

export const settler: Stage<Needs> = {
  stage,
  topics: [controlTopic("commands")],
  address: controlAddress(["settle", "remap", "redrive"], "job"),
  runsInFlight: 1,
  permits: 2,
  maxBytes: 8 * mib,
  maxPartitionBytes: 2 * mib,
  handle
}
