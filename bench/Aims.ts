// What each figure of a benchmark must reach, and which do not. Pure; the aims themselves stand with their benchmarks.
import { thousands } from "./Figures.ts"

/** How fast a bare loop is on this machine, and how fast it is where an aim was set: records per second. */
export interface Floor {
  readonly is: number
  readonly expected: number
}

/** A figure and its bound, both in `unit`. */
export interface Aim {
  readonly what: string
  readonly unit: string
  readonly figure: number
  readonly is: "at least" | "at most"
  readonly bound: number
  /** A slower machine is asked for as much less; a faster one for no more. Without it the bound holds everywhere. */
  readonly floor?: Floor
}

/** What a benchmark has to say: a text for people, its aims, and its figures for programs where it has them. */
export interface Outcome {
  readonly text: string
  readonly aims: ReadonlyArray<Aim>
  readonly json?: object
}

export const atLeast = (what: string, figure: number, bound: number, unit: string, floor?: Floor): Aim => ({
  what,
  unit,
  figure,
  is: "at least",
  bound,
  ...(floor !== undefined && { floor })
})

export const atMost = (what: string, figure: number, bound: number, unit: string, floor?: Floor): Aim => ({
  ...atLeast(what, figure, bound, unit, floor),
  is: "at most"
})

/** The bound on this machine. */
const boundHere = ({ bound, floor, is }: Aim): number => {
  if (floor === undefined) return bound
  const share = Math.min(1, floor.is / floor.expected)
  return is === "at least" ? bound * share : bound / share
}

/** A figure that is no number is short of every aim. */
export const isMet = (aim: Aim): boolean =>
  aim.is === "at least" ? aim.figure >= boundHere(aim) : aim.figure <= boundHere(aim)

export const shortOf = (aims: ReadonlyArray<Aim>): ReadonlyArray<Aim> => aims.filter((aim) => !isMet(aim))

const spelled = (value: number): string => (Math.abs(value) < 100 ? String(Number(value.toFixed(2))) : thousands(value))

const line = (aim: Aim): string => {
  const { bound, figure, floor, is, unit, what } = aim
  const here = `  ${what}: ${spelled(figure)} ${unit}, ${is} ${spelled(boundHere(aim))} wanted`
  if (floor === undefined || floor.is >= floor.expected) return here
  return `${here} here (${spelled(bound)} where the floor is ${thousands(floor.expected)})`
}

/** How many are met, and a line for each that is not. */
export const verdict = (aims: ReadonlyArray<Aim>): string => {
  const short = shortOf(aims)
  const counted = `${aims.length - short.length} of ${aims.length} aims met`
  return [short.length === 0 ? counted : `${counted}, short of:`, ...short.map(line), ""].join("\n")
}
