// Messages in sends that the broker takes: as many records and bytes as a record batch may have. Pure. For Normalized.ts and
// chain/Link.ts. What does not belong here: which topic and partition they go to.
import type { Message } from "@bridge/kafka/Broker"

/** A send is one record batch of Kafka: at most 1,000 records or about 1 MB. */
const sendBytes = 900_000
const sendRecords = 1000
/** What the steps so far have made of a row (chain/). */
export const madeHeader = "bridge_made"

export const portions = (messages: ReadonlyArray<Message>): ReadonlyArray<ReadonlyArray<Message>> => {
  const out: Array<Array<Message>> = []
  let open: Array<Message> = []
  let bytes = 0
  for (const message of messages) {
    const size = sizeOf(message)
    if (open.length > 0 && (open.length >= sendRecords || bytes + size > sendBytes)) {
      out.push(open)
      open = []
      bytes = 0
    }
    open.push(message)
    bytes += size
  }
  if (open.length > 0) out.push(open)
  return out
}

/** Of the headers only what may be large. */
const sizeOf = ({ headers, value }: Message): number => (value?.length ?? 0) + (headers?.[madeHeader]?.length ?? 0)
