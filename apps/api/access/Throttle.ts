// Failed logins per name and per address in a sliding window: after ten, wait. For Sessions; each instance counts for itself.

const limit = 10
const windowMillis = 15 * 60_000
const most = 10_000

export interface Throttle {
  /** Milliseconds until the next try is allowed; 0 when it is. */
  readonly waitMillis: (keys: ReadonlyArray<string>, nowMillis: number) => number
  readonly failed: (keys: ReadonlyArray<string>, nowMillis: number) => void
  readonly succeeded: (keys: ReadonlyArray<string>) => void
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
    failed: (keys, now) => {
      if (failures.size > most) failures.clear()
      for (const key of keys) failures.set(key, [...recent(key, now), now].slice(-100))
    },
    succeeded: (keys) => {
      for (const key of keys) failures.delete(key)
    }
  }
}
