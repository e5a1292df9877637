// Begins a migration: plan, mapping, job, streams, timer and event in one transaction. For Routes.
import type { NewMigration } from "@bridge/contract/Jobs"
import { type Problem, problem } from "@bridge/contract/Problem"
import type { FieldWarning } from "@bridge/domain/CustomFields"
import type { JobOptions } from "@bridge/domain/Jobs"
import type { Mapping } from "@bridge/domain/Mapping"
import { Commands } from "@bridge/flow/Commands"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { openedConnection } from "../connections/Routes.ts"
import { connectionRow } from "../connections/Stored.ts"
import { inTenant } from "../http/Rows.ts"
import { type Opened, startingMapping } from "../mappings/Default.ts"
import { insertMapping, mappingRow } from "../mappings/Stored.ts"
import { optionsOf } from "./Options.ts"
import { type Plan, planOf } from "./Plan.ts"
import { type JobRow, jobRow, jobView } from "./Stored.ts"

type Asked = typeof NewMigration.Type

export interface Prepared {
  readonly source: Opened
  readonly destination: Opened
  readonly plan: Plan
  readonly options: JobOptions
  /** Stored already, or still to be stored with the job. */
  readonly mapping:
    | { readonly id: string; readonly version: number }
    | { readonly mapping: Mapping; readonly warnings: ReadonlyArray<FieldWarning> }
}

/** Both connections, and what is moved how: what can be refused without a call. */
export const sidesOf = Effect.fn("Migration.sides")(function* (tenantId: string, asked: Asked) {
  const source = yield* sideOf(tenantId, "source", asked.source)
  const destination = yield* sideOf(tenantId, "destination", asked.destination)
  if (source.c.account === destination.c.account)
    return yield* Effect.fail(problem("connection-unfit", `${source.c.account} is both source and destination.`))
  const making = asked.options?.createMissingFields === true
  if (making && asked.mapping !== undefined)
    return yield* Effect.fail(
      problem("options-invalid", "options.createMissingFields and a stored mapping exclude each other.", {
        errors: [{ path: ["options", "createMissingFields"], message: "a mapping names the fields it makes" }]
      })
    )
  // A field is made from its definition, so the definitions are read too.
  const names = making ? asked.entities?.concat("custom-field") : asked.entities
  const plan = yield* Effect.fromResult(planOf(source.c.connector, destination.c.connector, names))
  const options = yield* Effect.fromResult(optionsOf(source.c.connector, plan, asked.options ?? {}))
  return { source, destination, plan, options }
})

/** Everything that can be refused, before anything is written. May ask both vendors for their fields. */
export const prepare = Effect.fn("Migration.prepare")(function* (tenantId: string, asked: Asked) {
  const sides = yield* sidesOf(tenantId, asked)
  const { destination, options, source } = sides
  const mapping =
    asked.mapping === undefined
      ? yield* startingMapping(tenantId, source, destination, options.createMissingFields === true)
      : yield* fitting(tenantId, asked.mapping, source, destination)
  return { ...sides, mapping } satisfies Prepared
})

/** A connection in the body that is not there is a fault of the body, not of the address. */
const sideOf = (tenantId: string, side: "source" | "destination", id: string) =>
  openedConnection(tenantId, id).pipe(Effect.catch((p) => Effect.fail(p.status === 404 ? unfit(side, p.detail) : p)))

const unfit = (side: string, detail: string): Problem<422> =>
  problem("connection-unfit", detail, { errors: [{ path: [side], message: detail }] })

/** The stored mapping; its pair must be the pair of the job. */
export const fitting = (tenantId: string, named: NonNullable<Asked["mapping"]>, source: Opened, destination: Opened) =>
  Effect.gen(function* () {
    const row = yield* inTenant(tenantId)(mappingRow(named.id, named.version)).pipe(
      Effect.catch((p) => Effect.fail(p.status === 404 ? problem("mapping-invalid", p.detail) : p))
    )
    const [from, to] = [source.c.connector.vendor, destination.c.connector.vendor]
    if (row.source_vendor === from && row.destination_vendor === to) return row
    return yield* Effect.fail(
      problem(
        "mapping-invalid",
        `The mapping is for ${row.source_vendor} to ${row.destination_vendor}, not ${from} to ${to}.`
      )
    )
  })

/** The whole beginning, in the caller's transaction: a job is there with its streams, or not at all. */
export const begin = (tenantId: string, actor: string, asked: Asked, p: Prepared) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Nobody removes a connection between the look and the job that names it.
    yield* connectionRow(p.source.row.id, "for share")
    yield* connectionRow(p.destination.row.id, "for share")
    const mapping = yield* storedMapping(tenantId, actor, asked, p)
    const fieldWarnings =
      "warnings" in p.mapping ? p.mapping.warnings.filter(({ entity }) => p.plan.entities.includes(entity)) : []
    const [made] = yield* sql<{ id: string }>`insert into jobs
        (tenant_id, kind, name, source_connection, source_vendor, source_account, destination_connection, destination_vendor,
         destination_account, entities, options, mapping_id, mapping_version, created_by)
      values (${tenantId}::uuid, ${p.options.sampleSize === undefined ? "full" : "sample"}, ${asked.name ?? `${p.source.row.name} to ${p.destination.row.name}`},
        ${p.source.row.id}::uuid, ${p.source.row.vendor}, ${p.source.c.account},
        ${p.destination.row.id}::uuid, ${p.destination.row.vendor}, ${p.destination.c.account},
        ${p.plan.entities}::text[], ${JSON.stringify({ ...p.options, fieldWarnings })}::jsonb,
        ${mapping.id}::uuid, ${mapping.version}, ${actor}) returning id`
    const jobId = made?.id ?? ""
    yield* sql`insert into job_streams (tenant_id, job_id, stream, entity)
      select ${tenantId}::uuid, ${jobId}::uuid, s, e
      from unnest(${p.plan.streams.map((s) => s.stream)}::text[], ${p.plan.streams.map((s) => s.entity)}::text[]) as t(s, e)`
    yield* sql`insert into job_progress (tenant_id, job_id, entity)
      select ${tenantId}::uuid, ${jobId}::uuid, e from unnest(${p.plan.entities}::text[]) as t(e)`
    yield* sql`insert into timers (kind, key, tenant_id, job_id, due)
      values ('sweep', ${jobId}, ${tenantId}::uuid, ${jobId}::uuid, now())`
    yield* (yield* Commands).emit([
      {
        type: "job-created",
        tenantId,
        jobId,
        actor,
        detail: {
          source: p.source.c.account,
          destination: p.destination.c.account,
          entities: p.plan.entities,
          mapping
        }
      }
    ])
    const row: JobRow = yield* jobRow(jobId)
    return jobView(row)
  })

const storedMapping = (tenantId: string, actor: string, asked: Asked, p: Prepared) =>
  "id" in p.mapping
    ? Effect.succeed(p.mapping)
    : Effect.map(
        insertMapping({ tenantId, actor, name: asked.name ?? p.mapping.mapping.name, mapping: p.mapping.mapping }),
        (row) => ({ id: row.id, version: row.version })
      )
