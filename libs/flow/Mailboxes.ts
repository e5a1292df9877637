// The mailboxes of one partition: records become runs, runs wait in order behind their actor. For the runtime's sessions.
// What does not belong here: permits, fibers, offsets; this only knows what belongs together and whose turn it is.
import type { Rec } from "@bridge/kafka/Broker"
import type { Address } from "./Stage.ts"

/** A run ready to be handed over. */
export interface Parcel {
  readonly actor: string
  readonly tenantId: string
  readonly id: string
  /** In the order of their positions; one record per position. */
  readonly records: ReadonlyArray<Rec>
  /** Every offset that is finished with the run: the records' and those of repeats. */
  readonly offsets: ReadonlyArray<bigint>
  readonly complete: boolean
  readonly bytes: number
}

interface Assembly {
  readonly id: string
  readonly size: number
  readonly tenantId: string
  readonly slots: Map<number, Rec>
  readonly offsets: Array<bigint>
  bytes: number
  touchedAt: number
}

interface Actor {
  readonly name: string
  assembly: Assembly | null
  readonly ready: Array<Parcel>
  working: number
}

/** What a record costs in memory beside its value. */
const overhead = 512
export const bytesOf = (rec: Rec): number => (rec.value?.length ?? 0) + overhead

export class Mailboxes {
  readonly #actors = new Map<string, Actor>()
  readonly #runsInFlight: number
  /** Actors that may have something to hand over, in the order in which it arrived. */
  readonly #due = new Set<Actor>()
  #assembling = 0
  #waiting = 0

  constructor(runsInFlight: number) {
    this.#runsInFlight = runsInFlight
  }

  /** Takes a record in the order of the log; returns the bytes it adds. */
  add(rec: Rec, address: Address, now = 0): number {
    const actor = this.#actor(address.actor)
    if (address.run === null) {
      this.#close(actor)
      this.#put(actor, single(rec, address))
      return bytesOf(rec)
    }
    const { id, position, size } = address.run
    // The next run of the actor begins: the tail of the one before does not come any more.
    if (actor.assembly !== null && actor.assembly.id !== id) this.#close(actor)
    if (actor.assembly === null) {
      const slots: Assembly["slots"] = new Map()
      actor.assembly = { id, size, tenantId: address.tenantId, slots, offsets: [], bytes: 0, touchedAt: now }
      this.#assembling++
    }
    const run = actor.assembly
    run.offsets.push(rec.offset)
    run.touchedAt = now
    if (run.slots.has(position)) return 0
    const bytes = bytesOf(rec)
    run.slots.set(position, rec)
    run.bytes += bytes
    if (run.slots.size >= run.size) this.#close(actor)
    return bytes
  }

  /**
   * Hands over as they are the runs whose tail has not come since `before`. Nothing more comes when the partition was
   * read to its end; else only those count that the log has gone past: they end below `next`.
   */
  quiet(before: number, next: bigint | "end"): void {
    if (this.#assembling === 0) return
    for (const actor of this.#actors.values()) {
      const run = actor.assembly
      if (run === null || run.touchedAt > before) continue
      if (next === "end" || (run.offsets.at(-1) ?? 0n) + 1n < next) this.#close(actor)
    }
  }

  /** Runs whose actor may have one more in flight, each actor's in order. `done` gives the place back. */
  *take(limit = Number.POSITIVE_INFINITY): Generator<Parcel> {
    let taken = 0
    for (const actor of this.#due) {
      while (actor.working < this.#runsInFlight) {
        if (taken >= limit) return
        const parcel = actor.ready.shift()
        if (parcel === undefined) break
        actor.working++
        this.#waiting--
        taken++
        yield parcel
      }
      this.#due.delete(actor)
    }
  }

  /** A run of the actor has ended. An actor without work is forgotten. */
  done(name: string): void {
    const actor = this.#actors.get(name)
    if (actor === undefined) return
    actor.working--
    if (actor.ready.length > 0) this.#due.add(actor)
    else if (actor.working === 0 && actor.assembly === null) this.#actors.delete(name)
  }

  /** Runs whose tail has not come yet. */
  get assembling(): number {
    return this.#assembling
  }

  /** Runs that wait for their turn. */
  get waiting(): number {
    return this.#waiting
  }

  #actor(name: string): Actor {
    const known = this.#actors.get(name)
    if (known !== undefined) return known
    const actor: Actor = { name, assembly: null, ready: [], working: 0 }
    this.#actors.set(name, actor)
    return actor
  }

  #close(actor: Actor): void {
    const run = actor.assembly
    if (run === null) return
    actor.assembly = null
    this.#assembling--
    this.#put(actor, {
      actor: actor.name,
      tenantId: run.tenantId,
      id: run.id,
      records: [...run.slots].sort(([a], [b]) => a - b).map(([, rec]) => rec),
      offsets: run.offsets,
      complete: run.slots.size >= run.size,
      bytes: run.bytes
    })
  }

  #put(actor: Actor, parcel: Parcel): void {
    actor.ready.push(parcel)
    this.#waiting++
    this.#due.add(actor)
  }
}

const single = (rec: Rec, address: Address): Parcel => ({
  actor: address.actor,
  tenantId: address.tenantId,
  id: address.eventId,
  records: [rec],
  offsets: [rec.offset],
  complete: true,
  bytes: bytesOf(rec)
})
