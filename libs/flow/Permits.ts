// Who may work next: a fixed number of permits handed round the tenants, never first come first served (promise 5).
// What does not belong here: fibers and effects; a grant is a plain callback.

interface Waiting {
  readonly actor: string
  readonly cost: number
  readonly granted: () => void
}

interface Lane {
  readonly tenantId: string
  readonly queue: Array<Waiting>
  deficit: number
  /** Its weight was added in this turn. */
  fed: boolean
}

/** Deficit round robin: a turn adds the tenant's weight to its account once and grants runs as long as it pays for them. */
export class Permits {
  #free: number
  #held = 0
  #closed = false
  readonly #weight: (tenantId: string) => number
  readonly #lanes = new Map<string, Lane>()
  /** Tenants with waiting runs, in turn; the first is the one whose turn it is. */
  readonly #round: Array<Lane> = []

  constructor(count: number, weight: (tenantId: string) => number = () => 1) {
    this.#free = count
    this.#weight = weight
  }

  /** Calls `granted` at once or later; returns how to give up waiting. Granted permits go back by `release`. */
  request(tenantId: string, actor: string, cost: number, granted: () => void): () => void {
    const waiting: Waiting = { actor, cost, granted }
    let lane = this.#lanes.get(tenantId)
    if (lane === undefined) {
      lane = { tenantId, queue: [], deficit: 0, fed: false }
      this.#lanes.set(tenantId, lane)
      this.#round.push(lane)
    }
    lane.queue.push(waiting)
    this.#grant()
    return () => this.#withdraw(tenantId, waiting)
  }

  release(): void {
    this.#held--
    this.#free++
    this.#grant()
  }

  /** From now on nothing is granted; what is held may finish. */
  close(): void {
    this.#closed = true
  }

  get held(): number {
    return this.#held
  }

  /** True when an actor other than this one waits. */
  crowded(actor: string): boolean {
    return this.#round.some((lane) => lane.queue.some((w) => w.actor !== actor))
  }

  #grant(): void {
    while (this.#free > 0 && !this.#closed && this.#round.length > 0) {
      const next = this.#next()
      this.#free--
      this.#held++
      next.granted()
    }
  }

  /** Takes the next waiting run in the round. Only called when there is one. */
  #next(): Waiting {
    for (;;) {
      const lane = this.#round[0] as Lane
      const first = lane.queue[0] as Waiting
      if (!lane.fed) lane.deficit += Math.max(this.#weight(lane.tenantId), 0.01)
      lane.fed = true
      if (lane.deficit < first.cost) {
        this.#turn(lane)
        continue
      }
      lane.deficit -= first.cost
      lane.queue.shift()
      if (lane.queue.length === 0) this.#leave(lane)
      return first
    }
  }

  #turn(lane: Lane): void {
    lane.fed = false
    this.#round.push(this.#round.shift() as Lane)
  }

  #leave(lane: Lane): void {
    this.#lanes.delete(lane.tenantId)
    const at = this.#round.indexOf(lane)
    if (at >= 0) this.#round.splice(at, 1)
  }

  #withdraw(tenantId: string, waiting: Waiting): void {
    const lane = this.#lanes.get(tenantId)
    const at = lane?.queue.indexOf(waiting) ?? -1
    if (lane === undefined || at < 0) return
    lane.queue.splice(at, 1)
    if (lane.queue.length === 0) this.#leave(lane)
  }
}
