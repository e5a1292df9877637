// The approval of a job that asks for none: the same hashes, named by the job's own option. For the scheduler.
import { hashJson } from "@bridge/domain/Canonical"
import { Commands } from "@bridge/flow/Commands"
import { reviewed } from "@bridge/review/Reviewed"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Writes the approval of what is there now; the caller holds the job row. Promise 3: the loader checks these hashes. */
export const approveAsIs = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const now = yield* DateTime.now
    const set = yield* reviewed(jobId, hashJson)
    if (set === undefined) return
    const approval = { ...set, approvedBy: "option requireApproval=false", approvedAt: DateTime.formatIso(now) }
    const [job] = yield* sql<{
      tenant_id: string
    }>`update jobs set approval = ${JSON.stringify(approval)}::jsonb, updated_at = now()
      where id = ${jobId}::uuid returning tenant_id::text`
    if (job === undefined) return
    yield* (yield* Commands).emit([
      { type: "approved", tenantId: job.tenant_id, jobId, detail: { hashes: set.hashes, by: approval.approvedBy } }
    ])
  })
