// What a client must do when it sends, for BrokerSuite.ts.
// What does not belong here: groups and their members.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Admin, type Message, Producer } from "../Broker.ts"
import { numbered, numbersOf, type Probes } from "./Probes.ts"

export const sendSuite = ({ run, failed, made, send, reader }: Probes): void => {
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
}

const valuesOf = (messages: ReadonlyArray<Message>): ReadonlyArray<number> => messages.map(({ value }) => Number(value))
