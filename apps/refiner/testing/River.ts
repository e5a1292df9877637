// The refiner's stages on the real broker, registry and database. The test plays the extractor: it writes the manifest and
// sends the batches. For the refiner's integration tests.

import type { EntityId } from "@bridge/domain/Entities"
import { Commands } from "@bridge/flow/Commands"
import { deploy } from "@bridge/flow/Deploy"
import { eventHeaders, runHeader, runId } from "@bridge/flow/Envelope"
import { controlTopic, recordTopic } from "@bridge/flow/Flow"
import type { CommandType, CommandValue } from "@bridge/flow/Messages"
import { Partitions } from "@bridge/flow/Partition"
import { runStage } from "@bridge/flow/Runtime"
import type { Run } from "@bridge/flow/Stage"
import { fromHere } from "@bridge/flow/testing/FromHere"
import { Wakeups, wake } from "@bridge/flow/Wakeups"
import { Consumers, Producer, type Rec } from "@bridge/kafka/Broker"
import { envelope } from "@bridge/kafka/Envelope"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { Schemas, schemaText } from "@bridge/kafka/Schemas"
import { Blobs } from "@bridge/store/Blobs"
import { asTenant, layer as postgres } from "@bridge/store/Postgres"
import { Kek } from "@bridge/vault/Kek"
import { Vault } from "@bridge/vault/Vault"
import { Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import type { RawRow } from "../Batch.ts"
import { Envelopes } from "../Envelopes.ts"
import { Mappings } from "../Mappings.ts"
import { Normalized } from "../Normalized.ts"
import { refine } from "../Refiner.ts"
import { settler } from "../Settler.ts"
import { type Reader, Sources } from "../Sources.ts"
import { connection, type Desk, tenant } from "./Desk.ts"

/** Everything the stages need; the vendor is the test's. */
const layerOf = (desk: Desk, reader: Reader) =>
  Layer.mergeAll(
    Envelopes.layer,
    Mappings.layer,
    Normalized.layer,
    Commands.layer,
    Wakeups.layer,
    Layer.succeed(Sources, Sources.of({ reader: () => Effect.succeed(reader) })),
    Blobs.layer.pipe(Layer.provideMerge(Vault.layerWithoutKek), Layer.provide(Kek.layerOf(Buffer.alloc(32, 7))))
  ).pipe(
    Layer.provideMerge(Schemas.layer),
    Layer.provideMerge(Layer.mergeAll(Registry.layer, Partitions.layer, kafkaLayer)),
    Layer.provideMerge(postgres),
    Layer.provideMerge(desk.env)
  )

type Needs = Layer.Success<ReturnType<typeof layerOf>>

export interface River {
  readonly run: <A, E>(effect: Effect.Effect<A, E, Needs>) => Promise<A>
  /** One transaction of the tenant. */
  readonly sql: <A, E>(body: (sql: SqlClient.SqlClient) => Effect.Effect<A, E, SqlClient.SqlClient>) => Promise<A>
  /** Calls the settle stage as the runtime does, for one command. */
  readonly command: (type: CommandType, jobId: string, key?: string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Deploys, and keeps the refine stage running under a group of its own. */
export const openRiver = async (desk: Desk, reader: Reader): Promise<River> => {
  const outside = Layer.mergeAll(Registry.layer, kafkaLayer).pipe(Layer.provideMerge(desk.env))
  await Effect.runPromise(deploy.pipe(Effect.provide(outside), Effect.scoped))
  const runtime = ManagedRuntime.make(layerOf(desk, reader))
  const run: River["run"] = (effect) => runtime.runPromise(effect)
  await run(Effect.flatMap(Vault, (vault) => vault.createTenantKey(tenant)))
  const abort = new AbortController()
  const group = `test.refine.${process.pid}.${Date.now()}`
  await run(fromHere((stage) => (stage === refine.stage ? group : `${group}.${stage}`)))
  const done = runtime.runPromise(runStage(refine, { group }), { signal: abort.signal }).catch(() => {})
  return {
    run,
    sql: (body) => run(Effect.flatMap(SqlClient.SqlClient, body).pipe(asTenant(tenant))),
    command: (type, jobId, key = "") => run(Effect.flatMap(commandRun(type, jobId, key), (one) => settler.handle(one))),
    stop: async () => {
      abort.abort()
      await done
      await runtime.dispose()
    }
  }
}

const commandRun = (type: CommandType, jobId: string, key: string) =>
  Effect.gen(function* () {
    const schemas = yield* Schemas
    const topic = controlTopic("commands")
    const codec = yield* schemas.codecFor<CommandValue>({ name: topic, schema: "command" })
    const value = codec.encode({ id: "c", type, tenant_id: tenant, job_id: jobId, key, slice: 0, at: 0 })
    const rec: Rec = { topic, partition: 0, offset: 0n, key: tenant, value, headers: {}, timestamp: 0 }
    return runOf({ stage: "settle", topic, actor: jobId, id: "c", records: [rec] })
  })

/** A run as the runtime hands it over, for a direct call. */
export const runOf = (given: Pick<Run, "stage" | "topic" | "actor" | "id" | "records">): Run => ({
  ...given,
  partition: 0,
  tenantId: tenant,
  complete: true,
  attempt: 1,
  transaction: (body) => asTenant(tenant)(body),
  inOrder: (effect) => effect,
  waiting: (effect) => effect,
  crowded: Effect.succeed(false),
  deadLetter: () => Effect.void
})

export interface SentBatch {
  readonly jobId: string
  readonly entity: EntityId
  readonly number: number
  readonly rows: ReadonlyArray<RawRow>
  readonly epoch?: number
  readonly stream?: string
}

const place = (b: SentBatch) => ({ stream: b.stream ?? "rows", epoch: b.epoch ?? 1 })

/** The manifest row, before the send. */
export const manifest = (b: SentBatch, state: "sending" | "sent" | "abandoned") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { epoch, stream } = place(b)
    yield* sql`insert into job_batches (tenant_id, job_id, stream, entity, number, epoch, rows, bytes, hash, state)
      values (${tenant}::uuid, ${b.jobId}::uuid, ${stream}, ${b.entity}, ${b.number}, ${epoch}, ${b.rows.length}, 0, '', ${state})
      on conflict (job_id, stream, entity, number) do update set state = excluded.state`
    yield* wake(`batches:${b.jobId}`)
  }).pipe(asTenant(tenant))

/** Sends a batch as the extractor does. */
export const send = (b: SentBatch) =>
  Effect.gen(function* () {
    const schemas = yield* Schemas
    const partitions = yield* Partitions
    const producer = yield* Producer
    const { epoch, stream } = place(b)
    const topic = recordTopic("raw", b.entity)
    const codec = yield* schemas.codecFor({ name: topic, schema: "raw" })
    const encode = envelope(schemaText("raw"), codec.schemaId).batch({
      tenant_id: tenant,
      job_id: b.jobId,
      connection_id: connection,
      source_system: "freshservice",
      stream,
      entity: b.entity,
      epoch,
      batch: b.number,
      size: b.rows.length,
      extracted_at: 1_700_000_000_000
    })
    const id = runId(`${b.jobId}/${stream}/${b.entity}`, epoch, b.number)
    const messages = b.rows.map((row) => ({
      key: `${tenant}/${row.sourceId}`,
      value: encode({
        row_stream: row.rowStream,
        position: row.position,
        source_id: row.sourceId,
        parent_id: null,
        version: row.version,
        op: row.op === "delete" ? "DELETE" : "UPSERT",
        content_hash: row.contentHash,
        blob: row.blob,
        raw: row.blob === null ? row.bytes : null
      }),
      headers: {
        ...eventHeaders({
          id: row.eventId,
          type: `bridge.raw.${b.entity}`,
          source: "test",
          subject: `${b.jobId}/${row.sourceId}`,
          tenantId: tenant,
          atMillis: 0
        }),
        bridge_run: runHeader(id, row.position, b.rows.length)
      }
    }))
    yield* producer.send({ topic, partition: partitions.of(topic, tenant), messages })
  })

export const deliver = (b: SentBatch) =>
  Effect.andThen(manifest(b, "sending"), Effect.andThen(send(b), manifest(b, "sent")))

/** The state of a batch once it is `wanted`; fails after two minutes. */
export const untilState = (b: SentBatch, wanted: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ state: string }>`select state from job_batches where job_id = ${b.jobId}::uuid
      and stream = ${place(b).stream} and entity = ${b.entity} and number = ${b.number}`
    if (row?.state !== wanted) return yield* Effect.fail(new Error(`batch ${b.number} is ${row?.state}`))
  }).pipe(asTenant(tenant), Effect.delay("25 millis"), Effect.retry({ times: 4800 }))

/** All records of a topic that belong to the job, read until `count` have come. */
export const recordsIn = (topic: string, jobId: string, count: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const consumers = yield* Consumers
      const found: Array<Rec> = []
      yield* consumers.open({
        groupId: `test.read.${process.pid}.${Math.random()}`,
        topics: [topic],
        onAssigned: async () => {},
        onRebalancing: () => {},
        onRecords: (_topic, _partition, records) => {
          found.push(...records.filter((rec) => String(rec.headers.ce_subject).startsWith(jobId)))
        }
      })
      yield* Effect.suspend(() => (found.length >= count ? Effect.void : Effect.fail("not yet"))).pipe(
        Effect.delay("50 millis"),
        Effect.retry({ times: 2400 })
      )
      yield* Effect.sleep("300 millis")
      return found
    })
  )
