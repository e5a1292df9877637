import { extract } from "@bridge/extractor/Extractor"
import { type Stack, startStack } from "@bridge/infra/Stack"
import { removeStack, testDir } from "@bridge/infra/TestStack"
import { refine } from "@bridge/refiner/Refiner"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Effect, Layer } from "effect"
import { afterAll, afterEach, beforeAll, expect, inject, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import { asOwner, extractorWith, gate, readOnce, refinerWith, streams, watched } from "./Rig.ts"

const dir = testDir()
let stack: Stack
let sandbox: Sandbox
let w: World
let stop: Array<() => Promise<void>> = []

beforeAll(async () => {
  const registry = inject("stack")?.registryUrl
  const [own, vendor] = await Promise.all([
    startStack({ dir, durable: false, use: registry === undefined ? {} : { registryUrl: registry } }),
    startSandbox({ tickets: 400, seed: 13, limits: false })
  ])
  stack = own
  sandbox = vendor
  sandbox.world.faults.add({ kind: "slow", vendor: "freshservice", path: "/tickets/", ms: 30 })
  w = await world(sandbox, { BRIDGE_LOG_LEVEL: "Error" }, own)
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
  await stack?.stop()
  removeStack(dir)
})
afterEach(async () => {
  await Promise.all(stop.map((end) => end()))
  stop = []
})

const rows = (job: string) => streams(w, job).then(([tickets]) => tickets?.rows ?? 0)

/** Runs a job in the middle of which something goes away and comes back; says how long after that it stood still. */
const through = async (outage: () => Promise<void>): Promise<number> => {
  const job = await insertJob(w, sandbox, ["ticket", "comment"], { batchSize: 20 })
  await eventually(
    () => rows(job),
    (n) => n > 0
  )
  await outage()
  const back = Date.now()
  const before = await rows(job)
  expect(before).toBeLessThan(1600)
  await eventually(
    () => rows(job),
    (n) => n > before
  )
  const still = Date.now() - back
  const { is, should } = await readOnce(w, sandbox, job)
  expect(is).toEqual(should)
  return still
}

const pause = (millis: number) => new Promise<void>((later) => setTimeout(later, millis))

it("goes on within 30 seconds when the database was away for some, and reads everything once", async () => {
  const [name] = await asOwner(w, (sql) => sql<{ name: string }>`select current_database() as name`)
  const database = name?.name ?? ""
  const allow = (yes: boolean) =>
    asOwner(
      w,
      (sql) =>
        Effect.andThen(
          sql.unsafe(`alter database ${database} allow_connections ${yes}`),
          sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database}`
        ),
      "postgres"
    )
  // One transaction of each is open when the database goes away.
  const held = { extractor: gate(6), refiner: gate(6) }
  const reading = watched(extract, { inside: held.extractor })
  const refining = watched(refine, { inside: held.refiner })
  const parts = [scheduler, extractorWith({ stage: reading.stage }), refinerWith({ stage: refining.stage })] as const
  stop.push(w.start("services", Layer.mergeAll(...parts)))
  const still = await through(async () => {
    await Promise.all([held.extractor.reached, held.refiner.reached])
    await allow(false)
    held.extractor.open()
    held.refiner.open()
    await pause(6_000)
    await allow(true)
  })
  expect(still).toBeLessThan(30_000)
})

it("goes on within 30 seconds when the broker was killed and came back, and reads everything once", async () => {
  const [broker] = stack.nodes
  if (broker === undefined) throw new Error("no broker of our own")
  stop.push(w.start("services", Layer.mergeAll(scheduler, extractorWith(), refinerWith())))
  const still = await through(async () => {
    await broker.kill()
    await pause(2_000)
    await broker.start()
  })
  expect(still).toBeLessThan(30_000)
})
