// What a client must do as a member of a group, for BrokerSuite.ts.
// What does not belong here: sending.
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Owned, Rec } from "../Broker.ts"
import { held, numbered, numbersOf, type Probe, type Probes, pause, until } from "./Probes.ts"

export const memberSuite = ({ run, made, send, open }: Probes): void => {
  describe("a member of a group", () => {
    // Those that mostly wait do it side by side; those that say how long something takes, or stop the process, do not.
    it.concurrent("gets nothing of a partition before it has said that it is ready, and then all from where it seeks", async () => {
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

    it.concurrent("reads from the beginning when nothing is known, and from the commit when something is", async () => {
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

    it.concurrent("commits nothing by itself", async () => {
      const topic = await made(1)
      const group = randomUUID()
      await send(topic, 0, numbered(0, 3))
      for (let times = 0; times < 2; times++) {
        const probe = await open(topic, group)
        await until("3 records", () => probe.records.length === 3)
        await probe.close()
      }
    })

    it.concurrent("can pause a partition, and the others go on", async () => {
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

    it.concurrent("can seek back while it reads", async () => {
      const topic = await made(1)
      await send(topic, 0, numbered(0, 5))
      const probe = await open(topic, randomUUID())
      await until("5 records", () => probe.records.length === 5)
      probe.session.seek(topic, 0, 2n)
      await until("8 records", () => probe.records.length === 8)
      expect(numbersOf(probe.records)).toEqual([0, 1, 2, 3, 4, 2, 3, 4])
      await probe.close()
    })

    it.concurrent("takes over half of the partitions, and all when the other leaves; nothing is lost and kept ones are not reread", async () => {
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

    it.concurrent("that lost a partition while it was paused hears it again when it comes back", async () => {
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

    it.concurrent("stays in the group while it takes records slowly", async () => {
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

    it.concurrent("is told to rebuild itself when a callback throws, in place of falling silent", async () => {
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
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9000)
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
}

const ignore = (): void => {}

const position = ({ partition, offset }: Rec): string => `${partition}/${offset}`

const ordered = (probe: Probe, partition: number): boolean => {
  const offsets = probe.records.filter((rec) => rec.partition === partition).map((rec) => rec.offset)
  return offsets.every((offset, i) => i === 0 || offset === 0n || offset > (offsets[i - 1] ?? -1n))
}
