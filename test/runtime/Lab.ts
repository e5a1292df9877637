// A topic, a database and a stage that only remembers what it was given: what the runtime's promises are tested with.
// For the tests in this folder and the member processes they start. What does not belong here: any stage of Bridge.
import { randomBytes, randomUUID } from "node:crypto"
import { batchAddress, runHeader, runId } from "@bridge/flow/Envelope"
import { partitionOf } from "@bridge/flow/Partition"
import { orStageError } from "@bridge/flow/Retry"
import type { Run, Stage } from "@bridge/flow/Stage"
import { Wakeups } from "@bridge/flow/Wakeups"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { Admin, Producer } from "@bridge/kafka/Broker"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { migrate } from "@bridge/store/Migrate"
import { layer as postgresLayer } from "@bridge/store/Postgres"
import { PgClient } from "@effect/sql-pg"
import { ConfigProvider, Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { SqlClient } from "effect/sql"

export const partitions = 6

/** What a process needs to take part; handed to member processes as JSON. */
export interface Place {
  readonly kafkaBrokers: string
  readonly databaseUrl: string
  readonly topic: string
  readonly group: string
}

/** Everything a member has of its own: a pool and a broker client. */
export const servicesOf = (place: Place) => {
  const config = ConfigProvider.layer(
    ConfigProvider.fromEnvRecord({ KAFKA_BROKERS: place.kafkaBrokers, DATABASE_URL: place.databaseUrl })
  )
  const postgres = postgresLayer.pipe(Layer.provide(config))
  const all = Layer.mergeAll(kafkaLayer.pipe(Layer.provide(config)), Wakeups.layer).pipe(Layer.provideMerge(postgres))
  return ManagedRuntime.make(Layer.mergeAll(all, config))
}
export type Services = ReturnType<typeof servicesOf>

export interface Lab {
  /** A new topic and group, and nothing remembered: one test's own. */
  readonly place: () => Promise<Place>
  /** The test's own services; members have theirs. */
  readonly services: Services
  readonly close: () => Promise<void>
}

/** A fresh database with the tables of Bridge and the ones of `remember`, and an empty topic of six partitions. */
export const openLab = async (): Promise<Lab> => {
  const stack = await testStack()
  const databaseUrl = await freshDatabase(stack.databaseUrl)
  const config = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ DATABASE_URL: databaseUrl }))
  await Effect.runPromise(migrate.pipe(Effect.provide(config)))
  const owner = PgClient.layer({ url: Redacted.make(databaseUrl), maxConnections: 1 })
  await Effect.runPromise(tables.pipe(Effect.provide(owner)))
  const addresses = { kafkaBrokers: stack.kafkaBrokers, databaseUrl }
  const services = servicesOf({ ...addresses, topic: "", group: "" })
  return {
    services,
    place: () => services.runPromise(emptyPlace(addresses)),
    close: () => services.dispose().then(() => stack.stop())
  }
}

const emptyPlace = (addresses: Pick<Place, "kafkaBrokers" | "databaseUrl">) =>
  Effect.gen(function* () {
    const id = randomUUID().slice(0, 8)
    const sql = yield* SqlClient.SqlClient
    const admin = yield* Admin
    yield* sql`delete from effects`
    yield* sql`delete from tries`
    const place: Place = { ...addresses, topic: `bridge.lab-${id}.v1`, group: `lab-${id}` }
    yield* admin.ensureTopics([{ name: place.topic, partitions, config: {} }])
    return place
  })

const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // The effect, by its natural key; and every time that it was tried, in order.
  yield* sql`create table effects (event_id text primary key, actor text not null, n int not null)`
  yield* sql`create table tries (seq bigint generated always as identity, actor text not null, n int not null, run text not null)`
  yield* sql`grant all on effects, tries to bridge_app`
  yield* sql`grant usage on all sequences in schema public to bridge_app`
})

export const tenants: ReadonlyArray<string> = Array.from(
  { length: 8 },
  (_, i) => `00000000-0000-4000-8000-00000000000${i}`
)

export interface Batch {
  readonly actor: string
  readonly tenant: string
  readonly number: number
  /** Numbers of the records in it; the actor's numbers go up over its batches. */
  readonly from: number
  readonly size: number
  /** Of the owner that sends it; 1 when not given. */
  readonly epoch?: number
  /** Random characters behind the number of each record. */
  readonly padding?: number
}

/** `count` batches of each actor, one actor per tenant, mixed as they would come. */
export const batchesOf = (count: number, size: number, who = tenants): ReadonlyArray<Batch> =>
  Array.from({ length: count }, (_, number) =>
    who.map((tenant) => ({ actor: `job-${tenant}/s`, tenant, number, from: number * size, size }))
  ).flat()

/** One send, with the positions given (all by default). */
export const sendBatch = (place: Place, batch: Batch, positions?: ReadonlyArray<number>) =>
  Effect.flatMap(Producer, (producer) =>
    producer.send({
      topic: place.topic,
      partition: partitionOf(batch.tenant, partitions),
      messages: (positions ?? Array.from({ length: batch.size }, (_, i) => i)).map((position) => ({
        key: `${batch.tenant}/${batch.from + position}`,
        value: Buffer.from(`${batch.from + position} ${randomBytes((batch.padding ?? 0) / 2).toString("hex")}`.trim()),
        headers: {
          ce_id: `${place.topic}/${batch.from + position}`,
          bridge_tenant: batch.tenant,
          bridge_run: runHeader(runId(batch.actor, batch.epoch ?? 1, batch.number), position, batch.size)
        }
      }))
    })
  )

/** The effect of a run, once by its natural key, under the fence. */
export const remember = (run: Run) =>
  run.transaction(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const numbers = run.records.map((r) => Number.parseInt(String(r.value), 10))
      yield* sql`insert into tries (actor, n, run) select ${run.actor}, n, ${run.id} from unnest(${numbers}::int[]) as u(n)`
      yield* sql`insert into effects (event_id, actor, n) select ${run.actor} || '/' || n, ${run.actor}, n
        from unnest(${numbers}::int[]) as u(n) order by 1 on conflict do nothing`
    })
  )

export const stageOf = (
  place: Place,
  handle: Stage<SqlClient.SqlClient>["handle"],
  more: Partial<Stage<SqlClient.SqlClient>> = {}
): Stage<SqlClient.SqlClient> => ({
  stage: "lab",
  topics: [place.topic],
  address: batchAddress,
  runsInFlight: 1,
  permits: 4,
  maxBytes: 4_000_000,
  maxPartitionBytes: 1_000_000,
  handle,
  ...more
})

export const remembering = (run: Run) => remember(run).pipe(orStageError("lab"))

/** Records without effect, effects, and numbers of an actor that were first tried before a lower one. */
export const findings = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [counts] = yield* sql<{ effects: number; tries: number }>`
    select (select count(*)::int from effects) as effects, (select count(*)::int from tries) as tries`
  const disorder = yield* sql<{ actor: string; n: number }>`
    select actor, n from (select actor, n, lag(n) over (partition by actor order by first) as before
      from (select actor, n, min(seq) as first from tries group by actor, n) f) g where before > n`
  return { effects: counts?.effects ?? 0, tries: counts?.tries ?? 0, disorder }
})

/** Asks until it holds; what a broker does takes its own time. */
export const eventually = async (what: string, holds: () => Promise<boolean>, millis = 120_000): Promise<void> => {
  const end = performance.now() + millis
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
