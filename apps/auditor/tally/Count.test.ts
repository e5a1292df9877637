import { sha256 } from "@bridge/domain/Canonical"
import { describe, expect, it } from "vitest"
import { tallyArchive } from "../audit/Recount.ts"
import { countApproved, countLoaded, countRaw, type Derive, type RawLine } from "./Count.ts"

const line = (sourceId: string, body: string | null, over: Partial<RawLine> = {}): RawLine => ({
  stream: "groups",
  batch: 2,
  epoch: 1,
  sourceId,
  version: "v1",
  contentHash: "claimed",
  body: body === null ? null : Buffer.from(body),
  ...over
})

const members: Derive = (body) =>
  (JSON.parse(body.toString()) as { id: string; members: ReadonlyArray<string> }).members.map((m) => ({
    entity: "group-member",
    sourceId: `g/${m}`
  }))

describe("counting topics", () => {
  it("computes hashes from the bytes, and does not take the writer's word", () => {
    const [tally] = countRaw("group", [line("1", '{"a":1}'), line("2", null)], null)
    expect(tally).toEqual({
      entity: "group",
      batchKey: "groups/2/1",
      ids: ["1", "2"],
      hashes: [sha256('{"a":1}'), "claimed"],
      notes: ["v1", "v1"]
    })
  })

  it("keeps a batch of an owner that was replaced apart from the same number read again", () =>
    expect(countRaw("group", [line("1", "{}"), line("1", "{}", { epoch: 2 })], null).map((t) => t.batchKey)).toEqual([
      "groups/2/1",
      "groups/2/2"
    ]))

  it("counts members under the hash of the row they come from", () => {
    const body = '{"id":"g","members":["5","6"]}'
    const tallies = countRaw("group", [line("g", body)], members)
    expect(tallies[1]).toMatchObject({
      entity: "group-member",
      ids: ["g/5", "g/6"],
      hashes: [sha256(body), sha256(body)]
    })
  })

  it("counts parts beside their roots", () => {
    const parts = [{ entity: "comment", source_id: "31", hash: "c", outcome: "created" }]
    expect(countApproved("ticket", [{ batch: 4, source_id: "1", hash: "t", parts }])).toMatchObject([
      { entity: "ticket", batchKey: "4", ids: ["1"] },
      { entity: "comment", batchKey: "4", ids: ["31"], hashes: ["c"] }
    ])
    expect(
      countLoaded("ticket", [{ batch: 4, source_id: "1", hash: null, outcome: "failed", parts: [] }])[0]
    ).toMatchObject({
      hashes: [""],
      notes: ["failed"]
    })
  })

  it("finds the archive's hashes by position, members by their row", () => {
    const body = Buffer.from('{"id":"g","members":["5"]}')
    const records = [
      { entity: "group" as const, source_id: "g", position: 1 },
      { entity: "group-member" as const, source_id: "g/5", position: 0 },
      { entity: "group" as const, source_id: "gone", position: 0 }
    ]
    const tallies = tallyArchive("group", "groups/2", [null, body], records, members)
    expect(tallies[0]).toMatchObject({ ids: ["g", "gone"], hashes: [sha256(body), ""] })
    expect(tallies[1]).toMatchObject({ entity: "group-member", hashes: [sha256(body)] })
  })
})
