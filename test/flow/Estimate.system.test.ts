import { estimateOf } from "@bridge/api/jobs/Estimate"
import { surveyedEstimate } from "@bridge/api/jobs/Surveyed"
import { freshservice } from "@bridge/connectors/freshservice/Freshservice"
import { extractor } from "@bridge/extractor/main"
import { paceOf } from "@bridge/http/Pace"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { type CorpusEntity, corpusLines } from "@bridge/sandbox/Truth"
import { scheduler } from "@bridge/scheduler/main"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, expect, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import { refinerWith, state, streams } from "./Rig.ts"

let sandbox: Sandbox
let w: World

beforeAll(async () => {
  // A minute of the vendor is two seconds; on the smallest plan the job takes more than half an hour of them.
  sandbox = await startSandbox({ tickets: 1_750, seed: 31, timeFactor: 30, freshservice: { plan: "starter" } })
  w = await world(sandbox)
  // The vendor's minute is shorter here: told, since finding it out takes a real minute.
  const paces = Object.fromEntries(
    freshservice.budgets({} as never).map((b) => [b.name, paceOf({ ...b, windowMillis: 2_000 }, 1, Date.now())])
  )
  await w.rows(
    (sql) => sql`insert into rate_budgets (key, state)
      values (${`${w.tenantId}/${w.source}`}, ${JSON.stringify({ paces, owners: {} })}::jsonb) returning key`
  )
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
})

const estimate = async (job: string) => {
  const [found] = await w.rows((sql) =>
    Effect.map(estimateOf(job), (one) => [one]).pipe(Effect.provideService(SqlClient.SqlClient, sql))
  )
  if (found === undefined) throw new Error("no estimate")
  return found
}

const entities = ["ticket", "comment", "person", "group", "department"] as const
const before = (options: object, more: ReadonlyArray<string> = []) =>
  w.use(
    surveyedEstimate(w.tenantId, {
      source: w.source,
      destination: w.destination,
      entities: [...entities, ...more],
      options
    })
  )

/** How many of an entity the source has. */
const atSource = (entity: CorpusEntity): number => {
  const account = sandbox.world.freshservice.get(sandbox.hosts.freshservice)
  return account === undefined ? 0 : [...corpusLines(account, entity)].length
}

it("counts the source with a few calls before anything begins, and what the options leave of it", async () => {
  const made = sandbox.world.ledger.counts().reduce((n, c) => n + c.count, 0)
  const whole = await before({})
  const calls = sandbox.world.ledger.counts().reduce((n, c) => n + c.count, 0) - made
  expect(calls).toBeLessThan(80)
  expect(whole.basis).toContain("calls")
  expect(whole.loading.calls).toBeGreaterThan(0)
  const rows = new Map(whole.streams.map((s) => [s.stream, s.rows]))
  expect(rows.get("tickets")).toBe(atSource("ticket"))
  expect((rows.get("requesters") ?? 0) + (rows.get("agents") ?? 0)).toBe(atSource("person"))
  expect(rows.get("departments")).toBe(atSource("department"))
  expect(whole.extraction.limitedBy).not.toBeNull()
  // Nobody can count what rows of others are made into: it is said, and the rest is told.
  const members = await before({}, ["group-member"])
  expect(members.loading.calls).toBe(whole.loading.calls)
  expect(members.basis).toContain("without group-member")
  const sample = await before({ sampleSize: 100 })
  expect(sample.entities.find((e) => e.entity === "ticket")?.expected).toBe(100)
  expect(sample.extraction.calls ?? 0).toBeLessThan((whole.extraction.calls ?? 0) / 4)
  const incidents = await before({ filters: { ticket: { type: "Service Request" } } })
  const share = (incidents.entities.find((e) => e.entity === "ticket")?.expected ?? 0) / atSource("ticket")
  expect(share).toBeGreaterThan(0.02)
  expect(share).toBeLessThan(0.6)
})

it("tells within 10 % how long a job takes once a twentieth of it is over, and goes on telling", async () => {
  const counted = await before({})
  const stop = w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractor))
  const job = await insertJob(w, sandbox, entities)
  const said: Array<{ readonly at: number; readonly left: number | null }> = []
  try {
    await eventually(
      () => state(w, job),
      (is) => is === "extracting"
    )
    const began = Date.now()
    for (;;) {
      const { secondsLeft } = await estimate(job)
      // Settling goes by this machine's clock, of which the vendor's is a thirtieth here.
      if ((await streams(w, job)).every((s) => s.sealed)) break
      said.push({ at: Date.now(), left: secondsLeft })
      await new Promise((later) => setTimeout(later, 100))
    }
    const took = Date.now() - began
    const ends = said
      .filter(({ at }) => at - began > took * 0.05)
      .map(({ at, left }) => (left === null ? Number.NaN : (at - began + left * 1000) / took))
    expect(ends.length).toBeGreaterThan(50)
    expect(Math.min(...ends)).toBeGreaterThan(0.9)
    expect(Math.max(...ends)).toBeLessThan(1.1)
    const [made] = await w.rows<{ calls: number }>(
      (sql) => sql`select sum(calls)::int as calls from job_streams where job_id = ${job}::uuid`
    )
    expect((counted.extraction.calls ?? 0) / (made?.calls ?? 1)).toBeGreaterThan(0.9)
    expect((counted.extraction.calls ?? 0) / (made?.calls ?? 1)).toBeLessThan(1.1)
  } finally {
    await stop()
  }
})
