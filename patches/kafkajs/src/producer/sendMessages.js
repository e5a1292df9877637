// Replaces kafkajs 2.2.4 src/producer/sendMessages.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The original remembers answers per broker: when a partition's leader moves to a broker that has answered already, its
// records are never sent and the send resolves. Here answers are remembered per partition. The original also sends nothing to a
// broker while another request to it is out; a producer's numbers are per partition, so here only a partition is locked.
const { KafkaJSError, KafkaJSMetadataNotLoaded } = require("../errors")
const { staleMetadata } = require("../protocol/error")
const Lock = require("../utils/lock")
const groupMessagesPerPartition = require("./groupMessagesPerPartition")
const responseSerializer = require("./responseSerializer")
const stock = require("./sendMessages.js.orig.js")

/** libs/kafka refuses to start when this mark is missing. */
globalThis[Symbol.for("bridge/kafkajs/patched")] = "2.2.4"
/** Only the fault test sets it, to show what the original loses. */
const stockSends = () => globalThis[Symbol.for("bridge/kafkajs/stockSends")] === true

const passing = new Set([
  "KafkaJSMetadataNotLoaded",
  "KafkaJSConnectionError",
  "KafkaJSConnectionClosedError",
  "KafkaJSRequestTimeoutError",
  "KafkaJSBrokerNotFound"
])

/** As long as the original waits for a broker. */
const lockTimeout = 0xffff

/** One at a time for each partition, whose numbers must arrive in their order; in one order, so that none waits for another. */
const partitionLocks = () => {
  const locks = new Map()
  const lockOf = (name) => {
    const known = locks.get(name)
    if (known !== undefined) return known
    const made = new Lock({ timeout: lockTimeout, description: `produce to ${name}` })
    locks.set(name, made)
    return made
  }
  return async (topicData, use) => {
    const names = topicData.flatMap(({ topic, partitions }) => partitions.map(({ partition }) => `${topic}/${partition}`))
    const held = []
    try {
      for (const lock of names.sort().map(lockOf)) {
        await lock.acquire()
        held.push(lock)
      }
      return await use()
    } finally {
      for (const lock of held) lock.release()
    }
  }
}

const createSendMessages = ({ logger, cluster, partitioner, eosManager, retrier }) => {
  const locked = partitionLocks()
  return async ({ acks, timeout, compression, topicMessages }) => {
    /** What is not acknowledged yet: topic to partition to messages. Made once, so that a retry cannot move a message. */
    let left
    const answers = []

    const group = () => {
      const topics = topicMessages.map(({ topic, messages }) => {
        const partitionMetadata = cluster.findTopicPartitionMetadata(topic)
        if (partitionMetadata.length === 0) {
          throw new KafkaJSMetadataNotLoaded("Producing to topic without metadata")
        }
        const perPartition = groupMessagesPerPartition({ topic, partitionMetadata, messages, partitioner })
        return [topic, new Map(Object.entries(perPartition).map(([partition, list]) => [Number(partition), list]))]
      })
      return new Map(topics)
    }

    /** Leaders are looked up anew for every attempt. A partition without a leader is an error, not nothing to do. */
    const perLeader = () => {
      const leaders = new Map()
      for (const [topic, partitions] of left) {
        const found = cluster.findLeaderForPartitions(topic, [...partitions.keys()])
        const led = Object.entries(found)
        if (led.reduce((sum, [, list]) => sum + list.length, 0) !== partitions.size) {
          throw new KafkaJSMetadataNotLoaded(`A partition of "${topic}" is not in the metadata`)
        }
        for (const [nodeId, list] of led) {
          const topics = leaders.get(nodeId) ?? []
          const entries = list.map((partition) => ({ partition, messages: partitions.get(partition) }))
          topics.push({ topic, partitions: entries })
          leaders.set(nodeId, topics)
        }
      }
      return [...leaders]
    }

    const acknowledge = ({ topic, partition }) => {
      left.get(topic)?.delete(partition)
      if (left.get(topic)?.size === 0) left.delete(topic)
    }

    const shift = (topicData, sign, which = () => true) => {
      for (const { topic, partitions } of topicData) {
        for (const entry of partitions) {
          if (!which(topic, entry.partition)) continue
          if (sign > 0) entry.firstSequence = eosManager.getSequence(topic, entry.partition)
          eosManager.updateSequence(topic, entry.partition, sign * entry.messages.length)
        }
      }
    }

    const produceLocked = async (broker, topicData) => {
      if (eosManager.isTransactional()) await eosManager.addPartitionsToTransaction(topicData)
      shift(topicData, 1)
      let response
      try {
        response = await broker.produce({
          transactionalId: eosManager.isTransactional() ? eosManager.getTransactionalId() : undefined,
          producerId: eosManager.getProducerId(),
          producerEpoch: eosManager.getProducerEpoch(),
          acks,
          timeout,
          compression,
          topicData
        })
      } catch (e) {
        shift(topicData, -1)
        throw e
      }
      if (acks === 0) {
        for (const { topic, partitions } of topicData) {
          for (const { partition } of partitions) acknowledge({ topic, partition })
        }
        return
      }
      const named = responseSerializer(response)
      const key = (topic, partition) => `${partition}/${topic}`
      const done = new Set(named.map(({ topicName, partition }) => key(topicName, partition)))
      shift(topicData, -1, (topic, partition) => !done.has(key(topic, partition)))
      for (const answer of named) acknowledge({ topic: answer.topicName, partition: answer.partition })
      answers.push(...named)
    }

    const produce = async ([nodeId, topicData]) => {
      const broker = await cluster.findBroker({ nodeId })
      await locked(topicData, () => produceLocked(broker, topicData))
    }

    /** All answers are awaited before anything is sent again: else a late one could meet its own repetition. */
    const attempt = async () => {
      await cluster.refreshMetadataIfNecessary()
      left ??= group()
      const results = await Promise.allSettled(perLeader().map(produce))
      const errors = results.flatMap(({ status, reason }) => (status === "rejected" ? [reason] : []))
      for (const e of errors) {
        if (e.name === "KafkaJSConnectionClosedError") cluster.removeBroker({ host: e.host, port: e.port })
      }
      const error = errors.find((e) => e.retriable === false) ?? errors[0]
      if (error !== undefined) throw error
      if (left.size > 0) throw new KafkaJSError("A broker did not answer for every partition")
    }

    return retrier(async (bail, retryCount, retryTime) => {
      await cluster.addMultipleTargetTopics(topicMessages.map(({ topic }) => topic))
      try {
        await attempt()
        return answers
      } catch (e) {
        if (!cluster.isConnected()) {
          logger.debug(`Cluster has disconnected, reconnecting: ${e.message}`, { retryCount, retryTime })
          await cluster.connect()
          await cluster.refreshMetadata()
          throw e
        }
        if (staleMetadata(e) || passing.has(e.name) || (e.name === "KafkaJSProtocolError" && e.retriable)) {
          logger.error(`Failed to send messages: ${e.message}`, { retryCount, retryTime })
          await cluster.refreshMetadata()
          throw e
        }
        logger.error(`${e.message}`, { retryCount, retryTime })
        if (e.retriable) throw e
        bail(e)
      }
    })
  }
}

module.exports = (parts) => (stockSends() ? stock(parts) : createSendMessages(parts))
