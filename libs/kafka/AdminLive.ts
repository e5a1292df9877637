// Topics and offsets through KafkaJS. For the deploy step, replays and operators.
// What does not belong here: altering settings: KafkaJS can only replace them all, and would reset what is not named.
import { Effect, Layer, Schedule } from "effect"
import kafkajs, { type ITopicConfig } from "kafkajs"
import { Admin, BrokerError, type TopicDeclaration, TopicMismatch, TopicMissing } from "./Broker.ts"
import { Client } from "./Client.ts"
import { brokerError, isElecting, words } from "./Failures.ts"

type Connected = (typeof Client)["Service"]

export const adminLayer: Layer.Layer<Admin, never, Client> = Layer.effect(Admin, Effect.map(Client, make))

function make(client: Connected) {
  return Admin.of({
    ensureTopics: (topics) =>
      Effect.gen(function* () {
        // A cluster that is just starting has too few brokers for a topic, or no leader yet.
        const created = yield* attempt(() => create(client, topics)).pipe(
          Effect.retry({ while: (error) => error.transient, schedule: patience })
        )
        // A broker may take a while to hear of a topic that the controller has just made.
        yield* attempt(() => verify(client, topics)).pipe(
          Effect.retry({
            while: (error) => error.transient || error.reason._tag === "TopicMissing",
            schedule: patience
          })
        )
        return created
      }).pipe(Effect.withSpan("Admin.ensureTopics")),
    listTopics: Effect.tryPromise({
      try: async () => [...(await client.partitions()).keys()].filter((name) => !name.startsWith("__")),
      catch: brokerError("listTopics")
    }),
    offsets: (topic) =>
      Effect.tryPromise({ try: () => offsets(client, topic), catch: brokerError("offsets", { topic }) }).pipe(
        // A topic that was just made, a broker that has just gone: KafkaJS asks once, whoever led before.
        Effect.retry({
          while: ({ reason }) => reason._tag === "BrokerUnavailable" && isElecting(reason.cause),
          schedule: patience
        })
      ),
    ping: Effect.tryPromise({ try: () => client.admin.describeCluster(), catch: brokerError("ping") }).pipe(
      Effect.timeoutOrElse({
        duration: "5 seconds",
        orElse: () => Effect.fail(brokerError("ping")(new Error("no answer within 5 s")))
      }),
      Effect.asVoid
    )
  })
}

const attempt = <A>(work: () => Promise<A>) => Effect.tryPromise({ try: work, catch: brokerError("ensureTopics") })

const patience = Schedule.spaced("500 millis").pipe(Schedule.upTo({ duration: "15 seconds" }))

const offsets = async (client: Connected, topic: string) => {
  await client.require("offsets", topic)
  const found = await client.admin.fetchTopicOffsets(topic)
  return found
    .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
    .sort((a, b) => a.partition - b.partition)
}

/**
 * KafkaJS's createTopics resolves `false` when every topic exists, throws when some do, and compares nothing. So what was
 * there before is looked at by ourselves, and everything is verified, also what another process created meanwhile.
 */
const create = async (client: Connected, topics: ReadonlyArray<TopicDeclaration>): Promise<ReadonlyArray<string>> => {
  if (topics.length === 0) return []
  const before = await client.partitions()
  const wanted = topics.filter((topic) => !before.has(topic.name))
  if (wanted.length > 0) {
    const asked = { topics: wanted.map(request), timeout: 15_000, waitForLeaders: false }
    await client.admin.createTopics(asked).catch((error: unknown) => {
      if (!onlyExisting(error)) throw error
    })
  }
  return wanted.map((topic) => topic.name)
}

const request = (topic: TopicDeclaration): ITopicConfig => ({
  topic: topic.name,
  numPartitions: topic.partitions,
  replicationFactor: topic.replicationFactor ?? -1,
  configEntries: Object.entries(topic.config).map(([name, value]) => ({ name, value }))
})

/** Another process was quicker with some of them. */
const onlyExisting = (error: unknown): boolean =>
  error instanceof kafkajs.KafkaJSAggregateError && error.errors.every((one) => words(one).has("TOPIC_ALREADY_EXISTS"))

const verify = async (client: Connected, topics: ReadonlyArray<TopicDeclaration>): Promise<void> => {
  if (topics.length === 0) return
  for (const topic of topics) await client.require("ensureTopics", topic.name)
  const { topics: found } = await client.admin.fetchTopicMetadata()
  const { resources } = await client.admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ name }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name }))
  })
  for (const topic of topics) {
    const partitions = found.find(({ name }) => name === topic.name)?.partitions ?? []
    const settings = resources.find((resource) => resource.resourceName === topic.name)?.configEntries ?? []
    // The broker that answered has not heard of the topic yet: asked again, it will have.
    if (partitions.length === 0 || settings.length === 0)
      throw new BrokerError({ operation: "ensureTopics", reason: new TopicMissing({ topic: topic.name }) })
    const actual = new Map(settings.map(({ configName, configValue }) => [configName, configValue]))
    const detail = mismatch(topic, { partitions: partitions.length, replicas: partitions[0]?.replicas.length, actual })
    if (detail !== undefined) {
      throw new BrokerError({ operation: "ensureTopics", reason: new TopicMismatch({ topic: topic.name, detail }) })
    }
  }
}

export interface Found {
  readonly partitions: number
  readonly replicas: number | undefined
  readonly actual: ReadonlyMap<string, string>
}

/** The first difference between a declaration and what the cluster has, in words for the operator. */
export const mismatch = (topic: TopicDeclaration, { partitions, replicas, actual }: Found): string | undefined => {
  if (partitions !== topic.partitions) return `${partitions} partitions, declared ${topic.partitions}`
  if (topic.replicationFactor !== undefined && replicas !== topic.replicationFactor) {
    return `${replicas} replicas, declared ${topic.replicationFactor}`
  }
  const wrong = Object.entries(topic.config).find(([name, value]) => actual.get(name) !== value)
  return wrong === undefined ? undefined : `${wrong[0]} is ${actual.get(wrong[0]) ?? "not set"}, declared ${wrong[1]}`
}
