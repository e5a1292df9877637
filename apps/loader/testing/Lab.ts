// A tenant with approved jobs in a fresh database, the loader's handlers and a fake vendor: what the loader's promises are
// tested with, on the real PostgreSQL, broker and registry. Not here: what is expected.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Connections } from "@bridge/connectors/Connections"
import { canonicalJson, hashJson, type Json } from "@bridge/domain/Canonical"
import type { Resolution } from "@bridge/domain/Element"
import { type EntityId, entityNamed, loadOrder } from "@bridge/domain/Entities"
import type { MappingOptions } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { deploy } from "@bridge/flow/Deploy"
import { controlTopic } from "@bridge/flow/Flow"
import { type CommandValue, commandValue } from "@bridge/flow/Messages"
import type { Run } from "@bridge/flow/Stage"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import type { Rec } from "@bridge/kafka/Broker"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { Schemas } from "@bridge/kafka/Schemas"
import { platform } from "@bridge/platform/Platform"
import { Elements } from "@bridge/review/Elements"
import { reviewed } from "@bridge/review/Reviewed"
import { Blobs } from "@bridge/store/Blobs"
import { asTenant } from "@bridge/store/Postgres"
import { Vault } from "@bridge/vault/Vault"
import { ConfigProvider, Effect, Fiber, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import type { Timing } from "../Desk.ts"
import { loadStage } from "../Loader.ts"
import { releaseStage } from "../release/Release.ts"
import { fakeConnector, fakeHost } from "./FakeConnector.ts"
import { type FakeVendor, startVendor } from "./FakeVendor.ts"

/** A record as the refiner leaves it. */
export interface Seed {
  readonly sourceId: string
  readonly body: Readonly<Record<string, Json>>
  readonly meta?: Readonly<Record<string, Json>>
  readonly resolution?: Resolution
  readonly warnings?: ReadonlyArray<{ readonly code: string }>
  readonly parentId?: string
  readonly parentEntity?: EntityId
}
export type Seeds = Partial<Record<EntityId, ReadonlyArray<Seed>>>

/** Called around every transaction; it may never return. */
export type Trip = (point: string) => Effect.Effect<void>

const noTrip: Trip = () => Effect.void

export const quick: Timing = {
  deadlineMillis: 400,
  marginMillis: 60,
  glanceMillis: 15,
  patienceMillis: 50,
  undecidedMillis: 50
}

export const openLab = async (timing: Timing = quick) => {
  const stack = await testStack()
  const vendor = await startVendor()
  const dir = mkdtempSync(join(tmpdir(), "bridge-loader-"))
  const env = ConfigProvider.layer(
    ConfigProvider.fromUnknown({
      KAFKA_BROKERS: stack.kafkaBrokers,
      SCHEMA_REGISTRY_URL: stack.registryUrl,
      DATABASE_URL: await freshDatabase(stack.databaseUrl),
      BRIDGE_DB_CONNECTIONS: "8",
      BRIDGE_HOST_MAP: JSON.stringify({ [fakeHost]: vendor.origin }),
      BRIDGE_BLOB_DIR: join(dir, "blobs"),
      BRIDGE_KEK_FILE: join(dir, "kek"),
      BRIDGE_LOG_LEVEL: "Error"
    })
  )
  await Effect.runPromise(
    deploy.pipe(Effect.provide(Layer.merge(kafkaLayer, Registry.layer).pipe(Layer.provideMerge(env))), Effect.scoped)
  )
  const stored = { key: "first" }
  const fake = Layer.succeed(
    Connections,
    Connections.of({
      open: (tenantId, connectionId) =>
        Effect.sync(() => ({
          tenantId,
          connectionId,
          connector: fakeConnector,
          config: { ...stored },
          share: 1,
          vendor: "zendesk",
          account: "zendesk:desk"
        }))
    })
  )
  const services = ManagedRuntime.make(
    Layer.mergeAll(platform, fake, Elements.layer.pipe(Layer.provide(platform))).pipe(Layer.provideMerge(env))
  )
  const tenantId = await services.runPromise(newTenant)
  await services.runPromise(Effect.flatMap(Vault, (vault) => vault.createTenantKey(tenantId)))
  const rows = <A extends object>(query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>) =>
    services.runPromise(asTenant(tenantId)(Effect.flatMap(SqlClient.SqlClient, query)))

  const runOf = (stage: string, id: string, records: ReadonlyArray<Rec>, trip: Trip): Run => ({
    stage,
    topic: "",
    partition: 0,
    tenantId,
    actor: id,
    id,
    records,
    complete: true,
    attempt: 1,
    transaction: (body) =>
      Effect.andThen(
        trip("begin"),
        Effect.tap(asTenant(tenantId)(body), () => trip("commit"))
      ),
    inOrder: (effect) => effect,
    waiting: (effect) => effect,
    crowded: Effect.succeed(false),
    deadLetter: () => Effect.void
  })

  const release = (jobId: string, entity: EntityId, trip: Trip = noTrip) =>
    Effect.gen(function* () {
      const codec = yield* (yield* Schemas).codecFor<CommandValue>({
        name: controlTopic("commands"),
        schema: "command"
      })
      const command = { type: "release", tenantId, jobId, key: entity, slice: 0 } as const
      const rec: Rec = {
        topic: controlTopic("commands"),
        partition: 0,
        offset: 0n,
        key: null,
        value: codec.encode(commandValue(command, "c", 0)),
        headers: {},
        timestamp: 0
      }
      yield* releaseStage(timing).handle(runOf("release", `${jobId}/${entity}`, [rec], trip))
    })

  /** One run of one batch. */
  const loadBatch = (jobId: string, entity: EntityId, number: number, trip: Trip = noTrip) =>
    loadStage(timing).handle(runOf("load", `${jobId}/${entity}#0.${number}`, [], trip))

  const openNumbers = (jobId: string, entity: EntityId) =>
    asTenant(tenantId)(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{
          number: number
        }>`select number from load_batches where job_id = ${jobId}::uuid and entity = ${entity}
          and state in ('released', 'sending', 'waiting') order by number`
      )
    )

  /** A phase from its release to its end, batches one after another. */
  const phase = (jobId: string, entity: EntityId) =>
    Effect.gen(function* () {
      const releasing = yield* Effect.forkChild(release(jobId, entity), { startImmediately: true })
      for (;;) {
        const released = releasing.pollUnsafe() !== undefined
        const open = yield* openNumbers(jobId, entity)
        for (const { number } of open) yield* loadBatch(jobId, entity, number)
        if (open.length === 0 && released) break
        yield* Effect.sleep(5)
      }
      yield* Fiber.join(releasing)
    })

  const migrate = (jobId: string) =>
    Effect.gen(function* () {
      for (const e of loadOrder) yield* phase(jobId, e.id)
    })

  return {
    services,
    vendor,
    /** Bytes in the blob store, by their hash. */
    store: (bytes: Uint8Array) => services.runPromise(Effect.flatMap(Blobs, (blobs) => blobs.put(tenantId, bytes))),
    /** The credentials of the destination as the tenant has them stored now. */
    stored,
    tenantId,
    rows,
    release,
    loadBatch,
    openNumbers,
    phase,
    /** All phases of a job. */
    migrate: (jobId: string) => services.runPromise(migrate(jobId)),
    /** An approved job in state loading over these records. */
    job: (seeds: Seeds, options: Partial<MappingOptions> = {}) =>
      services.runPromise(asTenant(tenantId)(insertJob(tenantId, seeds, options))),
    outcomes: (jobId: string, entity: EntityId) =>
      rows<{ source_id: string; outcome: string; destination_id: string | null; error: { code: string } | null }>(
        (sql) => sql`select source_id, outcome, destination_id, error from job_record_outcomes
          where job_id = ${jobId}::uuid and entity = ${entity} order by source_id collate "C"`
      ),
    close: async () => {
      await services.dispose()
      await vendor.stop()
      rmSync(dir, { recursive: true, force: true })
      await stack.stop()
    }
  }
}
export type Lab = Awaited<ReturnType<typeof openLab>>

/** What the vendor holds of a source key; exactly one each is the promise. */
export const heldBy = (vendor: FakeVendor, entity: EntityId): ReadonlyArray<string> =>
  vendor.kept.filter((k) => k.entity === entity).map((k) => k.key.split(":").at(-1) ?? "")

const newTenant = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ id: string }>`select uuidv7()::text as id`
  const id = row?.id ?? ""
  yield* asTenant(id)(sql`insert into tenants (id, slug, name) values (${id}::uuid, ${`t-${id}`}, 'Test')`)
  return id
})

const insertJob = (tenantId: string, seeds: Seeds, options: Partial<MappingOptions>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const body = {
      ...freshserviceToZendesk,
      options: { ...freshserviceToZendesk.options, ...options }
    }
    const [mapping] = yield* sql<{
      id: string
    }>`insert into mappings (tenant_id, name, source_vendor, destination_vendor, body)
      values (${tenantId}::uuid, 'm', 'freshservice', 'zendesk', ${JSON.stringify(body)}::jsonb) returning id::text`
    const entities = Object.keys(seeds)
    const [connection] = yield* sql<{
      id: string
    }>`insert into tenant_connectors (tenant_id, vendor, name, instance, config, secrets, checked_at)
      values (${tenantId}::uuid, 'zendesk', 'd', 'desk', '{}', '', now()) returning id::text`
    const c = connection?.id ?? ""
    const [job] = yield* sql<{
      id: string
    }>`insert into jobs (tenant_id, state, source_connection, destination_connection, source_vendor,
        destination_vendor, source_account, destination_account, entities, settled_revision, mapping_id, mapping_version)
      values (${tenantId}::uuid, 'loading', ${c}::uuid, ${c}::uuid, 'freshservice', 'zendesk', 'freshservice:acme', 'zendesk:desk',
        ${entities}::text[], 1, ${mapping?.id ?? null}::uuid, 1) returning id::text`
    const jobId = job?.id ?? ""
    for (const [entity, list] of Object.entries(seeds)) yield* insertRecords(tenantId, jobId, entity, list)
    const phases = loadOrder.filter((e) => entities.includes(e.id))
    for (const p of phases)
      yield* sql`insert into load_phases (tenant_id, job_id, entity, phase) values (${tenantId}::uuid, ${jobId}::uuid, ${p.id}, ${p.loadPhase})`
    const set = yield* reviewed(jobId, hashJson)
    const approval = { ...set, approvedBy: "test", approvedAt: "2026-01-01T00:00:00Z" }
    yield* sql`update jobs set approval = ${JSON.stringify(approval)}::jsonb where id = ${jobId}::uuid`
    return jobId
  })

const insertRecords = (tenantId: string, jobId: string, entity: string, seeds: ReadonlyArray<Seed>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const elements = seeds.map((s) => ({ body: s.body, refs: {}, meta: s.meta ?? {} }))
    yield* sql`insert into job_extracted_data (job_id, tenant_id, entity_type, stream, batch_number, source_system, transformed_data,
        record_count, extraction_timestamp, expires_at)
      values (${jobId}::uuid, ${tenantId}::uuid, ${entity}, 'main', 0, 'freshservice', ${canonicalJson(elements)}::json, ${seeds.length}::int,
        now(), now() + interval '30 days')`
    for (const [position, seed] of seeds.entries()) {
      yield* sql`insert into job_records (tenant_id, job_id, entity, source_id, native_id, parent_id, parent_entity, stream, batch,
          position, raw_hash, transformed_hash, resolution, warnings)
        values (${tenantId}::uuid, ${jobId}::uuid, ${entity}, ${seed.sourceId}, ${seed.sourceId}, ${seed.parentId ?? null},
          ${seed.parentId === undefined ? null : (seed.parentEntity ?? entityNamed(entity)?.parents[0] ?? null)}, 'main', 0, ${position}, 'raw', ${hashJson(elements[position] ?? null)}, ${seed.resolution === undefined ? null : JSON.stringify(seed.resolution)}::jsonb,
          ${seed.warnings === undefined ? null : JSON.stringify(seed.warnings)}::jsonb)`
    }
  })
