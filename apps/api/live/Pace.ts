// Rates and times left, from snapshots over the last ten seconds. Pure. For Watch.ts.
import type { JobProgress } from "@bridge/contract/Live"
import { isFinal } from "@bridge/domain/Jobs"
import type { Standing } from "./Snapshot.ts"

type Entity = Standing["entities"][number]

const windowMillis = 10_000

/** Snapshots that still count, oldest first. One that starts the window over (another state) drops what came before. */
export const remember = (before: ReadonlyArray<Standing>, now: Standing): ReadonlyArray<Standing> => {
  const since = Date.parse(now.at) - windowMillis
  const same = before.filter((s) => s.state === now.state && s.revision === now.revision)
  const inside = same.filter((s) => Date.parse(s.at) >= since)
  // The last one before the window stays, so that a slow job has two points to measure between.
  const edge = same.filter((s) => Date.parse(s.at) < since).at(-1)
  return [...(edge === undefined ? [] : [edge]), ...inside, now]
}

/** The newest snapshot with the pace that the remembered ones show. */
export const paced = (remembered: ReadonlyArray<Standing>): JobProgress | undefined => {
  const [first, last] = [remembered[0], remembered.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const seconds = (Date.parse(last.at) - Date.parse(first.at)) / 1000
  return {
    ...last,
    entities: last.entities.map((e) => {
      const earlier = first.entities.find((f) => f.entity === e.entity)
      const rate =
        seconds <= 0 || earlier === undefined ? 0 : Math.max(0, (done(last, e) - done(last, earlier)) / seconds)
      return { ...e, rate: Math.round(rate * 10) / 10, secondsLeft: secondsLeft(last, e, rate) }
    })
  }
}

/** What moves in this state: records read and archived, or written. */
const done = (s: Standing, e: Entity): number => (s.state === "loading" ? e.loaded + e.failed : e.archived)

const secondsLeft = (s: Standing, e: Entity, rate: number): number | null => {
  const total = s.state === "loading" ? e.approved : e.expected
  if (isFinal(s.state) || total === null) return null
  const left = Math.max(0, total - done(s, e))
  if (left === 0) return 0
  return rate <= 0 ? null : Math.ceil(left / rate)
}
