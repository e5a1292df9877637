import { windowRows } from "@bridge/domain/Jobs"
import { type extract, extractWith } from "@bridge/extractor/Extractor"
import { Commands } from "@bridge/flow/Commands"
import type { NewCommand } from "@bridge/flow/Messages"
import type { Run } from "@bridge/flow/Stage"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { step } from "@bridge/scheduler/Scheduler"
import { statements } from "@bridge/store/Migrate"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { eventually, insertJob, neighbour, type World, world } from "../harness/World.ts"
import { asOwner, books, decide, extractorWith, refinerWith, reviewable, sourceIds, state, streams } from "./Rig.ts"

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
  expect(is.manifest).toMatchObject({ ticket: tickets.length, comment: comments.length })
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

/** The first command of each kind for each stream or job never gets into the outbox. */
const losing = `
  create table lost (kind text, subject text, primary key (kind, subject));
  create function lose() returns trigger language plpgsql security definer as $$ begin
    if new.topic <> 'bridge.commands.v1' then return new; end if;
    insert into lost select m->'headers'->>'ce_type', m->'headers'->>'ce_subject' from json_array_elements(new.messages) as m
      on conflict do nothing;
    if found then return null; end if;
    return new;
  end $$;
  create trigger lose before insert on outbox for each row execute function lose()`

/** Who sends first goes on only when a neighbour waits for the permit: from then on the slice is to give way. */
const firstStays = (stage: typeof extract): typeof extract => {
  let first = true
  const until = (crowded: Effect.Effect<boolean>): Effect.Effect<void> =>
    Effect.flatMap(crowded, (is) => (is ? Effect.void : Effect.delay(until(crowded), "20 millis")))
  const stays = (run: Run): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!first) return Effect.void
      first = false
      return until(run.crowded)
    })
  return {
    ...stage,
    handle: (run) => stage.handle({ ...run, inOrder: (send) => Effect.tap(run.inOrder(send), () => stays(run)) })
  }
}

const everything = [...entities, "person", "group", "department"]

describe("slices", () => {
  it("give way to a neighbour, go on where they were, and read every row once", async () => {
    const job = await insertJob(w, sandbox, entities, { batchSize: 100 })
    const next = await insertJob(other, others, entities, { batchSize: 100 })
    const stage = firstStays(extractWith({ permits: 1, sliceMillis: 1 }))
    stop.push(w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractorWith({ stage }))))
    await once(w, job)
    await once(other, next, "beta.freshservice.com")
    const slices = [...(await streams(w, job)), ...(await streams(other, next))].map((s) => s.slice)
    expect(Math.max(...slices)).toBeGreaterThan(0)
  })

  it("come to their end although the first of every command is lost", async () => {
    await asOwner(w, (sql) => Effect.forEach(statements(losing), (statement) => sql.unsafe(statement)))
    const job = await insertJob(w, sandbox, everything)
    stop.push(w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractorWith())))
    await once(w, job)
    const lost = await asOwner(w, (sql) => sql<{ n: number }>`select count(*)::int as n from lost`)
    expect(lost[0]?.n).toBeGreaterThan(5)
    await asOwner(w, (sql) => sql`drop trigger lose on outbox`)
  })

  it("run only when the row says so, whatever commands come, twice, too late or out of order", async () => {
    const job = await insertJob(w, sandbox, everything, { batchSize: 20 })
    const wakes = (type: NewCommand["type"], key: string, slices: ReadonlyArray<number>) =>
      slices.map((slice): NewCommand => ({ type, tenantId: w.tenantId, jobId: job, key, slice }))
    const send = (all: ReadonlyArray<NewCommand>) =>
      w.use(asTenant(w.tenantId)(Effect.flatMap(Commands, (commands) => commands.send(all))))
    // No scheduler yet: nothing but these commands.
    await w.rows((sql) => sql`update jobs set state = 'running' where id = ${job}::uuid`)
    stop.push(w.start("services", Layer.mergeAll(refinerWith(), extractorWith())))
    await send([
      ...wakes("extract", "tickets", [5, 2, 1, 7]),
      ...wakes("extract", "nonsense", [0, 0]),
      ...wakes("extract", "groups", [3, 0, 0, 1])
    ])
    const [, , groups, , tickets] = await eventually(
      () => streams(w, job),
      (all) => all.some((s) => s.sealed)
    )
    expect(groups).toMatchObject({ stream: "groups", ended: true, epoch: 1 })
    expect(tickets).toMatchObject({ stream: "tickets", ended: false, epoch: 0 })

    stop.push(w.start("scheduler", scheduler))
    const others = (["settle", "remap", "release", "audit"] as const).flatMap((type) => wakes(type, "ticket", [1, 1]))
    const again = ["tickets", "agents", "requesters"].flatMap((key) => wakes("extract", key, [5, 0, 0, 2, 1]))
    await send([...others, ...again, ...others.toReversed(), ...again.toReversed()])
    await once(w, job)
  })
})

interface Move {
  readonly seq: number
  readonly job: string
  readonly to: string
}

const moves = (jobs: ReadonlyArray<string>) =>
  w.rows<Move>(
    (sql) => sql<Move>`select seq::int, job_id::text as job, detail->>'to' as to from job_events
      where type = 'state-changed' and job_id = any(${jobs}::text[]::uuid[]) order by seq`
  )

describe("two schedulers", () => {
  it("take a step once, however many look at the job at once", async () => {
    const job = await insertJob(w, sandbox, entities)
    const looks = Effect.all(
      Array.from({ length: 12 }, () => asTenant(w.tenantId)(step(job))),
      { concurrency: "unbounded" }
    )
    await w.use(looks)
    expect((await moves([job])).map((m) => m.to)).toEqual(["running"])
    await w.rows((sql) => sql`update jobs set cancel_requested = true where id = ${job}::uuid`)
    await w.use(looks)
    expect((await moves([job])).map((m) => m.to)).toEqual(["running", "cancelled"])
  })

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
    const made = await moves([first, second])
    const states = ["running", "extracting", "data_ready", "validation_pending"]
    for (const job of [first, second]) expect(made.filter((m) => m.job === job).map((m) => m.to)).toEqual(states)
    const [a, b] = made[0]?.job === first ? [first, second] : [second, first]
    const at = (job: string | undefined, to: string) => made.find((m) => m.job === job && m.to === to)?.seq ?? 0
    expect(at(b, "running")).toBeGreaterThan(at(a, "data_ready"))
    await once(w, first)
  })
})

// Last: until the vendor can be asked again nobody reads from this account.
describe("a stream that waits for its vendor", () => {
  it("keeps no neighbour from work", async () => {
    sandbox.world.faults.add({ kind: "429", vendor: "freshservice", count: 1, retryAfter: 25 })
    const tuning = { permits: 1, sliceMillis: 10_000 }
    stop.push(w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractorWith({ tuning }))))
    const job = await insertJob(w, sandbox, entities)
    await eventually(
      async () => sandbox.world.faults.list(),
      ([fault]) => fault?.hit === 1
    )
    sandbox.world.faults.clear()
    const next = await insertJob(other, others, entities)
    await once(other, next, "beta.freshservice.com")
    expect((await streams(w, job)).every((s) => !s.ended)).toBe(true)
    await decide(w, job, "job-cancel-requested")
    await eventually(
      () => state(w, job),
      (is) => is === "cancelled"
    )
  })
})
