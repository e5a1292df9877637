// Makes sends durable and ordered over KafkaJS producers that may fail, lie or lose their numbering. For ProducerLive.ts.
// What does not belong here: Effect, connections, settings of KafkaJS.
import kafkajs, { type Producer as KafkaProducer, type RecordMetadata } from "kafkajs"
import type { BrokerError, Send } from "./Broker.ts"
import { brokerError, isMissing, isNumberingLost, isTooLarge } from "./Failures.ts"
import { type Acknowledgement, Guard, laneOf, type Unacknowledged } from "./Guard.ts"
import { Lanes } from "./Lanes.ts"

/** What a writer needs from the outside. */
export interface Surroundings {
  /** A new KafkaJS producer, not connected. */
  readonly producer: () => Pick<KafkaProducer, "connect" | "disconnect" | "sendBatch">
  /** Encodes messages of one partition ahead of their turn; they are sent as well without it. */
  readonly prepare: (messages: ReadonlyArray<kafkajs.Message>) => Promise<unknown>
  readonly require: (operation: string, topic: string, partition: number) => Promise<void>
  readonly forget: (topic: string) => void
  readonly log: (level: "Warn" | "Error", message: string, fields: Record<string, unknown>) => void
  /** Off in the fault test alone. */
  readonly guard: boolean
}

/** One KafkaJS producer, that is, one producer id with its numbering of batches. */
interface Line {
  readonly producer: ReturnType<Surroundings["producer"]>
  open: number
  retired: boolean
}

export const compression = kafkajs.CompressionTypes.ZSTD

/** How often one call may be sent again by ourselves; KafkaJS has retried for 40 s inside each. */
const attempts = 5

export class Writer {
  readonly #around: Surroundings
  readonly #lanes = new Lanes()
  readonly #guard = new Guard()
  #line: Promise<Line> | undefined
  #closed = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  async connect(): Promise<void> {
    await this.#current()
  }

  async close(): Promise<void> {
    this.#closed = true
    const line = await this.#line?.catch(() => undefined)
    if (line !== undefined) await this.#retire(line)
  }

  /**
   * Sends to different partitions share a request; a second one to the same partition goes after the first, and is encoded while
   * the broker has that.
   */
  async send(sends: ReadonlyArray<Send>): Promise<void> {
    const full = sends.filter((send) => send.messages.length > 0).map(placed)
    const rounds: Array<Array<Placed>> = []
    for (const send of full) {
      const free = rounds.find((round) => !round.some((other) => sameLane(other, send)))
      if (free === undefined) rounds.push([send])
      else free.push(send)
    }
    // Enqueued before the first await: the order of the calls is the order in each lane.
    const going = rounds.map((round) => this.#enqueue(round))
    void this.#prepare(rounds.flat())
    const results = await Promise.allSettled(going)
    for (const result of results) if (result.status === "rejected") throw result.reason
  }

  /** One after the other, in the order of their turns. What fails here fails again, and is heard of, when it is sent. */
  async #prepare(sends: ReadonlyArray<Placed>): Promise<void> {
    for (const { list } of sends) await this.#around.prepare(list).catch(() => {})
  }

  #enqueue(round: ReadonlyArray<Placed>): Promise<void> {
    return this.#lanes.run(
      round.map(({ topic, partition }) => laneOf(topic, partition)),
      async () => {
        for (const { topic, partition } of round) await this.#around.require("send", topic, partition)
        await this.#durable(round)
      }
    )
  }

  /** Returns only when every record is acknowledged by an answer that names its partition. */
  async #durable(round: ReadonlyArray<Placed>): Promise<void> {
    let left = round
    for (let attempt = 1; ; attempt++) {
      try {
        const wrong = await this.#once(left)
        if (wrong.length === 0) return
        this.#alarm(wrong)
        left = left.filter((send) => wrong.some((one) => one.send === send))
        if (attempt === attempts) throw new Error("the broker left records unacknowledged again and again")
      } catch (error) {
        if (isTooLarge(error) && left.length > 1) return await this.#apart(left)
        if (isNumberingLost(error) && attempt < attempts) continue
        throw this.#named(error, left)
      }
    }
  }

  async #once(sends: ReadonlyArray<Placed>): Promise<ReadonlyArray<Unacknowledged>> {
    const line = await this.#current()
    line.open++
    try {
      const answers = await line.producer.sendBatch({
        acks: -1,
        timeout: 4500,
        compression,
        topicMessages: request(sends)
      })
      const wrong = this.#around.guard ? this.#guard.check(sends, answers.map(acknowledgement)) : []
      if (wrong.some(({ why }) => why === "swallowed")) this.#renumber(line, sends)
      return wrong
    } catch (error) {
      // Given up: the broker may or may not have the batch, so its numbers must not be used for another one. A batch
      // that is too large was never taken; those sent beside it go again under their old numbers (#apart).
      if (!isTooLarge(error)) this.#renumber(line, sends)
      throw error
    } finally {
      line.open--
      if (line.retired && line.open === 0) void this.#disconnect(line)
    }
  }

  /** One of them is larger than its topic takes; the others must not suffer for it. */
  async #apart(sends: ReadonlyArray<Placed>): Promise<void> {
    const results = await Promise.allSettled(sends.map((send) => this.#durable([send])))
    for (const result of results) if (result.status === "rejected") throw result.reason
  }

  #current(): Promise<Line> {
    if (this.#line === undefined) {
      const opening = this.#open()
      this.#line = opening
      opening.catch(() => {
        if (this.#line === opening) this.#line = undefined
      })
    }
    return this.#line
  }

  async #open(): Promise<Line> {
    if (this.#closed) throw new Error("the producer is closed")
    const producer = this.#around.producer()
    for (let attempt = 1; ; attempt++) {
      try {
        await producer.connect()
        return { producer, open: 0, retired: false }
      } catch (error) {
        // KafkaJS asks for a producer id once only: a leader that moves just then would fail every send that waits.
        if (attempt === 20 || this.#closed || !brokerError("connect")(error).transient) throw error
        await new Promise((resolve) => setTimeout(resolve, 1000))
      }
    }
  }

  /** The next send gets a new producer id; sends under way on the old one end as they can. */
  #renumber(line: Line, sends: ReadonlyArray<Send>): void {
    this.#guard.forget(sends)
    if (line.retired) return
    this.#around.log("Warn", "producer rebuilt", {
      partitions: sends.map((s) => laneOf(s.topic, s.partition)).join(" ")
    })
    this.#line = undefined
    void this.#retire(line)
  }

  async #retire(line: Line): Promise<void> {
    line.retired = true
    if (line.open === 0) await this.#disconnect(line)
  }

  #disconnect(line: Line): Promise<void> {
    return line.producer.disconnect().catch(() => {})
  }

  #alarm(wrong: ReadonlyArray<Unacknowledged>): void {
    for (const { send, why } of wrong) {
      this.#around.log("Error", "the client called records sent that the broker does not have: sent again", {
        topic: send.topic,
        partition: send.partition,
        records: send.messages.length,
        why
      })
    }
  }

  #named(error: unknown, sends: ReadonlyArray<Send>): BrokerError {
    const topic = sends[0]?.topic ?? ""
    if (isMissing(error)) for (const send of sends) this.#around.forget(send.topic)
    return brokerError("send", { topic, bytes: Math.max(0, ...sends.flatMap((send) => send.messages.map(bytesOf))) })(
      error
    )
  }
}

const sameLane = (a: Send, b: Send): boolean => a.topic === b.topic && a.partition === b.partition

const bytesOf = ({ key, value }: Send["messages"][number]): number =>
  (key === null ? 0 : Buffer.byteLength(key)) + (value?.length ?? 0)

/** A send with its messages as KafkaJS wants them: the partition stands in every message. */
interface Placed extends Send {
  readonly list: ReadonlyArray<kafkajs.Message>
}

const placed = (send: Send): Placed => {
  const { messages, partition } = send
  const list = messages.map(({ headers, key, value }) =>
    headers === undefined ? { key, value, partition } : { key, value, partition, headers }
  )
  return { ...send, list }
}

/** KafkaJS wants one entry per topic. */
const request = (sends: ReadonlyArray<Placed>) => {
  const topics = new Map<string, Array<kafkajs.Message>>()
  for (const { list, topic } of sends) topics.set(topic, [...(topics.get(topic) ?? []), ...list])
  return [...topics].map(([topic, messages]) => ({ topic, messages }))
}

const acknowledgement = (answer: RecordMetadata): Acknowledgement => ({
  topic: answer.topicName,
  partition: answer.partition,
  errorCode: answer.errorCode,
  baseOffset: BigInt(answer.baseOffset ?? -1)
})
