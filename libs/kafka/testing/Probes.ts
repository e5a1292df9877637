// Members, sends and topics of their own on one broker, for the tests of BrokerSuite.ts.
// What does not belong here: what is expected of them.
import { randomUUID } from "node:crypto"
import { Effect, Exit, type Layer, ManagedRuntime, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
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
} from "../Broker.ts"

export type Services = Producer | Admin | Consumers

/** Waits for what a broker does in its own time. */
export const until = async (what: string, holds: () => boolean, millis = 20_000): Promise<void> => {
  const end = performance.now() + millis
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

export const numbered = (from: number, count: number): ReadonlyArray<Message> =>
  Array.from({ length: count }, (_, i) => ({ key: "k", value: Buffer.from(String(from + i)) }))

export const numbersOf = (records: ReadonlyArray<Rec>): ReadonlyArray<number> => records.map((rec) => Number(rec.value))

/** A member of a group that keeps all it sees. */
export interface Probe {
  readonly records: Array<Rec>
  readonly assigned: Array<Owned>
  session: ConsumerSession
  close: () => Promise<void>
}

export const held = (probe: Probe): number =>
  Object.values(probe.assigned.at(-1) ?? {}).reduce((n, list) => n + list.length, 0)

export type Probes = ReturnType<typeof makeProbes>

/** To be called inside a `describe`: connects before its tests and closes whatever is open after them. */
export const makeProbes = (layer: () => Layer.Layer<Services, unknown>) => {
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
  /** All records of a topic, once `count` of them are there. */
  const reader = async (topic: string, count: number): Promise<Probe> => {
    const probe = await open(topic, randomUUID())
    await until(`${count} records`, () => probe.records.length >= count)
    await probe.close()
    return probe
  }
  return { run, failed, ensure, made, send, open, reader }
}
