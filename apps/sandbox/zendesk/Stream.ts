// Rows in the order of their last change, for the incremental exports: a long sorted past and a log of what happened since.
// A row that changes moves to the end; what it leaves behind is stale and skipped.

export type Entry = { readonly at: number; readonly id: number }

export type Stream = {
  /** `at` in unix seconds; the newest entry of an id counts. */
  readonly push: (at: number, id: number) => void
  /** Live entries after (at, id), at most `limit`, none later than `until`. */
  readonly after: (at: number, id: number, limit: number, until: number) => ReadonlyArray<Entry>
}

/** What existed before the account was started: index i has id i + 1 and a never falling time. */
export type Past = { readonly at: Int32Array }

export const makeStream = (past: Past = { at: new Int32Array() }): Stream => {
  const log: Array<Entry> = []
  const latest = new Map<number, Entry>()
  const old = past.at.length
  const entry = (position: number): Entry =>
    position < old ? { at: past.at[position] as number, id: position + 1 } : (log[position - old] as Entry)
  const live = (position: number, found: Entry): boolean => {
    const newest = latest.get(found.id)
    return position < old ? newest === undefined : newest === found
  }
  return {
    push: (at, id) => {
      const added: Entry = { at, id }
      latest.set(id, added)
      let position = log.length
      // Within one second rows stay in the order of their ids, so that a cursor of (second, id) is exact.
      while (position > 0 && isAfter(log[position - 1] as Entry, at, id)) position--
      log.splice(position, 0, added)
    },
    after: (at, id, limit, until) => {
      const found: Array<Entry> = []
      const length = old + log.length
      for (let position = firstAfter(entry, length, at, id); position < length && found.length < limit; position++) {
        const next = entry(position)
        if (next.at > until) break
        if (live(position, next)) found.push(next)
      }
      return found
    }
  }
}

const isAfter = (entry: Entry, at: number, id: number): boolean => entry.at > at || (entry.at === at && entry.id > id)

const firstAfter = (entry: (position: number) => Entry, length: number, at: number, id: number): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isAfter(entry(middle), at, id)) high = middle
    else low = middle + 1
  }
  return low
}
