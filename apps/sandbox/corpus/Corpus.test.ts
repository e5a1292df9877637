import { describe, expect, it } from "vitest"
import { type Corpus, makeCorpus } from "./Corpus.ts"
import type { Row } from "./People.ts"
import { deleted, spam } from "./Plan.ts"

const anchor = Date.parse("2026-11-01T12:00:00Z") / 1000
const corpusOf = (tickets: number, seed: string | number = 1): Corpus =>
  makeCorpus({ seed, tickets, anchor, domain: "acme.freshservice.com", workspaces: 1 })

const conversationsOf = (corpus: Corpus): ReadonlyArray<Row> =>
  Array.from({ length: corpus.ticketCount() }, (_, index) => corpus.conversations(index)).flat()

const indexes = (corpus: Corpus): ReadonlyArray<number> =>
  Array.from({ length: corpus.ticketCount() }, (_, index) => index)

describe("corpus", () => {
  it.each([0, 1, 8, 63, 64, 65, 100, 500, 2000])(
    "has exactly %i tickets, 3 N conversations and N / 4 people",
    (tickets) => {
      const corpus = corpusOf(tickets)
      expect(corpus.ticketCount()).toBe(tickets)
      expect(conversationsOf(corpus)).toHaveLength(tickets * 3)
      expect(corpus.plan.people).toBe(tickets === 0 ? 0 : Math.max(2, Math.floor(tickets / 4)))
    }
  )

  it("is the same for the same seed and another for another", () => {
    const text = (corpus: Corpus): string =>
      JSON.stringify([
        indexes(corpus).map((index) => [corpus.detailRow(index), corpus.conversations(index)]),
        Array.from({ length: corpus.plan.people }, (_, index) => corpus.personRow(index)),
        corpus.groups(),
        corpus.departments()
      ])
    expect(text(corpusOf(120, "a"))).toBe(text(corpusOf(120, "a")))
    expect(text(corpusOf(120, "a"))).not.toBe(text(corpusOf(120, "b")))
  })

  it("makes a row the same whether asked for first or last", () => {
    const forward = corpusOf(80)
    const backward = corpusOf(80)
    const rows = indexes(forward).map((index) => JSON.stringify(forward.detailRow(index)))
    for (const index of [...indexes(backward)].reverse())
      expect(JSON.stringify(backward.detailRow(index))).toBe(rows[index])
  })

  it("finds every ticket by its id, and none by an id in a gap", () => {
    const corpus = corpusOf(500)
    for (const index of indexes(corpus)) expect(corpus.ticketIndex(corpus.facts(index).id)).toBe(index)
    expect([0, 98, 196, 507, -1, 1.5].map(corpus.ticketIndex)).toEqual([-1, -1, -1, -1, -1, -1])
  })

  it("never has a row that is updated before it was created or after now", () => {
    const corpus = corpusOf(2000)
    const now = new Date(anchor * 1000).toISOString()
    const rows = [
      ...indexes(corpus).map(corpus.listRow),
      ...conversationsOf(corpus),
      ...indexes(corpus).slice(0, 500).map(corpus.personRow)
    ]
    for (const row of rows) {
      expect(String(row.created_at) <= String(row.updated_at)).toBe(true)
      expect(String(row.updated_at) < now).toBe(true)
    }
  })

  it("keeps conversations within their ticket's life, ascending, some within one second", () => {
    const corpus = corpusOf(2000)
    let sameSecond = 0
    for (const index of indexes(corpus)) {
      const { created_at, updated_at } = corpus.listRow(index)
      const times = [
        String(created_at),
        ...corpus.conversations(index).map((row) => String(row.created_at)),
        String(updated_at)
      ]
      expect([...times].sort()).toEqual(times)
      sameSecond += new Set(times).size < times.length ? 1 : 0
    }
    expect(sameSecond).toBeGreaterThan(50)
  })

  it("has numbers that are unique and references that exist, but for authors who are gone", () => {
    const corpus = corpusOf(2000)
    const people = new Set(Array.from({ length: corpus.plan.people }, (_, index) => corpus.person(index).id))
    const groups = new Set(corpus.groups().map((row) => row.id))
    const departments = new Set(corpus.departments().map((row) => row.id))
    const ids = conversationsOf(corpus).map((row) => row.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const index of indexes(corpus)) {
      const row = corpus.listRow(index)
      expect(people.has(row.requester_id as number)).toBe(true)
      if (row.responder_id !== null) expect(people.has(row.responder_id as number)).toBe(true)
      if (row.group_id !== null) expect(groups.has(row.group_id)).toBe(true)
      if (row.department_id !== null) expect(departments.has(row.department_id)).toBe(true)
    }
    const strangers = conversationsOf(corpus).filter((row) => !people.has(row.user_id as number))
    expect(strangers.length).toBeGreaterThan(10)
    expect(strangers.length).toBeLessThan(300)
  })

  it("has what real data has: every kind of odd row", () => {
    const corpus = corpusOf(2000)
    const rows = indexes(corpus).map(corpus.detailRow)
    const text = JSON.stringify(rows)
    expect(indexes(corpus).some((index) => corpus.category(index) === deleted)).toBe(true)
    expect(indexes(corpus).some((index) => corpus.category(index) === spam)).toBe(true)
    expect(new Set(rows.map((row) => row.status))).toEqual(new Set([2, 3, 4, 5, 6, 7]))
    expect(rows.some((row) => row.type === "Service Request")).toBe(true)
    expect(rows.some((row) => row.description === "")).toBe(true)
    expect(rows.some((row) => row.custom_fields === null)).toBe(true)
    expect(rows.some((row) => Buffer.byteLength(String(row.description)) > 65_536)).toBe(true)
    expect(rows.some((row) => Buffer.byteLength(String(row.description)) > 262_144)).toBe(true)
    expect(conversationsOf(corpus).some((row) => Buffer.byteLength(String(row.body)) > 65_536)).toBe(true)
    expect(indexes(corpus).some((index) => corpus.conversations(index).length > 100)).toBe(true)
    expect(
      /🙏/.test(text) && /[\u0590-\u05FF]/.test(text) && /[\u0600-\u06FF]/.test(text) && /dir=\\"rtl\\"/.test(text)
    ).toBe(true)
    const merged = indexes(corpus).filter((index) => corpus.facts(index).mergedInto !== null)
    expect(merged.length).toBeGreaterThan(5)
    for (const index of merged) {
      expect(corpus.listRow(index).status).toBe(5)
      expect(corpus.conversations(index).at(-1)?.body_text).toMatch(/closed and merged into ticket \d+/)
    }
    const recent = indexes(corpus).filter((index) => corpus.created(index) > anchor - 600)
    expect(recent.length).toBeGreaterThanOrEqual(3)
    const old = indexes(corpus).filter((index) => corpus.created(index) < anchor - 30 * 86_400)
    expect(old.length).toBeGreaterThan(1700)
  })

  it("has people without e-mail, pairs with one e-mail in different case, and inactive agents with tickets", () => {
    const corpus = corpusOf(2000)
    const people = Array.from({ length: corpus.plan.people }, (_, index) => corpus.person(index))
    const addresses = people.flatMap((person) => person.email ?? [])
    expect(people.some((person) => person.email === null)).toBe(true)
    expect(new Set(addresses).size).toBe(addresses.length)
    expect(new Set(addresses.map((email) => email.toLowerCase())).size).toBeLessThan(addresses.length)
    const inactive = new Set(people.filter((person) => person.agent && !person.active).map((person) => person.index))
    expect(inactive.size).toBeGreaterThan(0)
    expect(indexes(corpus).some((index) => inactive.has(corpus.facts(index).responder ?? -1))).toBe(true)
    const names = corpus.departments().map((row) => String(row.name))
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBeLessThan(names.length)
  })

  it("touches more than a page of tickets in the very same second", () => {
    const corpus = corpusOf(2000)
    const counts = new Map<number, number>()
    for (const index of indexes(corpus)) counts.set(corpus.updated(index), (counts.get(corpus.updated(index)) ?? 0) + 1)
    expect(Math.max(...counts.values())).toBeGreaterThanOrEqual(250)
  })

  it("marks a few loadable tickets as refused by the destination, and as many as asked for", () => {
    const corpus = corpusOf(2000)
    expect(corpus.plan.refused).toHaveLength(5)
    for (const index of corpus.plan.refused) {
      const row = corpus.listRow(index)
      expect([row.deleted, row.spam]).toEqual([false, false])
      expect([2, 3, 4, 5]).toContain(row.status)
      expect(row.subject).toContain("{{ticket.reference}}")
    }
    const others = indexes(corpus).filter((index) => !corpus.plan.refused.includes(index))
    expect(others.some((index) => String(corpus.listRow(index).subject).includes("{{"))).toBe(false)
    expect(
      makeCorpus({ seed: 1, tickets: 100, anchor, domain: "x", workspaces: 1, failures: 7 }).plan.refused
    ).toHaveLength(7)
  })
})
