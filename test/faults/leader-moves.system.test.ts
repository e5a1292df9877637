// Rule 0: an acknowledged record is never lost when a partition's leader moves. On three real brokers: leaders are moved on
// purpose under a client that does not know yet, then brokers are restarted and killed under load. With neither cure the client
// loses records; with the patch, with the guard, or with both, none.
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startStack } from "@bridge/infra/Stack"
import { Admin, Consumers, type Owned, Producer, type Rec, type Send } from "@bridge/kafka/Broker"
import { kafkaLayerWith } from "@bridge/kafka/KafkaJs"
import { Effect, Exit, Logger, ManagedRuntime, Option, Scope } from "effect"
import kafkajs from "kafkajs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const dir = join(tmpdir(), `bridge-leader-moves-${process.pid}`)
const partitions = 6
const cures = {
  neither: { patch: false, guard: false },
  patch: { patch: true, guard: false },
  guard: { patch: false, guard: true },
  both: { patch: true, guard: true }
} as const
type Cure = keyof typeof cures
const all: ReadonlyArray<Cure> = ["neither", "patch", "guard", "both"]

let stack: Awaited<ReturnType<typeof startStack>>
let admin: kafkajs.Admin
beforeAll(async () => {
  stack = await startStack({ dir, brokers: 3, durable: false })
  const kafka = new kafkajs.Kafka({ brokers: stack.kafkaBrokers.split(","), logLevel: kafkajs.logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
}, 120_000)
afterAll(async () => {
  await admin?.disconnect()
  await stack?.stop()
  rmSync(dir, { recursive: true, force: true })
}, 60_000)

/** A Bridge of its own with these cures; its alarms are expected and kept quiet. */
const bridge = (cure: Cure) => {
  const settings = { brokers: stack.kafkaBrokers.split(","), tls: false, sasl: Option.none() }
  const runtime = ManagedRuntime.make(kafkaLayerWith(settings, cures[cure]))
  const quiet = Logger.layer([])
  return {
    run: <A, E>(effect: Effect.Effect<A, E, Producer | Admin | Consumers>) =>
      runtime.runPromise(effect.pipe(Effect.provide(quiet))),
    end: () => runtime.dispose()
  }
}
type Bridge = ReturnType<typeof bridge>

/** One batch for every partition. Values are numbered per partition, so that order shows. */
const round = (topic: string, number: number, size: number): ReadonlyArray<Send> =>
  Array.from({ length: partitions }, (_, partition) => ({
    topic,
    partition,
    messages: Array.from({ length: size }, (_, i) => ({ key: null, value: Buffer.from(String(number * size + i)) }))
  }))

interface Found {
  readonly lost: number
  readonly doubled: number
  readonly disordered: number
}

/** The oracle: the log, read with fresh eyes, against what was acknowledged (0 to `rounds * size` in every partition). */
const compare = async (reader: Bridge, topic: string, rounds: number, size: number): Promise<Found> => {
  const ends = await reader.run(Admin.use((found) => found.offsets(topic)))
  const read = new Map<number, Array<number>>()
  const through = new Map<number, bigint>()
  const scope = await Effect.runPromise(Scope.make())
  const take = (_: string, partition: number, records: ReadonlyArray<Rec>) => {
    const values = read.get(partition) ?? []
    values.push(...records.map((rec) => Number(rec.value)))
    read.set(partition, values)
    through.set(partition, (records.at(-1)?.offset ?? -1n) + 1n)
  }
  const options = {
    groupId: `oracle.${topic}.${Math.random()}`,
    topics: [topic],
    onAssigned: () => Promise.resolve(),
    onRebalancing: () => {},
    onRecords: take
  }
  await reader.run(Consumers.use((consumers) => consumers.open(options)).pipe(Scope.provide(scope)))
  await until("the topic is read", () => ends.every(({ partition, high }) => (through.get(partition) ?? 0n) >= high))
  await Effect.runPromise(Scope.close(scope, Exit.void))
  const found = { lost: 0, doubled: 0, disordered: 0 }
  for (let partition = 0; partition < partitions; partition++) {
    const values = read.get(partition) ?? []
    const distinct = [...new Set(values)]
    found.lost += rounds * size - distinct.length
    found.doubled += values.length - distinct.length
    found.disordered += distinct.filter((value, i) => i > 0 && value < (distinct[i - 1] ?? 0)).length
  }
  return found
}

const until = async (what: string, holds: () => boolean | Promise<boolean>, millis = 60_000): Promise<void> => {
  const end = performance.now() + millis
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

describe("a leader that moves", () => {
  /** Moves partition 0 to the broker of partition 1: the client learns of it from a refusal, after that broker has answered. */
  const move = async (topic: string): Promise<void> => {
    const leaders = async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      return new Map(topics[0]?.partitions.map(({ partitionId, leader }) => [partitionId, leader]))
    }
    const before = await leaders()
    const from = before.get(0)
    const to = [...before.values()].find((leader) => leader !== from) ?? -1
    const partitionAssignment = [{ partition: 0, replicas: [to] }]
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] })
    await until("partition 0 has moved", async () => (await leaders()).get(0) === to)
  }

  it.each(all)("costs records with %s as it must", async (cure) => {
    const topic = `moves.${cure}`
    const one = bridge(cure)
    // One replica each: a reassignment is then a change of leader, nothing else.
    await one.run(
      Admin.use((found) =>
        found.ensureTopics([{ name: topic, partitions, replicationFactor: 1, config: { "min.insync.replicas": "1" } }])
      )
    )
    const rounds = 4
    for (let number = 0; number < rounds; number++) {
      if (number > 0) await move(topic)
      await one.run(Producer.use((producer) => producer.sendAll(round(topic, number, 20))))
    }
    const found = await compare(one, topic, rounds, 20)
    await one.end()
    if (cure === "neither") expect(found.lost).toBeGreaterThan(0)
    else expect(found).toEqual({ lost: 0, doubled: 0, disordered: 0 })
  })
})

describe("brokers restarted and killed under load", () => {
  it("cost no acknowledged record with either cure, and no reader stops for good", async () => {
    const bridges = all.map((cure) => ({ cure, topic: `restarts.${cure}`, one: bridge(cure) }))
    const size = 25
    let stopping = false
    const load = async (topic: string, one: Bridge): Promise<number> => {
      for (let number = 0; ; number++) {
        if (stopping) return number
        const again = async (): Promise<void> => {
          await one.run(Producer.use((producer) => producer.sendAll(round(topic, number, size)))).catch(again)
        }
        await again()
        // Three brokers must start on the same two cores.
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
    }
    for (const { topic, one } of bridges) {
      await one.run(Admin.use((found) => found.ensureTopics([{ name: topic, partitions, config: {} }])))
    }
    const reader = follow(bridges[3]?.one ?? bridge("both"), "restarts.both")
    const loads = bridges.map(({ topic, one }) => load(topic, one))
    for (const node of stack.nodes) {
      await node.stop()
      await node.start()
    }
    await stack.nodes[1]?.kill()
    await new Promise((resolve) => setTimeout(resolve, 4000))
    await stack.nodes[1]?.start()
    stopping = true
    const rounds = await Promise.all(loads)
    const compared = bridges.map(
      async ({ cure, topic, one }, i) => [cure, await compare(one, topic, rounds[i] ?? 0, size)] as const
    )
    const found = new Map<Cure, Found>(await Promise.all(compared))
    const sent = (rounds[3] ?? 0) * size
    await until("the reader has all", () => reader.complete(sent))
    await reader.stop()
    for (const { one } of bridges) await one.end()
    for (const cure of ["patch", "guard", "both"] as const)
      expect(found.get(cure)).toMatchObject({ lost: 0, disordered: 0 })
    expect(Math.min(...rounds)).toBeGreaterThan(20)
  })

  /** A member that keeps its own positions, as the runtime does, and is opened again when it says that it has crashed. */
  const follow = (one: Bridge, topic: string) => {
    const next = new Map<number, bigint>()
    const seen = Array.from({ length: partitions }, () => new Set<number>())
    const session = Effect.gen(function* () {
      const opened = Promise.withResolvers<{ seek: (topic: string, partition: number, offset: bigint) => void }>()
      const started = yield* (yield* Consumers).open({
        groupId: `reader.${topic}`,
        topics: [topic],
        onAssigned: async (owned: Owned) => {
          const { seek } = await opened.promise
          for (const partition of owned[topic] ?? []) seek(topic, partition, next.get(partition) ?? 0n)
        },
        onRebalancing: () => {},
        onRecords: (_, partition, records) => {
          for (const rec of records) seen[partition]?.add(Number(rec.value))
          next.set(partition, (records.at(-1)?.offset ?? 0n) + 1n)
        }
      })
      opened.resolve(started)
      return yield* started.crashed
    })
    const scope = Effect.runSync(Scope.make())
    void one.run(Effect.forkIn(Effect.retry(Effect.scoped(session), { while: () => true }), scope))
    return {
      complete: (count: number) => seen.every((values) => values.size >= count),
      stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
})
