import { extractor } from "@bridge/extractor/main"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"

let sandbox: Sandbox
let w: World

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 120, seed: 5, limits: false })
  w = await world(sandbox)
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
})

interface StreamRow {
  readonly stream: string
  readonly ended: boolean
  readonly rows: number
}

const streams = (job: string) =>
  w.rows<StreamRow>(
    (sql) =>
      sql<StreamRow>`select stream, ended, rows::int from job_streams where job_id = ${job}::uuid order by stream`
  )

describe("scheduler and extractor", () => {
  it("read every stream to its end, whatever is stopped in between, and the manifest holds each row once", async () => {
    const job = await insertJob(w, sandbox, ["ticket", "comment", "person", "group", "department"])
    const services = Layer.mergeAll(scheduler, extractor)
    const first = w.start("first", services)
    await eventually(
      () => streams(job),
      (rows) => rows.some((r) => r.rows > 0)
    )
    await first()
    const second = w.start("second", services)
    try {
      await eventually(
        () => streams(job),
        (rows) => rows.length === 5 && rows.every((r) => r.ended)
      )
    } finally {
      await second()
    }
    interface Sum {
      readonly entity: string
      readonly rows: number
    }
    const sums = await w.rows<Sum>(
      (sql) => sql<Sum>`select entity, sum(rows)::int as rows from job_batches
      where job_id = ${job}::uuid and state = 'sent' group by entity order by entity`
    )
    const byEntity = Object.fromEntries(sums.map((s) => [s.entity, s.rows]))
    expect(byEntity.person).toBe(30)
    expect(byEntity.ticket).toBe(120)
    expect(byEntity.comment).toBe(360)
  })
})
