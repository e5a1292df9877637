// What the writer does when a client fails, lies or loses its numbering. The client is played by a script.
import { describe, expect, it } from "vitest"
import { BrokerError, type Send } from "./Broker.ts"
import { topicMissing } from "./Failures.ts"
import { type Surroundings, Writer } from "./Writer.ts"

type SendBatch = ReturnType<Surroundings["producer"]>["sendBatch"]
type Batch = NonNullable<Parameters<SendBatch>[0]["topicMessages"]>[number]

const sendOf = (partition: number, ...values: ReadonlyArray<string>): Send => ({
  topic: "t",
  partition,
  messages: values.map((value) => ({ key: "k", value: Buffer.from(value) }))
})
const protocol = (type: string) => Object.assign(new Error(type), { name: "KafkaJSProtocolError", type })

/** A log per partition, and what goes wrong with which call. */
const cluster = (script: ReadonlyArray<"ok" | "omit 0" | "swallow" | Error | Promise<unknown>>) => {
  const log = new Map<number, Array<string>>()
  const producers: Array<{ connected: boolean; sends: number }> = []
  const said: Array<string> = []
  const prepared: Array<ReadonlyArray<unknown>> = []
  let call = 0
  const append = (batch: Batch, omit: (partition: number) => boolean) => {
    const firsts = new Map<number, number>()
    for (const { partition = -1, value } of batch.messages) {
      if (omit(partition)) continue
      const list = log.get(partition) ?? []
      log.set(partition, list)
      if (!firsts.has(partition)) firsts.set(partition, list.length)
      list.push(String(value))
    }
    return [...firsts].map(([partition, base]) => ({
      topicName: batch.topic,
      partition,
      errorCode: 0,
      baseOffset: String(base)
    }))
  }
  const around: Surroundings = {
    guard: true,
    prepare: async (messages) => {
      prepared.push(messages)
      await Promise.resolve()
    },
    require: async () => {},
    forget: (topic) => said.push(`forget ${topic}`),
    log: (level, message) => said.push(`${level} ${message}`),
    producer: () => {
      const one = { connected: false, sends: 0 }
      producers.push(one)
      return {
        connect: async () => {
          one.connected = true
        },
        disconnect: async () => {
          one.connected = false
        },
        sendBatch: async ({ topicMessages = [] }) => {
          expect(one.connected).toBe(true)
          one.sends++
          const step = script[call++] ?? "ok"
          if (step instanceof Promise) await step
          if (step instanceof Error) throw step
          if (step === "swallow") return [{ topicName: "t", partition: 0, errorCode: 0, baseOffset: "0" }]
          return topicMessages.flatMap((batch) => append(batch, (partition) => step === "omit 0" && partition === 0))
        }
      }
    }
  }
  return { writer: new Writer(around), log, prepared, producers, said }
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error
  )

describe("Writer", () => {
  it("sends again exactly what the client left out and yet called sent, and raises an alarm", async () => {
    const { writer, log, said, producers } = cluster(["omit 0"])
    await writer.send([sendOf(0, "a", "b"), sendOf(1, "c")])
    expect([log.get(0), log.get(1)]).toEqual([["a", "b"], ["c"]])
    expect(said.filter((words) => words.startsWith("Error")).length).toBe(1)
    expect(producers.length).toBe(1)
  })

  it("has messages encoded while those before them are on their way, in the order of their turns", async () => {
    let answer = (): void => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { writer, log, prepared } = cluster([slow])
    const sending = writer.send([sendOf(0, "a"), sendOf(0, "b"), sendOf(0, "c")])
    await new Promise((resolve) => setTimeout(resolve, 20))
    const values = prepared.map((list) => list.map((one) => String(Reflect.get(Object(one), "value"))))
    expect([values, log.get(0)]).toEqual([[["a"], ["b"], ["c"]], undefined])
    answer()
    await sending
    expect(log.get(0)).toEqual(["a", "b", "c"])
  })

  it("notices a batch that was taken for a repetition, and sends it under a new producer id", async () => {
    const { writer, log, producers } = cluster(["ok", "swallow"])
    await writer.send([sendOf(0, "a")])
    await writer.send([sendOf(0, "b")])
    expect(log.get(0)).toEqual(["a", "b"])
    expect(producers.map(({ connected, sends }) => [connected, sends])).toEqual([
      [false, 2],
      [true, 1]
    ])
  })

  it.each(["OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID"])(
    "goes on under a new producer id after %s",
    async (type) => {
      const { writer, log, producers } = cluster([protocol(type)])
      await writer.send([sendOf(0, "a")])
      expect(log.get(0)).toEqual(["a"])
      expect(producers.map(({ connected }) => connected)).toEqual([false, true])
    }
  )

  it("never uses the numbers of a batch it has given up for another one", async () => {
    const { writer, log, producers } = cluster([protocol("NOT_ENOUGH_REPLICAS")])
    const error = await failure(writer.send([sendOf(0, "a")]))
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ reason: { _tag: "BrokerUnavailable" }, transient: true })
    await writer.send([sendOf(0, "b")])
    expect(log.get(0)).toEqual(["b"])
    expect(producers.length).toBe(2)
  })

  it("lets sends under way end on the old producer before it is closed", async () => {
    const gate = Promise.withResolvers<void>()
    const { writer, log, producers } = cluster([gate.promise, protocol("OUT_OF_ORDER_SEQUENCE_NUMBER")])
    const slow = writer.send([sendOf(0, "slow")])
    await writer.send([sendOf(1, "quick")])
    expect(producers.map(({ connected }) => connected)).toEqual([true, true])
    gate.resolve()
    await slow
    await Promise.resolve()
    expect([log.get(0), log.get(1)]).toEqual([["slow"], ["quick"]])
    expect(producers.map(({ connected }) => connected)).toEqual([false, true])
  })

  it("tries the batches of a call one by one when one of them is too large, under the same numbers", async () => {
    const large = protocol("MESSAGE_TOO_LARGE")
    const { writer, log, producers } = cluster([large, large])
    const error = await failure(writer.send([sendOf(0, "large"), sendOf(1, "small")]))
    expect(error).toMatchObject({ reason: { _tag: "MessageTooLarge", topic: "t", bytes: 6 } })
    expect([log.get(0), log.get(1)]).toEqual([undefined, ["small"]])
    expect(producers.length).toBe(1)
  })

  it("keeps the order of a partition while earlier sends fail and go again", async () => {
    const lost = protocol("OUT_OF_ORDER_SEQUENCE_NUMBER")
    const { writer, log } = cluster([lost, "omit 0", lost, "ok"])
    await Promise.all(["a", "b", "c", "d"].map((value) => writer.send([sendOf(0, value)])))
    expect(log.get(0)).toEqual(["a", "b", "c", "d"])
  })

  it("gives up what is left out again and again, and says so", async () => {
    const { writer, log } = cluster(Array.from({ length: 9 }, () => "omit 0" as const))
    expect(await failure(writer.send([sendOf(0, "a")]))).toMatchObject({ reason: { _tag: "BrokerUnavailable" } })
    expect(log.get(0)).toBeUndefined()
  })

  it("sends nothing to a topic that is not there", async () => {
    const writer = new Writer({
      guard: true,
      prepare: async () => {
        throw new Error("goes unnoticed")
      },
      forget: () => {},
      log: () => {},
      producer: () => {
        throw new Error("not to be asked for")
      },
      require: async (operation, topic) => {
        throw topicMissing(operation, topic)
      }
    })
    expect(await failure(writer.send([sendOf(0, "a")]))).toMatchObject({ reason: { _tag: "TopicMissing" } })
  })
})
