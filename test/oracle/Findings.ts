// What the comparison finds: counts per entity, and a readable line for each. For every part of the oracle.

export const entityNames = [
  "ticket",
  "comment",
  "attachment",
  "person",
  "group",
  "group-member",
  "department",
  "asset-type",
  "asset",
  "problem",
  "change",
  "location",
  "relation",
  "custom-field"
] as const
export type EntityName = (typeof entityNames)[number]

export interface Found {
  /** Distinct source ids. */
  source: number
  /** Source ids that the documented rules leave out, and those that must fail. */
  excluded: number
  failed: number
  missing: number
  doubled: number
  changed: number
}

const mostLines = 2_000
const shown = (value: unknown): string => {
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? "nothing")
  return text.length <= 160 ? text : `${text.slice(0, 150)}... (${text.length} characters)`
}

export class Findings {
  readonly counts: Readonly<Record<EntityName, Found>>
  readonly #lines: Array<string> = []
  #more = 0

  constructor() {
    const none = (): Found => ({ source: 0, excluded: 0, failed: 0, missing: 0, doubled: 0, changed: 0 })
    this.counts = Object.fromEntries(entityNames.map((entity) => [entity, none()])) as Record<EntityName, Found>
  }

  /** The destination has no place for it: every one of them must be left out. */
  leftOut(entity: EntityName, times: number): void {
    this.counts[entity].source += times
    this.counts[entity].excluded += times
  }

  /** Said to be loaded, or to be expected, and not there. */
  missing(entity: EntityName, id: string | number, words = "is not at the destination"): void {
    this.counts[entity].missing++
    this.problem(`${entity} ${id}: ${words}`)
  }

  /** `times` records beyond the first. */
  doubled(entity: EntityName, id: string | number, times: number, words: string): void {
    this.counts[entity].doubled += times
    this.problem(`${entity} ${id}: ${words}`)
  }

  changed(entity: EntityName, id: string | number, field: string, expected: unknown, found: unknown): void {
    this.counts[entity].changed++
    this.problem(`${entity} ${id}: ${field} must be ${shown(expected)} and is ${shown(found)}`)
  }

  /** Compares values that are plain JSON. */
  compare(
    entity: EntityName,
    id: string | number,
    expected: Readonly<Record<string, unknown>>,
    found: Readonly<Record<string, unknown>>
  ): void {
    for (const field of Object.keys(expected)) {
      if (JSON.stringify(expected[field]) !== JSON.stringify(found[field]))
        this.changed(entity, id, field, expected[field], found[field])
    }
  }

  problem(line: string): void {
    if (this.#lines.length < mostLines) this.#lines.push(line)
    else this.#more++
  }

  get problems(): ReadonlyArray<string> {
    return this.#more === 0 ? this.#lines : [...this.#lines, `and ${this.#more} more problems`]
  }
}
