// One connection to the cluster and what all parts of the adapter share: settings, logs, which topics exist.
// What does not belong here: producing, consuming, creating topics (ProducerLive, ConsumersLive, AdminLive).
import { Config, Context, Effect, Layer, Option, Redacted } from "effect"
import kafkajs, { type Admin, type Kafka, type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from "kafkajs"
import type { BrokerError } from "./Broker.ts"
import { installCodecs } from "./Codecs.ts"
import { brokerError, topicMissing } from "./Failures.ts"

/** How to reach the cluster, and as whom. */
export interface KafkaSettings {
  readonly brokers: ReadonlyArray<string>
  readonly tls: boolean
  readonly sasl: Option.Option<Credentials>
}

export interface Credentials {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512"
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/** `KAFKA_BROKERS` (host:port, comma between), `KAFKA_TLS`, `KAFKA_SASL_{USERNAME,PASSWORD,MECHANISM}`. */
export const kafkaSettings: Config.Config<KafkaSettings> = Config.all({
  brokers: Config.NonEmptyString("KAFKA_BROKERS").pipe(Config.map(brokerList)),
  tls: Config.Boolean("KAFKA_TLS").pipe(Config.withDefault(false)),
  sasl: Config.option(
    Config.all({
      mechanism: Config.Literals(["plain", "scram-sha-256", "scram-sha-512"], "KAFKA_SASL_MECHANISM").pipe(
        Config.withDefault("scram-sha-512" as const)
      ),
      username: Config.NonEmptyString("KAFKA_SASL_USERNAME"),
      password: Config.Redacted("KAFKA_SASL_PASSWORD")
    })
  )
})

/** Retries of every call: about 40 s in all, which outlasts the election of a new leader several times over. */
export const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: 40 }

/** The shared connection of one process. */
export class Client extends Context.Service<
  Client,
  {
    readonly kafka: Kafka
    readonly admin: Admin
    /** Partition counts of all topics, as the cluster says now. */
    readonly partitions: () => Promise<ReadonlyMap<string, number>>
    /** Fails with TopicMissing within a second where KafkaJS would try for twenty. */
    readonly require: (operation: string, topic: string, partition?: number) => Promise<void>
    /** The cluster said that a topic is gone: ask again before the next use. */
    readonly forget: (topic: string) => void
    readonly log: (level: "Debug" | "Warn" | "Error", message: string, fields: Record<string, unknown>) => void
  }
>()("bridge/kafka/Client") {
  static readonly layer = (settings: KafkaSettings): Layer.Layer<Client, BrokerError> =>
    Layer.effect(Client, connect(settings))
}

function brokerList(text: string): ReadonlyArray<string> {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
}

function connect(settings: KafkaSettings) {
  return Effect.gen(function* () {
    installCodecs()
    if (!patched()) return yield* Effect.die(new Error("KafkaJS is not patched and would lose records: run `npm ci`"))
    const log = yield* logger
    const kafka = new kafkajs.Kafka({ ...config(settings), logCreator: () => (entry) => log(...translated(entry)) })
    const admin = kafka.admin({ retry })
    yield* Effect.acquireRelease(Effect.tryPromise({ try: () => admin.connect(), catch: brokerError("connect") }), () =>
      Effect.promise(() => admin.disconnect().catch(() => {})).pipe(Effect.timeout("5 seconds"), Effect.ignore)
    )
    return Client.of({ kafka, admin, log, ...directory(admin) })
  })
}

/** The mark that the patched file leaves (patches/README.md). */
const patched = (): boolean => Reflect.get(globalThis, Symbol.for("bridge/kafkajs/patched")) !== undefined

const config = (settings: KafkaSettings): KafkaConfig => ({
  clientId: "bridge",
  brokers: [...settings.brokers],
  ssl: settings.tls,
  connectionTimeout: 1000,
  requestTimeout: 5000,
  retry,
  logLevel: logLevel.INFO,
  ...Option.match(settings.sasl, { onNone: () => ({}), onSome: (known) => ({ sasl: sasl(known) }) })
})

const sasl = ({ mechanism, username, password }: Credentials): SASLOptions => ({
  mechanism,
  username,
  password: Redacted.value(password)
})

/** Which topics exist. What exists is remembered; what does not is asked again each time. */
const directory = (admin: Admin) => {
  let known: ReadonlyMap<string, number> = new Map()
  let asking: Promise<ReadonlyMap<string, number>> | undefined
  const ask = async () => {
    const { topics } = await admin.fetchTopicMetadata()
    known = new Map(topics.map((topic) => [topic.name, topic.partitions.length]))
    return known
  }
  const partitions = () => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
  const holds = (topic: string, partition: number) => (known.get(topic) ?? 0) > partition
  return {
    partitions,
    require: async (operation: string, topic: string, partition = 0) => {
      // A topic made a moment ago may be unknown to the broker that answers: three questions, 300 ms apart.
      for (let times = 0; !holds(topic, partition); times++) {
        if (times === 3) throw topicMissing(operation, partition === 0 ? topic : `${topic}/${partition}`)
        if (times > 0) await new Promise((resolve) => setTimeout(resolve, 300))
        await partitions()
      }
    },
    forget: (topic: string) => {
      known = new Map([...known].filter(([name]) => name !== topic))
    }
  }
}

/** A plain function that writes to Effect's logger, for callbacks that run outside any fiber. */
const logger = Effect.map(Effect.context<never>(), (context) => {
  const fork = Effect.runForkWith(context)
  return (level: "Debug" | "Warn" | "Error", message: string, fields: Record<string, unknown>): void => {
    const write = level === "Debug" ? Effect.logDebug : level === "Warn" ? Effect.logWarning : Effect.logError
    fork(write(message).pipe(Effect.annotateLogs(fields)))
  }
})

/** What a member that leaves while it joins is refused with; it wanted to leave, so that is no warning. */
export const memberLeft = "this member has left"

/** KafkaJS says ERROR for what it then retries, and WARN for every rebalance: only what lasts is worth a warning. */
const translated = (entry: LogEntry): readonly ["Debug" | "Warn", string, Record<string, unknown>] => {
  const { message, timestamp: _, logger: __, stack: ___, ...fields } = entry.log
  const retried = entry.namespace === "Connection" || Number(fields.retryCount ?? 5) < 5
  const passing = retried || message.includes(memberLeft)
  return [entry.level === logLevel.ERROR && !passing ? "Warn" : "Debug", `${entry.namespace}: ${message}`, fields]
}
