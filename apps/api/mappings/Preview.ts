// A mapping tried on records of a job's archive: as they were mapped, and as this one would map them. For Routes.
// What does not belong here: settling references, which needs the whole job (apps/refiner/link).
import type { MappingPreview, PreviewRequest } from "@bridge/contract/Mappings"
import { type Problem, problem } from "@bridge/contract/Problem"
import type { JsonObject } from "@bridge/contract/Shapes"
import type { EntityId } from "@bridge/domain/Entities"
import type { Mapping } from "@bridge/domain/Mapping"
import { changesBetween } from "@bridge/domain/MappingDiff"
import type { JsonValue } from "@bridge/domain/Records"
import { resolve } from "@bridge/mapping/resolve/Resolve"
import { withRules } from "@bridge/mapping/rules/Rules"
import { compile, type Transformed, type Transforms } from "@bridge/mapping/transform/Compile"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { inTenant } from "../http/Rows.ts"
import { type JobRow, jobWithData } from "../jobs/Stored.ts"
import { type BatchKey, readBatch } from "../review/Archive.ts"
import type { Reviewed } from "../review/Columns.ts"
import { entityIn, sourceOf } from "../review/Download.ts"
import { mappingRow, readMapping } from "./Stored.ts"

type Asked = typeof PreviewRequest.Type
type Shown = (typeof MappingPreview.Type)["records"][number]

export const previewOf = Effect.fn("Preview.of")(function* (tenantId: string, id: string, asked: Asked) {
  const row = yield* inTenant(tenantId)(mappingRow(id, asked.version))
  const job = yield* inTenant(tenantId)(jobWithData(asked.job))
  const mapping = asked.mapping === undefined ? row.body : yield* readMapping(asked.mapping)
  yield* fits(mapping, job)
  const entity = yield* entityIn(job, asked.entity ?? "ticket")
  const source = yield* sourceOf(tenantId, job)
  if (source === null)
    return yield* Effect.fail(problem("connection-unfit", "The job's source connection cannot be opened any more."))
  const chosen = yield* inTenant(tenantId)(chosenOf(job.id, entity, asked))
  const batches = [...Map.groupBy(chosen, (c) => `${c.stream}/${c.batch}`).values()].flatMap((g) => g.slice(0, 1))
  const wanted = new Set(chosen.map((c) => c.source_id))
  const records = yield* Effect.forEach(batches, (key) => readBatch(tenantId, job.id, entity, key, source))
  const some = records.flat().filter((r) => wanted.has(r.sourceId))
  const tried = yield* withRules(mapping, compile(mapping), (transforms) =>
    some.map((r) => transformed(transforms, entity, r))
  )
  const shown = some.map((r, i) => compared(r, tried[i] ?? unreadable))
  return { job: job.id, entity, records: shown } satisfies typeof MappingPreview.Type
})

const fits = (mapping: Mapping, job: JobRow): Effect.Effect<void, Problem<422>> =>
  mapping.source === job.source_vendor && mapping.destination === job.destination_vendor
    ? Effect.void
    : Effect.fail(problem("mapping-invalid", `The mapping is for ${mapping.source} to ${mapping.destination}.`))

interface Chosen extends BatchKey {
  readonly source_id: string
}

const chosenOf = (jobId: string, entity: EntityId, asked: Asked) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    asked.records === undefined
      ? sql<Chosen>`select source_id, stream, batch from job_records
          where job_id = ${jobId}::uuid and entity = ${entity} and state <> 'deleted'
          order by stream, batch, position limit ${asked.limit ?? 10}`
      : sql<Chosen>`select source_id, stream, batch from job_records
          where job_id = ${jobId}::uuid and entity = ${entity} and state <> 'deleted' and source_id = any(${asked.records}::text[])
          order by stream, batch, position`
  )

const unreadable: Transformed = { element: null, excluded: "the row cannot be read", warnings: [] }

/** As the refiner does it: repaired first. */
const transformed = (transforms: Transforms, entity: EntityId, { canonical }: Reviewed): Transformed => {
  if (canonical === null) return unreadable
  const resolved = resolve(entity, canonical)
  if (resolved._tag === "Refused") return { ...unreadable, excluded: resolved.reason }
  const { element, excluded, warnings } = transforms[entity](resolved.record)
  return { element, excluded, warnings: [...resolved.notes, ...warnings] }
}

const compared = (r: Reviewed, { element, excluded, warnings }: Transformed): Shown => {
  const before = r.body === null ? null : plain({ body: r.body, refs: r.refs, meta: r.meta ?? {} })
  const after = element === null ? null : plain(element)
  return {
    sourceId: r.sourceId,
    title: r.title,
    excluded,
    warnings: warnings.map(({ code, message }) => ({ code, message })),
    before,
    after,
    changed: changesBetween(before, after).map((c) => c.path)
  }
}

const plain = (element: {
  readonly body: object
  readonly refs: object
  readonly meta: object
}): JsonObject & JsonValue => JSON.parse(JSON.stringify(element)) as JsonObject & JsonValue
