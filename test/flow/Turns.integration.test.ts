import { windowRows } from "@bridge/domain/Jobs"
import { Commands } from "@bridge/flow/Commands"
import type { NewCommand } from "@bridge/flow/Messages"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { statements } from "@bridge/store/Migrate"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { eventually, insertJob, neighbour, type World, world } from "../harness/World.ts"
import { asOwner, books, extractorWith, producerWith, refinerWith, reviewable, sourceIds, streams } from "./Rig.ts"

let sandbox: Sandbox
/** Two tenants, each with an account of its own at the vendor. */
let w: World
let other: World
let others: Pick<Sandbox, "credentials">
let stop: Array<() => Promise<void>> = []
const entities = ["ticket", "comment"]

beforeAll(async () => {
  sandbox = await startSandbox({
    tickets: 150,
    seed: 3,
    limits: false,
    accounts: { freshservice: [{ domain: "beta", seed: 4, tickets: 100 }] }
  })
  const { freshservice } = sandbox.credentials
  others = {
    credentials: {
      ...sandbox.credentials,
      freshservice: { ...freshservice, domain: "beta.freshservice.com" }
    }
  }
  w = await world(sandbox)
  other = await neighbour(w, others.credentials)
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
})
beforeEach(() => {
  stop = []
})
afterEach(async () => {
  for (const end of stop.toReversed()) await end()
})

const once = async (world: World, job: string, host?: string) => {
  await reviewable(world, job)
  const is = await books(world, job)
  const tickets = sourceIds(sandbox, "ticket", host)
  const comments = sourceIds(sandbox, "comment", host)
  expect(is.manifest).toEqual({ ticket: tickets.length, comment: comments.length })
  expect(is.records.ticket).toEqual(tickets)
  expect(is.records.comment).toEqual(comments)
  return is
}

const waits = (job: string, rows: number) =>
  w.rows(
    (sql) => sql`insert into job_batches (tenant_id, job_id, stream, entity, number, epoch, rows, bytes, hash, state)
      values (${w.tenantId}::uuid, ${job}::uuid, 'tickets', 'ticket', -1, 0, ${rows}, 0, '', 'sent')`
  )

describe("the window between extractor and refiner", () => {
  it("stops a stream that is full, without keeping others from work, and lets it go on when there is room", async () => {
    const job = await insertJob(w, sandbox, entities, { batchSize: 20 })
    // As if the refiner had left nearly a window of rows undone.
    await waits(job, windowRows - 10)
    stop.push(
      w.start("services", Layer.mergeAll(scheduler, extractorWith({ tuning: { permits: 1, sliceMillis: 10_000 } })))
    )
    const rows = () => streams(w, job).then(([s]) => s?.rows ?? 0)
    const first = await eventually(rows, (n) => n > 0)
    // What was sent is marked, nothing else is announced, and the only permit is free for the neighbour.
    const next = await insertJob(other, others, entities)
    await eventually(
      () => streams(other, next),
      (all) => all.every((s) => s.ended)
    )
    expect(await rows()).toBe(first)
    expect((await books(w, job)).batches.sending).toBeUndefined()

    stop.push(w.start("refiner", refinerWith()))
    await eventually(
      () => streams(w, job),
      (all) => all.every((s) => s.ended)
    )
    await w.rows((sql) => sql`delete from job_batches where job_id = ${job}::uuid and number = -1`)
    await once(w, job)
    await once(other, next, "beta.freshservice.com")
  })
})

/** Every second command never gets into the outbox. */
const losing = `
  create sequence losses;
  grant usage on sequence losses to bridge_app;
  create function lose() returns trigger language plpgsql as $$ begin
    if new.topic = 'bridge.commands.v1' and nextval('losses') % 2 = 1 then return null; end if;
    return new;
  end $$;
  create trigger lose before insert on outbox for each row execute function lose()`

describe("slices", () => {
  it("give way to a neighbour, go on where they were, and read every row once", async () => {
    const slow = producerWith(/\.raw\./, { after: Effect.sleep("120 millis") })
    const job = await insertJob(w, sandbox, entities, { batchSize: 20 })
    const next = await insertJob(other, others, entities, { batchSize: 20 })
    stop.push(
      w.start(
        "services",
        Layer.mergeAll(
          scheduler,
          refinerWith(),
          extractorWith({ tuning: { permits: 1, sliceMillis: 100 }, edge: slow })
        )
      )
    )
    await once(w, job)
    await once(other, next, "beta.freshservice.com")
    const slices = [...(await streams(w, job)), ...(await streams(other, next))].map((s) => s.slice)
    expect(Math.max(...slices)).toBeGreaterThan(0)
  })

  it("come to their end although every second command is lost and others come twice, late and out of order", async () => {
    await asOwner(w, (sql) => Effect.forEach(statements(losing), (statement) => sql.unsafe(statement)))
    const job = await insertJob(w, sandbox, [...entities, "person", "group", "department"], { batchSize: 20 })
    const services = Layer.mergeAll(scheduler, refinerWith(), extractorWith())
    stop.push(w.start("services", services))
    const names = (await streams(w, job)).map((s) => s.stream)
    const nonsense = names.flatMap(
      (key): ReadonlyArray<NewCommand> =>
        [5, 0, 2, 1, 0, 7].map((slice) => ({ type: "extract", tenantId: w.tenantId, jobId: job, key, slice }))
    )
    const early = (["settle", "remap", "release", "settle", "audit"] as const).map(
      (type): NewCommand => ({ type, tenantId: w.tenantId, jobId: job, key: "ticket" })
    )
    await w.use(
      asTenant(w.tenantId)(
        Effect.flatMap(Commands, (commands) => commands.send([...nonsense, ...early, ...nonsense.toReversed()]))
      )
    )
    await reviewable(w, job, 45_000)
    await asOwner(w, (sql) => sql`drop trigger lose on outbox`)
    const is = await books(w, job)
    expect(is.manifest).toMatchObject({ ticket: 150, comment: 450 })
    expect(is.records.ticket).toEqual(sourceIds(sandbox, "ticket"))
    expect(is.records.comment).toEqual(sourceIds(sandbox, "comment"))
  })
})

describe("two schedulers", () => {
  it("move a job once, and let a second one of the same account wait until the first gives it back", async () => {
    stop.push(
      w.start("one", scheduler),
      w.start("two", scheduler),
      w.start("rest", Layer.mergeAll(refinerWith(), extractorWith()))
    )
    const first = await insertJob(w, sandbox, entities)
    const second = await insertJob(w, sandbox, entities)
    await reviewable(w, first)
    await reviewable(w, second)
    interface Move {
      readonly seq: number
      readonly job: string
      readonly to: string
    }
    const moves = await w.rows<Move>(
      (sql) => sql<Move>`select seq::int, job_id::text as job, detail->>'to' as to from job_events
        where type = 'state-changed' and job_id in (${first}::uuid, ${second}::uuid) order by seq`
    )
    const states = ["running", "extracting", "data_ready", "validation_pending"]
    for (const job of [first, second]) expect(moves.filter((m) => m.job === job).map((m) => m.to)).toEqual(states)
    const [a, b] = moves[0]?.job === first ? [first, second] : [second, first]
    const at = (job: string | undefined, to: string) => moves.find((m) => m.job === job && m.to === to)?.seq ?? 0
    expect(at(b, "running")).toBeGreaterThan(at(a, "data_ready"))
    await once(w, first)
  })
})
