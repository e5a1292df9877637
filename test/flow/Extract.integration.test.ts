import { extractor } from "@bridge/extractor/main"
import { mutate, mutateDefaults } from "@bridge/sandbox/Mutate"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually, insertJob, neighbour, type World, world } from "../harness/World.ts"
import { archivedRows, books, extractorWith, refinerWith, reviewable, sourceIds } from "./Rig.ts"

let sandbox: Sandbox
let w: World

beforeAll(async () => {
  sandbox = await startSandbox({
    tickets: 120,
    seed: 5,
    limits: false,
    accounts: {
      freshservice: [
        { domain: "busy", seed: 6, tickets: 250 },
        { domain: "small", seed: 7, tickets: 10, plan: "starter" }
      ]
    }
  })
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

  it("end a stream whose module the plan lacks, once, and say so", async () => {
    const { credentials } = sandbox
    const there = {
      credentials: { ...credentials, freshservice: { ...credentials.freshservice, domain: "small.freshservice.com" } }
    }
    const tenant = await neighbour(w, there.credentials)
    const stop = w.start("services", Layer.mergeAll(scheduler, extractor))
    try {
      const job = await insertJob(tenant, there, ["ticket", "problem", "location"])
      const rows = await eventually(
        () =>
          tenant.rows<{ stream: string; gaps: ReadonlyArray<{ message: string }>; ended: boolean }>(
            (sql) => sql`select stream, gaps, ended from job_streams where job_id = ${job}::uuid order by stream`
          ),
        (all) => all.length > 0 && all.every((r) => r.ended)
      )
      expect(rows.filter((r) => r.gaps.length > 0).map((r) => r.stream)).toEqual(["problems"])
      expect(rows.find((r) => r.stream === "problems")?.gaps).toEqual([
        { stream: "problems", message: expect.stringContaining("not supported in your plan") }
      ])
    } finally {
      await stop()
    }
  })

  it("lose no ticket while others are added and changed under their hands, and keep the newest of each", async () => {
    const host = "busy.freshservice.com"
    const busy = sandbox.world.freshservice.get(host)
    if (busy === undefined) throw new Error("no such account")
    const before = { ticket: sourceIds(sandbox, "ticket", host), comment: sourceIds(sandbox, "comment", host) }
    mutate(busy, { ...mutateDefaults, insert: 3, update: 9, everyLists: 1, times: 12 })
    const { credentials } = sandbox
    const there = { credentials: { ...credentials, freshservice: { ...credentials.freshservice, domain: host } } }
    const tenant = await neighbour(w, there.credentials)
    const stop = w.start("services", Layer.mergeAll(scheduler, extractorWith(), refinerWith()))
    try {
      const job = await insertJob(tenant, there, ["ticket", "comment"], { batchSize: 40 })
      await reviewable(tenant, job)
      const is = await books(tenant, job)
      const kept = { ticket: new Set(is.records.ticket), comment: new Set(is.records.comment) }
      expect(before.ticket.filter((id) => !kept.ticket.has(id))).toEqual([])
      expect(before.comment.filter((id) => !kept.comment.has(id))).toEqual([])
      expect(is.archive).toEqual(is.manifest)
      // What was changed was read again: more rows than records.
      expect(is.archive.ticket).toBeGreaterThan(kept.ticket.size)
      expect(kept.ticket.size).toBeGreaterThan(before.ticket.length)
      const versions = new Map(
        (
          await tenant.rows(
            (sql) => sql<{ id: string; version: string }>`select source_id as id, version from job_records
              where job_id = ${job}::uuid and entity = 'ticket'`
          )
        ).map(({ id, version }) => [id, version])
      )
      const rows = (await archivedRows(tenant, job, "ticket")).map(
        ({ body }) => JSON.parse(body.toString("utf8")) as { readonly id: number; readonly updated_at: string }
      )
      expect(rows.length).toBeGreaterThanOrEqual(versions.size)
      expect(rows.filter((row) => row.updated_at > (versions.get(String(row.id)) ?? "9"))).toEqual([])
    } finally {
      await stop()
    }
  })
})
