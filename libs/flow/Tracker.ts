// How far a partition is done: the low watermark and what is finished above it. For the runtime's sessions.
// What does not belong here: where it is kept (Offsets.ts), what the records are.

/** Offsets arrive in delivery order, finish in any order; gaps (compaction, control records) are normal. */
export class Tracker {
  readonly #queue: Array<bigint> = []
  readonly #done = new Set<bigint>()
  #head = 0
  #next: bigint
  readonly #before: Set<bigint>
  #changes = 0

  /** `start` is the lowest offset not known to be finished, `before` what was finished above it before the last restart. */
  constructor(start: bigint, before: ReadonlySet<bigint> = new Set()) {
    this.#next = start
    this.#before = new Set(before)
  }

  /** `work`: handle it and `complete` it. `done`: finished before the restart. `duplicate`: delivered already. */
  accept(offset: bigint): "work" | "done" | "duplicate" {
    if (offset < this.#next) return "duplicate"
    this.#changes++
    this.#next = offset + 1n
    this.#queue.push(offset)
    if (!this.#before.delete(offset)) return "work"
    this.complete(offset)
    return "done"
  }

  complete(offset: bigint): void {
    this.#changes++
    this.#done.add(offset)
    for (let o = this.#queue[this.#head]; o !== undefined && this.#done.delete(o); o = this.#queue[this.#head]) {
      this.#head++
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Everything below is finished. */
  get low(): bigint {
    return this.#queue[this.#head] ?? this.#next
  }

  /** The lowest offset never delivered. */
  get next(): bigint {
    return this.#next
  }

  /** Another number means that something was accepted or completed since. */
  get changes(): number {
    return this.#changes
  }

  /** Delivered and not finished. */
  get open(): number {
    return this.#queue.length - this.#head - this.#done.size
  }

  /** What is finished above `low`, as text for `decodeAhead`. */
  get ahead(): string {
    return encodeAhead(this.low, [...this.#done, ...this.#before])
  }
}

/** Run lengths of finished offsets, base 36, each start relative to the end of the run before. */
export const encodeAhead = (low: bigint, offsets: ReadonlyArray<bigint>): string => {
  const runs: Array<[start: bigint, length: bigint]> = []
  for (const o of [...offsets].sort((a, b) => (a < b ? -1 : 1))) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] + last[1] === o) last[1]++
    else runs.push([o, 1n])
  }
  let end = low
  const parts = runs.map(([start, length]) => {
    const gap = start - end
    end = start + length
    return `${gap.toString(36)}.${length.toString(36)}`
  })
  return `b1:${parts.join(",")}`
}

/** Unknown or damaged text means more redelivery, never loss. */
export const decodeAhead = (low: bigint, text: string): Set<bigint> => {
  const out = new Set<bigint>()
  if (!/^b1:([0-9a-z]+\.[0-9a-z]+(,|$))*$/.test(text)) return out
  let end = low
  for (const run of text
    .slice(3)
    .split(",")
    .filter((r) => r !== "")) {
    const [gap = "0", length = "0"] = run.split(".")
    const start = end + BigInt(parseInt(gap, 36))
    end = start + BigInt(parseInt(length, 36))
    for (let o = start; o < end; o++) out.add(o)
  }
  return out
}
