import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Candidate, merge } from "./Merge.ts"
import { type Named, rename } from "./Names.ts"

const candidates = fc
  .array(
    fc.record({
      nativeId: fc.constantFrom("1", "2", "3", "4", "5", "6"),
      matchKey: fc.constantFrom(null, "a", "b", "c"),
      role: fc.constantFrom(null, "end-user", "agent")
    }),
    { maxLength: 12 }
  )
  .map((list) => list.map((one, order): Candidate => ({ ...one, order, sourceId: `s/${order}` })))
const shuffled = <T>(list: ReadonlyArray<T>, seed: number): ReadonlyArray<T> =>
  list
    .map((one, i) => ({ one, at: ((i + 1) * (seed * 2 + 1) * 7919) % 10_007 }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

describe("people who are one", () => {
  it("are grouped the same whatever the order, each in one group, the lowest first", () =>
    fc.assert(
      fc.property(candidates, fc.nat(1000), (list, seed) => {
        const groups = merge(list)
        expect(merge(shuffled(list, seed))).toEqual(groups)
        const all = groups.flatMap(({ losers, winner }) => [winner, ...losers])
        expect(new Set(all).size).toBe(all.length)
        for (const { losers, role, winner } of groups) {
          for (const loser of losers) expect(loser.order).toBeGreaterThan(winner.order)
          if ([winner, ...losers].some((one) => one.role === "agent")) expect(role).toBe("agent")
        }
        const groupOf = new Map(
          groups.flatMap(({ losers, winner }) => [winner, ...losers].map((one) => [one, winner] as const))
        )
        for (const a of list)
          for (const b of list)
            if (a !== b && (a.nativeId === b.nativeId || (a.matchKey !== null && a.matchKey === b.matchKey)))
              expect(groupOf.get(a)).toBe(groupOf.get(b))
      })
    ))
})

describe("names that clash", () => {
  const named = fc
    .array(fc.constantFrom("Sales", "SALES", " sales ", "Sales (1)", "sales (2)", "Other"), { maxLength: 8 })
    .map((names) => names.map((name, order): Named => ({ name, order, sourceId: String(order) })))
  it("are different afterwards, the same whatever the order, and who is first keeps its own", () =>
    fc.assert(
      fc.property(named, fc.nat(1000), (list, seed) => {
        const changes = rename(list, " ({id})")
        expect(rename(shuffled(list, seed), " ({id})")).toEqual(changes)
        const renamed = new Map(changes.map((one) => [one.sourceId, one.to]))
        const names = list.map((one) => (renamed.get(one.sourceId) ?? one.name).trim().toLowerCase())
        expect(new Set(names).size).toBe(names.length)
        for (const one of list) {
          const first = list.find((other) => other.name.trim().toLowerCase() === one.name.trim().toLowerCase())
          expect(renamed.has(one.sourceId)).toBe(first !== one)
        }
      })
    ))
})
