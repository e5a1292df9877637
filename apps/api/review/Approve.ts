// Approves exactly what was reviewed, or refuses and says what differs. Promise 3: nothing else is ever loaded. For Routes.

import { type ProblemPlace, problem } from "@bridge/contract/Problem"
import type { ApprovalRequest } from "@bridge/contract/Review"
import type { Approval } from "@bridge/domain/Approval"
import { entityNamed } from "@bridge/domain/Entities"
import { Commands } from "@bridge/flow/Commands"
import { reviewed } from "@bridge/review/Reviewed"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { stillReviewable } from "../jobs/Decisions.ts"
import { type JobRow, jobRow, jobView } from "../jobs/Stored.ts"
import { hashOfMapping, isSettled, withLongTransaction } from "./Summary.ts"

type Asked = typeof ApprovalRequest.Type
type Current = Omit<Approval, "approvedBy" | "approvedAt">

/** Holds the job row, computes the hashes anew from the rows, and compares every one of them with what is named. */
export const approve = (id: string, actor: string, asked: Asked) =>
  Effect.gen(function* () {
    const job = yield* jobRow(id, "for update")
    yield* stillReviewable(job)
    if (!(yield* isSettled(job)))
      return yield* Effect.fail(problem("job-not-reviewable", "The transform of the latest mapping has not ended yet."))
    const current = yield* reviewed(job.id, hashOfMapping)
    if (current === undefined) return yield* Effect.fail(problem("job-unknown"))
    const errors = yield* differences(asked, current)
    if (errors.length > 0) {
      const detail = errors.map((e) => e.message).join(" ")
      return yield* Effect.fail(problem("approval-outdated", detail, { errors }))
    }
    if (job.approval?.revision === job.revision) return jobView(job)
    return yield* store(job, actor, current)
  }).pipe(withLongTransaction)

const store = (job: JobRow, actor: string, current: Current) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const approvedAt = DateTime.formatIso(yield* DateTime.now)
    const approval: Approval = { ...current, approvedBy: actor, approvedAt }
    yield* sql`update jobs set approval = ${JSON.stringify(approval)}::jsonb, updated_at = now() where id = ${job.id}::uuid`
    yield* (yield* Commands).emit([
      {
        type: "approved",
        tenantId: job.tenant_id,
        jobId: job.id,
        actor,
        detail: {
          by: actor,
          hashes: current.hashes,
          counts: current.counts,
          mapping: current.mapping,
          revision: job.revision
        }
      }
    ])
    return jobView({ ...job, approval })
  })

/** Every entity must be named that has something to approve; a wrong name is a fault of the request. */
const differences = (asked: Asked, current: Current) =>
  Effect.gen(function* () {
    const named = new Map<string, string>()
    for (const [name, hash] of Object.entries(asked.hashes)) {
      const id = entityNamed(name)?.id
      if (id === undefined) return yield* Effect.fail(problem("entity-unknown", `There is no entity ${name}.`))
      named.set(id, hash)
    }
    const errors: Array<ProblemPlace> = []
    const differs = (path: ReadonlyArray<string>, message: string) => errors.push({ path, message })
    for (const [id, hash] of Object.entries(current.hashes)) {
      const given = named.get(id)
      const empty = (current.counts[id as keyof typeof current.counts] ?? 0) === 0
      if (given === undefined && !empty) differs(["hashes", id], `The hash of ${id} is not named.`)
      if (given !== undefined && given !== hash) differs(["hashes", id], `The hash of ${id} is ${hash} now.`)
    }
    for (const id of named.keys()) if (!(id in current.hashes)) differs(["hashes", id], `The job does not move ${id}.`)
    const { mapping } = current
    if (asked.mapping.id !== mapping.id || asked.mapping.version !== mapping.version)
      differs(["mapping"], `The mapping is ${mapping.id} version ${mapping.version} now.`)
    if (asked.destination !== current.destination)
      differs(["destination"], `The destination is ${current.destination}.`)
    if (asked.exclusions !== undefined && asked.exclusions !== current.exclusions)
      differs(["exclusions"], `The hash of what is left out is ${current.exclusions} now.`)
    return errors as ReadonlyArray<ProblemPlace>
  })
