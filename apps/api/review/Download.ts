// The CSV of one entity, streamed batch by batch in constant memory, whatever its size. For Routes.
import { Connections } from "@bridge/connectors/Connections"
import { type Problem, problem } from "@bridge/contract/Problem"
import { type EntityId, entityNamed, entity as entityOf } from "@bridge/domain/Entities"
import type { Mapping } from "@bridge/domain/Mapping"
import { Context, Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import type { SqlClient } from "effect/sql"
import { inTenant } from "../http/Rows.ts"
import { makeTurns } from "../http/Turns.ts"
import { type JobRow, jobWithData } from "../jobs/Stored.ts"
import { mappingRow } from "../mappings/Stored.ts"
import { batchesOf, readBatch, type SourceReader } from "./Archive.ts"
import { cellsOf, columnsOf } from "./Columns.ts"
import { byteOrderMark, line } from "./Csv.ts"

/** A tenant's downloads that run at once, the others wait: each holds a batch in memory for as long as its reader takes. */
const Downloads = Context.Reference("bridge/api/Downloads", { defaultValue: () => makeTurns(4) })

/** The entity somebody meant, when the job moves it. */
export const entityIn = (job: JobRow, name: string): Effect.Effect<EntityId, Problem<404> | Problem<422>> => {
  const id = entityNamed(name)?.id
  if (id === undefined) return Effect.fail(problem("entity-unknown", `There is no entity ${name}.`))
  return job.entities.includes(id)
    ? Effect.succeed(id)
    : Effect.fail(problem("entity-not-in-job", `The job moves ${job.entities.join(", ")}, not ${id}.`))
}

/** The header alone for an entity without records. Everything that can be refused is, before the first byte. */
export const csvOf = Effect.fn("Download.csv")(function* (tenantId: string, jobId: string, name: string, bom: boolean) {
  const job = yield* inTenant(tenantId)(jobWithData(jobId))
  // A name that is nowhere in the catalogue is an address that does not exist.
  const entity = yield* entityIn(job, name).pipe(
    Effect.mapError((p) => (p.status === 422 ? problem("entity-not-in-job", p.detail) : p))
  )
  const mapping = yield* mappingOf(tenantId, job)
  const source = yield* sourceOf(tenantId, job)
  const batches = yield* inTenant(tenantId)(batchesOf(job.id, entity))
  const cells = cellsOf(entity, mapping)
  const services = yield* Effect.context<SqlClient.SqlClient | Effect.Services<ReturnType<typeof readBatch>>>()
  const downloads = yield* Downloads
  const rows = Stream.unwrap(Effect.as(downloads.held(tenantId), Stream.fromIterable(batches))).pipe(
    // The next batch comes from the database while this one is written.
    Stream.mapEffect((key) => readBatch(tenantId, job.id, entity, key, source), { concurrency: 2 }),
    Stream.map((records) => records.map((r) => line(cells(r))).join("")),
    Stream.filter((text) => text !== ""),
    Stream.provideContext(services)
  )
  const head = `${bom ? byteOrderMark : ""}${line(columnsOf(entity, mapping))}`
  return HttpServerResponse.stream(Stream.concat(Stream.succeed(head), rows).pipe(Stream.encodeText), {
    contentType: "text/csv; charset=utf-8; header=present",
    headers: { "content-disposition": `attachment; filename="${entityOf(entity).plural}-${job.id}.csv"` }
  })
})

export const mappingOf = (
  tenantId: string,
  job: JobRow
): Effect.Effect<Mapping | null, Problem<503>, SqlClient.SqlClient> =>
  job.mapping_id === null
    ? Effect.succeed(null)
    : mappingRow(job.mapping_id, job.mapping_version ?? undefined).pipe(
        inTenant(tenantId),
        Effect.map((row) => row.body),
        Effect.catch((p) => (p.status === 404 ? Effect.succeed(null) : Effect.fail(p)))
      )

/** Null when the connection was removed since: the canonical columns stay empty then. */
export const sourceOf = (tenantId: string, job: JobRow): Effect.Effect<SourceReader | null, never, Connections> =>
  Effect.flatMap(Connections, (connections) => connections.open(tenantId, job.source_connection)).pipe(
    Effect.map(({ config, connector }) => ({ connector, config })),
    Effect.catch((error) => Effect.as(Effect.logDebug("source connection not open", error), null))
  )
