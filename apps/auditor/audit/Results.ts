// The results of an audit: `migration_results`, per job and entity, first from the books, then completed by the read-back.
// Runs in the caller's transaction. For Audit.ts and Report.ts.
import type { EntityId } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Comparison, type Counts, type Difference, type Hashes, keptDifferences } from "./Compare.ts"

export interface Result {
  readonly entity: EntityId
  readonly counts: Omit<Counts, "unknown">
  readonly hashes: Hashes & { readonly differing: number }
  readonly missing: number
  readonly doubled: number
  readonly changed: number
  readonly differences: ReadonlyArray<Difference>
}

/** From the books alone; what only the read-back can tell is 0 until it has been made. */
export const saveComparison = (tenantId: string, jobId: string, entity: EntityId, c: Comparison) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql`insert into migration_results (tenant_id, job_id, entity, topic, archived, dead, excluded, approved, loaded, matched,
        failed, missing, doubled, changed, hashes, differences)
      values (${tenantId}::uuid, ${jobId}::uuid, ${entity}, ${c.counts.topic}, ${c.counts.archived}, ${c.counts.dead}, ${c.counts.excluded},
        ${c.counts.approved}, ${c.counts.loaded}, ${c.counts.matched}, ${c.counts.failed}, 0, 0, 0,
        ${JSON.stringify({ ...c.hashes, differing: c.differing })}::jsonb, ${JSON.stringify(c.differences)}::jsonb)
      on conflict (job_id, entity) do nothing`
  )

interface Finding {
  readonly id: string
  readonly code: string
  readonly message: string
}

/** What the read-back found of an entity, from the tallies of stage `destination`. `whole`: all of it was read. */
export const findings = (jobId: string, entity: EntityId, isPart: boolean) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql<Finding>`with seen as (
        select u.id, u.destination, u.note from tallies t, unnest(t.ids, t.hashes, t.notes) as u(id, destination, note)
        where t.job_id = ${jobId}::uuid and t.stage = 'destination' and t.entity = ${entity}), field as (
        select s.id, f from seen s, unnest(string_to_array(s.note, ',')) as u(f) where s.note not in ('', 'missing', 'extra'))
      select id, 'changed' as code, 'the destination differs in ' || string_agg(distinct f, ', ') as message
        from field where f not like '~%' group by id
      union all select id, 'set-by-destination', 'the destination keeps its own ' || string_agg(distinct substr(f, 2), ', ')
        || ', by a record that was there before' from field where f like '~%' group by id
      union all select id, 'missing', 'not at the destination' from seen where note = 'missing'
      union all select regexp_replace(id, '#[0-9]+$', ''), 'doubled', 'not written by this migration' from seen where note = 'extra'
      union all select id, 'doubled', count(distinct destination) || ' destination records: ' || string_agg(distinct destination, ', ')
        from seen where note <> 'extra' and not ${isPart}::boolean group by id having count(distinct destination) > 1
      union all select o.source_id, 'missing', 'not at the destination' from job_record_outcomes o
        where o.job_id = ${jobId}::uuid and o.entity = ${entity} and not ${isPart}::boolean
          and o.outcome in ('created', 'updated', 'matched', 'skipped') and o.source_id not in (select id from seen)
      order by 1, 2`
  })

/** Adds what the read-back found; again with the same findings changes nothing. */
export const saveFindings = (jobId: string, entity: EntityId, found: ReadonlyArray<Finding>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const count = (code: string): number => found.filter((f) => f.code === code).length
    const [row] = yield* sql<{ differences: ReadonlyArray<Difference> }>`select differences from migration_results
      where job_id = ${jobId}::uuid and entity = ${entity} for update`
    if (row === undefined) return
    const books = row.differences.filter(
      (d) => !["missing", "doubled", "changed", "set-by-destination"].includes(d.code)
    )
    const differences = [...books, ...found.slice(0, keptDifferences)]
    yield* sql`update migration_results set missing = ${count("missing")}, doubled = ${count("doubled")}, changed = ${count("changed")},
        differences = ${JSON.stringify(differences)}::jsonb where job_id = ${jobId}::uuid and entity = ${entity}`
  })

interface Row extends Omit<Counts, "unknown"> {
  readonly entity: EntityId
  readonly missing: number
  readonly doubled: number
  readonly changed: number
  readonly hashes: Result["hashes"]
  readonly differences: ReadonlyArray<Difference>
}

export const results = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<Row>`select entity, topic, archived, dead, excluded, approved, loaded, matched, failed, missing, doubled,
        changed, hashes, differences from migration_results where job_id = ${jobId}::uuid`
    return rows.map(
      ({ changed, differences, doubled, entity, hashes, missing, ...counts }): Result => ({
        entity,
        counts,
        hashes,
        missing,
        doubled,
        changed,
        differences
      })
    )
  })
