// The deploy step, the control messages and the relay: what a transaction enqueued is sent in order, at least once.
import { randomUUID } from "node:crypto"
import { Commands } from "@bridge/flow/Commands"
import { deploy } from "@bridge/flow/Deploy"
import { controlAddress } from "@bridge/flow/Envelope"
import { controlTopic, topics } from "@bridge/flow/Flow"
import { hold, release, renew, take } from "@bridge/flow/Leases"
import type { Command, JobEvent } from "@bridge/flow/Messages"
import { Partitions } from "@bridge/flow/Partition"
import { relay, relayOnce } from "@bridge/flow/Relay"
import { runStage } from "@bridge/flow/Runtime"
import type { Stage } from "@bridge/flow/Stage"
import { Wakeups, wake } from "@bridge/flow/Wakeups"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import {
  type Admin,
  BrokerError,
  BrokerUnavailable,
  type Consumers,
  MessageTooLarge,
  Producer,
  type Send
} from "@bridge/kafka/Broker"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { Schemas } from "@bridge/kafka/Schemas"
import { enqueue } from "@bridge/store/Outbox"
import { asTenant, layer as postgresLayer } from "@bridge/store/Postgres"
import { ConfigProvider, Deferred, Effect, Fiber, Layer, ManagedRuntime, Option, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { eventually } from "./Lab.ts"

const servicesOf = (addresses: Awaited<ReturnType<typeof testStack>>, databaseUrl: string) => {
  const config = ConfigProvider.layer(
    ConfigProvider.fromEnvRecord({
      KAFKA_BROKERS: addresses.kafkaBrokers,
      SCHEMA_REGISTRY_URL: addresses.registryUrl,
      DATABASE_URL: databaseUrl
    })
  )
  const kafka = kafkaLayer.pipe(Layer.provide(config))
  const registry = Registry.layer.pipe(Layer.provide(config))
  const base = Layer.mergeAll(kafka, registry, Partitions.layer.pipe(Layer.provide(config)), config)
  return ManagedRuntime.make(Layer.provideMerge(Schemas.layer, base))
}

let stack: Awaited<ReturnType<typeof testStack>>
let databaseUrl: string
let bare: ReturnType<typeof servicesOf>
const full = () => {
  const config = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ DATABASE_URL: databaseUrl }))
  return Layer.provideMerge(Wakeups.layer, postgresLayer.pipe(Layer.provide(config)))
}
/** With everything that a stage has; each call has a pool of its own. */
const run = <A, E>(
  effect: Effect.Effect<A, E, Commands | Wakeups | SqlClient.SqlClient | Producer | Consumers | Admin | Scope.Scope>
) => bare.runPromise(effect.pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Commands.layer, full()))))

const tenant = randomUUID()
const job = randomUUID()

beforeAll(async () => {
  stack = await testStack()
  databaseUrl = await freshDatabase(stack.databaseUrl)
  bare = servicesOf(stack, databaseUrl)
  const config = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ DATABASE_URL: databaseUrl }))
  const first = await bare.runPromise(deploy.pipe(Effect.provide(config)))
  assert.isAbove(first.migrations.length, 4)
  const second = await bare.runPromise(deploy.pipe(Effect.provide(config)))
  assert.deepStrictEqual([second.migrations, second.topics], [[], []])
  assert.strictEqual(second.schemas, topics(true).filter((t) => t.schema !== null).length)
})
afterAll(() => bare.dispose().then(() => stack.stop()))

const unsent = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql`select 1 from outbox where sent_at is null`, (r) => r.length)
)
/** Until no transaction of the whole server, another test's database included, is older than what waits here. */
const settled = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`select 1 from outbox where sent_at is null and xid >= pg_snapshot_xmin(pg_current_snapshot())`.pipe(
    Effect.delay("20 millis"),
    Effect.repeat({ until: (rows) => rows.length === 0 })
  )
)
/** Nothing of an earlier test is left. */
const emptied = Effect.andThen(settled, relayOnce)
const keysOf = (sent: ReadonlyArray<Send>) => sent.flatMap((s) => s.messages.map((m) => m.key))
const message = (key: string) => ({ topic: controlTopic("alerts"), key, partition: 0, payload: Buffer.from(key) })

describe("the outbox", () => {
  it("carries commands and job events to the stage that they are for, with their rows", async () => {
    const commands: Array<Command> = []
    const events: Array<JobEvent> = []
    const stage: Stage<Commands> = {
      stage: "control",
      topics: [controlTopic("commands"), controlTopic("job-events")],
      address: (rec) => controlAddress(rec.topic === controlTopic("commands") ? ["extract"] : null, "job, key")(rec),
      runsInFlight: 1,
      permits: 2,
      maxBytes: 1e6,
      maxPartitionBytes: 1e6,
      handle: (r) =>
        Effect.gen(function* () {
          const control = yield* Commands
          if (r.tenantId !== tenant) return
          if (r.topic === controlTopic("commands")) commands.push(...(yield* control.commandsOf(r)))
          else events.push(...(yield* control.eventsOf(r)))
        })
    }
    await run(
      Effect.gen(function* () {
        const control = yield* Commands
        const sql = yield* SqlClient.SqlClient
        const working = yield* Effect.forkScoped(runStage(stage, { group: `control-${job}` }))
        const relaying = yield* Effect.forkScoped(relay)
        yield* Effect.andThen(
          control.send([
            { type: "extract", tenantId: tenant, jobId: job, key: "tickets", slice: 7 },
            { type: "release", tenantId: tenant, jobId: job }
          ]),
          control.emit([{ type: "created", tenantId: tenant, jobId: job, detail: { by: "a person" } }])
        ).pipe(asTenant(tenant))
        yield* Effect.promise(() =>
          eventually("both arrived", async () => commands.length === 1 && events.length === 1)
        )
        const rows = yield* sql<{ type: string }>`select type from job_events where job_id = ${job}`.pipe(
          asTenant(tenant)
        )
        assert.deepStrictEqual(rows, [{ type: "created" }])
        yield* Fiber.interruptAll([working, relaying])
      })
    )
    const [command] = commands
    assert.deepStrictEqual(
      [command?.type, command?.key, command?.slice, command?.jobId],
      ["extract", "tickets", 7, job]
    )
    assert.deepStrictEqual(events[0]?.detail, { by: "a person" })
  })

  it("sends nothing of a transaction that is rolled back, and never past one that is still open", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* emptied
        yield* sql.withTransaction(Effect.andThen(enqueue([message("gone")]), Effect.fail("no"))).pipe(Effect.ignore)
        const enqueued = yield* Deferred.make<void>()
        const goOn = yield* Deferred.make<void>()
        const open = yield* Effect.forkScoped(
          sql.withTransaction(
            enqueue([message("first")]).pipe(
              Effect.andThen(Deferred.succeed(enqueued, undefined)),
              Effect.andThen(Deferred.await(goOn))
            )
          )
        )
        yield* Deferred.await(enqueued)
        yield* sql.withTransaction(enqueue([message("second")]))
        assert.strictEqual((yield* relayOnce)?.messages, 0)
        yield* Deferred.succeed(goOn, undefined)
        yield* Fiber.join(open)
        yield* settled
        const sent: Array<Send> = []
        assert.strictEqual((yield* relayOnce.pipe(Effect.provideService(Producer, recording(sent))))?.messages, 2)
        assert.deepStrictEqual(keysOf(sent), ["first", "second"])
        assert.strictEqual(yield* unsent, 0)
      })
    ))

  it("sends in the order of enqueuing, also where numbers gain a digit", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* emptied
        const keys = Array.from({ length: 12 }, (_, i) => `m${i}`)
        yield* sql.withTransaction(Effect.forEach(keys, (key) => enqueue([message(key)])))
        yield* settled
        const sent: Array<Send> = []
        yield* relayOnce.pipe(Effect.provideService(Producer, recording(sent)))
        assert.deepStrictEqual(keysOf(sent), keys)
      })
    ))

  it("keeps many messages in few rows, each with its own bytes, in order in its partition, in sends the broker takes", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* emptied
        const before = yield* unsent
        const messages = Array.from({ length: 3000 }, (_, i) => ({
          ...message(`m${i}`),
          partition: i % 2,
          payload: i % 500 === 7 ? Buffer.alloc(300_000, i) : Buffer.from(`${i} 😀`),
          headers: { ce_id: `${i} 😀` }
        }))
        yield* sql.withTransaction(enqueue(messages))
        assert.isBelow((yield* unsent) - before, 40)
        yield* settled
        const sent: Array<Send> = []
        const round = yield* relayOnce.pipe(Effect.provideService(Producer, recording(sent)))
        assert.strictEqual(round?.messages, 3000)
        for (const partition of [0, 1])
          assert.deepStrictEqual(
            sent.filter((s) => s.partition === partition).flatMap((s) => s.messages),
            messages
              .filter((m) => m.partition === partition)
              .map(({ headers, key, payload }) => ({ key, value: payload, headers }))
          )
        for (const { messages } of sent) {
          assert.isAtMost(messages.length, 1000)
          assert.isBelow(
            messages.reduce((sum, m) => sum + (m.value?.length ?? 0), 0),
            1_000_000
          )
        }
      })
    ))

  it("leaves out a message that the broker will never take, and sends its neighbours of the same row", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* emptied
        yield* sql.withTransaction(enqueue(["a", "huge", "b"].map(message)))
        yield* settled
        const sent: Array<Send> = []
        const strict = Producer.of({
          ...recording(sent),
          sendAll: (sends) =>
            sends.some((s) => s.messages.some((m) => m.key === "huge"))
              ? Effect.fail(
                  new BrokerError({
                    operation: "send",
                    reason: new MessageTooLarge({ topic: controlTopic("alerts"), bytes: 4 })
                  })
                )
              : recording(sent).sendAll(sends)
        })
        yield* relayOnce.pipe(Effect.provideService(Producer, strict))
        assert.deepStrictEqual(keysOf(sent), ["a", "b"])
        assert.strictEqual(yield* unsent, 0)
      })
    ))

  it("has one relay at a time, and what was sent without being marked is sent again", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql.withTransaction(enqueue([message("a"), message("b")]))
        yield* settled
        const sending = yield* Deferred.make<void>()
        const sent: Array<Send> = []
        const hanging = Producer.of({
          ...recording(sent),
          sendAll: (sends) =>
            recording(sent)
              .sendAll(sends)
              .pipe(Effect.andThen(Deferred.succeed(sending, undefined)), Effect.andThen(Effect.never))
        })
        const first = yield* Effect.forkScoped(relayOnce.pipe(Effect.provideService(Producer, hanging)))
        yield* Deferred.await(sending)
        assert.isNull(yield* relayOnce)
        // It dies after the send and before the mark.
        yield* Fiber.interrupt(first)
        assert.strictEqual((yield* relayOnce.pipe(Effect.provideService(Producer, recording(sent))))?.messages, 2)
        assert.deepStrictEqual(keysOf(sent), ["a", "b", "a", "b"])
        const away = new BrokerError({ operation: "send", reason: new BrokerUnavailable({ cause: "away" }) })
        yield* sql.withTransaction(enqueue([message("c")]))
        yield* settled
        const failing = Producer.of({ ...recording([]), sendAll: () => Effect.fail(away) })
        yield* Effect.exit(relayOnce.pipe(Effect.provideService(Producer, failing)))
        assert.strictEqual(yield* unsent, 1)
        yield* relayOnce
      })
    ))
})

const recording = (sent: Array<Send>) =>
  Producer.of({
    send: (send) => Effect.sync(() => void sent.push(send)),
    sendAll: (sends) => Effect.sync(() => void sent.push(...sends))
  })

describe("leases", () => {
  it("have one owner at a time, whose epoch no one had before", () =>
    run(
      Effect.gen(function* () {
        const name = `lease-${randomUUID()}`
        const lease = yield* Effect.flatMap(take({ name, owner: "a", ttl: "1 minute" }), Effect.fromOption)
        assert.isTrue(Option.isNone(yield* take({ name, owner: "b", ttl: "1 minute" })))
        assert.isTrue(yield* renew(lease, "1 minute"))
        const again = yield* Effect.flatMap(take({ name, owner: "a", ttl: "50 millis" }), Effect.fromOption)
        assert.strictEqual(again.epoch, lease.epoch)
        yield* Effect.sleep("80 millis")
        const other = yield* Effect.flatMap(take({ name, owner: "b", ttl: "1 minute" }), Effect.fromOption)
        assert.strictEqual(other.epoch, lease.epoch + 1n)
        assert.isFalse(yield* renew(lease, "1 minute"))
        yield* release(lease)
        const sql = yield* SqlClient.SqlClient
        assert.strictEqual((yield* Effect.flip(sql.withTransaction(hold(lease))))._tag, "Fenced")
        yield* sql.withTransaction(hold(other))
        yield* release(other)
        assert.isTrue(Option.isSome(yield* take({ name, owner: "c", ttl: "1 minute" })))
      })
    ))
})

describe("wake-ups", () => {
  it("come with the commit, and a poll finds what nobody said", () =>
    run(
      Effect.gen(function* () {
        const wakeups = yield* Wakeups
        const sql = yield* SqlClient.SqlClient
        let open = false
        const check = Effect.sync(() => (open ? Option.some("open") : Option.none()))
        const waiting = yield* Effect.forkScoped(wakeups.until("window:j", check, "10 minutes"), {
          startImmediately: true
        })
        open = true
        // Again and again: the connection that listens may not be there yet.
        const waking = sql.withTransaction(wake("window:j")).pipe(Effect.delay("50 millis"), Effect.forever)
        assert.strictEqual(yield* Effect.raceFirst(Fiber.join(waiting), waking), "open")
        open = false
        const polling = yield* Effect.forkScoped(wakeups.until("window:k", check, "100 millis"), {
          startImmediately: true
        })
        yield* Effect.sleep("50 millis")
        open = true
        assert.strictEqual(yield* Fiber.join(polling), "open")
      })
    ))
})
