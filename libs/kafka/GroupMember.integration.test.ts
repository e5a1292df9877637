// Logs with holes: control records of foreign transactions, records that have expired, tombstones. Set up with KafkaJS itself.
import { randomUUID } from "node:crypto"
import { testStack } from "@bridge/infra/TestStack"
import { Effect, Exit, Layer, Logger, Option, Scope } from "effect"
import kafkajs from "kafkajs"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Consumers, type Rec } from "./Broker.ts"
import { kafkaLayerWith } from "./KafkaJs.ts"

let stack: Awaited<ReturnType<typeof testStack>>
let kafka: kafkajs.Kafka
let admin: kafkajs.Admin
beforeAll(async () => {
  stack = await testStack()
  kafka = new kafkajs.Kafka({ brokers: stack.kafkaBrokers.split(","), logLevel: kafkajs.logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
})
afterAll(async () => {
  await admin.disconnect()
  await stack.stop()
})

let topic: string
let errors: Array<string>
let scope: Scope.Closeable
beforeEach(async () => {
  topic = `holes.${randomUUID()}`
  errors = []
  scope = await Effect.runPromise(Scope.make())
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
})
afterEach(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** A member that starts at `from`, and the error lines its client writes. */
const member = async (from: bigint) => {
  const records: Array<Rec> = []
  const opened = Promise.withResolvers<(offset: bigint) => void>()
  const listening = Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (logLevel === "Error") errors.push(String(message))
    })
  ])
  const layer = kafkaLayerWith({ brokers: stack.kafkaBrokers.split(","), tls: false, sasl: Option.none() })
  const session = Effect.gen(function* () {
    const consumers = yield* Consumers
    const started = yield* consumers.open({
      groupId: randomUUID(),
      topics: [topic],
      onAssigned: async () => (await opened.promise)(from),
      onRebalancing: () => {},
      onRecords: (_, __, found) => {
        records.push(...found)
      }
    })
    opened.resolve((offset) => started.seek(topic, 0, offset))
  })
  const context = await Effect.runPromise(Layer.buildWithScope(layer.pipe(Layer.provide(listening)), scope))
  await Effect.runPromise(session.pipe(Effect.provideContext(context), Scope.provide(scope)))
  return records
}

const valuesOf = (records: ReadonlyArray<Rec>) => records.map(({ value }) => value?.toString() ?? null)

const until = async (holds: () => boolean): Promise<void> => {
  const end = performance.now() + 20_000
  while (!holds()) {
    if (performance.now() > end) throw new Error("never happened")
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const produce = async (messages: ReadonlyArray<kafkajs.Message>) => {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: [...messages] })
  await producer.disconnect()
}

describe("a log with holes", () => {
  it("shows committed records of transactions only, and reading goes on past the markers without an alarm", async () => {
    const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (const [value, commit] of [
      ["aborted", false],
      ["a", true],
      ["aborted", false],
      ["aborted", false],
      ["b", true]
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      await (commit ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    const records = await member(0n)
    await until(() => records.length === 2)
    await produce([{ value: "c" }])
    await until(() => records.length === 3)
    expect(valuesOf(records)).toEqual(["a", "b", "c"])
    expect(errors).toEqual([])
  })

  it("whose beginning has expired goes on at the first record left, and says what is gone", async () => {
    await produce(["a", "b", "c", "d"].map((value) => ({ value })))
    // Makes this admin client look up the leader, which the next call does not do.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] })
    const records = await member(0n)
    await until(() => records.length === 2)
    expect(valuesOf(records)).toEqual(["c", "d"])
    expect(errors).toEqual(["records are no longer in the log"])
  })

  it("gives tombstones as null, and headers that came twice as a list", async () => {
    await produce([
      { key: "k", value: null },
      { key: "k", value: "v", headers: { twice: ["1", "2"] } }
    ])
    const records = await member(0n)
    await until(() => records.length === 2)
    expect(valuesOf(records)).toEqual([null, "v"])
    expect(records[1]?.headers.twice).toEqual([Buffer.from("1"), Buffer.from("2")])
  })
})
