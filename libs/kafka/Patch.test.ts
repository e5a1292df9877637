// The small parts of the KafkaJS patch, against the originals beside them. What it is for is shown by test/faults.
import { createRequire } from "node:module"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const require = createRequire(import.meta.url)

interface Grouping {
  readonly topic: string
  readonly partitionMetadata: ReadonlyArray<object>
  readonly messages: ReadonlyArray<object>
  readonly partitioner: (one: { readonly message: object }) => number
}
type Group = (one: Grouping) => Readonly<Record<string, ReadonlyArray<object>>>

const load = <A>(path: string): A => require(`kafkajs/src/${path}`)

describe("grouping of messages", () => {
  const ours = load<Group>("producer/groupMessagesPerPartition.js")
  const stock = load<Group>("producer/groupMessagesPerPartition.js.orig.js")

  it("gives what the original gives", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ partition: fc.nat(7) })), fc.boolean(), (messages, known) => {
        const partitioner = ({ message }: { readonly message: object }) => Number(Reflect.get(message, "partition"))
        const one = { topic: "t", partitionMetadata: known ? [{}] : [], messages, partitioner }
        expect(ours(one)).toEqual(stock(one))
      })
    )
  })

  it("takes a hundred thousand messages in well under a second of its own time", () => {
    const messages = Array.from({ length: 100_000 }, () => ({}))
    const before = process.cpuUsage()
    ours({ topic: "t", partitionMetadata: [{}], messages, partitioner: () => 0 })
    expect(process.cpuUsage(before).user).toBeLessThan(500_000)
  })
})

describe("sends of one producer", () => {
  interface Produced {
    readonly topicData: ReadonlyArray<{
      readonly topic: string
      readonly partitions: ReadonlyArray<{ readonly partition: number; readonly firstSequence: number }>
    }>
  }
  type Sending = (one: { readonly acks: number; readonly topicMessages: ReadonlyArray<object> }) => Promise<unknown>
  const createSendMessages = load<(parts: object) => Sending>("producer/sendMessages.js")

  /** A producer over one broker that answers when it is told to: the newest request first. */
  const producer = () => {
    const sequences = new Map<string, number>()
    const out: Array<{ readonly name: string; readonly sequence: number; readonly answer: () => void }> = []
    const produce = ({ topicData }: Produced) =>
      new Promise((resolve) => {
        const [{ partitions, topic } = { topic: "", partitions: [] }] = topicData
        const [{ firstSequence, partition } = { partition: 0, firstSequence: 0 }] = partitions
        const answer = () =>
          resolve({ topics: [{ topicName: topic, partitions: [{ partition, errorCode: 0, baseOffset: "0" }] }] })
        out.push({ name: `${topic}/${partition}`, sequence: firstSequence, answer })
      })
    const send = createSendMessages({
      logger: { debug: () => {}, error: () => {} },
      cluster: {
        addMultipleTargetTopics: () => Promise.resolve(),
        refreshMetadataIfNecessary: () => Promise.resolve(),
        isConnected: () => true,
        findTopicPartitionMetadata: () => [{}],
        findLeaderForPartitions: (_: string, partitions: ReadonlyArray<number>) => ({ 1: partitions }),
        findBroker: () => Promise.resolve({ produce })
      },
      partitioner: ({ message }: { readonly message: { readonly partition: number } }) => message.partition,
      eosManager: {
        isTransactional: () => false,
        getProducerId: () => 1,
        getProducerEpoch: () => 0,
        getSequence: (topic: string, partition: number) => sequences.get(`${topic}/${partition}`) ?? 0,
        updateSequence: (topic: string, partition: number, by: number) =>
          sequences.set(`${topic}/${partition}`, (sequences.get(`${topic}/${partition}`) ?? 0) + by)
      },
      retrier: (attempt: (bail: (e: Error) => void) => Promise<unknown>) =>
        attempt((e) => {
          throw e
        })
    })
    return {
      out,
      to: (topic: string, partition: number) =>
        send({ acks: -1, topicMessages: [{ topic, messages: [{ partition }] }] })
    }
  }
  const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

  it("are out at the same time where they go to different partitions of a broker", async () => {
    const { out, to } = producer()
    const both = Promise.all([to("raw", 0), to("raw", 1), to("normalized", 0)])
    await soon()
    expect(out.map(({ name }) => name)).toEqual(["raw/0", "raw/1", "normalized/0"])
    for (const one of out.toReversed()) one.answer()
    await both
  })

  it("go one after another to a partition, under numbers that follow each other", async () => {
    const { out, to } = producer()
    const all = Promise.all([to("raw", 0), to("raw", 0), to("raw", 0)])
    for (const sequence of [0, 1, 2]) {
      await soon()
      expect(out.map((one) => one.sequence)).toEqual([sequence])
      out.shift()?.answer()
    }
    await all
  })
})

describe("the request queue", () => {
  interface Queue {
    throttleCheckTimeoutId: unknown
    readonly push: (request: object) => void
    readonly checkPendingRequests: () => void
    readonly maybeThrottle: (millis: number) => void
    readonly fulfillRequest: (answer: object) => void
    readonly destroy: () => void
  }
  const Queue = load<new (options: object) => Queue>("network/requestQueue/index.js")
  const logger = { debug: () => {}, warn: () => {} }
  const queueOf = (maxInFlightRequests: number | null) =>
    new Queue({ maxInFlightRequests, requestTimeout: 1000, clientId: "c", broker: "b", logger })
  const request = (correlationId: number, sent: Array<number>) => ({
    entry: { correlationId, resolve: () => {}, reject: () => {} },
    expectResponse: true,
    sendRequest: () => sent.push(correlationId)
  })

  it("arms no timer while nothing waits", () => {
    const queue = queueOf(null)
    queue.checkPendingRequests()
    expect(queue.throttleCheckTimeoutId).toBe(null)
  })

  it("sends what waits when the throttle is over, in order", async () => {
    const queue = queueOf(null)
    const sent: Array<number> = []
    queue.maybeThrottle(50)
    queue.push(request(1, sent))
    queue.push(request(2, sent))
    expect(sent).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(sent).toEqual([1, 2])
    expect(queue.throttleCheckTimeoutId).toBe(null)
  })

  it("sends the next one when an answer makes room", () => {
    const queue = queueOf(1)
    const sent: Array<number> = []
    queue.push(request(1, sent))
    queue.push(request(2, sent))
    expect(sent).toEqual([1])
    queue.fulfillRequest({ correlationId: 1, payload: {}, size: 0 })
    expect(sent).toEqual([1, 2])
    queue.destroy()
  })
})

describe("fetchers of a member that is stopped while brokers come and go", () => {
  interface Manager {
    readonly start: () => Promise<void>
    readonly stop: () => Promise<void>
  }
  type Managing = (options: object) => Manager
  const logger = { namespace: (): object => logger, debug: () => {}, info: () => {} }

  /** How often is fetched after the stop, when a broker has come just before it; 1,000 are for ever. */
  const fetchesAfterStop = async (path: string): Promise<number> => {
    const nodes = ["1", "2"]
    const answers = new Map<string, () => void>()
    let running = true
    let after = 0
    const manager = load<Managing>(path)({
      logger,
      getNodeIds: () => [...nodes],
      handler: async () => {},
      fetch: async (nodeId: string) => {
        if (!running && ++after >= 1000) throw new Error("for ever")
        // A member that is stopped has nothing, at once.
        if (running) await new Promise<void>((answer) => answers.set(nodeId, answer))
        return []
      }
    })
    const working = manager.start()
    await new Promise((later) => setTimeout(later, 10))
    nodes.push("3")
    // The first sees the new broker and ends; the second is still being answered when the member is stopped.
    answers.get("1")?.()
    await new Promise((later) => setTimeout(later, 10))
    running = false
    const stopping = manager.stop()
    answers.get("2")?.()
    await Promise.allSettled([stopping, working])
    return after
  }

  it("end, in place of beginning anew without a wait for ever", async () => {
    expect(await fetchesAfterStop("consumer/fetchManager.js")).toBe(0)
    expect(await fetchesAfterStop("consumer/fetchManager.js.orig.js")).toBeGreaterThanOrEqual(1000)
  })

  it("begin again when the member does", async () => {
    let fetches = 0
    const manager = load<Managing>("consumer/fetchManager.js")({
      logger,
      getNodeIds: () => ["1"],
      handler: async () => {},
      fetch: async () => {
        fetches++
        await new Promise((later) => setTimeout(later, 5))
        return []
      }
    })
    for (let i = 0; i < 2; i++) {
      const before = fetches
      const working = manager.start()
      await new Promise((later) => setTimeout(later, 20))
      await manager.stop()
      await working
      expect(fetches).toBeGreaterThan(before)
    }
  })
})

describe("a group member's fetches", () => {
  interface Batch {
    readonly partition: number
  }
  interface Group {
    partitionsPerSubscribedTopic: unknown
    topicsSubscribed: ReadonlyArray<string>
    offsetManager: object
    readonly subscriptionState: { readonly assign: (topics: ReadonlyArray<object>) => void }
    readonly fetch: (nodeId: string) => Promise<ReadonlyArray<Batch>>
    readonly checkForStaleAssignment: () => void
    readonly pause: (topics: ReadonlyArray<object>) => void
    readonly resume: (topics: ReadonlyArray<object>) => void
  }
  const Group = load<new (options: object) => Group>("consumer/consumerGroup.js")

  /** A member of partitions 0 to 2 over a broker that has records in `filled`. */
  const memberOf = (filled: ReadonlySet<number>) => {
    const waits: Array<number> = []
    const compared = { times: 0 }
    const partitions = [0, 1, 2].map((partitionId) => ({ partitionId, leader: 1 }))
    const record = { offset: "0", isControlRecord: false, batchContext: {} }
    const answer = (partition: number) => ({
      partition,
      highWatermark: "1",
      abortedTransactions: [],
      messages: filled.has(partition) ? [record] : []
    })
    const cluster = {
      brokerPool: { metadata: {} },
      refreshMetadataIfNecessary: async () => {},
      findTopicPartitionMetadata: () => {
        compared.times++
        return partitions
      },
      findBroker: async () => ({
        fetch: async (request: {
          readonly maxWaitTime: number
          readonly topics: ReadonlyArray<{ partitions: Array<Batch> }>
        }) => {
          waits.push(request.maxWaitTime)
          const asked = request.topics[0]?.partitions ?? []
          return { responses: [{ topicName: "t", partitions: asked.map(({ partition }) => answer(partition)) }] }
        }
      })
    }
    const nothing = () => {}
    const silent = { info: nothing, debug: nothing, error: nothing }
    const member = new Group({
      cluster,
      groupId: "g",
      topics: ["t"],
      logger: { namespace: () => silent },
      maxWaitTimeInMs: 250
    })
    member.offsetManager = {
      committedOffsets: () => ({ t: { 0: "0", 1: "0", 2: "0" } }),
      nextOffset: () => "0",
      resolveOffsets: async () => {}
    }
    member.topicsSubscribed = ["t"]
    member.partitionsPerSubscribedTopic = new Map([["t", [0, 1, 2]]])
    member.subscriptionState.assign([{ topic: "t", partitions: [0, 1, 2] }])
    return { member, waits, cluster, compared }
  }

  it("hands on the partitions that have records, and one when none has", async () => {
    const filled = new Set([1])
    const { member } = memberOf(filled)
    expect((await member.fetch("1")).map(({ partition }) => partition)).toEqual([1])
    filled.clear()
    expect((await member.fetch("1")).map(({ partition }) => partition)).toEqual([0])
  })

  it("waits twice as long after four fetches without a record, until there is one", async () => {
    const filled = new Set<number>()
    const { member, waits } = memberOf(filled)
    for (let i = 0; i < 5; i++) await member.fetch("1")
    filled.add(2)
    for (let i = 0; i < 2; i++) await member.fetch("1")
    expect(waits).toEqual([250, 250, 250, 250, 500, 500, 250])
  })

  it("never waits long while something is paused, or when it was resumed just now", async () => {
    const { member, waits } = memberOf(new Set())
    member.pause([{ topic: "t", partitions: [0] }])
    for (let i = 0; i < 6; i++) await member.fetch("1")
    member.resume([{ topic: "t", partitions: [0] }])
    await member.fetch("1")
    expect(new Set(waits)).toEqual(new Set([250]))
  })

  it("compares the assignment when the metadata is new, and refuses one that lacks a partition", async () => {
    const { member, cluster, compared } = memberOf(new Set())
    await member.fetch("1")
    const once = compared.times
    await member.fetch("1")
    const perFetch = compared.times - once
    expect(perFetch).toBeLessThan(once)
    cluster.brokerPool.metadata = {}
    member.partitionsPerSubscribedTopic = new Map([["t", [0, 1]]])
    expect(() => member.checkForStaleAssignment()).toThrow("Topic has been updated")
  })
})
