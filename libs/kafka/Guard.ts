// Compares what the broker acknowledged with what was sent: the second cure of rule 0 (the first is patches/).
// What does not belong here: sending again (ProducerLive.ts does), KafkaJS.
import type { Send } from "./Broker.ts"

/** One partition's answer to a produce request. */
export interface Acknowledgement {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Offset of the first record of the batch, -1 when the broker did not say. */
  readonly baseOffset: bigint
}

/**
 * What is wrong with a send that the client called done.
 * `missing`: no answer named its partition, or the answer was an error: it was never written.
 * `swallowed`: the broker took it for a repetition of an earlier batch: it was dropped, and the numbering is broken.
 */
export interface Unacknowledged {
  readonly send: Send
  readonly why: "missing" | "swallowed"
}

export const laneOf = (topic: string, partition: number): string => `${topic}/${partition}`

/**
 * Remembers per partition where the last acknowledged batch ended. Sends to one partition must be checked in their order,
 * one at a time (Lanes.ts): then a later batch can only lie further up.
 */
export class Guard {
  readonly #ends = new Map<string, bigint>()

  /** The sends of one call that are not durable. Each partition may occur once in `sends`. */
  check(sends: ReadonlyArray<Send>, answers: ReadonlyArray<Acknowledgement>): ReadonlyArray<Unacknowledged> {
    const byLane = new Map(answers.map((answer) => [laneOf(answer.topic, answer.partition), answer]))
    return sends.flatMap((send): ReadonlyArray<Unacknowledged> => {
      const lane = laneOf(send.topic, send.partition)
      const answer = byLane.get(lane)
      if (answer === undefined || answer.errorCode !== 0) return [{ send, why: "missing" }]
      if (answer.baseOffset < 0n) return []
      if (answer.baseOffset < (this.#ends.get(lane) ?? 0n)) return [{ send, why: "swallowed" }]
      this.#ends.set(lane, answer.baseOffset + BigInt(send.messages.length))
      return []
    })
  }

  /** Under a new producer id nothing can be swallowed: a lower offset then means that the topic was made anew. */
  forget(sends: ReadonlyArray<Send>): void {
    for (const send of sends) this.#ends.delete(laneOf(send.topic, send.partition))
  }
}
