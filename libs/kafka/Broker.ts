// The broker as the rest of Bridge sees it: one port, so that a second client can take KafkaJS's place.
// What does not belong here: anything of KafkaJS (its adapter is KafkaJs.ts), anything that knows an entity or a stage.
import { Context, type Effect, Schema, type Scope } from "effect"

export type HeaderValue = Buffer | string | ReadonlyArray<Buffer | string> | undefined

/** One record read from a topic. `value` null is a tombstone. Header values are UTF-8 text or bytes as they came. */
export interface Rec {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, HeaderValue>>
  /** The first value of one header, where that is cheaper than reading all of them: nothing is kept for it. */
  readonly header?: (name: string) => HeaderValue
  /** Milliseconds since the epoch, as the producer or the broker wrote it. */
  readonly timestamp: number
}

/** One record to write. The caller chooses the partition of the whole send. */
export interface Message {
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, Buffer | string>>
}

/** One send is one Kafka record batch: at most 1,000 messages or 1 MB. */
export interface Send {
  readonly topic: string
  readonly partition: number
  readonly messages: ReadonlyArray<Message>
}

/** The broker could not be reached, or kept refusing, within the total time. Nobody acts; the stage tries again. */
export class BrokerUnavailable extends Schema.TaggedError<BrokerUnavailable>()("BrokerUnavailable", {
  cause: Schema.Defect()
}) {}
/** The record is larger than the topic takes (2 MiB). We act; the record goes to dead letters. */
export class MessageTooLarge extends Schema.TaggedError<MessageTooLarge>()("MessageTooLarge", {
  topic: Schema.String,
  bytes: Schema.Int
}) {}
/** The topic or partition does not exist. The operator acts: run the deploy step that creates topics. */
export class TopicMissing extends Schema.TaggedError<TopicMissing>()("TopicMissing", { topic: Schema.String }) {}
/** A topic exists with other partitions or settings than declared. The operator acts; the deploy stops. */
export class TopicMismatch extends Schema.TaggedError<TopicMismatch>()("TopicMismatch", {
  topic: Schema.String,
  detail: Schema.String
}) {}
/** The broker refused the credentials or the access. The operator acts; never retried. */
export class BrokerRefused extends Schema.TaggedError<BrokerRefused>()("BrokerRefused", { cause: Schema.Defect() }) {}

export class BrokerError extends Schema.TaggedError<BrokerError>()("BrokerError", {
  operation: Schema.String,
  reason: Schema.Union([BrokerUnavailable, MessageTooLarge, TopicMissing, TopicMismatch, BrokerRefused])
}) {
  /** True when the same call may succeed later without anyone acting. */
  get transient(): boolean {
    return this.reason._tag === "BrokerUnavailable"
  }
}

/** Writes records, idempotent, acknowledged by all in-sync replicas; an acknowledged record is never lost (rule 0). */
export class Producer extends Context.Service<
  Producer,
  {
    /** Resolves when every message is durable. Sends to one partition keep the order in which they were started. */
    readonly send: (send: Send) => Effect.Effect<void, BrokerError>
    /** Several sends side by side (e.g. all topics of one page); resolves when all are durable. */
    readonly sendAll: (sends: ReadonlyArray<Send>) => Effect.Effect<void, BrokerError>
  }
>()("bridge/kafka/Producer") {}

/** A topic as declared in code. */
export interface TopicDeclaration {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor?: number
  readonly config: Readonly<Record<string, string>>
}

/** Topics and offsets, for the deploy step, replays and operators. */
export class Admin extends Context.Service<
  Admin,
  {
    /** Creates what is missing, verifies what is there (partitions and every declared setting), fails with TopicMismatch. */
    readonly ensureTopics: (
      topics: ReadonlyArray<TopicDeclaration>
    ) => Effect.Effect<ReadonlyArray<string>, BrokerError>
    readonly listTopics: Effect.Effect<ReadonlyArray<string>, BrokerError>
    /** Low and high (next) offset per partition. Never use the difference as a count. */
    readonly offsets: (
      topic: string
    ) => Effect.Effect<ReadonlyArray<{ partition: number; low: bigint; high: bigint }>, BrokerError>
    readonly ping: Effect.Effect<void, BrokerError>
  }
>()("bridge/kafka/Admin") {}

/** What a member holds: topic to partitions. `group_join` is the only truth about it. */
export type Owned = Readonly<Record<string, ReadonlyArray<number>>>

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** At most 4,096 bytes; a hint for tools, the truth is in Postgres. */
  readonly metadata?: string
}

/** Callbacks run outside any fiber: they must be quick, and `onRecords` admits records and returns, it never does the work. */
export interface ConsumerOptions {
  readonly groupId: string
  readonly topics: ReadonlyArray<string>
  /**
   * Told after every join with the whole of what is held now. Fetching of newly gained partitions waits for the promise, and
   * a `seek` before it resolves is where fetching begins. `open` resolves at the first join without waiting for it, so that
   * it can wait for the session. A rejection fails `crashed`. Told `{}` first when all was lost for a moment (this member
   * was thought dead): then what comes next is gained anew, even where the names are the same.
   */
  readonly onAssigned: (owned: Owned) => Promise<void>
  /** The group rebalances: a last chance to commit. It may not come at all. */
  readonly onRebalancing: () => void
  readonly onRecords: (topic: string, partition: number, records: ReadonlyArray<Rec>) => Promise<void> | void
  readonly sessionTimeoutMillis?: number
  readonly maxBytes?: number
  readonly maxBytesPerPartition?: number
}

/** A running member of a consumer group. */
export interface ConsumerSession {
  readonly pause: (topic: string, partition: number) => void
  readonly resume: (topic: string, partition: number) => void
  /** Goes on reading at `offset`; pending records of the partition are dropped by the client. */
  readonly seek: (topic: string, partition: number, offset: bigint) => void
  /** A hint for tools; a failure is reported and harmless. */
  readonly commit: (positions: ReadonlyArray<Position>) => Promise<void>
  /** Never succeeds; fails when the client has given up for good, so that the caller can rebuild it. */
  readonly crashed: Effect.Effect<never, BrokerError>
}

/** Opens members of consumer groups. Offsets are never committed by themselves. The scope leaves the group. */
export class Consumers extends Context.Service<
  Consumers,
  { readonly open: (options: ConsumerOptions) => Effect.Effect<ConsumerSession, BrokerError, Scope.Scope> }
>()("bridge/kafka/Consumers") {}
