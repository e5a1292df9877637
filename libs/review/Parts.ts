// What is written with a root, out of `job_records`: its parts (comments, files), and the parts of those (files of comments).
// Runs in the caller's transaction. For the loader's release and the auditor, which must see the same ones.
import type { Resolution } from "@bridge/domain/Element"
import { type EntityId, entity as entityOf, partsOf } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { approvedOnly } from "./Reviewed.ts"

/** An approved part, and the root it goes with. */
export interface ApprovedPart {
  readonly root: string
  readonly entity: EntityId
  readonly sourceId: string
  readonly hash: string
  readonly resolution: Resolution | null
}

interface Row {
  readonly entity: EntityId
  readonly source_id: string
  readonly parent_id: string
  readonly transformed_hash: string
  readonly resolution: Resolution | null
}

export const approvedParts = (jobId: string, root: EntityId, rootIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const parts: Array<ApprovedPart> = []
    const together = partsOf(root).map((e) => e.id)
    if (together.length === 0 || rootIds.length === 0) return parts
    const own = yield* under(jobId, together, root, rootIds)
    for (const row of own) parts.push(partOf(row.parent_id, row))
    for (const [middle, rows] of Map.groupBy(own, (row) => row.entity)) {
      const below = together.filter((id) => entityOf(id).parents.includes(middle))
      if (below.length === 0) continue
      const rootOf = new Map(rows.map((row) => [row.source_id, row.parent_id]))
      for (const row of yield* under(jobId, below, middle, [...rootOf.keys()]))
        parts.push(partOf(rootOf.get(row.parent_id) ?? "", row))
    }
    return parts
  })

const partOf = (root: string, row: Row): ApprovedPart => ({
  root,
  entity: row.entity,
  sourceId: row.source_id,
  hash: row.transformed_hash,
  resolution: row.resolution
})

const under = (jobId: string, entities: ReadonlyArray<EntityId>, parent: EntityId, ids: ReadonlyArray<string>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Row>`select entity, source_id, parent_id, transformed_hash, resolution from job_records
      where job_id = ${jobId}::uuid and entity = any(${entities}::text[]) and parent_entity = ${parent}
        and parent_id = any(${ids}::text[]) and ${sql.literal(approvedOnly)}
      order by entity, source_id`
  )
