// Which part of a list a job asks for, part by part in its order, from a few of its pages: what is asked for may lie at one end
// of it. Pure. For Survey.ts and those who tell what is ahead.

/** What one page had. */
export interface Looked {
  readonly rows: number
  readonly taken: number
}

/** A stretch of a list. */
export interface Part {
  readonly rows: number
  /** Of these rows so much is asked for, by the pages that were looked at in and beside it. */
  readonly share: number
  /** Rows that were looked at in it. */
  readonly looked: number
}

export type Pages = ReadonlyMap<number, Looked>

/** So sure is nobody of what lies between two pages, even where they are alike. */
const doubt = 0.1
/** A stretch whose doubt is below this part of what is asked for is good enough. */
const enough = 0.02

const shareOf = ({ rows, taken }: Looked): number => (rows === 0 ? 0 : taken / rows)

interface Stretch {
  readonly from: number
  readonly to: number
  readonly first: Looked
  readonly last: Looked
}

/** Between each two pages that were looked at. */
const stretches = (pages: Pages): ReadonlyArray<Stretch> => {
  const known = [...pages].sort(([a], [b]) => a - b)
  return known.flatMap(([from, first], i) => {
    const next = known[i + 1]
    return next === undefined ? [] : [{ from, to: next[0], first, last: next[1] }]
  })
}

/** The page to look at next: in the middle of where least is known; null where enough is. */
export const nextPage = (pages: Pages): number | null => {
  const all = stretches(pages)
  const weightOf = ({ first, from, last, to }: Stretch): number =>
    (to - from - 1) * (Math.abs(shareOf(first) - shareOf(last)) + doubt)
  const wanted = all.reduce((n, s) => n + ((s.to - s.from) * (shareOf(s.first) + shareOf(s.last))) / 2, 0)
  const least = all.reduce<Stretch | null>((a, b) => (a !== null && weightOf(a) >= weightOf(b) ? a : b), null)
  if (least === null || least.to - least.from < 2 || weightOf(least) < enough * wanted) return null
  return Math.floor((least.from + least.to) / 2)
}

/** The list of so many rows in its order; stretches with the same share are one. */
export const partsOf = (rows: number, pageRows: number, pages: Pages): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  const add = (part: Part) => {
    const before = parts.at(-1)
    if (before === undefined || before.share !== part.share) parts.push(part)
    else parts.splice(-1, 1, { ...part, rows: before.rows + part.rows, looked: before.looked + part.looked })
  }
  for (const { first, from, last, to } of stretches(pages)) {
    const between = to - from - 1
    const share = (shareOf(first) + (between * (shareOf(first) + shareOf(last))) / 2) / (to - from)
    add({ rows: (to - from) * pageRows, share, looked: first.rows })
  }
  const end = [...pages].sort(([a], [b]) => a - b).at(-1)
  if (end !== undefined) {
    const left = rows - (end[0] - 1) * pageRows
    if (left > 0) add({ rows: left, share: shareOf(end[1]), looked: Math.min(end[1].rows, left) })
  }
  return parts
}

export const wantedIn = (parts: ReadonlyArray<Part>): number => parts.reduce((n, p) => n + p.rows * p.share, 0)
