import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { asset, assetType } from "@bridge/mapping/testing/Samples"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Desk, newJob, openDesk, recordsOf, type Sample } from "../testing/Desk.ts"
import { refined, settled } from "../testing/Settled.ts"

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.stop())

const type = (id: string, parent: string | null = null): Sample => ({
  entity: "asset-type",
  record: assetType({ source_id: id, native_id: id, parent })
})
const thing = (id: string, of: string, changes = {}): Sample => ({
  entity: "asset",
  record: asset({ source_id: id, native_id: id, type: of, ...changes })
})

/** What became of each type, after each round of samples. */
const rounds = (
  all: ReadonlyArray<ReadonlyArray<Sample>>,
  wanted?: ReadonlyArray<string>,
  mapping: Mapping = freshserviceToZendesk
) =>
  desk.run(
    Effect.gen(function* () {
      const jobId = yield* newJob(mapping)
      const out: Array<Readonly<Record<string, string>>> = []
      let first = 0
      for (const samples of all) {
        yield* refined(jobId, mapping, samples, first)
        first += samples.length
        yield* settled(jobId, mapping, wanted)
        const records = [...(yield* recordsOf(jobId))].filter(([key]) => key.startsWith("asset-type/"))
        out.push(Object.fromEntries(records.map(([key, row]) => [key.slice(11), row.reason ?? row.state])))
      }
      return out
    })
  )

const unused = "no asset of the job is of this asset-type"

describe("types of assets", () => {
  it("that nothing is of are left out, whatever is of their kinds, and come in when something is", async () => {
    const first = [type("1"), type("2", "1"), type("3"), thing("9", "2"), thing("8", "3", { deleted: true })]
    expect(await rounds([first, [], [thing("7", "3")]])).toEqual([
      { 1: unused, 2: "ready", 3: unused },
      { 1: unused, 2: "ready", 3: unused },
      { 1: unused, 2: "ready", 3: "ready" }
    ])
  })

  it("all go where types alone are moved, and where the mapping does not say otherwise", async () => {
    const { onlyUsedBy: _, ...kinds } = freshserviceToZendesk.entities["asset-type"] ?? { exclude: [], fields: [] }
    const all = { ...freshserviceToZendesk, entities: { ...freshserviceToZendesk.entities, "asset-type": kinds } }
    expect(await rounds([[type("1")]], ["asset-type"])).toEqual([{ 1: "ready" }])
    expect(await rounds([[type("1")]], undefined, all)).toEqual([{ 1: "ready" }])
  })
})
