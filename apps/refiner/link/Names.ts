// Names that a destination would take for one: all but the first get a suffix. Pure.
// For Settle.ts. What does not belong here: how names are compared (resolve/Identity.ts).
import { matchKey } from "@bridge/mapping/resolve/Identity"

export interface Named {
  readonly sourceId: string
  /** Of the destination body. */
  readonly name: string
  readonly order: number
}

export interface Renamed {
  readonly sourceId: string
  readonly from: string
  readonly to: string
  /** Who keeps the name. */
  readonly keeps: string
}

/**
 * The clashing ones with their new names, `all` with the names that are taken. The lowest keeps its name; a suffixed name
 * that is taken as well is numbered. The same whatever the order of `all`.
 */
export const rename = (all: ReadonlyArray<Named>, suffix: string): ReadonlyArray<Renamed> => {
  const sorted = all.toSorted((a, b) => a.order - b.order)
  const keeper = new Map<string, string>()
  for (const { name, sourceId } of sorted) if (!keeper.has(keyOf(name))) keeper.set(keyOf(name), sourceId)
  const taken = new Set(keeper.keys())
  return sorted.flatMap(({ name, sourceId }) => {
    const keeps = keeper.get(keyOf(name))
    if (keeps === undefined || keeps === sourceId) return []
    const first = name.trimEnd() + suffix.replaceAll("{id}", sourceId)
    let to = first
    for (let n = 2; taken.has(keyOf(to)); n++) to = `${first} ${n}`
    taken.add(keyOf(to))
    return [{ sourceId, from: name, to, keeps }]
  })
}

const keyOf = (name: string): string => matchKey("department", { name }) ?? ""
