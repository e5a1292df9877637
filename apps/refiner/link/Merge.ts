// Which people are one: those with one id of the vendor or one address, and whoever they are one with. Pure.
// For Settle.ts. What does not belong here: the key itself (resolve/Identity.ts).

/** `order` ranks the records of the job: the lowest of a group stays. */
export interface Candidate {
  readonly sourceId: string
  readonly nativeId: string
  readonly matchKey: string | null
  readonly role: string | null
  readonly order: number
}

export interface Merged {
  readonly winner: Candidate
  /** In their order. */
  readonly losers: ReadonlyArray<Candidate>
  /** The winner takes the highest role of all: an agent's tickets need an agent. */
  readonly role: string | null
}

/** Groups of two and more; the same whatever the order of `candidates`. */
export const merge = (candidates: ReadonlyArray<Candidate>): ReadonlyArray<Merged> => {
  const parent = candidates.map((_, i) => i)
  const root = (i: number): number => {
    let at = i
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number
      at = parent[at] as number
    }
    return at
  }
  const first = new Map<string, number>()
  const join = (key: string, i: number): void => {
    const before = first.get(key)
    if (before === undefined) first.set(key, i)
    else parent[root(i)] = root(before)
  }
  candidates.forEach(({ matchKey, nativeId }, i) => {
    join(`id ${nativeId}`, i)
    if (matchKey !== null) join(`key ${matchKey}`, i)
  })
  const groups = new Map<number, Array<Candidate>>()
  candidates.forEach((candidate, i) => {
    const at = root(i)
    const group = groups.get(at)
    if (group === undefined) groups.set(at, [candidate])
    else group.push(candidate)
  })
  return [...groups.values()]
    .flatMap((group) => (group.length < 2 ? [] : [merged(group)]))
    .toSorted((a, b) => a.winner.order - b.winner.order)
}

const merged = (group: ReadonlyArray<Candidate>): Merged => {
  const [winner, ...losers] = group.toSorted((a, b) => a.order - b.order) as [Candidate, ...ReadonlyArray<Candidate>]
  return { winner, losers, role: roles.find((role) => group.some((one) => one.role === role)) ?? winner.role }
}

/** Highest first. */
const roles = ["admin", "agent"]
