// One member of a consumer group around one KafkaJS consumer, with its traps closed. For ConsumersLive.ts.
// What does not belong here: Effect (KafkaJS calls back outside any fiber), what the records mean.
import kafkajs, { type Consumer, type EachBatchPayload, type KafkaMessage } from "kafkajs"
import type { ConsumerOptions, HeaderValue, Owned, Position, Rec } from "./Broker.ts"
import { type Client, memberLeft, retry } from "./Client.ts"
import { type Held, Holdings } from "./Holdings.ts"
import { stickyAssigner } from "./Sticky.ts"

type Connected = (typeof Client)["Service"]

export class GroupMember {
  readonly #client: Connected
  readonly #options: ConsumerOptions
  readonly #consumer: Consumer
  readonly #holdings = new Holdings()
  /** Resolves with the reason when this member can go on no more. */
  readonly crashed: Promise<unknown>
  readonly #crash: (cause: unknown) => void
  readonly #closing = Promise.withResolvers<void>()
  #closed = false
  #memberId = ""
  /** Attempts to join since the last join that succeeded. */
  #attempts = 0
  #joined: Promise<void> = Promise.resolve()

  constructor(client: Connected, options: ConsumerOptions) {
    this.#client = client
    this.#options = options
    const crashed = Promise.withResolvers<unknown>()
    this.crashed = crashed.promise
    this.#crash = crashed.resolve
    const sessionTimeout = options.sessionTimeoutMillis ?? 6000
    this.#consumer = client.kafka.consumer({
      groupId: options.groupId,
      allowAutoTopicCreation: false,
      heartbeatInterval: Math.min(1000, Math.floor(sessionTimeout / 4)),
      maxBytes: options.maxBytes ?? 2 * 1024 * 1024,
      maxBytesPerPartition: options.maxBytesPerPartition ?? 512 * 1024,
      maxWaitTimeInMs: 250,
      metadataMaxAge: 10_000,
      partitionAssigners: [stickyAssigner(() => this.#joining())],
      rebalanceTimeout: 15_000,
      // A crash is for the owner to see: KafkaJS's own restart forgets pauses and seeks, and gives up on a TypeError.
      retry: { ...retry, restartOnFailure: async () => false },
      sessionTimeout
    })
  }

  /** Resolves after the first join. */
  async join(): Promise<void> {
    const consumer = this.#consumer
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crash(payload.error))
    consumer.on(consumer.events.REBALANCING, () => this.#safely(() => this.#options.onRebalancing()))
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#assigned(payload.memberId, payload.memberAssignment))
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => this.#skipped(payload))
    this.#joined = (async () => {
      await consumer.connect()
      // After lost offsets KafkaJS starts at the default: "latest" would skip records without a word.
      await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 8,
        eachBatch: (payload) => this.#batch(payload)
      })
    })()
    await this.#joined
  }

  pause(topic: string, partition: number): void {
    const held = this.#holdings.get(topic, partition)
    if (held === undefined) return
    held.paused = true
    this.#flow(held)
  }

  resume(topic: string, partition: number): void {
    const held = this.#holdings.get(topic, partition)
    if (held === undefined) return
    held.paused = false
    this.#flow(held)
  }

  seek(topic: string, partition: number, offset: bigint): void {
    const held = this.#holdings.get(topic, partition)
    if (held === undefined) return
    held.seek(offset)
    this.#rewind(held, offset)
  }

  async commit(positions: ReadonlyArray<Position>): Promise<void> {
    const due = positions.filter(({ topic, partition }) => this.#holdings.get(topic, partition) !== undefined)
    if (due.length === 0 || this.#closed) return
    try {
      await this.#consumer.commitOffsets(
        due.map(({ topic, partition, offset, metadata = "" }) => ({
          topic,
          partition,
          offset: offset.toString(),
          // The broker takes 4,096 bytes; without the metadata the commit is still true.
          metadata: Buffer.byteLength(metadata) > 4096 ? "" : metadata
        }))
      )
    } catch (error) {
      this.#client.log("Warn", "offsets not committed", { group: this.#options.groupId, error: String(error) })
    }
  }

  /** Leaves the group. A join still under way is refused as soon as it shows itself. */
  async close(): Promise<void> {
    this.#closed = true
    this.#closing.resolve()
    await within(5000, this.#joined)
    await within(10_000, this.#consumer.disconnect())
  }

  #joining(): Owned {
    if (this.#closed) throw new kafkajs.KafkaJSNonRetriableError(memberLeft)
    this.#attempts++
    return this.#holdings.owned
  }

  /** Runs inside KafkaJS's join, before the first fetch of the new assignment. */
  #assigned(memberId: string, owned: Owned): void {
    if (this.#closed) throw new kafkajs.KafkaJSNonRetriableError(memberLeft)
    // A new id, or a round that we missed: others may have held our partitions meanwhile, so all of them begin anew.
    const fresh = this.#attempts !== 1 || memberId !== this.#memberId
    this.#memberId = memberId
    this.#attempts = 0
    if (fresh) {
      for (const held of this.#holdings.assign({}).lost) this.#release(held)
    }
    const { gained, kept, lost } = this.#holdings.assign(owned)
    for (const held of lost) this.#release(held)
    for (const held of kept) {
      // KafkaJS would go back to the committed offset, which is only a hint.
      if (held.next !== undefined) this.#rewind(held, held.next)
    }
    for (const held of gained) this.#flow(held)
    const told = fresh && this.#told
    this.#told = true
    const ready = this.#tell(told ? [{}, owned] : [owned])
    ready.then(() => {
      for (const held of gained) {
        held.gated = false
        if (this.#holdings.has(held)) this.#flow(held)
      }
    }, this.#crash)
  }

  #told = false

  async #tell(all: ReadonlyArray<Owned>): Promise<void> {
    await Promise.all(all.map((owned) => this.#options.onAssigned(owned)))
  }

  /** KafkaJS remembers a pause by name: a partition lost while paused would stay silent when it is gained again. */
  #release(held: Held): void {
    this.#safely(() => this.#consumer.resume([{ topic: held.topic, partitions: [held.partition] }]))
  }

  #flow(held: Held): void {
    const one = [{ topic: held.topic, partitions: [held.partition] }]
    this.#safely(() => (held.gated || held.paused ? this.#consumer.pause(one) : this.#consumer.resume(one)))
  }

  #rewind(held: Held, offset: bigint): void {
    const { topic, partition } = held
    this.#safely(() => this.#consumer.seek({ topic, partition, offset: offset.toString() }))
  }

  async #batch({ batch, resolveOffset, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    const held = this.#holdings.get(batch.topic, batch.partition)
    if (this.#closed || held === undefined || held.gated || isStale()) return
    const fetched = BigInt(String(Reflect.get(batch, "fetchedOffset")))
    const verdict = held.admit(fetched)
    if (verdict === "again" && held.next !== undefined) return this.#rewind(held, held.next)
    if (verdict === "gone") this.#gone(held, fetched)
    const seeks = held.seeks
    const records = batch.messages.map((message) => new Received(batch.topic, batch.partition, message))
    try {
      const admitted = this.#options.onRecords(batch.topic, batch.partition, records)
      if (admitted !== undefined) await this.#attended(admitted, heartbeat)
    } catch (error) {
      // KafkaJS's own errors (the group rebalances) are for KafkaJS. Anything else would stop it for good, in silence.
      if (error instanceof kafkajs.KafkaJSError) throw error
      return this.#crash(error)
    }
    if (this.#closed || !this.#holdings.has(held) || held.seeks !== seeks) return
    held.delivered(BigInt(batch.lastOffset()))
    resolveOffset(batch.lastOffset())
  }

  /** Waits for the owner without losing the group: KafkaJS sends no heartbeat while a batch is being taken. */
  async #attended(work: Promise<void>, heartbeat: () => Promise<void>): Promise<void> {
    const done = Promise.race([work, this.#closing.promise]).then(() => true)
    while (!(await Promise.race([done, after(1000)]))) await heartbeat()
  }

  /** A batch of control records or aborted ones never reaches `#batch`; it is read all the same. */
  #skipped(batch: {
    readonly topic: string
    readonly partition: number
    readonly batchSize: number
    readonly firstOffset: string
    readonly lastOffset: string
  }): void {
    const held = this.#holdings.get(batch.topic, batch.partition)
    if (batch.batchSize > 0 || held?.next === undefined || batch.firstOffset === null) return
    if (BigInt(batch.firstOffset) <= held.next && BigInt(batch.lastOffset) >= held.next) {
      held.delivered(BigInt(batch.lastOffset))
    }
  }

  #gone(held: Held, fetched: bigint): void {
    const { topic, partition, next } = held
    const group = this.#options.groupId
    this.#client.log("Error", "records are no longer in the log", {
      group,
      topic,
      partition,
      from: String(next),
      to: String(fetched)
    })
  }

  /** A listener that throws inside KafkaJS stops the consumer for good, and without a word in some places. */
  #safely(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!this.#closed) this.#crash(error)
    }
  }
}

/** With the patched client's way to one header (patches/README.md); messages of old formats have none. */
type Message = KafkaMessage & { readonly header?: (name: string) => Buffer | undefined }

/** A record as it was fetched: its headers stay bytes until somebody asks for all of them. */
class Received implements Rec {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly #message: Message

  constructor(topic: string, partition: number, message: Message) {
    this.topic = topic
    this.partition = partition
    this.offset = BigInt(message.offset)
    this.key = message.key === null ? null : message.key.toString()
    this.value = message.value
    this.timestamp = Number(message.timestamp)
    this.#message = message
  }

  get headers(): Rec["headers"] {
    return this.#message.headers ?? {}
  }

  header(name: string): HeaderValue {
    const message = this.#message
    return message.header === undefined ? message.headers?.[name] : message.header(name)
  }
}

const after = (millis: number): Promise<false> =>
  new Promise((resolve) => setTimeout(() => resolve(false), millis).unref())

/** Nothing that KafkaJS may still be busy with is worth more than this. */
const within = (millis: number, work: Promise<unknown>): Promise<void> =>
  Promise.race([work.then(ignore, ignore), after(millis).then(ignore)])

const ignore = (): void => {}
