// Members join, leave and die while records keep coming; and an owner that comes too late.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { type RuntimeOptions, runStage } from "@bridge/flow/Runtime"
import type { Run } from "@bridge/flow/Stage"
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
  servicesOf,
  stageOf
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

const memberFile = new URL("./Member.ts", import.meta.url).pathname
const children = new Set<ChildProcess>()
const member = (): ChildProcess => {
  const child = spawn(process.execPath, [memberFile, JSON.stringify(place)], {
    stdio: ["ignore", "inherit", "inherit"]
  })
  children.add(child)
  return child
}
const kill = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  const gone = once(child, "exit")
  child.kill(signal)
  await gone
  children.delete(child)
}
afterAll(() => Promise.all([...children].map((child) => kill(child, "SIGKILL"))))

describe("members", () => {
  it("lose nothing, do nothing twice and keep the order of each actor while members join, leave and die", async () => {
    const size = 10
    const batches = batchesOf(60, size)
    const expected = batches.length * size
    const first = servicesOf(place)
    const stage = stageOf(place, remembering)
    const fiber = first.runFork(runStage(stage, { group: place.group }))
    const sending = lab.services.runPromise(
      Effect.forEach(batches, (batch) => Effect.andThen(sendBatch(place, batch), Effect.sleep("10 millis")), {
        discard: true
      })
    )
    const seen = async () => (await lab.services.runPromise(findings)).effects
    await eventually("the first member works", async () => (await seen()) > 100)
    const second = member()
    const third = member()
    await eventually("work goes on while two join", async () => (await seen()) > expected / 4)
    await kill(second, "SIGKILL")
    await first.runPromise(Fiber.interrupt(fiber))
    await first.dispose()
    await sending
    await eventually("all is done", async () => (await seen()) === expected)
    await kill(third, "SIGKILL")
    const found = await lab.services.runPromise(findings)
    assert.deepStrictEqual(found.disorder, [])
    assert.strictEqual(found.effects, expected)
  })

  it("end their runs of partitions that another member has taken over", async () => {
    await lab.services.runPromise(
      Effect.forEach(batchesOf(1, 2), (batch) => sendBatch(place, batch), { discard: true })
    )
    const began = new Set<number>()
    const ended = new Set<number>()
    const hanging = (run: Run) =>
      Effect.sync(() => began.add(run.partition)).pipe(
        Effect.andThen(Effect.never),
        Effect.onInterrupt(() => Effect.sync(() => void ended.add(run.partition)))
      )
    const options: RuntimeOptions = { group: place.group, drain: "100 millis" }
    const old = lab.services.runFork(runStage(stageOf(place, hanging, { permits: 8 }), options))
    await eventually("the first member works", async () => began.size > 2)
    const counted = Effect.flatMap(SqlClient.SqlClient, (sql) =>
      Effect.map(sql`select 1 from consumer_offsets where grp = ${place.group} and attempts > 0`, (rows) => rows.length)
    )
    const other = servicesOf(place)
    const done = new Set<number>()
    const noting = (run: Run) => Effect.tap(remembering(run), () => Effect.sync(() => done.add(run.partition)))
    const fiber = other.runFork(runStage(stageOf(place, noting), options))
    await eventually("the second has taken over", async () => done.size > 0)
    await eventually("and the first has let go", async () => [...done].every((p) => !began.has(p) || ended.has(p)))
    assert.isBelow(ended.size, began.size)
    // A member that is alive to lose a partition has not crashed over it.
    await eventually("no restart is counted", async () => (await lab.services.runPromise(counted)) === 0)
    await Effect.runPromise(Fiber.interruptAll([old, fiber]))
    await other.dispose()
  })
})
