// A tenant, a connection and jobs in a real database, for the refiner's integration tests. Rows stand for themselves:
// the source's "vendor" sends canonical records, so that a test says what it is about and nothing else.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { JsonObject, Normalised } from "@bridge/connectors/Connector"
import { sha256 } from "@bridge/domain/Canonical"
import type { Resolution, Warning } from "@bridge/domain/Element"
import { type EntityId, entityIds } from "@bridge/domain/Entities"
import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { migrate } from "@bridge/store/Migrate"
import { asTenant, layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { RawRow } from "../Batch.ts"
import type { Reader } from "../Sources.ts"

export const tenant = "01900000-0000-7000-8000-00000000000a"
export const connection = "01900000-0000-7000-8000-0000000000c1"
export const everything: ReadonlyArray<EntityId> = entityIds

/** A record as a row of the test's vendor. */
export interface Sample {
  readonly entity: EntityId
  readonly record: CanonicalRecord
  readonly sourceId?: string
  readonly parentId?: string
  readonly version?: string
  readonly derived?: ReadonlyArray<Sample>
}

const normalised = ({ entity, parentId, record, sourceId }: Sample): Normalised =>
  ({
    entity,
    sourceId: sourceId ?? record.source_id,
    record,
    ...(parentId !== undefined && { parentId })
  }) as Normalised

/** Reads such rows. A row with `fail` cannot be normalised, one without an entity is none. */
export const reader: Reader = {
  rowStream: (stream) => stream,
  normaliser: (rowStream) =>
    rowStream === "nowhere"
      ? null
      : (row: JsonObject) => {
          if (row.fail === true) throw new Error("this row cannot be read")
          const sample = row as JsonObject & Sample
          return [normalised(sample), ...(sample.derived ?? []).map(normalised)]
        }
}

export const rowOf = (sample: Sample, position: number, more: JsonObject = {}): RawRow =>
  rawRow(sample.sourceId ?? sample.record.source_id, JSON.stringify({ ...sample, ...more }), position, sample.version)

export const rawRow = (sourceId: string, json: string, position: number, version = ""): RawRow => ({
  position,
  sourceId,
  parentId: null,
  rowStream: "rows",
  version,
  op: "upsert",
  contentHash: sha256(json),
  eventId: sha256(`${sourceId} ${json}`),
  bytes: Buffer.from(json),
  blob: null
})

export interface Desk {
  readonly env: Layer.Layer<never>
  readonly brokers: { readonly kafkaBrokers: string; readonly registryUrl: string }
  readonly run: <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) => Promise<A>
  readonly stop: () => Promise<void>
}

/** An empty, migrated database with one tenant and one connection. */
export const openDesk = async (): Promise<Desk> => {
  const stack = await testStack()
  const blobs = mkdtempSync(join(tmpdir(), "bridge-refiner-"))
  const env = ConfigProvider.layer(
    ConfigProvider.fromUnknown({
      DATABASE_URL: await freshDatabase(stack.databaseUrl),
      KAFKA_BROKERS: stack.kafkaBrokers,
      SCHEMA_REGISTRY_URL: stack.registryUrl,
      BRIDGE_BLOB_DIR: blobs
    })
  )
  const db = postgres.pipe(Layer.provideMerge(env))
  const run: Desk["run"] = (effect) =>
    Effect.runPromise(effect.pipe(asTenant(tenant), Effect.provide(db), Effect.scoped))
  await Effect.runPromise(migrate.pipe(Effect.provide(env)))
  await run(
    Effect.flatMap(SqlClient.SqlClient, (sql) =>
      Effect.all([
        sql`insert into tenants (id, slug, name) values (${tenant}::uuid, 'a-co', 'A')`,
        sql`insert into tenant_connectors (id, tenant_id, vendor, name, instance, config, secrets, checked_at)
          values (${connection}::uuid, ${tenant}::uuid, 'freshservice', 'source', 'a', '{}', '', now())`
      ])
    )
  )
  return {
    env,
    brokers: stack,
    run,
    stop: async () => {
      rmSync(blobs, { recursive: true, force: true })
      await stack.stop()
    }
  }
}

/** A new job that extracts, with the mapping stored for it. */
export const newJob = (mapping: Mapping = freshserviceToZendesk, streams: ReadonlyArray<string> = ["rows"]) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [stored] = yield* sql<{
      id: string
    }>`insert into mappings (tenant_id, name, source_vendor, destination_vendor, body)
      values (${tenant}::uuid, 'm', 'freshservice', 'zendesk', ${JSON.stringify(mapping)}::text::jsonb) returning id::text`
    const [job] = yield* sql<{ id: string }>`insert into jobs (tenant_id, state, source_connection, source_vendor,
        destination_vendor, source_account, destination_account, entities, mapping_id, mapping_version)
      values (${tenant}::uuid, 'extracting', ${connection}::uuid, 'freshservice', 'zendesk', 'freshservice:a', 'zendesk:b',
        ${[...everything]}::text[], ${stored?.id ?? null}::uuid, 1) returning id::text`
    const id = job?.id ?? ""
    yield* sql`insert into job_streams (tenant_id, job_id, stream, entity)
      select ${tenant}::uuid, ${id}::uuid, s, 'ticket' from unnest(${[...streams]}::text[]) as s`
    return id
  })

export interface RecordRow {
  readonly entity: string
  readonly source_id: string
  readonly state: string
  readonly reason: string | null
  readonly batch: number
  readonly position: number
  readonly revision: number
  readonly transformed_hash: string | null
  readonly warnings: ReadonlyArray<Warning> | null
  readonly resolution: Resolution | null
}

/** The job's records by `<entity>/<source id>`. */
export const recordsOf = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<RecordRow>`select entity, source_id, state, reason, batch, position, revision, transformed_hash,
        warnings, resolution from job_records where job_id = ${jobId}::uuid order by entity, source_id collate "C"`
    return new Map(rows.map((row) => [`${row.entity}/${row.source_id}`, row]))
  })
