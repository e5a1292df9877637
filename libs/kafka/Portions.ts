// Messages in sends that the broker takes: as many records and bytes as a record batch may have. Pure. For whoever sends many.
// What does not belong here: which topic and partition they go to.
import type { Message } from "./Broker.ts"

/** A send is one record batch of Kafka: at most 1,000 records or about 1 MB. */
const sendBytes = 900_000
const sendRecords = 1000

/** `sizeOf`: the bytes of a message as far as they may be many. */
export const portions = <A extends Message>(
  messages: ReadonlyArray<A>,
  sizeOf: (message: A) => number
): ReadonlyArray<ReadonlyArray<A>> => {
  const out: Array<Array<A>> = []
  let open: Array<A> = []
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
