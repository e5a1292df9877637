// Mappings as rows: every version stays as it was, because approvals name it. Owns the table mappings.
import type { MappingHead, MappingView } from "@bridge/contract/Mappings"
import { type Problem, problem } from "@bridge/contract/Problem"
import type { JsonObject } from "@bridge/contract/Shapes"
import { type Mapping, mappingHash } from "@bridge/domain/Mapping"
import { decodeMapping, describeProblems } from "@bridge/domain/MappingCheck"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import { note } from "../http/Event.ts"
import { instant, isId } from "../http/Rows.ts"

export interface MappingRow {
  readonly id: string
  readonly version: number
  readonly name: string
  readonly source_vendor: string
  readonly destination_vendor: string
  readonly body: Mapping
  readonly created_by: string
  readonly created_at: Date
}

const headOf = (r: MappingRow): typeof MappingHead.Type => ({
  id: r.id,
  version: r.version,
  name: r.name,
  source: r.source_vendor,
  destination: r.destination_vendor,
  createdBy: r.created_by,
  createdAt: instant(r.created_at)
})

export const mappingView = (r: MappingRow): MappingView => ({
  ...headOf(r),
  hash: mappingHash(r.body),
  mapping: JSON.parse(JSON.stringify(r.body)) as JsonObject
})

const columns = "id, version, name, source_vendor, destination_vendor, body, created_by, created_at"

export const newestMappings = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql<MappingRow>`select distinct on (id) ${sql.literal(columns)} from mappings order by id, version desc`
).pipe(Effect.map((rows) => rows.map(headOf)))

/** The newest version when none is named. */
export const mappingRow = (id: string, version: number | undefined) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = isId(id)
      ? yield* sql<MappingRow>`select ${sql.literal(columns)} from mappings
          where id = ${id}::uuid and (${version ?? null}::int is null or version = ${version ?? null})
          order by version desc limit 1`
      : []
    const named = version === undefined ? id : `${id} version ${version}`
    return row ?? (yield* Effect.fail(problem("mapping-unknown", `There is no mapping ${named}.`)))
  })

/** The newest first. */
export const versionsOf = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* mappingRow(id, undefined)
    const rows = yield* sql<MappingRow>`select ${sql.literal(columns)} from mappings where id = ${id}::uuid
      order by version desc limit 500`
    return rows.map(headOf)
  })

/** `mapping-invalid` with a place and an action for each fault. */
export const readMapping = (json: unknown): Effect.Effect<Mapping, Problem<422>> =>
  Result.match(decodeMapping(json), {
    onSuccess: Effect.succeed,
    onFailure: (problems) =>
      Effect.fail(
        problem("mapping-invalid", describeProblems(problems).slice(0, 1000), {
          errors: problems.map((p) => ({ path: ["mapping", p.path], message: `${p.what}; ${p.action}` }))
        })
      )
  })

export interface NewVersion {
  readonly tenantId: string
  readonly actor: string
  readonly name: string
  readonly mapping: Mapping
  /** Present: the next version of that mapping. */
  readonly id?: string
}

export const insertMapping = (v: NewVersion) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const id = v.id ?? (yield* newId)
    // Two new versions at the same time: the second waits here and gets the next number.
    yield* sql`select pg_advisory_xact_lock(hashtextextended(${`mapping/${id}`}, 0))`
    const [row] = yield* sql<MappingRow>`insert into mappings
        (id, tenant_id, version, name, source_vendor, destination_vendor, body, created_by)
      select ${id}::uuid, ${v.tenantId}::uuid, coalesce(max(version), 0) + 1, ${v.name}, ${v.mapping.source},
        ${v.mapping.destination}, ${JSON.stringify(v.mapping)}::jsonb, ${v.actor}
      from mappings where id = ${id}::uuid
      returning ${sql.literal(columns)}`
    const made = row as MappingRow
    yield* note({
      tenantId: v.tenantId,
      type: "mapping-stored",
      actor: v.actor,
      detail: { mapping: made.id, version: made.version, hash: mappingHash(made.body) }
    })
    return made
  })

const newId = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ id: string }>`select uuidv7() as id`, (rows) => rows[0]?.id ?? "")
)
