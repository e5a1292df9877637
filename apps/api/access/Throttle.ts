// Failed logins per name and per address in a sliding window: after ten, wait. For Sessions; each instance counts for itself.

const limit = 10
const windowMillis = 15 * 60_000
const most = 10_000

export interface Throttle {
  /** Milliseconds until the next try is allowed; 0 when it is. */
  readonly waitMillis: (keys: ReadonlyArray<string>, nowMillis: number) => number
  /** Counts before the outcome is known: a thousand at once are no more tries than one by one. */
  readonly tried: (keys: ReadonlyArray<string>, nowMillis: number) => void
  /** It was no failure: takes back one try of that moment. */
  readonly undone: (keys: ReadonlyArray<string>, atMillis: number) => void
  readonly forget: (key: string) => void
}

/** `perKey` overrides the ten tries for keys that many people share (an address). */
export const makeThrottle = (perKey: (key: string) => number = () => limit): Throttle => {
  const failures = new Map<string, Array<number>>()
  const recent = (key: string, now: number): ReadonlyArray<number> =>
    (failures.get(key) ?? []).filter((at) => at > now - windowMillis)
  return {
    waitMillis: (keys, now) =>
      Math.max(
        0,
        ...keys.map((key) => {
          const at = recent(key, now)
          const oldest = at[at.length - perKey(key)]
          return oldest === undefined ? 0 : oldest + windowMillis - now
        })
      ),
    tried: (keys, now) => {
      for (const key of keys) {
        const before = recent(key, now)
        // Set anew, so that the map is ordered by the last try: whoever tries now pushes out the oldest.
        failures.delete(key)
        failures.set(key, [...before, now].slice(-100))
      }
      for (const key of failures.keys()) {
        if (failures.size <= most) break
        failures.delete(key)
      }
    },
    undone: (keys, at) => {
      for (const key of keys) {
        const tries = failures.get(key) ?? []
        if (tries.includes(at)) failures.set(key, tries.toSpliced(tries.indexOf(at), 1))
      }
    },
    forget: (key) => {
      failures.delete(key)
    }
  }
}
