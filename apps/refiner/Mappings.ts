// The mapping of a job as functions, compiled once per version. For the refiner's shells.
// What does not belong here: the compiler (transform/), storing mappings (apps/api).
import { defaultMapping } from "@bridge/domain/DefaultMapping"
import type { Mapping } from "@bridge/domain/Mapping"
import { decodeMapping, describeProblems } from "@bridge/domain/MappingCheck"
import { compile, type Transforms } from "@bridge/mapping/transform/Compile"
import { Context, Effect, Layer, Result, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { JobFacts } from "./Archive.ts"

/** The job names no mapping that exists, or one that cannot be read. The tenant acts: choose another mapping. */
export class MappingUnusable extends Schema.TaggedError<MappingUnusable>()("MappingUnusable", {
  issue: Schema.String
}) {}

export interface CompiledMapping {
  readonly mapping: Mapping
  readonly transforms: Transforms
}

type Chosen = Pick<JobFacts, "mappingId" | "mappingVersion" | "sourceVendor" | "destinationVendor">

export class Mappings extends Context.Service<
  Mappings,
  {
    /** Runs inside a transaction of the tenant. A version never changes, so it is read once. */
    readonly of: (
      job: Chosen
    ) => Effect.Effect<CompiledMapping, MappingUnusable | SqlError.SqlError, SqlClient.SqlClient>
  }
>()("bridge/refiner/Mappings") {
  static readonly layer = Layer.sync(Mappings, () => make())
}

const kept = 64

function make() {
  const known = new Map<string, CompiledMapping>()
  return Mappings.of({
    of: (job) =>
      Effect.gen(function* () {
        const key = JSON.stringify([job.mappingId, job.mappingVersion, job.sourceVendor, job.destinationVendor])
        const before = known.get(key)
        if (before !== undefined) return before
        const mapping = yield* job.mappingId === null ? byVendors(job) : stored(job.mappingId, job.mappingVersion)
        const compiled = { mapping, transforms: compile(mapping) }
        if (known.size >= kept) known.clear()
        known.set(key, compiled)
        return compiled
      })
  })
}

const byVendors = ({ destinationVendor, sourceVendor }: Chosen) => {
  const mapping = defaultMapping(sourceVendor, destinationVendor ?? "")
  return mapping === undefined
    ? Effect.fail(
        new MappingUnusable({ issue: `there is no default mapping from ${sourceVendor} to ${destinationVendor}` })
      )
    : Effect.succeed(mapping)
}

const stored = (id: string, version: number | null) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ body: unknown }>`select body from mappings
      where id = ${id}::uuid and (${version}::int is null or version = ${version}) order by version desc limit 1`
    if (row === undefined) return yield* new MappingUnusable({ issue: `mapping ${id} has no version ${version}` })
    const decoded = decodeMapping(row.body)
    if (Result.isSuccess(decoded)) return decoded.success
    return yield* new MappingUnusable({ issue: describeProblems(decoded.failure) })
  })
