import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type AuditEntry, type ChainedEntry, chain, genesis, verifyEntries } from "./AuditChain.ts"

const tenant = "t1"
const entry = (seq: number, detail: AuditEntry["detail"] = {}): AuditEntry => ({
  tenantId: tenant,
  seq,
  eventSeq: seq * 10,
  jobId: "j1",
  at: `2026-01-01T00:00:0${seq % 10}.000001Z`,
  actor: "ann",
  action: "approved",
  detail
})
const of = (n: number): ReadonlyArray<ChainedEntry> =>
  chain(
    genesis(tenant),
    Array.from({ length: n }, (_, i) => entry(i + 1, { n: i, nested: { b: 1, a: [i] } }))
  )

const chained = fc
  .integer({ min: 1, max: 12 })
  .chain((n) => fc.tuple(fc.constant(of(n)), fc.integer({ min: 0, max: n - 1 })))

describe("the audit chain", () => {
  it("verifies what was appended, in one go or going on from a head", () => {
    const entries = of(6)
    const whole = verifyEntries(tenant, entries)
    expect(whole).toMatchObject({ ok: true, entries: 6 })
    const half = entries[2] as ChainedEntry
    expect(verifyEntries(tenant, entries.slice(3), { seq: 3, hash: half.hash })).toEqual(whole)
    expect(verifyEntries(tenant, [])).toMatchObject({ ok: true, entries: 0 })
  })

  it("does not depend on the order of keys, so it survives JSONB", () => {
    const [a] = chain(genesis(tenant), [entry(1, { x: 1, y: 2 })])
    const [b] = chain(genesis(tenant), [entry(1, { y: 2, x: 1 })])
    expect(a?.hash).toBe(b?.hash)
  })

  it("finds a changed row, whatever was changed", () =>
    fc.assert(
      fc.property(
        chained,
        fc.constantFrom("actor", "action", "at", "detail", "jobId", "eventSeq", "hash", "previousHash"),
        ([entries, i], field) => {
          const forged = entries.map((e, k) => (k === i ? { ...e, [field]: field === "eventSeq" ? 7 : "x" } : e))
          expect(verifyEntries(tenant, forged).ok).toBe(false)
        }
      )
    ))

  it("finds a removed row, except at the very end", () =>
    fc.assert(
      fc.property(chained, ([entries, i]) => {
        const cut = entries.filter((_, k) => k !== i)
        expect(verifyEntries(tenant, cut).ok).toBe(i === entries.length - 1)
      })
    ))

  it("finds an inserted row, also one that is a good link by itself", () =>
    fc.assert(
      fc.property(chained, ([entries, i]) => {
        const before = entries[i - 1]?.hash ?? genesis(tenant)
        const [extra] = chain(before, [entry(i + 1, { forged: true })])
        const forged = [...entries.slice(0, i), extra as ChainedEntry, ...entries.slice(i)]
        expect(verifyEntries(tenant, forged).ok).toBe(false)
      })
    ))

  it("finds rows of another tenant and a chain that begins elsewhere", () => {
    expect(verifyEntries("t2", of(1)).ok).toBe(false)
    expect(verifyEntries(tenant, of(3).slice(1)).ok).toBe(false)
  })
})
