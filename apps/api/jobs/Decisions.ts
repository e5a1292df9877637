// What people decide about a job: pause, resume, cancel, another mapping. Each holds the job row and says so in an event.
// What does not belong here: the next state (apps/scheduler moves jobs), approving (../review/Approve.ts).
import { type Problem, problem } from "@bridge/contract/Problem"
import { isFinal } from "@bridge/domain/Jobs"
import { mappingHash } from "@bridge/domain/Mapping"
import { Commands } from "@bridge/flow/Commands"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { MappingRow } from "../mappings/Stored.ts"
import { type JobRow, jobRow, jobView } from "./Stored.ts"

const live = (id: string) =>
  Effect.gen(function* () {
    const job = yield* jobRow(id, "for update")
    if (isFinal(job.state)) return yield* Effect.fail(problem("job-ended", `The job is ${job.state}.`))
    return job
  })

/** Saying it twice changes nothing. */
export const setPaused = (id: string, actor: string, paused: boolean) =>
  Effect.gen(function* () {
    const job = yield* live(id)
    if (job.paused === paused) return jobView(job)
    const sql = yield* SqlClient.SqlClient
    yield* sql`update jobs set paused = ${paused}, updated_at = now() where id = ${job.id}::uuid`
    yield* announce(job, actor, paused ? "job-paused" : "job-resumed", {})
    return jobView({ ...job, paused })
  })

/** No new call to a vendor leaves after this; what is written already stays, and is said. */
export const cancel = (id: string, actor: string) =>
  Effect.gen(function* () {
    const job = yield* jobRow(id, "for update")
    if (job.state === "cancelled" || job.cancel_requested) return jobView(job)
    if (isFinal(job.state)) return yield* Effect.fail(problem("job-ended", `The job is ${job.state}.`))
    const sql = yield* SqlClient.SqlClient
    yield* sql`update jobs set cancel_requested = true, updated_at = now() where id = ${job.id}::uuid`
    yield* announce(job, actor, "job-cancel-requested", { state: job.state })
    return jobView({ ...job, cancel_requested: true })
  })

/** Only while a job waits for its review may the archive be transformed anew; what is approved is frozen. */
export const stillReviewable = (job: JobRow): Effect.Effect<void, Problem<409>> => {
  if (job.cancel_requested) return Effect.fail(problem("job-not-reviewable", "The job is being cancelled."))
  if (job.state === "data_ready" || job.state === "validation_pending") return Effect.void
  return Effect.fail(problem("job-not-reviewable", `The job is ${job.state}, not data_ready or validation_pending.`))
}

/** New revision, approval void: every batch is transformed again and hashes change. The caller holds the job row. */
export const remapped = (job: JobRow, actor: string, mapping: MappingRow) =>
  Effect.gen(function* () {
    if (mapping.source_vendor !== job.source_vendor || mapping.destination_vendor !== job.destination_vendor)
      return yield* Effect.fail(
        problem("mapping-invalid", `The mapping is for ${mapping.source_vendor} to ${mapping.destination_vendor}.`)
      )
    const sql = yield* SqlClient.SqlClient
    yield* sql`update jobs set mapping_id = ${mapping.id}::uuid, mapping_version = ${mapping.version}, revision = revision + 1,
      settled_revision = null, approval = null, updated_at = now() where id = ${job.id}::uuid`
    yield* announce(job, actor, "mapping-changed", {
      mapping: mapping.id,
      version: mapping.version,
      hash: mappingHash(mapping.body),
      revision: job.revision + 1,
      voided: job.approval !== null
    })
    return jobView(yield* jobRow(job.id))
  })

const announce = (job: JobRow, actor: string, type: string, detail: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(Commands, (commands) =>
    commands.emit([{ type, tenantId: job.tenant_id, jobId: job.id, actor, detail }])
  )
