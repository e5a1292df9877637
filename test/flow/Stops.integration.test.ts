import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { Effect, Layer } from "effect"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import { books, decide, extractorWith, gate, producerWith, refinerWith, reviewable, sourceIds, state } from "./Rig.ts"

let sandbox: Sandbox
let w: World
let stop: () => Promise<void>
/** What a send goes through first. */
let sending: Effect.Effect<void> = Effect.void
const entities = ["ticket", "comment"]
const options = { batchSize: 20 }

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 150, seed: 9, limits: false, logCalls: true })
  w = await world(sandbox)
  const edge = producerWith(/\.raw\./, { before: Effect.suspend(() => sending) })
  stop = w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractorWith({ edge })))
})
afterAll(async () => {
  await stop?.()
  await w?.stop()
  await sandbox?.stop()
})

const leases = () => w.rows((sql) => sql`select name from leases where name like 'job-source:%'`)

/** Whatever became of a test, the next one finds the vendor well and its account free. */
afterEach(async () => {
  sandbox.world.faults.clear()
  sending = Effect.void
  const live = await w.rows<{ id: string }>(
    (sql) => sql`select id::text from jobs where state not in ('cancelled', 'failed', 'completed')`
  )
  for (const { id } of live) await decide(w, id, "job-cancel-requested")
  await eventually(leases, (held) => held.length === 0)
})

const calls = () => sandbox.world.ledger.calls()
const pause = (millis: number) => new Promise((later) => setTimeout(later, millis))

const failure = (job: string) =>
  eventually(
    async () => {
      const [row] = await w.rows<{ state: string; error: { code: string; message: string } | null }>(
        (sql) => sql`select state, error from jobs where id = ${job}::uuid`
      )
      return row
    },
    (row) => row?.state === "failed"
  ).then((row) => row?.error)

const once = async (job: string) => {
  await reviewable(w, job)
  const is = await books(w, job)
  expect(is.manifest).toEqual({ ticket: 150, comment: 450 })
  expect(is.records.ticket).toEqual(sourceIds(sandbox, "ticket"))
  expect(is.records.comment).toEqual(sourceIds(sandbox, "comment"))
  return is
}

describe("a job that is paused", () => {
  it("stops calling, leaves nothing half sent, and goes on where it was", async () => {
    sandbox.world.faults.add({ kind: "slow", vendor: "freshservice", path: "/tickets/", ms: 60 })
    const held = gate(2)
    sending = held.pass
    const job = await insertJob(w, sandbox, entities, options)
    await held.reached
    await decide(w, job, "job-paused")
    await eventually(
      () => books(w, job),
      ({ batches }) => batches.sending === undefined,
      5_000
    )
    const made = calls().length
    await pause(1_500)
    expect(calls().length).toBe(made)
    const { batches, manifest } = await books(w, job)
    expect(batches.abandoned).toBeGreaterThan(0)
    expect(manifest.ticket).toBeLessThan(150)
    expect(await state(w, job)).toBe("extracting")
    sending = Effect.void
    sandbox.world.faults.clear()
    await decide(w, job, "job-resumed")
    await once(job)
  })
})

describe("a job whose source cannot be read any more", () => {
  it("fails with the vendor's words when the key is revoked, keeps what it has, and a new one reads everything", async () => {
    const words = "You have to be logged in to perform this action."
    const body = JSON.stringify({ code: "invalid_credentials", message: words })
    sandbox.world.faults.add({ kind: "status", vendor: "freshservice", status: 401, body, skip: 220 })
    const job = await insertJob(w, sandbox, entities, options)
    expect(await failure(job)).toMatchObject({
      code: "credentials-rejected",
      message: expect.stringContaining(words)
    })
    const kept = await books(w, job)
    expect(kept.manifest.ticket).toBeGreaterThan(0)
    expect(await leases()).toEqual([])
    sandbox.world.faults.clear()
    await once(await insertJob(w, sandbox, entities, options))
  })

  it("fails when the connection is deleted, and says so", async () => {
    await w.rows((sql) => sql`update tenant_connectors set deleted_at = now() where id = ${w.source}::uuid`)
    const job = await insertJob(w, sandbox, entities)
    expect(await failure(job)).toEqual({
      code: "connection-unknown",
      message: "tickets: the source connection was deleted"
    })
    await w.rows((sql) => sql`update tenant_connectors set deleted_at = null where id = ${w.source}::uuid`)
  })

  it("fails once, with one dead letter, when a fault of ours stops the stream", async () => {
    // The account is somebody else's until the stream has a name that no connector knows.
    const { domain } = sandbox.credentials.freshservice
    const lease = `job-source:${w.tenantId}:freshservice:${domain.split(".")[0]}`
    await w.rows((sql) => sql`insert into leases (name, owner, until) values (${lease}, 'somebody', 'infinity')`)
    const job = await insertJob(w, sandbox, entities)
    await w.rows((sql) => sql`update job_streams set stream = 'nonsense' where job_id = ${job}::uuid`)
    await w.rows((sql) => sql`delete from leases where name = ${lease}`)
    expect(await failure(job)).toMatchObject({ code: "internal-error", message: expect.stringContaining("nonsense") })
    const letters = await w.rows(
      (sql) => sql`select stage, error_class from dead_letters where job_id = ${job}::uuid and stage = 'extract'`
    )
    expect(letters).toEqual([{ stage: "extract", error_class: "Defect Error" }])
  })
})

// Last: what a refusal teaches about the vendor's limits slows down whoever reads from this account afterwards.
describe("a stream that waits for the vendor", () => {
  it("makes no call later than 5 seconds after a cancel, and the account is free at once", async () => {
    // After some calls the vendor wants 7 seconds of silence from everybody.
    sandbox.world.faults.add({ kind: "429", vendor: "freshservice", skip: 40, count: 8, retryAfter: 7 })
    const job = await insertJob(w, sandbox, entities, options)
    await eventually(
      async () => calls().some((c) => c.status === 429),
      (seen) => seen
    )
    await decide(w, job, "job-cancel-requested")
    await eventually(
      () => state(w, job),
      (is) => is === "cancelled",
      5_000
    )
    expect(await leases()).toEqual([])
    await pause(5_000)
    const made = calls().length
    await pause(5_000)
    expect(calls().length).toBe(made)
    expect((await books(w, job)).batches.sending).toBeUndefined()
  })
})
