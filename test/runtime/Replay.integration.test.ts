// A replay reads a bounded part again, for one tenant, and keeps nothing of it unless it is told to.
import { replay } from "@bridge/flow/Replay"
import { runStage } from "@bridge/flow/Runtime"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import {
  batchesOf,
  eventually,
  findings,
  type Lab,
  openLab,
  type Place,
  remembering,
  sendBatch,
  stageOf,
  tenants
} from "./Lab.ts"

let lab: Lab
let place: Place
beforeAll(async () => {
  lab = await openLab()
})
beforeEach(async () => {
  place = await lab.place()
})
afterAll(() => lab.close())

const [acme = "", globex = ""] = tenants

describe("a replay", () => {
  it("hands the stage what one tenant has in the log up to its end, and takes back what it writes", async () => {
    const { services } = lab
    await services.runPromise(
      Effect.forEach(batchesOf(4, 5, [acme, globex]), (b) => sendBatch(place, b), { discard: true })
    )
    const stage = stageOf(place, remembering)
    const fiber = services.runFork(runStage(stage, { group: place.group }))
    await eventually("all is done", async () => (await services.runPromise(findings)).effects === 40)
    await Effect.runPromise(Fiber.interrupt(fiber))
    const dry = await services.runPromise(replay(stage, { id: `${place.group}-dry`, tenantId: acme, write: false }))
    assert.deepStrictEqual(dry, { runs: 4, records: 20, failed: 0 })
    assert.deepStrictEqual((await services.runPromise(findings)).tries, 40)
    const wet = await services.runPromise(
      replay(stage, { id: place.group, tenantId: acme, write: true, between: () => ({ from: 5n, to: 15n }) })
    )
    assert.strictEqual(wet.records, 10)
    const found = await services.runPromise(findings)
    assert.deepStrictEqual([found.effects, found.tries], [40, 50])
    const left = await services.runPromise(
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select 1 from consumer_offsets where grp like 'replay.%'`)
    )
    assert.deepStrictEqual(left, [])
  })
})
