// What is decided about single records by comparing them with all of their kind: people who are one, names that clash.
// For Settle.ts, which reads it from the rows again. What does not belong here: references.
import type { Resolution, Warning } from "@bridge/domain/Element"
import type { EntityId } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Candidate, merge } from "./Merge.ts"
import { type Named, rename } from "./Names.ts"

export interface Verdict {
  readonly sourceId: string
  readonly resolution: Pick<Resolution, "merged" | "merges" | "set">
  readonly warning: Warning
}

/** The keys of a resolution, and the codes of warnings, that are written here and kept by the rest of the settling. */
export const verdictKeys: ReadonlyArray<string> = ["merged", "merges", "set"]
export const verdictCodes: ReadonlyArray<string> = ["merged", "name-clash"]

export const verdictsOf = (jobId: string, id: EntityId, clashSuffix: string) => {
  if (id === "person") return people(jobId)
  return id === "department" || id === "group" ? names(jobId, id, clashSuffix) : Effect.succeed([])
}

const settled = (code: string, message: string, field: string): Warning => ({ code, message, field, settled: true })

const people = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<Candidate>`with mine as (
        select source_id, native_id, match_key, status,
          count(*) over (partition by native_id) as ids,
          case when match_key is null then 1 else count(*) over (partition by match_key) end as keys,
          row_number() over (order by length(native_id), native_id collate "C", source_id collate "C") as place
        from job_records where job_id = ${jobId}::uuid and entity = 'person' and state = 'ready')
      select source_id as "sourceId", native_id as "nativeId", match_key as "matchKey", status as role, place::int as "order"
      from mine where ids > 1 or keys > 1`
    return merge(rows).flatMap(({ losers, role, winner }): ReadonlyArray<Verdict> => {
      const ids = [winner, ...losers].map((one) => one.sourceId)
      const message = `one person: ${ids.join(", ")}`
      return [
        {
          sourceId: winner.sourceId,
          resolution: { merges: ids.slice(1), ...(role !== null && role !== winner.role && { set: { role } }) },
          warning: settled("merged", `${message}; the others are merged into this one`, "email")
        },
        ...losers.map((loser) => ({
          sourceId: loser.sourceId,
          resolution: { merged: { into: winner.sourceId } },
          warning: settled("merged", `${message}; merged into ${winner.sourceId}`, "email")
        }))
      ]
    })
  })

const names = (jobId: string, id: EntityId, clashSuffix: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const clashes = yield* sql`select 1 from job_records where job_id = ${jobId}::uuid and entity = ${id}
      and state = 'ready' and match_key is not null group by match_key having count(*) > 1 limit 1`
    if (clashes.length === 0) return []
    const rows = yield* sql<Named>`select r.source_id as "sourceId",
        coalesce(d.transformed_data -> r.position -> 'body' ->> 'name', r.title) as name,
        (row_number() over (order by length(r.native_id), r.native_id collate "C", r.source_id collate "C"))::int as "order"
      from job_records r left join job_extracted_data d on d.job_id = r.job_id and d.entity_type = r.entity
        and d.stream = r.stream and d.batch_number = r.batch
      where r.job_id = ${jobId}::uuid and r.entity = ${id} and r.state = 'ready'`
    return rename(rows, clashSuffix).map(
      ({ from, keeps, sourceId, to }): Verdict => ({
        sourceId,
        resolution: { set: { name: to } },
        warning: settled("name-clash", `"${from}" is the name of ${keeps} as well: becomes "${to}"`, "name")
      })
    )
  })

/** Verdicts of an earlier pass that no longer hold are taken back. */
export const revoke = (jobId: string, id: EntityId, verdicts: ReadonlyArray<Verdict>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update job_records r set resolution = nullif(resolution - ${verdictKeys}::text[], '{}'),
        warnings = ${sql.literal(otherWarnings)}, updated_at = now()
      where job_id = ${jobId}::uuid and entity = ${id} and resolution ?| ${verdictKeys}::text[]
        and source_id <> all(${verdicts.map((v) => v.sourceId)}::text[])`
  )

/** Writes verdicts to their rows; a row that says so already is left alone. */
export const pronounce = (jobId: string, id: EntityId, verdicts: ReadonlyArray<Verdict>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql`update job_records r set resolution = (coalesce(r.resolution, '{}') - ${verdictKeys}::text[]) || v.resolution::jsonb,
        warnings = coalesce(${sql.literal(otherWarnings)}, '[]') || v.notes::jsonb, updated_at = now()
      from unnest(${verdicts.map((v) => v.sourceId)}::text[], ${verdicts.map((v) => JSON.stringify(v.resolution))}::text[],
        ${verdicts.map((v) => JSON.stringify([v.warning]))}::text[]) as v(source_id, resolution, notes)
      where r.job_id = ${jobId}::uuid and r.entity = ${id} and r.source_id = v.source_id and not (
        coalesce(r.warnings, '[]') @> v.notes::jsonb and v.resolution::jsonb = (select jsonb_object_agg(key, value)
          from jsonb_each(coalesce(r.resolution, '{}')) where key = any(${verdictKeys}::text[])))`
  )

/** The row's warnings without those of verdicts. */
const otherWarnings = `(select jsonb_agg(w order by n) from jsonb_array_elements(coalesce(r.warnings, '[]'))
  with ordinality as o(w, n) where not (w ? 'settled' and w ->> 'code' in (${verdictCodes.map((code) => `'${code}'`).join(", ")})))`
