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
