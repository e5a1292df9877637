// What a member believes of its partitions stays true through joins, seeks, stale fetches and holes in the log.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Held, Holdings } from "./Holdings.ts"

const owned = fc.uniqueArray(fc.nat(7)).map((list) => ({ t: list }))

/** One partition: a log with holes, a client that fetches from where it was told or, at times, from somewhere stale. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("fetch" as const), size: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant("stale" as const), ahead: fc.integer({ min: -8, max: 8 }) }),
  fc.record({ kind: fc.constant("seek" as const), to: fc.nat(40) })
)

const gainedOf = (): Held => {
  const held = new Holdings().assign({ t: [0] }).gained[0]
  if (held === undefined) throw new Error("nothing gained")
  return held
}

describe("Holdings", () => {
  it("splits every join into gained, kept and lost, and nothing is in two of them", () => {
    fc.assert(
      fc.property(fc.array(owned, { minLength: 1 }), (joins) => {
        const holdings = new Holdings()
        let before = new Set<number>()
        for (const join of joins) {
          const { gained, kept, lost } = holdings.assign(join)
          const parts = [gained, kept, lost].map((list) => new Set(list.map(({ partition }) => partition)))
          expect(parts[0]).toEqual(new Set(join.t.filter((one) => !before.has(one))))
          expect(parts[1]).toEqual(new Set(join.t.filter((one) => before.has(one))))
          expect(parts[2]).toEqual(new Set([...before].filter((one) => !join.t.includes(one))))
          for (const held of [...gained, ...kept]) expect(holdings.has(held)).toBe(true)
          for (const held of lost) expect(holdings.has(held)).toBe(false)
          before = new Set(join.t)
        }
      })
    )
  })

  it("begins anew with a partition that was lost and is gained again", () => {
    const holdings = new Holdings()
    const first = holdings.assign({ t: [0] }).gained[0]
    first?.seek(5n)
    holdings.assign({})
    const second = holdings.assign({ t: [0] }).gained[0]
    expect([second?.next, second?.gated, second === first]).toEqual([undefined, true, false])
  })
})

describe("Held", () => {
  it("delivers no record before those in front of it, whatever arrives out of turn", () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const held = gainedOf()
        held.seek(0n)
        let delivered = 0n
        for (const one of steps) {
          if (one.kind === "seek") {
            held.seek(BigInt(one.to))
            delivered = BigInt(one.to)
            continue
          }
          const from = one.kind === "fetch" ? delivered : delivered + BigInt(one.ahead)
          if (from < 0n) continue
          const verdict = held.admit(from)
          if (from <= delivered) expect(verdict).toBe("deliver")
          else expect(verdict).not.toBe("deliver")
          if (verdict === "deliver" && one.kind === "fetch") {
            delivered = from + BigInt(one.size)
            held.delivered(delivered - 1n)
          }
          if (verdict === "gone") {
            delivered = from
            held.delivered(from - 1n)
          }
          expect(held.next).toBe(delivered)
        }
      })
    )
  })

  it("believes in a hole only when it was asked for twice", () => {
    const held = gainedOf()
    held.seek(5n)
    expect(held.admit(9n)).toBe("again")
    expect(held.admit(9n)).toBe("gone")
    held.delivered(9n)
    expect(held.admit(20n)).toBe("again")
    held.seek(15n)
    expect(held.admit(20n)).toBe("again")
  })
})
