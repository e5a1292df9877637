import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Layer } from "effect"
import { afterAll, afterEach, beforeAll, expect, it } from "vitest"
import { start } from "../harness/Processes.ts"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import { readOnce, refinerWith, streams } from "./Rig.ts"

let dir: string
let sandbox: Sandbox
let w: World
let stop: Array<() => Promise<void>> = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "bridge-takeover-"))
  sandbox = await startSandbox({ tickets: 400, seed: 13, limits: false })
  sandbox.world.faults.add({ kind: "slow", vendor: "freshservice", path: "/tickets/", ms: 30 })
  w = await world(sandbox, { BRIDGE_LOG_LEVEL: "Error" })
})
afterEach(async () => {
  await Promise.all(stop.map((end) => end()))
  stop = []
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
  rmSync(dir, { recursive: true, force: true })
})

it("goes on within 10 seconds when the extractor that reads is killed, and reads everything once (promise 8)", async () => {
  const logFile = join(dir, "extractors.log")
  const launch = () =>
    start({ name: "extractor", file: "apps/all/service.ts", args: ["extractor"], env: w.settings, logFile })
  const extractors = await Promise.all([launch(), launch()])
  stop.push(
    w.start("others", Layer.mergeAll(scheduler, refinerWith())),
    ...extractors.map((process) => () => process.stop(5_000))
  )
  const job = await insertJob(w, sandbox, ["ticket", "comment"], { batchSize: 20 })
  const rows = () => streams(w, job).then(([tickets]) => tickets?.rows ?? 0)
  await eventually(rows, (n) => n > 0)
  const [reader] = await w.rows<{ owner: string }>(
    (sql) => sql`select owner from job_streams where job_id = ${job}::uuid and owner is not null`
  )
  const killed = extractors.find(({ pid }) => reader?.owner.endsWith(`/${pid}`))
  expect(killed).toBeDefined()
  await killed?.kill()
  const dead = Date.now()
  const before = await rows()
  expect(before).toBeLessThan(1600)
  await eventually(rows, (n) => n > before)
  expect(Date.now() - dead).toBeLessThan(10_000)
  const { is, should } = await readOnce(w, sandbox, job)
  expect(is).toEqual(should)
})
