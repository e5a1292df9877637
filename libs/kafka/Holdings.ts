// What a member of a group holds, and how far it has read each partition. Pure bookkeeping for ConsumersLive.ts.
// What does not belong here: KafkaJS; what is finished (the tracker of libs/flow knows that).
import type { Owned } from "./Broker.ts"
import type { TopicPartition } from "./Sticky.ts"

/** One partition for as long as it is held without a break. Gained again means a new object. */
export class Held {
  readonly topic: string
  readonly partition: number
  /** The first offset not yet delivered; undefined until the first record or seek. */
  next: bigint | undefined
  /** True until the owner has been told and is ready. */
  gated = true
  /** What the owner asked for. */
  paused = false
  /** Goes up with every seek: records fetched before it are stale. */
  seeks = 0
  #gap: bigint | undefined

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic
    this.partition = partition
  }

  /**
   * May records that were fetched from `fetched` on be delivered now? `again` means that records before them were never
   * delivered: go back to `next`. Asked twice for the same gap, the log really has nothing there any more.
   */
  admit(fetched: bigint): "deliver" | "again" | "gone" {
    if (this.next === undefined || fetched <= this.next) return "deliver"
    if (this.#gap === this.next) return "gone"
    this.#gap = this.next
    return "again"
  }

  delivered(last: bigint): void {
    this.next = last + 1n
    this.#gap = undefined
  }

  seek(offset: bigint): void {
    this.next = offset
    this.seeks++
    this.#gap = undefined
  }
}

export interface Change {
  readonly gained: ReadonlyArray<Held>
  readonly kept: ReadonlyArray<Held>
  readonly lost: ReadonlyArray<Held>
}

export class Holdings {
  #held = new Map<string, Held>()

  get(topic: string, partition: number): Held | undefined {
    return this.#held.get(`${topic}/${partition}`)
  }

  has(held: Held): boolean {
    return this.get(held.topic, held.partition) === held
  }

  /** A join. What is not in `owned` is lost; nothing else is. */
  assign(owned: Owned): Change {
    const now = Object.entries(owned).flatMap(([topic, list]) => list.map((partition) => ({ topic, partition })))
    const names = new Set(now.map(nameOf))
    const lost = [...this.#held.values()].filter((held) => !names.has(nameOf(held)))
    const kept = [...this.#held.values()].filter((held) => names.has(nameOf(held)))
    const gained = now.filter((tp) => !this.#held.has(nameOf(tp))).map((tp) => new Held(tp))
    this.#held = new Map([...kept, ...gained].map((held) => [nameOf(held), held]))
    return { gained, kept, lost }
  }

  get owned(): Owned {
    const out: Record<string, Array<number>> = {}
    for (const { topic, partition } of this.#held.values()) out[topic] = [...(out[topic] ?? []), partition]
    return out
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
