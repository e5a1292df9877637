import { describe, expect, it } from "vitest"
import { type Corpus, makeCorpus } from "./Corpus.ts"
import { sha256Of } from "./FileBytes.ts"
import type { GrowthOptions } from "./Growth.ts"
import type { Row } from "./People.ts"

const anchor = Date.parse("2026-11-01T12:00:00Z") / 1000
const corpusOf = (tickets: number, growth: GrowthOptions = {}, seed: string | number = 1): Corpus =>
  makeCorpus({ seed, tickets, anchor, domain: "acme.freshservice.com", workspaces: 1, growth })
const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)
const files = (corpus: Corpus) => upTo(corpus.files.count).map(corpus.files.file)

describe("what there is beside tickets", () => {
  it("is in scale with them, or as many as asked for, or nothing", () => {
    expect(corpusOf(2000).growth).toEqual({
      attachments: 300,
      assets: 200,
      problems: 50,
      changes: 50,
      locations: 24,
      relationships: 120
    })
    expect(corpusOf(200).growth).toMatchObject({ attachments: 30, assets: 20, problems: 5, changes: 5 })
    expect(corpusOf(200, { attachments: 7, assets: 0 }).growth).toMatchObject({
      attachments: 7,
      assets: 0,
      problems: 5
    })
    expect(corpusOf(0).growth).toMatchObject({ attachments: 0, assets: 0, problems: 0, changes: 0 })
  })

  it("leaves every other row as it is without", () => {
    const [full, bare] = [corpusOf(300), corpusOf(300, { growth: false })]
    const touched = new Set(files(full).flatMap(({ owner }) => (owner.kind === "asset" ? [] : [owner.ticket])))
    for (const index of upTo(300)) {
      if (touched.has(index)) continue
      expect(full.detailRow(index)).toEqual(bare.detailRow(index))
      expect(full.conversations(index)).toEqual(bare.conversations(index))
    }
    expect(upTo(60).map(full.personRow)).toEqual(upTo(60).map(bare.personRow))
    expect(bare.files.count + bare.assets.count + bare.problems.count + bare.changes.count).toBe(0)
    expect(upTo(300).flatMap(bare.requestedItems)).toEqual([])
  })
})

describe("files", () => {
  it("are from 0 bytes to 20 MB, of many types, with names in many scripts", () => {
    const all = files(corpusOf(2000))
    const sizes = all.map((file) => file.size)
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([0, 20_000_000])
    expect(sizes).toContain(1)
    expect(sizes.filter((size) => size > 2_000_000).length).toBeGreaterThan(5)
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(250_000_000)
    expect(new Set(all.map((file) => file.type)).size).toBeGreaterThan(8)
    expect(all.some((file) => /[\u3040-\u30FF\u4E00-\u9FFF]/.test(file.name))).toBe(true)
    expect(all.some((file) => /[#&+"%]/.test(file.name))).toBe(true)
  })

  it("belong to tickets, conversations and assets that are there, and are found by their number", () => {
    const corpus = corpusOf(2000)
    for (const file of files(corpus)) {
      const { owner } = file
      expect(corpus.files.index(file.id)).toBe(file.index)
      if (owner.kind === "asset") expect(owner.asset).toBeLessThan(corpus.assets.count)
      else if (owner.kind === "conversation") expect(corpus.conversations(owner.ticket)[owner.place]).toBeDefined()
      else expect(owner.ticket).toBeLessThan(2000)
    }
    expect(new Set(files(corpus).map((file) => file.owner.kind))).toEqual(new Set(["ticket", "conversation", "asset"]))
    expect([corpus.files.index(1), corpus.files.index(files(corpus)[0]?.id ?? 0)]).toEqual([-1, 0])
  })

  it("stand in the list of their owner, pictures of a body within it and in no list", () => {
    const corpus = corpusOf(2000)
    for (const file of files(corpus)) {
      const { owner } = file
      const row: Row | undefined =
        owner.kind === "asset"
          ? corpus.assetRow(owner.asset)
          : owner.kind === "ticket"
            ? corpus.detailRow(owner.ticket)
            : corpus.conversations(owner.ticket)[owner.place]
      const listed = [row?.attachments].flat().some((entry) => (entry as Row | undefined)?.id === file.id)
      const shown = String(row?.description ?? row?.body).includes(`data-id="${file.id}"`)
      expect([listed, shown]).toEqual(file.inline ? [false, true] : [true, false])
    }
    expect(files(corpus).filter((file) => file.inline).length).toBeGreaterThan(15)
  })

  it("have the same bytes whenever and in whatever parts they are read", () => {
    const { files: made } = corpusOf(200)
    const again = corpusOf(200).files
    for (const index of upTo(made.count)) {
      const bytes = made.bytes(index)
      expect(again.sha256(index)).toBe(made.sha256(index))
      const whole = Buffer.concat([...bytes.read(0, bytes.size)])
      expect(whole.length).toBe(made.file(index).size)
      const parts = [...bytes.read(0, 1000), ...bytes.read(1000, 65_540), ...bytes.read(65_540, bytes.size)]
      expect(Buffer.concat(parts).equals(whole)).toBe(true)
    }
    expect(corpusOf(200, {}, 2).files.sha256(5)).not.toBe(made.sha256(5))
  })

  it("are the same bytes twice now and then, and two of one name at one place that are not", () => {
    const corpus = corpusOf(2000)
    const all = files(corpus).filter((file) => file.size > 1 && file.size < 1_000_000)
    const hashes = all.map((file) => corpus.files.sha256(file.index))
    expect(new Set(hashes).size).toBeLessThan(hashes.length)
    const places = new Map<string, Set<string>>()
    for (const [k, file] of all.entries()) {
      const place = `${JSON.stringify(file.owner)}/${file.name}`
      places.set(place, (places.get(place) ?? new Set()).add(hashes[k] as string))
    }
    expect([...places.values()].some((contents) => contents.size > 1)).toBe(true)
  })

  it("are never held as a whole", () => {
    const { files: made } = corpusOf(2000)
    let most = 0
    for (const piece of made.bytes(2).read(0, 20_000_000)) most = Math.max(most, piece.length)
    expect(most).toBeLessThanOrEqual(65_536)
    expect(sha256Of(made.bytes(2))).toBe(made.sha256(2))
  })
})

describe("assets, problems, changes and places", () => {
  it("refer to what is there", () => {
    const corpus = corpusOf(2000)
    const people = new Set(upTo(corpus.plan.people).map((index) => corpus.person(index).id))
    const locations = new Set(corpus.locations.map((row) => row.id))
    const types = new Set(corpus.assets.types.map((row) => row.id))
    const references = (row: Row, key: string, known: ReadonlySet<unknown>): void => {
      if (row[key] !== null) expect(known.has(row[key])).toBe(true)
    }
    for (const index of upTo(corpus.assets.count)) {
      const row = corpus.assets.row(index)
      references(row, "user_id", people)
      references(row, "location_id", locations)
      references(row, "asset_type_id", types)
    }
    for (const row of corpus.locations) references(row, "parent_location_id", locations)
    for (const index of upTo(50)) {
      references(corpus.problems.listRow(index), "requester_id", people)
      references(corpus.changes.listRow(index), "agent_id", people)
    }
  })

  it("have a tree of types whose fields descend, each with the number of the type that brings it", () => {
    const { assets } = corpusOf(2000)
    const laptop = assets.types.findIndex((row) => row.name === "Laptop")
    const groups = assets.typeFields(laptop)
    expect(groups).toHaveLength(3)
    const keys = groups.flatMap((group) => (group.fields as ReadonlyArray<Row>).map((field) => String(field.name)))
    const one = upTo(assets.count).find((index) => assets.row(index).asset_type_id === assets.types[laptop]?.id) ?? -1
    for (const key of keys) expect(assets.fieldsOf(one)).toHaveProperty(key)
    expect(keys).toContain(`serial_number_${assets.types[0]?.id}`)
  })

  it("never have a row that is updated before it was created or after now", () => {
    const corpus = corpusOf(2000)
    const rows = [
      ...upTo(200).map(corpus.assets.row),
      ...upTo(50).flatMap((index) => [corpus.problems.listRow(index), ...corpus.problems.notes(index)]),
      ...upTo(50).flatMap((index) => [corpus.changes.listRow(index), ...corpus.changes.notes(index)])
    ]
    for (const row of rows) {
      expect(String(row.created_at) <= String(row.updated_at)).toBe(true)
      expect(Date.parse(String(row.updated_at))).toBeLessThan(anchor * 1000)
    }
  })

  it("are what tickets hang on: incidents have problems, parents and children name each other", () => {
    const corpus = corpusOf(2000)
    const links = upTo(2000).map(corpus.ticketLinks.of)
    expect(links.filter((link) => link.problem !== null).length).toBeGreaterThan(80)
    expect(links.filter((link) => link.change !== null).length).toBeGreaterThan(20)
    expect(links.filter((link) => link.assets.length > 0).length).toBeGreaterThan(200)
    for (const [index, link] of links.entries()) {
      if (link.problem !== null) expect(corpus.facts(index).serviceRequest).toBe(false)
      if (link.parent !== null) expect(links[link.parent]?.children).toContain(index)
      for (const child of link.children) expect(links[child]?.parent).toBe(index)
    }
    expect(links.some((link) => link.children.length > 0)).toBe(true)
  })

  it("are asked for by every service request, by nothing else", () => {
    const corpus = corpusOf(2000)
    for (const index of upTo(2000))
      expect(corpus.requestedItems(index).length > 0).toBe(corpus.facts(index).serviceRequest)
    const ids = upTo(2000).flatMap((index) => corpus.requestedItems(index).map((row) => row.id))
    expect(new Set(ids).size).toBe(ids.length)
  })
})
