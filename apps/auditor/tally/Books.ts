// The table of tallies. Runs in the caller's transaction of the tenant. For the tally stage and the audit.
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Tally } from "./Count.ts"

export type TallyStage = "raw" | "approved" | "loaded" | "archive" | "destination"

/**
 * Idempotent by batch: a repeat replaces what it repeats. A batch may come in pieces (its messages were relayed in two sends,
 * or another batch came in between): what an earlier piece brought stays.
 */
export const enter = (tenantId: string, jobId: string, stage: TallyStage, tallies: ReadonlyArray<Tally>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const t of tallies.toSorted((a, b) => (a.entity + a.batchKey < b.entity + b.batchKey ? -1 : 1))) {
      yield* sql`insert into tallies as t (tenant_id, job_id, stage, entity, batch_key, ids, hashes, notes)
        values (${tenantId}::uuid, ${jobId}::uuid, ${stage}, ${t.entity}, ${t.batchKey}, ${t.ids}::text[], ${t.hashes}::text[],
          ${t.notes}::text[])
        on conflict (job_id, stage, entity, batch_key) do update set (ids, hashes, notes, at) = (
          select excluded.ids || coalesce(array_agg(u.id order by u.n), '{}'), excluded.hashes || coalesce(array_agg(u.hash order by u.n), '{}'),
            excluded.notes || coalesce(array_agg(u.note order by u.n), '{}'), now()
          from unnest(t.ids, t.hashes, t.notes) with ordinality as u(id, hash, note, n) where u.id <> all(excluded.ids))`
    }
  })
