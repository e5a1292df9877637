import { expireOnce } from "@bridge/auditor/retention/Sweep"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Blobs } from "@bridge/store/Blobs"
import { Clock, Effect, Layer } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { eventually, insertJob, neighbour, type World, world } from "../harness/World.ts"
import { asOwner, decide, extractorWith, refinerWith, reviewable, state } from "./Rig.ts"

let sandbox: Sandbox
let w: World
/** Keeps what it has extracted for 60 days. */
let other: World
let stop: () => Promise<void>

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 20, seed: 5, limits: false })
  w = await world(sandbox)
  other = await neighbour(w, sandbox.credentials)
  await other.rows((sql) => sql`update tenants set retention_days = 60`)
  stop = w.start("services", Layer.mergeAll(scheduler, extractorWith(), refinerWith()))
})
afterAll(async () => {
  await stop?.()
  await w?.stop()
  await sandbox?.stop()
})

const day = 86_400_000

/** Everything that is due in so many days from now, by a clock that is there already. */
const sweptIn = (days: number) =>
  w.use(
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const millis = () => clock.currentTimeMillisUnsafe() + days * day
      const later = Clock.Clock.of({
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
      return yield* Effect.provideService(expireOnce, Clock.Clock, later).pipe(
        Effect.repeat({ while: (some) => some, times: 20 })
      )
    })
  )

const counted = ["job_extracted_data", "job_records", "dead_letters", "tallies", "reports", "jobs"] as const

const kept = async (job: string): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    await Promise.all(
      counted.map(async (table) => {
        const column = table === "jobs" ? "id" : "job_id"
        const [row] = await asOwner(
          w,
          (sql) => sql<{ n: number }>`select count(*)::int as n from ${sql(table)} where ${sql(column)} = ${job}::uuid`
        )
        return [table, row?.n ?? 0] as const
      })
    )
  )

const extracted = async (of: World) => {
  const job = await insertJob(of, sandbox, ["ticket", "comment"])
  await reviewable(of, job)
  await of.rows(
    (
      sql
    ) => sql`insert into dead_letters (tenant_id, job_id, stage, event_id, topic, part, position, error_class, error)
      values (${of.tenantId}::uuid, ${job}::uuid, 'refine', ${job}, 't', 0, 0, 'x', '{}')`
  )
  await of.rows(
    (sql) => sql`insert into tallies (tenant_id, job_id, stage, entity, batch_key, ids, hashes)
      values (${of.tenantId}::uuid, ${job}::uuid, 'raw', 'ticket', 'k', '{1}', '{h}')`
  )
  await of.rows(
    (sql) => sql`insert into reports (tenant_id, job_id, kind, body, hash)
      values (${of.tenantId}::uuid, ${job}::uuid, 'audit', '{}', 'h')`
  )
  return job
}

const ended = async (of: World, job: string) => {
  await decide(of, job, "job-cancel-requested")
  await eventually(
    () => state(of, job),
    (is) => is === "cancelled"
  )
}

const body = (of: World) =>
  w.use(Effect.flatMap(Blobs, (blobs) => blobs.put(of.tenantId, Buffer.from(`a large body of ${of.tenantId}`))))
const hasBody = (of: World, hash: string) => w.use(Effect.flatMap(Blobs, (blobs) => blobs.has(of.tenantId, hash)))

it("removes what a job extracted after its tenant's days, what proves it after seven years, and nothing that is needed", async () => {
  const [hash, foreign] = [await body(w), await body(other)]
  const gone = await extracted(w)
  await ended(w, gone)
  const alive = await extracted(w)
  const far = await extracted(other)
  await ended(other, far)
  const before = { gone: await kept(gone), alive: await kept(alive), far: await kept(far) }
  for (const counts of Object.values(before)) expect(Object.values(counts).every((n) => n > 0)).toBe(true)

  await sweptIn(29)
  expect(await kept(gone)).toEqual(before.gone)

  const expired = (job: string) =>
    w.rows<{ data: boolean; results: boolean }>(
      (sql) => sql`select data_expired_at is not null as data, results_expired_at is not null as results from jobs
        where id = ${job}::uuid`
    )
  expect(await expired(gone)).toEqual([{ data: false, results: false }])

  await sweptIn(31)
  expect(await expired(gone)).toEqual([{ data: true, results: false }])
  expect(await expired(alive)).toEqual([{ data: false, results: false }])
  const nothing = { job_extracted_data: 0, job_records: 0, dead_letters: 0 }
  expect(await kept(gone)).toEqual({ ...before.gone, ...nothing })
  expect(await kept(alive)).toEqual(before.alive)
  expect(await kept(far)).toEqual(before.far)
  // The live job may need it.
  expect(await hasBody(w, hash)).toBe(true)
  const said = await w.rows((sql) => sql`select detail from job_events where type = 'data-expired'`)
  expect(said).toEqual([{ detail: { rows: before.gone.job_extracted_data } }])

  await ended(w, alive)
  await sweptIn(32)
  expect(await kept(alive)).toEqual({ ...before.alive, ...nothing })
  expect([await hasBody(w, hash), await hasBody(other, foreign)]).toEqual([false, true])

  await sweptIn(62)
  expect(await kept(far)).toEqual({ ...before.far, ...nothing })
  expect(await hasBody(other, foreign)).toBe(false)

  await sweptIn(7 * 366)
  expect(await expired(gone)).toEqual([{ data: true, results: true }])
  expect(await kept(gone)).toEqual({ ...before.gone, ...nothing, tallies: 0, reports: 0 })
  const timers = await asOwner(w, (sql) => sql`select 1 from timers where kind like 'expire%'`)
  expect(timers).toEqual([])
})

it("keeps what an audit still has to compare, and no longer than 90 days", async () => {
  const [waiting, forgotten] = [await extracted(w), await extracted(w)]
  for (const job of [waiting, forgotten]) {
    await ended(w, job)
    await w.rows((sql) => sql`update jobs set state = 'completed' where id = ${job}::uuid returning id`)
  }
  const before = [await kept(waiting), await kept(forgotten)]
  await sweptIn(31)
  expect([await kept(waiting), await kept(forgotten)]).toEqual(before)
  await w.rows((sql) => sql`update jobs set audit_complete = true where id = ${waiting}::uuid returning id`)
  await sweptIn(33)
  expect((await kept(waiting))["job_records"]).toBe(0)
  expect(await kept(forgotten)).toEqual(before[1])
  await sweptIn(92)
  expect((await kept(forgotten))["job_records"]).toBe(0)
})

it("keeps a body that was stored once more", async () => {
  const hash = await body(w)
  const expire = (before: number) => w.use(Effect.flatMap(Blobs, (blobs) => blobs.expire(w.tenantId, before)))
  const between = Date.now()
  await new Promise((soon) => setTimeout(soon, 20))
  await body(w)
  expect(await expire(between + 10)).toBe(0)
  expect(await hasBody(w, hash)).toBe(true)
  expect(await expire(Date.now() + day)).toBe(1)
})
