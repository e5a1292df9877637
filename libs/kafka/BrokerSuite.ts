// What any client behind the port of Broker.ts must do, as tests on a real broker. A second client passes this or is none.
// What does not belong here: how a client does it; faults of the cluster (test/faults).
import { randomUUID } from "node:crypto"
import { Effect, Exit, type Layer, ManagedRuntime, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  Admin,
  type BrokerError,
  type ConsumerOptions,
  type ConsumerSession,
  Consumers,
  type Message,
  type Owned,
  Producer,
  type Rec
} from "./Broker.ts"

type Services = Producer | Admin | Consumers

/** Waits for what a broker does in its own time. */
const until = async (what: string, holds: () => boolean, millis = 20_000): Promise<void> => {
  const end = performance.now() + millis
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

const numbered = (from: number, count: number): ReadonlyArray<Message> =>
  Array.from({ length: count }, (_, i) => ({ key: "k", value: Buffer.from(String(from + i)) }))

const numbersOf = (records: ReadonlyArray<Rec>): ReadonlyArray<number> => records.map((rec) => Number(rec.value))

/** A member of a group that keeps all it sees. */
interface Probe {
  readonly records: Array<Rec>
  readonly assigned: Array<Owned>
  session: ConsumerSession
  close: () => Promise<void>
}

const held = (probe: Probe): number =>
  Object.values(probe.assigned.at(-1) ?? {}).reduce((n, list) => n + list.length, 0)

export const brokerSuite = (client: string, layer: () => Layer.Layer<Services, unknown>): void => {
  describe(`the broker through ${client}`, () => {
    let runtime: ManagedRuntime.ManagedRuntime<Services, unknown>
    const scopes = new Set<Scope.Closeable>()
    beforeAll(async () => {
      runtime = ManagedRuntime.make(layer())
      await runtime.runPromise(Admin.use((admin) => admin.ping))
    })
    afterAll(async () => {
      for (const scope of scopes) await Effect.runPromise(Scope.close(scope, Exit.void))
      await runtime.dispose()
    })

    const run = <A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> => runtime.runPromise(effect)
    const failed = (effect: Effect.Effect<unknown, BrokerError, Services>) => run(Effect.flip(effect))
    const ensure = (name: string, partitions: number, config: Readonly<Record<string, string>> = {}) =>
      Admin.use((admin) => admin.ensureTopics([{ name, partitions, config }]))
    const made = async (partitions: number, config: Readonly<Record<string, string>> = {}): Promise<string> => {
      const name = `suite.${randomUUID()}`
      await run(ensure(name, partitions, config))
      return name
    }
    const send = (topic: string, partition: number, messages: ReadonlyArray<Message>) =>
      run(Producer.use((producer) => producer.send({ topic, partition, messages })))
    const open = async (
      topic: string,
      groupId: string,
      options: (probe: Probe) => Partial<ConsumerOptions> = () => ({})
    ): Promise<Probe> => {
      const scope = await Effect.runPromise(Scope.make())
      scopes.add(scope)
      const probe: Probe = {
        records: [],
        assigned: [],
        session: undefined as never,
        close: async () => {
          scopes.delete(scope)
          await Effect.runPromise(Scope.close(scope, Exit.void))
        }
      }
      const chosen = options(probe)
      const all: ConsumerOptions = {
        groupId,
        topics: [topic],
        onRebalancing: () => {},
        ...chosen,
        onAssigned: (owned) => {
          probe.assigned.push(owned)
          return chosen.onAssigned?.(owned) ?? Promise.resolve()
        },
        onRecords: (name, partition, records) => {
          probe.records.push(...records)
          return chosen.onRecords?.(name, partition, records)
        }
      }
      const opening = run(Consumers.use((consumers) => consumers.open(all)).pipe(Scope.provide(scope)))
      opening.catch(() => probe.close())
      probe.session = await opening
      return probe
    }

    describe("topics", () => {
      it("are created once and verified ever after", async () => {
        const name = `suite.${randomUUID()}`
        expect(await run(ensure(name, 3, { "retention.ms": "86400000" }))).toEqual([name])
        expect(await run(ensure(name, 3, { "retention.ms": "86400000" }))).toEqual([])
        expect(await run(Admin.use((admin) => admin.listTopics))).toContain(name)
      })

      it("are created once when two processes do it at the same time", async () => {
        const name = `suite.${randomUUID()}`
        const both = await run(Effect.all([ensure(name, 2), ensure(name, 2)], { concurrency: 2 }))
        expect(both.flat().length).toBeGreaterThan(0)
        expect((await run(Admin.use((admin) => admin.offsets(name)))).length).toBe(2)
      })

      it("that differ from their declaration are told, and left as they are", async () => {
        const declared = { "retention.ms": "86400000", "cleanup.policy": "compact" }
        const name = await made(2, declared)
        const partitions = await failed(ensure(name, 4, declared))
        const setting = await failed(ensure(name, 2, { "retention.ms": "1000" }))
        expect([partitions.reason._tag, setting.reason._tag]).toEqual(["TopicMismatch", "TopicMismatch"])
        expect(setting.transient).toBe(false)
        expect(await run(ensure(name, 2, declared))).toEqual([])
      })

      it("tell their offsets; one that is not there is missing, within two seconds", async () => {
        const name = await made(2)
        await send(name, 1, numbered(0, 3))
        expect(await run(Admin.use((admin) => admin.offsets(name)))).toEqual([
          { partition: 0, low: 0n, high: 0n },
          { partition: 1, low: 0n, high: 3n }
        ])
        const error = await failed(
          Admin.use((admin) => admin.offsets("suite.none")).pipe(
            Effect.timeout("2 seconds"),
            Effect.catchTag("TimeoutError", Effect.die)
          )
        )
        expect(error.reason._tag).toBe("TopicMissing")
      })
    })

    describe("a send", () => {
      it("arrives as it was: key, value, headers, tombstones", async () => {
        const topic = await made(1)
        const value = Buffer.from("é\u0000")
        await send(topic, 0, [
          { key: "a", value, headers: { text: "x", bytes: Buffer.from([1, 255]) } },
          { key: "a", value: null },
          { key: null, value: Buffer.alloc(0) }
        ])
        const { records } = await reader(topic, 3)
        expect(records.map(({ key, value }) => ({ key, value }))).toEqual([
          { key: "a", value },
          { key: "a", value: null },
          { key: null, value: Buffer.alloc(0) }
        ])
        expect(records[0]?.headers.text?.toString()).toBe("x")
        expect(records[0]?.headers.bytes).toEqual(Buffer.from([1, 255]))
        expect(records.map(({ offset, partition, topic: from }) => [from, partition, offset])).toEqual([
          [topic, 0, 0n],
          [topic, 0, 1n],
          [topic, 0, 2n]
        ])
        expect(Math.abs((records[0]?.timestamp ?? 0) - Date.now())).toBeLessThan(60_000)
      })

      it("keeps the order in which sends to a partition were started, however many run", async () => {
        const topic = await made(2)
        const sends = Array.from({ length: 60 }, (_, i) => ({
          topic,
          partition: i % 2,
          messages: numbered(i * 10, 10)
        }))
        await run(
          Producer.use((producer) => Effect.forEach(sends, (one) => producer.send(one), { concurrency: "unbounded" }))
        )
        const { records } = await reader(topic, 600)
        for (const partition of [0, 1]) {
          const numbers = numbersOf(records.filter((rec) => rec.partition === partition))
          expect(numbers).toEqual(
            sends.filter((one) => one.partition === partition).flatMap((one) => valuesOf(one.messages))
          )
        }
      })

      it("of several topics and of one partition twice is durable as a whole, in order", async () => {
        const [a, b] = [await made(2), await made(1)]
        await run(
          Producer.use((producer) =>
            producer.sendAll([
              { topic: a, partition: 0, messages: numbered(0, 5) },
              { topic: a, partition: 1, messages: numbered(0, 5) },
              { topic: b, partition: 0, messages: numbered(0, 5) },
              { topic: a, partition: 0, messages: numbered(5, 5) },
              { topic: a, partition: 0, messages: [] }
            ])
          )
        )
        expect(numbersOf((await reader(a, 15)).records.filter((rec) => rec.partition === 0))).toEqual([
          ...Array(10).keys()
        ])
        expect((await reader(b, 5)).records.length).toBe(5)
      })

      it("to a topic or partition that is not there fails within two seconds and creates nothing", async () => {
        const topic = await made(1)
        const before = performance.now()
        const errors = [
          await failed(Producer.use((p) => p.send({ topic: "suite.typo", partition: 0, messages: numbered(0, 1) }))),
          await failed(Producer.use((p) => p.send({ topic, partition: 7, messages: numbered(0, 1) })))
        ]
        expect(performance.now() - before).toBeLessThan(4000)
        expect(errors.map((error) => [error.reason._tag, error.transient])).toEqual([
          ["TopicMissing", false],
          ["TopicMissing", false]
        ])
        expect(await run(Admin.use((admin) => admin.listTopics))).not.toContain("suite.typo")
      })

      it("that is too large says so at once, and the others of the call are durable", async () => {
        const topic = await made(2, { "max.message.bytes": "20000" })
        const large = [{ key: "k", value: Buffer.from(Array.from({ length: 60_000 }, () => Math.random() * 256)) }]
        const error = await failed(
          Producer.use((producer) =>
            producer.sendAll([
              { topic, partition: 0, messages: large },
              { topic, partition: 1, messages: numbered(0, 3) }
            ])
          )
        )
        expect(error.reason).toMatchObject({ _tag: "MessageTooLarge", topic, bytes: 60_001 })
        await send(topic, 0, numbered(10, 2))
        await send(topic, 1, numbered(3, 2))
        const { records } = await reader(topic, 7)
        expect(numbersOf(records.filter((rec) => rec.partition === 0))).toEqual([10, 11])
        expect(numbersOf(records.filter((rec) => rec.partition === 1))).toEqual([0, 1, 2, 3, 4])
      })
    })

    describe("a member of a group", () => {
      it("gets nothing of a partition before it has said that it is ready, and then all from where it seeks", async () => {
        const topic = await made(2)
        for (const partition of [0, 1]) await send(topic, partition, numbered(0, 10))
        const ready = Promise.withResolvers<void>()
        const opening = open(topic, randomUUID(), () => ({ onAssigned: () => ready.promise }))
        const probe = await opening
        await pause(700)
        expect(probe.records).toEqual([])
        probe.session.seek(topic, 0, 4n)
        ready.resolve()
        await until("16 records", () => probe.records.length >= 16)
        expect(numbersOf(probe.records.filter((rec) => rec.partition === 0))).toEqual([4, 5, 6, 7, 8, 9])
        expect(numbersOf(probe.records.filter((rec) => rec.partition === 1))).toEqual([...Array(10).keys()])
        await probe.close()
      })

      it("reads from the beginning when nothing is known, and from the commit when something is", async () => {
        const topic = await made(1)
        const group = randomUUID()
        await send(topic, 0, numbered(0, 10))
        const first = await open(topic, group)
        await until("10 records", () => first.records.length === 10)
        await first.session.commit([{ topic, partition: 0, offset: 6n, metadata: "x".repeat(5000) }])
        await first.close()
        const second = await open(topic, group)
        await until("4 records", () => second.records.length === 4)
        expect(numbersOf(second.records)).toEqual([6, 7, 8, 9])
        await second.close()
      })

      it("commits nothing by itself", async () => {
        const topic = await made(1)
        const group = randomUUID()
        await send(topic, 0, numbered(0, 3))
        for (let times = 0; times < 2; times++) {
          const probe = await open(topic, group)
          await until("3 records", () => probe.records.length === 3)
          await probe.close()
        }
      })

      it("can pause a partition, and the others go on", async () => {
        const topic = await made(2)
        const probe = await open(topic, randomUUID())
        probe.session.pause(topic, 0)
        await pause(300)
        for (const partition of [0, 1]) await send(topic, partition, numbered(0, 3))
        await until("3 records", () => probe.records.length === 3)
        await pause(600)
        expect(probe.records.map((rec) => rec.partition)).toEqual([1, 1, 1])
        probe.session.resume(topic, 0)
        await until("6 records", () => probe.records.length === 6)
        await probe.close()
      })

      it("can seek back while it reads", async () => {
        const topic = await made(1)
        await send(topic, 0, numbered(0, 5))
        const probe = await open(topic, randomUUID())
        await until("5 records", () => probe.records.length === 5)
        probe.session.seek(topic, 0, 2n)
        await until("8 records", () => probe.records.length === 8)
        expect(numbersOf(probe.records)).toEqual([0, 1, 2, 3, 4, 2, 3, 4])
        await probe.close()
      })

      it("takes over half of the partitions, and all when the other leaves; nothing is lost and kept ones are not reread", async () => {
        const topic = await made(4)
        const group = randomUUID()
        const seekTo = (probe: Probe, next: Map<number, bigint>) => (owned: Owned) => {
          for (const partition of owned[topic] ?? []) probe.session?.seek(topic, partition, next.get(partition) ?? 0n)
          return Promise.resolve()
        }
        const first = await open(topic, group)
        let sent = 0
        const more = async () => {
          for (let partition = 0; partition < 4; partition++) await send(topic, partition, numbered(sent, 5))
          sent += 5
        }
        await more()
        await until("20 records", () => first.records.length === 20)
        const before = first.records.length
        const second = await open(topic, group, (probe) => ({ onAssigned: seekTo(probe, new Map()) }))
        await until("two each", () => held(first) === 2 && held(second) === 2)
        await more()
        const kept = new Set(first.assigned.at(-1)?.[topic])
        await until("kept ones go on", () => first.records.filter((rec) => kept.has(rec.partition)).length === 20)
        expect(first.records.slice(before).every((rec) => kept.has(rec.partition) && Number(rec.value) >= 5)).toBe(true)
        await until("gained ones are read", () => new Set(second.records.map(position)).size === 20)
        await second.close()
        await until("all four again", () => held(first) === 4)
        await more()
        const all = () => new Set([...first.records, ...second.records].map(position))
        await until("all 60", () => all().size === 60)
        for (const probe of [first, second])
          for (const partition of [0, 1, 2, 3]) expect(ordered(probe, partition)).toBe(true)
        await first.close()
      })

      it("that lost a partition while it was paused hears it again when it comes back", async () => {
        const topic = await made(2)
        const group = randomUUID()
        const first = await open(topic, group)
        for (const partition of [0, 1]) first.session.pause(topic, partition)
        const second = await open(topic, group)
        await until("one each", () => held(first) === 1 && held(second) === 1)
        const lost = second.assigned.at(-1)?.[topic]?.[0] ?? -1
        await second.close()
        await until("both again", () => held(first) === 2)
        for (const partition of [0, 1]) await send(topic, partition, numbered(0, 2))
        await until("the gained one speaks", () => first.records.length === 2)
        await pause(500)
        expect(first.records.every((rec) => rec.partition === lost)).toBe(true)
        first.session.resume(topic, 1 - lost)
        await until("the kept one too", () => first.records.length === 4)
        await first.close()
      })

      it("stays in the group while it takes records slowly", async () => {
        const topic = await made(1)
        await send(topic, 0, numbered(0, 3))
        const probe = await open(topic, randomUUID(), () => ({
          onRecords: () => pause(7500),
          sessionTimeoutMillis: 6000
        }))
        await until("3 records", () => probe.records.length === 3)
        await pause(7600)
        await send(topic, 0, numbered(3, 1))
        await until("the fourth", () => probe.records.length === 4)
        expect(probe.assigned.length).toBe(1)
        await probe.close()
      })

      it("is told to rebuild itself when a callback throws, in place of falling silent", async () => {
        const topic = await made(1)
        await send(topic, 0, numbered(0, 1))
        const broken = await open(topic, randomUUID(), () => ({
          onRecords: () => {
            throw new TypeError("a bug")
          }
        }))
        const error = await run(Effect.flip(broken.session.crashed).pipe(Effect.timeout("10 seconds")))
        expect(String(error)).toContain("BrokerError")
        await broken.close()
        const group = randomUUID()
        const ready = () => Promise.reject(new Error("no database"))
        await open(topic, group, () => ({ onAssigned: ready })).then(async (unready) => {
          await run(Effect.flip(unready.session.crashed).pipe(Effect.timeout("10 seconds")))
          await unready.close()
        }, ignore)
        const next = await open(topic, group)
        await until("the record", () => next.records.length === 1)
        await next.close()
      })

      it("that was thought dead is told that it lost all, before it is told what it holds now", async () => {
        const topic = await made(2)
        const probe = await open(topic, randomUUID())
        await send(topic, 0, numbered(0, 2))
        await until("2 records", () => probe.records.length === 2)
        // The whole process stands still for longer than the session lasts.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7000)
        await until("told again", () => probe.assigned.length === 3)
        expect(probe.assigned).toEqual([{ [topic]: [0, 1] }, {}, { [topic]: [0, 1] }])
        await send(topic, 0, numbered(2, 1))
        await until("the third", () => numbersOf(probe.records).includes(2))
        await probe.close()
      })

      it("of a topic that is not there fails within two seconds", async () => {
        const before = performance.now()
        const error = await open("suite.none", randomUUID()).then(
          () => undefined,
          (cause: unknown) => cause
        )
        expect(error).toMatchObject({ _tag: "BrokerError", reason: { _tag: "TopicMissing" } })
        expect(performance.now() - before).toBeLessThan(2000)
      })

      it("leaves at once: a closed member's partitions are with the other within two seconds", async () => {
        const topic = await made(2)
        const group = randomUUID()
        const [first, second] = [await open(topic, group), await open(topic, group)]
        await until("one each", () => held(first) === 1 && held(second) === 1)
        const before = performance.now()
        await first.close()
        await until("both", () => held(second) === 2)
        expect(performance.now() - before).toBeLessThan(2500)
        await second.close()
      })
    })

    /** All records of a topic, once `count` of them are there. */
    const reader = async (topic: string, count: number): Promise<Probe> => {
      const probe = await open(topic, randomUUID())
      await until(`${count} records`, () => probe.records.length >= count)
      await probe.close()
      return probe
    }
  })
}

const valuesOf = (messages: ReadonlyArray<Message>): ReadonlyArray<number> => messages.map(({ value }) => Number(value))

const ignore = (): void => {}

const position = ({ partition, offset }: Rec): string => `${partition}/${offset}`

const ordered = (probe: Probe, partition: number): boolean => {
  const offsets = probe.records.filter((rec) => rec.partition === partition).map((rec) => rec.offset)
  return offsets.every((offset, i) => i === 0 || offset === 0n || offset > (offsets[i - 1] ?? -1n))
}
