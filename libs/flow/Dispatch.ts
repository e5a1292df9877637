// Records in, runs out: admission bounded in bytes, and every run started as soon as its actor and a permit allow.
// For Session.ts. What does not belong here: the group and its assignments, what a run does (Work.ts).
import type { ConsumerSession, Rec } from "@bridge/kafka/Broker"
import { Effect, type Exit, type Fiber } from "effect"
import type { SqlClient } from "effect/sql"
import { isTenant, nobody } from "./DeadLetters.ts"
import { header } from "./Envelope.ts"
import { markAlone } from "./Fences.ts"
import type { Held } from "./Held.ts"
import { bytesOf, type Parcel } from "./Mailboxes.ts"
import { Permits } from "./Permits.ts"
import { unaddressable } from "./Retry.ts"
import type { Stage } from "./Stage.ts"
import { Tiers } from "./Tiers.ts"
import { type Desk, type Fate, work } from "./Work.ts"

type Job<R> = Effect.Effect<Fate, unknown, R | SqlClient.SqlClient>

export interface DispatchOptions<R> {
  readonly stage: Stage<R>
  readonly group: string
  readonly gravePartition: (tenantId: string) => number
  readonly fork: (job: Job<R>) => Fiber.Fiber<Fate, unknown>
  readonly now: () => number
}

export class Dispatch<R> {
  readonly permits: Permits
  /** Can be asked to pause; records may come before `open` has returned it. */
  client: ConsumerSession | undefined
  readonly #options: DispatchOptions<R>
  readonly #desk: Desk<R>
  readonly #helds = new Map<string, Held>()
  #total = 0
  #working = 0
  #draining = false
  /** When a run last ended or showed that it is alive. */
  movedAt: number

  constructor(options: DispatchOptions<R>) {
    const { gravePartition, group, now, stage } = options
    this.#options = options
    const tiers = new Tiers()
    this.permits = new Permits(stage.permits, tiers.weight)
    this.movedAt = now()
    const alive = () => {
      this.movedAt = now()
    }
    this.#desk = { stage, group, permits: this.permits, tiers, gravePartition, alive, draining: () => this.#draining }
  }

  get helds(): ReadonlyArray<Held> {
    return [...this.#helds.values()]
  }
  get openBytes(): number {
    return this.#total
  }
  get working(): number {
    return this.#working
  }

  has(topic: string, partition: number): boolean {
    return this.#helds.has(`${topic}/${partition}`)
  }

  gain(held: Held): void {
    this.#helds.set(held.name, held)
  }

  /** From now on nothing of it is started, finished or saved; its fibers are the caller's to end. */
  lose(held: Held): void {
    held.gone = true
    this.#helds.delete(held.name)
    this.#total -= held.bytes
  }

  /** No run starts any more; those in flight may end. */
  drain(): void {
    this.#draining = true
    this.permits.close()
  }

  /** Called outside any fiber, for every fetch: quick, and it never does the work. */
  readonly onRecords = (topic: string, partition: number, records: ReadonlyArray<Rec>): void => {
    const held = this.#helds.get(`${topic}/${partition}`)
    if (held === undefined || held.gone || this.#draining) return
    const { bytes, lost } = held.admit(records, this.#options.stage.address, this.#options.now())
    this.#total += bytes
    for (const { defect, rec } of lost) this.#discard(held, rec, defect)
    this.start()
    this.#flow(held)
  }

  /** Starts every run that may start. A partition over which the process died again and again works alone for one run. */
  start(): void {
    if (this.#draining) return
    const suspect = this.helds.find((h) => h.attempts >= 3 && !h.gone && h.open > 0)
    if (suspect !== undefined) {
      if (this.#working === 0) for (const parcel of suspect.mail.take(1)) this.#begin(suspect, parcel)
      return
    }
    for (const held of this.#helds.values()) {
      if (held.gone || held.mail.waiting === 0) continue
      for (const parcel of held.mail.take()) this.#begin(held, parcel)
    }
  }

  #begin(held: Held, parcel: Parcel): void {
    const turn = held.chains.next(parcel.actor)
    const alone = held.attempts >= 3
    const job = work(this.#desk, held, parcel, turn)
    this.#run(held, parcel, alone ? Effect.andThen(markAlone(this.#options.group, held), job) : job, () => {
      if (alone) held.attempts = 0
      held.chains.end(parcel.actor, turn)
      held.mail.done(parcel.actor)
    })
  }

  #run(held: Held, parcel: Parcel, job: Job<R>, after: () => void): void {
    this.#working++
    const fiber = this.#options.fork(job)
    held.fibers.add(fiber)
    fiber.addObserver((exit) => {
      held.fibers.delete(fiber)
      this.#working--
      after()
      this.#ended(held, parcel, exit)
    })
  }

  #ended(held: Held, parcel: Parcel, exit: Exit.Exit<Fate, unknown>): void {
    this.movedAt = this.#options.now()
    if (!held.gone) {
      held.bytes -= parcel.bytes
      this.#total -= parcel.bytes
      if (exit._tag === "Success" && exit.value === "finished") held.finish(parcel)
    }
    this.start()
    for (const other of this.#helds.values()) if (other.paused) this.#flow(other)
  }

  /** Fetching stops while too much is undone, but only while something is open that will end: it must go on by itself. */
  #flow(held: Held): void {
    const { maxBytes, maxPartitionBytes } = this.#options.stage
    const busy = this.#working > 0
    if (!held.paused) {
      const over = (held.bytes > maxPartitionBytes && held.open > 0) || (this.#total > maxBytes && busy)
      if (!over) return
      held.paused = true
      this.client?.pause(held.topic, held.partition)
      return
    }
    const under = held.bytes < maxPartitionBytes / 2 || held.open === 0
    if (!under || (this.#total > maxBytes * 0.9 && busy)) return
    held.paused = false
    held.readAt = this.#options.now()
    this.client?.resume(held.topic, held.partition)
  }

  /** Becomes a dead letter: without an address nobody can handle it. */
  #discard(held: Held, rec: Rec, defect: unknown): void {
    const { stage } = this.#options
    const said = header(rec, "bridge_tenant") ?? ""
    const parcel: Parcel = {
      actor: `?${rec.offset}`,
      tenantId: isTenant(said) ? said : nobody,
      id: `${held.name}/${rec.offset}`,
      records: [rec],
      offsets: [rec.offset],
      complete: true,
      bytes: bytesOf(rec)
    }
    const { onPoison: _, ...rest } = stage
    const refusing: Stage<R> = { ...rest, handle: () => Effect.fail(unaddressable(stage.stage, defect)) }
    const turn = held.chains.next(parcel.actor)
    this.#run(held, parcel, work({ ...this.#desk, stage: refusing }, held, parcel, turn), () =>
      held.chains.end(parcel.actor, turn)
    )
  }
}
