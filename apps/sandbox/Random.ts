// Seeded randomness for the corpus: the same seed and place always give the same value, in any order of asking.
// One short stream per (seed, place, index); nothing here knows what is generated.

export type Random = {
  /** A float in [0, 1). */
  readonly next: () => number
  /** An integer in [0, bound). */
  readonly below: (bound: number) => number
  /** An integer in [from, to], both included. */
  readonly between: (from: number, to: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(values: ReadonlyArray<A>) => A
}

const mix = (value: number): number => {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}

/** A 32-bit number for a text, so that seeds may be words and places may have names. */
export const hashText = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

/** One draw for (seed, place, index) without making a stream. */
export const draw = (seed: number, place: number, index: number): number =>
  (mix(mix(mix(seed) ^ place) ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0) / 0x1_0000_0000

/** Mulberry32 begun at (seed, place, index). */
export const random = (seed: number, place: number, index: number): Random => {
  let state = mix(mix(mix(seed) ^ place) ^ Math.imul(index + 1, 0x9e3779b1))
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    below,
    between: (from, to) => from + below(to - from + 1),
    chance: (probability) => next() < probability,
    pick: <A>(values: ReadonlyArray<A>): A => values[below(values.length)] as A
  }
}

/** Named places, so that two kinds of row never share a stream. */
export const places = {
  category: hashText("category"),
  created: hashText("created"),
  updated: hashText("updated"),
  facts: hashText("facts"),
  words: hashText("words"),
  shuffle: hashText("shuffle"),
  conversation: hashText("conversation"),
  person: hashText("person"),
  group: hashText("group"),
  department: hashText("department"),
  location: hashText("location"),
  asset: hashText("asset"),
  relationship: hashText("relationship"),
  problem: hashText("problem"),
  change: hashText("change"),
  note: hashText("note"),
  link: hashText("link"),
  attachment: hashText("attachment"),
  item: hashText("item"),
  zendesk: hashText("zendesk"),
  faults: hashText("faults")
} as const
