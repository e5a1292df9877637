// One partition for as long as this member holds it: what came, what works, what is done. For Session.ts.
// What does not belong here: effects; a session decides what is started and what is written.
import type { Rec } from "@bridge/kafka/Broker"
import type { Fiber } from "effect"
import { Chains } from "./Chain.ts"
import type { Claimed, Saved } from "./Fences.ts"
import { bytesOf, Mailboxes, type Parcel } from "./Mailboxes.ts"
import type { Address } from "./Stage.ts"
import { Tracker } from "./Tracker.ts"

export interface Admitted {
  readonly bytes: number
  /** Records that say nothing about where they belong. */
  readonly lost: ReadonlyArray<{ readonly rec: Rec; readonly defect: unknown }>
}

/** What is to be written, and of which state of the tracker it is. */
export interface Due {
  readonly row: Saved
  readonly changes: number
}

export class Held {
  readonly topic: string
  readonly partition: number
  readonly epoch: bigint
  readonly tracker: Tracker
  readonly mail: Mailboxes
  readonly chains = new Chains()
  readonly fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  /** Of records that are not finished. */
  bytes = 0
  paused = false
  /** Another member owns it: nothing of it may be started, finished or written any more. */
  gone = false
  /** Unclean restarts before this one; from 3 on the first run works alone. */
  attempts: number
  /** When records last came, or could have come again. */
  readAt: number
  #saved: Due | undefined

  constructor(claimed: Claimed, start: bigint, runsInFlight: number, now: number) {
    this.topic = claimed.topic
    this.partition = claimed.partition
    this.epoch = claimed.epoch
    this.attempts = claimed.attempts
    this.tracker = new Tracker(start, claimed.ahead)
    this.mail = new Mailboxes(runsInFlight)
    this.readAt = now
  }

  get name(): string {
    return `${this.topic}/${this.partition}`
  }

  /** Runs that wait for their turn or work. */
  get open(): number {
    return this.mail.waiting + this.fibers.size
  }

  /** Per record, plain and synchronous: the hot path. */
  admit(records: ReadonlyArray<Rec>, address: (rec: Rec) => Address | null, now: number): Admitted {
    const lost: Array<Admitted["lost"][number]> = []
    let bytes = 0
    this.readAt = now
    for (const rec of records) {
      if (this.tracker.accept(rec.offset) !== "work") continue
      let at: Address | null
      try {
        at = address(rec)
      } catch (defect) {
        bytes += bytesOf(rec)
        lost.push({ rec, defect })
        continue
      }
      if (at === null) this.tracker.complete(rec.offset)
      else bytes += this.mail.add(rec, at, now)
    }
    this.bytes += bytes
    return { bytes, lost }
  }

  /** Promise 1: called only after everything the run caused is durable. */
  finish(parcel: Parcel): void {
    for (const offset of parcel.offsets) this.tracker.complete(offset)
  }

  /** How far it is done, or undefined when that is what was saved last. */
  due(leaving: boolean): Due | undefined {
    const clean = leaving || this.tracker.open === 0
    const last = this.#saved
    // Asked of every partition ten times a second, nearly all of them at rest.
    if (last?.row.clean === clean && last.changes === this.tracker.changes) return undefined
    const { ahead, changes, low } = this.tracker
    if (last?.row.low === low && last.row.ahead === ahead && last.row.clean === clean) return undefined
    return { row: { topic: this.topic, partition: this.partition, epoch: this.epoch, low, ahead, clean }, changes }
  }

  saved(due: Due): void {
    this.#saved = due
  }
}
