// Replaces kafkajs 2.2.4 src/consumer/consumerGroup.js (MIT, Tulio Ornelas and contributors). Why: patches/README.md.
// The original takes every partition without records through its workers, compares all assignments for each fetch, and asks as often
// when nothing comes: a tenth of the CPU of a service at work, nearly all of one that waits.
const ConsumerGroup = require("./consumerGroup.js.orig.js")

/** Fetches without a record after which a member asks half as often. A record is answered at once, however long the wait. */
const QUIET = 4

module.exports = class extends ConsumerGroup {
  constructor(options) {
    super(options)
    this.shortWaitTime = this.maxWaitTime
    this.quietFetches = 0
  }

  async fetch(nodeId) {
    // What is resumed or sought waits for the fetch that is under way: no long one while something is paused.
    const quiet = this.quietFetches >= QUIET && this.subscriptionState.paused().length === 0
    this.maxWaitTime = quiet ? this.shortWaitTime * 2 : this.shortWaitTime
    const batches = await super.fetch(nodeId)
    const filled = batches.filter((batch) => batch.rawMessages.length > 0)
    if (filled.length > 0) {
      this.quietFetches = 0
      return filled
    }
    this.quietFetches++
    // One is enough for the heartbeat that the runner sends after each.
    return batches.slice(0, 1)
  }

  checkForStaleAssignment() {
    const { metadata } = this.cluster.brokerPool
    const known = this.partitionsPerSubscribedTopic
    if (metadata === this.checkedMetadata && known === this.checkedPartitions) return
    super.checkForStaleAssignment()
    this.checkedMetadata = metadata
    this.checkedPartitions = known
  }

  seek(position) {
    this.quietFetches = 0
    super.seek(position)
  }

  pause(topicPartitions) {
    this.quietFetches = 0
    super.pause(topicPartitions)
  }

  resume(topicPartitions) {
    this.quietFetches = 0
    super.resume(topicPartitions)
  }
}
