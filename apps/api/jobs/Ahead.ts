// What is ahead of a stream: from what was counted of it, part by part, and what was read of it. Pure. For Forecast.ts.
import type { Part } from "@bridge/connectors/Shares"
import type { Survey } from "@bridge/connectors/Survey"

export interface StreamFacts {
  readonly stream: string
  readonly entity: string
  readonly ended: boolean
  readonly taken: number
  readonly leftOut: number
  readonly calls: number
  /** In which it was worked on what was taken (Worked.ts). */
  readonly millis: number
  readonly survey: Survey | null
  /** Most rows still to be taken. */
  readonly most: number
}

export interface Ahead {
  /** Rows of the lists still to be looked at, and to be taken; null where that is not known. */
  readonly listed: number | null
  readonly rows: number | null
}

/** What was read is believed once it is enough. */
export const enough = 100
/** Two shares differ where chance alone would seldom part them so far. */
const deviations = 2
/** What is there while it is read may be more than was counted by this part of it, and by a page. */
const growth = 0.02
const page = 100

const unknown: Ahead = { listed: null, rows: null }

export const aheadOf = (s: StreamFacts): Ahead => {
  if (s.ended) return { listed: 0, rows: 0 }
  const total = s.survey?.rows ?? null
  if (s.survey === null || total === null || overrun(s)) return unknown
  const { parts = [{ rows: total, share: s.survey.share, looked: 0 }] } = s.survey
  const behind = after(parts, s.taken + s.leftOut)
  const corrected = correction(s, behind)
  let [listed, rows] = [0, 0]
  for (const part of behind) {
    const share = corrected(part.share)
    const wanted = part.rows * share
    if (rows + wanted > s.most) return { listed: Math.ceil(listed + (s.most - rows) / share), rows: s.most }
    listed += part.rows
    rows += wanted
  }
  return { listed: Math.round(listed), rows: Math.min(Math.round(rows), s.most) }
}

/** More was read than was counted: how much more there is nobody knows. Behind a time a list is read for two pages at most. */
export const overrun = ({ ended, leftOut, survey, taken }: StreamFacts): boolean => {
  if (ended || survey === null || survey.rows === null) return false
  const pages = survey.parts === undefined ? 1 : 2 * (survey.lists ?? 1)
  return taken + leftOut > survey.rows * (1 + growth) + pages * Math.max(page, survey.pageRows)
}

/** What is left of the parts behind so many rows. */
const after = (parts: ReadonlyArray<Part>, seen: number): ReadonlyArray<Part> => {
  let skip = seen
  return parts.flatMap((part) => {
    const gone = Math.min(skip, part.rows)
    skip -= gone
    const left = part.rows - gone
    return left <= 0 ? [] : [{ ...part, rows: left, looked: (part.looked * left) / part.rows }]
  })
}

/**
 * Where what was read had the share that is ahead, as far as anybody can tell, both tell it together; else only what is ahead
 * does.
 */
const correction = ({ leftOut, taken }: StreamFacts, behind: ReadonlyArray<Part>): ((share: number) => number) => {
  const seen = taken + leftOut
  const sum = (of: (part: Part) => number) => behind.reduce((n, part) => n + of(part), 0)
  const listed = sum((part) => part.rows)
  if (seen < enough || listed === 0) return (share) => share
  const ahead = sum((part) => part.rows * part.share) / listed
  const looked = sum((part) => part.looked)
  const both = (taken + looked * ahead) / (seen + looked)
  const chance = looked === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(both * (1 - both) * (1 / seen + 1 / looked))
  if (Math.abs(taken / seen - ahead) > deviations * chance) return (share) => share
  return (share) => (ahead === 0 ? both : Math.min(1, (share * both) / ahead))
}
