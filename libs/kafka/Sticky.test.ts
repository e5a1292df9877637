// The promises of the sticky assignment, for any group and any history.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Owned } from "./Broker.ts"
import { assignSticky, decodeOwned, type Member, type TopicPartition } from "./Sticky.ts"

const topics = ["a", "b", "c"]
const cluster = fc.record({ a: fc.nat(12), b: fc.nat(8), c: fc.nat(4) })
const partitionsOf = (sizes: Readonly<Record<string, number>>): ReadonlyArray<TopicPartition> =>
  topics.flatMap((topic) => Array.from({ length: sizes[topic] ?? 0 }, (_, partition) => ({ topic, partition })))

const owned: fc.Arbitrary<Owned> = fc.dictionary(fc.constantFrom(...topics, "gone"), fc.uniqueArray(fc.nat(12)))
const members = (reads: fc.Arbitrary<ReadonlyArray<string>>): fc.Arbitrary<ReadonlyArray<Member>> =>
  fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), topics: reads, owned }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: 6
  })
const alike = members(fc.constant(topics))
const unlike = members(fc.subarray(topics))

const listed = (given: Owned): ReadonlyArray<string> =>
  Object.entries(given).flatMap(([topic, list]) => list.map((partition) => `${topic}/${partition}`))
const sizes = (result: ReadonlyMap<string, Owned>) => [...result.values()].map((given) => listed(given).length)

describe("assignSticky", () => {
  it("gives every partition to exactly one member", () => {
    fc.assert(
      fc.property(alike, cluster, (group, sized) => {
        const all = partitionsOf(sized)
        const given = [...assignSticky(group, all).values()].flatMap(listed)
        expect(given.toSorted()).toEqual(all.map(({ topic, partition }) => `${topic}/${partition}`).toSorted())
      })
    )
  })

  it("balances members alike within one", () => {
    fc.assert(
      fc.property(alike, cluster, (group, sized) => {
        const counts = sizes(assignSticky(group, partitionsOf(sized)))
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      })
    )
  })

  it("changes nothing when nothing changed, and on a join moves only what the new member gets", () => {
    fc.assert(
      fc.property(alike, cluster, (group, sized) => {
        const all = partitionsOf(sized)
        const settled = assignSticky(group, all)
        const now = group.map((member) => ({ ...member, owned: settled.get(member.id) ?? {} }))
        expect(assignSticky(now, all)).toEqual(settled)
        const joined = assignSticky([...now, { id: "new member", topics, owned: {} }], all)
        const lost = group.flatMap(({ id }) => {
          const after = new Set(listed(joined.get(id) ?? {}))
          return listed(settled.get(id) ?? {}).filter((name) => !after.has(name))
        })
        expect(lost.toSorted()).toEqual([...listed(joined.get("new member") ?? {})].toSorted())
      })
    )
  })

  it("does not depend on the order in which members are listed", () => {
    fc.assert(
      fc.property(alike, cluster, (group, sized) => {
        const all = partitionsOf(sized)
        expect(assignSticky([...group].reverse(), all)).toEqual(assignSticky(group, all))
      })
    )
  })

  it("gives a topic only to those who read it, and all of it when anybody does", () => {
    fc.assert(
      fc.property(unlike, cluster, (group, sized) => {
        const all = partitionsOf(sized)
        const result = assignSticky(group, all)
        for (const member of group) {
          for (const topic of Object.keys(result.get(member.id) ?? {})) expect(member.topics).toContain(topic)
        }
        const readable = all.filter(({ topic }) => group.some((member) => member.topics.includes(topic)))
        expect([...result.values()].flatMap(listed).length).toBe(readable.length)
      })
    )
  })

  it("gives a partition that two members claim to one of them", () => {
    const claim = (id: string): Member => ({ id, topics: ["a"], owned: { a: [0, 1] } })
    const result = assignSticky([claim("x"), claim("y")], partitionsOf({ a: 2 }))
    expect(sizes(result)).toEqual([1, 1])
  })
})

describe("decodeOwned", () => {
  it("reads what a member says and takes damaged words for nothing", () => {
    fc.assert(
      fc.property(owned, (value) => {
        expect(decodeOwned(JSON.stringify(value))).toEqual(value)
      })
    )
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decodeOwned(text)).not.toThrow()
      })
    )
    for (const text of ["", "null", "[", "7", '{"a":"b"}']) expect(decodeOwned(text)).toEqual({})
  })
})
