// What KafkaJS throws, told in the words of the port. For the adapter files of this folder.
// What does not belong here: retries (KafkaJS has them), what a stage does about a failure (libs/flow).
import { BrokerError, BrokerRefused, BrokerUnavailable, MessageTooLarge, TopicMissing } from "./Broker.ts"

/** The causes of an error from the outside in: KafkaJS wraps the real one up to three times. */
const chain = (error: unknown): ReadonlyArray<unknown> => {
  const out: Array<unknown> = []
  for (let e = error; typeof e === "object" && e !== null && out.length < 8; e = "cause" in e ? e.cause : undefined)
    out.push(e)
  return out
}

const text = (e: unknown, key: "type" | "name"): string => {
  const value: unknown = typeof e === "object" && e !== null ? Reflect.get(e, key) : undefined
  return typeof value === "string" ? value : ""
}

/** The broker's own word for what happened (`MESSAGE_TOO_LARGE`), or KafkaJS's name for it, or nothing. */
export const words = (error: unknown): ReadonlySet<string> => {
  const found = chain(error).flatMap((e) => [text(e, "type"), text(e, "name")])
  const inside = chain(error).flatMap((e): ReadonlyArray<unknown> => {
    const errors: unknown = typeof e === "object" && e !== null ? Reflect.get(e, "errors") : undefined
    return Array.isArray(errors) ? errors : []
  })
  return new Set([...found, ...inside.flatMap((e) => [...words(e)])].filter((word) => word !== ""))
}

const tooLarge = ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"]
const missing = ["UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION"]
const refused = [
  "KafkaJSSASLAuthenticationError",
  "SASL_AUTHENTICATION_FAILED",
  "UNSUPPORTED_SASL_MECHANISM",
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
]
/** The producer's numbering of batches is broken: nothing more may be sent under it. */
const numberingLost = [
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "UNKNOWN_PRODUCER_ID",
  "INVALID_PRODUCER_EPOCH",
  "INVALID_PRODUCER_ID_MAPPING",
  "DUPLICATE_SEQUENCE_NUMBER"
]

const any = (list: ReadonlyArray<string>, found: ReadonlySet<string>) => list.some((word) => found.has(word))

export const isTooLarge = (error: unknown): boolean => any(tooLarge, words(error))
export const isMissing = (error: unknown): boolean => any(missing, words(error))
export const isNumberingLost = (error: unknown): boolean => any(numberingLost, words(error))

/** A partition has no leader yet, or the broker that was asked is none any more: asked again, another one answers. */
export const isElecting = (error: unknown): boolean =>
  any(["NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE"], words(error))

/** False for what a callback of ours threw. */
export const isOfKafkaJs = (error: unknown): boolean => [...words(error)].some((word) => word.startsWith("KafkaJS"))

export interface Concerning {
  readonly topic?: string
  readonly bytes?: number
}

/** Wraps once, where KafkaJS is touched. What is already ours passes as it is. */
export const brokerError =
  (operation: string, concerning: Concerning = {}) =>
  (cause: unknown): BrokerError => {
    if (cause instanceof BrokerError) return cause
    const found = words(cause)
    const topic = concerning.topic ?? "not known"
    if (any(tooLarge, found)) {
      return new BrokerError({ operation, reason: new MessageTooLarge({ topic, bytes: concerning.bytes ?? 0 }) })
    }
    if (any(missing, found)) return new BrokerError({ operation, reason: new TopicMissing({ topic }) })
    if (any(refused, found)) return new BrokerError({ operation, reason: new BrokerRefused({ cause }) })
    return new BrokerError({ operation, reason: new BrokerUnavailable({ cause }) })
  }

export const topicMissing = (operation: string, topic: string): BrokerError =>
  new BrokerError({ operation, reason: new TopicMissing({ topic }) })
