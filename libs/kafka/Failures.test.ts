// Each kind of failure of KafkaJS, however deep it is wrapped, has its reason.
import { describe, expect, it } from "vitest"
import { brokerError, isElecting, isNumberingLost, words } from "./Failures.ts"

const protocol = (type: string) => Object.assign(new Error(type), { name: "KafkaJSProtocolError", type })
/** As KafkaJS's retrier does it. */
const wrapped = (cause: Error) => {
  const outer = (name: string, inner: Error) => Object.assign(new Error(inner.message, { cause: inner }), { name })
  return outer("KafkaJSNonRetriableError", outer("KafkaJSNumberOfRetriesExceeded", cause))
}

describe("brokerError", () => {
  it.each([
    ["MESSAGE_TOO_LARGE", "MessageTooLarge"],
    ["RECORD_LIST_TOO_LARGE", "MessageTooLarge"],
    ["UNKNOWN_TOPIC_OR_PARTITION", "TopicMissing"],
    ["INVALID_TOPIC_EXCEPTION", "TopicMissing"],
    ["TOPIC_AUTHORIZATION_FAILED", "BrokerRefused"],
    ["SASL_AUTHENTICATION_FAILED", "BrokerRefused"],
    ["NOT_ENOUGH_REPLICAS", "BrokerUnavailable"],
    ["OUT_OF_ORDER_SEQUENCE_NUMBER", "BrokerUnavailable"]
  ])("%s is %s", (type, tag) => {
    for (const error of [protocol(type), wrapped(protocol(type))]) {
      const mapped = brokerError("send", { topic: "t", bytes: 7 })(error)
      expect([mapped.reason._tag, mapped.operation, mapped.transient]).toEqual([
        tag,
        "send",
        tag === "BrokerUnavailable"
      ])
    }
  })

  it("passes what is ours already and takes what nobody knows for an outage", () => {
    const ours = brokerError("send")(protocol("MESSAGE_TOO_LARGE"))
    expect(brokerError("other")(ours)).toBe(ours)
    for (const odd of [undefined, null, "text", new TypeError("x"), { cause: 7 }]) {
      expect(brokerError("send")(odd).transient).toBe(true)
    }
  })

  it("looks into an aggregate, and is not led round in circles", () => {
    const aggregate = Object.assign(new Error("some"), { errors: [protocol("TOPIC_ALREADY_EXISTS")] })
    expect(words(aggregate)).toContain("TOPIC_ALREADY_EXISTS")
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    expect(words(circle).size).toBe(0)
  })
})

describe("isNumberingLost", () => {
  it("knows when a producer id can be used no more", () => {
    for (const type of ["OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID", "INVALID_PRODUCER_EPOCH"]) {
      expect(isNumberingLost(wrapped(protocol(type)))).toBe(true)
    }
    expect(isNumberingLost(protocol("NOT_LEADER_FOR_PARTITION"))).toBe(false)
  })
})

describe("isElecting", () => {
  it.each(["NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE"])("is %s, however deep", (type) => {
    for (const error of [protocol(type), wrapped(protocol(type))]) expect(isElecting(error)).toBe(true)
  })

  it("is no other failure", () => {
    for (const error of [protocol("NOT_ENOUGH_REPLICAS"), new TypeError("x"), undefined])
      expect(isElecting(error)).toBe(false)
  })
})
