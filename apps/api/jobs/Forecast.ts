// How long a job still takes: what is left to ask for, against the vendor's limits and the pace so far. Pure. For Estimate.ts.
// Under a limit the limit tells, from the first second on; without one, where something else is slower, or where more was let
// through than the limit allows, the pace does.
import type { Survey } from "@bridge/connectors/Survey"
import type { KnownLimit } from "@bridge/http/KnownLimits"
import { aheadOf, enough, type StreamFacts } from "./Ahead.ts"

/** What one part of a job still asks for and how long that takes; null where it is not known. */
export interface Leg {
  readonly calls: number | null
  readonly secondsLeft: number | null
  /** The budget that makes it as long; null where no limit does. */
  readonly limitedBy: string | null
}

/**
 * Under a limit the pace counts after so many windows, and where it is slower by so much: it begins with all that one window
 * allows, and moves by whole pages, which is a long time under a low limit.
 */
const windowsOfPace = 10
const slower = 1.25

/** Rows count with their whole page: of the one at hand, where each row takes calls, half is read already on the average. */
const atHand = (s: StreamFacts, rows: number): number =>
  s.millis === 0 || s.survey === null || s.survey.rowCalls === 0 ? 0 : Math.min(rows, s.survey.pageRows / 2)

type Credits = Readonly<Record<string, number>>

interface Load {
  readonly calls: number
  readonly credits: Credits
}

const sumOf = (parts: ReadonlyArray<readonly [from: Credits, times: number]>): Credits => {
  const sum: Record<string, number> = {}
  for (const [from, times] of parts)
    for (const [name, n] of Object.entries(from)) sum[name] = (sum[name] ?? 0) + n * times
  return sum
}

/** Calls that a stream's rows have needed beyond the plan. */
const beyondPlan = (s: StreamFacts, survey: Survey): number =>
  Math.max(0, s.calls - s.taken * survey.rowCalls - (s.taken + s.leftOut) / Math.max(1, survey.pageRows))

/** What a stream has asked for so far. */
const spentOf = (s: StreamFacts): Credits => {
  const { survey } = s
  if (survey === null) return { account: s.calls }
  const pages = survey.pageRows === 0 ? 0 : (s.taken + s.leftOut) / survey.pageRows
  return sumOf([
    [survey.page, pages],
    [survey.row, s.taken],
    [{ account: 1 }, beyondPlan(s, survey)]
  ])
}

/** Everything a stream still asks for, corrected by what its rows have needed so far. */
const loadOf = (s: StreamFacts): Load | null => {
  const { listed, rows } = aheadOf(s)
  const { survey } = s
  if (listed === null || rows === null) return null
  if (survey === null) return { calls: 0, credits: {} }
  const pages = survey.pageRows === 0 ? 0 : listed / survey.pageRows
  const more = s.taken < enough ? 0 : beyondPlan(s, survey) / s.taken
  const left = rows - atHand(s, rows)
  const credits = sumOf([
    [survey.page, pages],
    [survey.row, left],
    [{ account: more }, left]
  ])
  return { calls: pages + left * (survey.rowCalls + more), credits }
}

export const extractionLeft = (streams: ReadonlyArray<StreamFacts>, limits: ReadonlyArray<KnownLimit>): Leg => {
  const open = streams.filter((s) => !s.ended)
  const loads = open.map(loadOf)
  if (loads.some((load) => load === null)) return { calls: null, secondsLeft: null, limitedBy: null }
  const slowest = underLimits(sumOf(loads.map((load) => [load?.credits ?? {}, 1])), holding(limits, spendings(streams)))
  const paced = Math.max(0, ...open.map((s) => pacedMillis(s, slowest.windowMillis)))
  const calls = Math.round(loads.reduce((sum, load) => sum + (load?.calls ?? 0), 0))
  const unknown = limits.length === 0 && open.some((s) => s.millis === 0 && aheadOf(s).rows !== 0)
  return unknown ? { calls, secondsLeft: null, limitedBy: null } : legOf(calls, slowest, paced)
}

/** Those that are read now were read together; when those that have ended were is not known. */
const spendings = (streams: ReadonlyArray<StreamFacts>): ReadonlyArray<Spent> => {
  const open = streams.filter((s) => !s.ended && s.millis > 0)
  const alone = streams.filter((s) => s.ended).map((s) => ({ credits: spentOf(s), millis: s.millis }))
  const together = sumOf(open.map((s) => [spentOf(s), 1]))
  return [{ credits: together, millis: Math.max(0, ...open.map(({ millis }) => millis)) }, ...alone]
}

const legOf = (calls: number, slowest: Slowest, pacedMillis: number): Leg => {
  const limited = slowest.millis > 0 && pacedMillis <= slowest.millis * slower
  return {
    calls,
    secondsLeft: Math.ceil((limited ? slowest.millis : Math.max(slowest.millis, pacedMillis)) / 1000),
    limitedBy: limited ? slowest.budget : null
  }
}

const pacedMillis = (s: StreamFacts, windowMillis: number): number => {
  const { rows } = aheadOf(s)
  if (rows === null || s.taken === 0 || s.millis < windowMillis * windowsOfPace) return 0
  const half = atHand(s, rows)
  return ((rows - half) * s.millis) / (s.taken + half)
}

interface Slowest {
  readonly budget: string | null
  readonly millis: number
  readonly windowMillis: number
}

/** A limit, and whether the vendor has kept to it. */
type Held = KnownLimit & { readonly holds: boolean }

interface Spent {
  readonly credits: Credits
  readonly millis: number
}

/**
 * A vendor that lets through more than a limit allows has another one: the same with windows as short as what was let through
 * makes them. Two windows beside those that have gone by may have been used: that which was under way, and that which is.
 */
const holding = (limits: ReadonlyArray<KnownLimit>, spent: ReadonlyArray<Spent>): ReadonlyArray<Held> =>
  limits.map((limit): Held => {
    const windows = spent.flatMap(({ credits, millis }) => {
      const used = credits[limit.budget] ?? 0
      const within = millis === 0 || used <= limit.limit * (2 + millis / limit.windowMillis) * slower
      return within ? [] : [(limit.limit * millis) / used]
    })
    return windows.length === 0
      ? { ...limit, holds: true }
      : { ...limit, windowMillis: Math.min(...windows), window: null, holds: false }
  })

/** The budget that takes longest. */
const underLimits = (credits: Credits, limits: ReadonlyArray<Held>): Slowest =>
  limits.reduce<Slowest>(
    (slowest, limit) => {
      const { budget, holds, windowMillis } = limit
      const millis = millisOf(credits[budget] ?? 0, limit)
      return millis > slowest.millis ? { budget: holds ? budget : null, millis, windowMillis } : slowest
    },
    { budget: null, millis: 0, windowMillis: 0 }
  )

/** A window allows all of its calls at once: what is left in this one costs no time, and the last one is not waited out. */
const millisOf = (credits: number, { limit, window, windowMillis }: KnownLimit): number => {
  const now = window?.left ?? limit
  if (credits <= now) return 0
  const windows = Math.ceil((credits - now) / limit)
  return (window?.millis ?? windowMillis) + (windows - 1) * windowMillis
}

/** Records of one entity that are written, and how many go into one call. */
export interface Writes {
  readonly records: number
  readonly done: number
  readonly perCall: number
}

export const loadingLeft = (writes: ReadonlyArray<Writes>, millis: number, limits: ReadonlyArray<KnownLimit>): Leg => {
  const sum = (of: (w: Writes) => number) => writes.reduce((n, w) => n + of(w) / w.perCall, 0)
  const [all, done] = [sum((w) => w.records), sum((w) => Math.min(w.done, w.records))]
  const calls = Math.ceil(all - done)
  const slowest = underLimits({ account: calls }, holding(limits, [{ credits: { account: done }, millis }]))
  if (calls > 0 && limits.length === 0 && millis === 0) return { calls, secondsLeft: null, limitedBy: null }
  return legOf(calls, slowest, done === 0 ? 0 : ((all - done) * millis) / done)
}
