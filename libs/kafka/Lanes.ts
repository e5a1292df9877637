// Keeps tasks that share a key in the order in which they were started, one at a time. For ProducerLive.ts.
// What does not belong here: Kafka.

/**
 * A task holds all its keys from the moment it is enqueued; tasks without a common key run side by side. Every task waits
 * only for tasks enqueued before it, so none can wait for itself.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>()

  run<A>(keys: ReadonlyArray<string>, task: () => Promise<A>): Promise<A> {
    const before = keys.flatMap((key) => this.#tails.get(key) ?? [])
    const result = before.length === 0 ? task() : Promise.all(before).then(task)
    const tail = result.then(ignore, ignore).then(() => {
      for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    for (const key of keys) this.#tails.set(key, tail)
    return result
  }

  get size(): number {
    return this.#tails.size
  }
}

const ignore = (): void => {}
