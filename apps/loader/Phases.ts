// Phases of a load: when one is done, and who is told. All of it runs in the caller's transaction. For release and load.
import type { EntityId } from "@bridge/domain/Entities"
import { Commands } from "@bridge/flow/Commands"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * A phase is done when its release has ended and no record of it is released, sending or unknown. Looked at after every
 * batch; under the phase's lock, which the release holds while it works, only once the release has ended: of two batches
 * that end together the second one sees the first.
 */
export const closeIfDone = (tenantId: string, jobId: string, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [seen] = yield* sql<{ ended: boolean; done: boolean }>`select ended, done from load_phases
      where job_id = ${jobId}::uuid and entity = ${entity}`
    if (seen === undefined || !seen.ended || seen.done) return false
    const [phase] = yield* sql<{ done: boolean; phase: number }>`select done, phase from load_phases
      where job_id = ${jobId}::uuid and entity = ${entity} for update`
    if (phase === undefined || phase.done) return false
    const [left] = yield* sql<{ open: boolean }>`select exists (select 1 from load_batches where job_id = ${jobId}::uuid
        and entity = ${entity} and state in ('released', 'sending', 'waiting')) as open`
    if (left?.open !== false) return false
    yield* sql`update load_phases set done = true, updated_at = now() where job_id = ${jobId}::uuid and entity = ${entity}`
    const commands = yield* Commands
    yield* commands.emit([{ type: "phase-done", tenantId, jobId, key: entity, detail: { phase: phase.phase } }])
    return true
  })

/**
 * After a release has ended and that is committed. A batch that was ending at that moment may not have seen it: it is waited
 * for. One that ends later sees it.
 */
export const closeAfterRelease = (tenantId: string, jobId: string, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`select 1 from load_batches where job_id = ${jobId}::uuid and entity = ${entity}
      and state in ('released', 'sending', 'waiting') order by number for share`
    return yield* closeIfDone(tenantId, jobId, entity)
  })

/** Batches of a phase that are not finished: what the window counts. */
export const openBatches = (jobId: string, entity: EntityId) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{
      open: number
    }>`select count(*)::int as open from load_batches where job_id = ${jobId}::uuid
      and entity = ${entity} and state in ('released', 'sending', 'waiting')`
    return row?.open ?? 0
  })

/** What a release that waits for its window listens to. */
export const bell = (jobId: string): string => `loaded:${jobId}`
