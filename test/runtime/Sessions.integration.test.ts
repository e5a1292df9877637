// Sessions from their start to their end: drained, bounded in memory, built anew, restarted after crashes; fair to tenants.
import { batchOf } from "@bridge/flow/Envelope"
import { claim, save } from "@bridge/flow/Fences"
import { partitionOf } from "@bridge/flow/Partition"
import { orStageError } from "@bridge/flow/Retry"
import { type RuntimeOptions, runStage } from "@bridge/flow/Runtime"
import type { Run, Stage } from "@bridge/flow/Stage"
import { BrokerError, BrokerUnavailable, Consumers, type Producer } from "@bridge/kafka/Broker"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import {
  type Batch,
  batchesOf,
  eventually,
  findings,
  type Lab,
  openLab,
  type Place,
  partitions,
  remember,
  remembering,
  sendBatch,
  stageOf,
  tenants
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

const [acme = "", globex = ""] = tenants
const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient | Producer>) => lab.services.runPromise(effect)
const effects = async () => (await run(findings)).effects
const sendAll = (batches: ReadonlyArray<Batch>) =>
  run(Effect.forEach(batches, (b) => sendBatch(place, b), { discard: true }))
const start = (stage: Stage<SqlClient.SqlClient>, options: RuntimeOptions = {}) =>
  lab.services.runFork(runStage(stage, { group: place.group, drain: "3 seconds", ...options }))
const stop = (fiber: Fiber.Fiber<unknown, unknown>) => Effect.runPromise(Fiber.interrupt(fiber))
const offsets = () =>
  run(
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql<{ part: number; low: string; clean: boolean; attempts: number }>`
        select part, low::text, clean, attempts from consumer_offsets where grp = ${place.group} order by part`
    )
  )
const at = partitionOf(acme, partitions)

describe("sessions", () => {
  it("end what is at work when they are stopped, begin nothing new, and hand the rest over", async () => {
    let begun = 0
    let ended = 0
    const slow = (r: Run) =>
      Effect.sync(() => begun++).pipe(
        Effect.andThen(Effect.sleep("300 millis")),
        Effect.andThen(remembering(r)),
        Effect.tap(() => Effect.sync(() => ended++))
      )
    await sendAll(batchesOf(10, 2, [acme, globex]))
    const fiber = start(stageOf(place, slow, { permits: 1 }))
    await eventually("two have begun", async () => begun === 2)
    await stop(fiber)
    assert.deepStrictEqual([begun, ended], [2, 2])
    const rows = await offsets()
    assert.strictEqual(
      rows.reduce((n, o) => n + Number(o.low), 0),
      4
    )
    assert.isTrue(rows.every((o) => o.clean))
    const next = start(stageOf(place, remembering))
    await eventually("the rest is done", async () => (await effects()) === 40)
    await stop(next)
    assert.strictEqual((await run(findings)).tries, 40)
  })

  it("hold no more than their bytes in memory and go on by themselves", async () => {
    let admitted = 0
    let done = 0
    let most = 0
    const slow = (r: Run) =>
      Effect.sleep("5 millis").pipe(
        Effect.andThen(remembering(r)),
        Effect.tap(() =>
          Effect.sync(() => {
            done += r.records.length
          })
        )
      )
    await sendAll(batchesOf(100, 40, [acme]).map((batch) => ({ ...batch, padding: 2000 })))
    const stage = stageOf(place, slow, { maxPartitionBytes: 300_000, maxBytes: 400_000 })
    const address: typeof stage.address = (rec) => {
      admitted++
      most = Math.max(most, admitted - done)
      return stage.address(rec)
    }
    const fiber = start({ ...stage, address })
    await eventually("all are done", async () => (await effects()) === 4000)
    await stop(fiber)
    // 300 kB are about 120 records; a fetch of half a megabyte (compressed to half) comes on top.
    assert.isAtMost(most, 900)
    assert.deepStrictEqual((await run(findings)).disorder, [])
  })

  /** Whose runs were handled, in order; the first one stays at work until all records are there, with a single permit. */
  const served = async (batches: ReadonlyArray<Batch>) => {
    const order: Array<string> = []
    const crowds: Array<boolean> = []
    let admitted = 0
    const handle = (r: Run) =>
      Effect.gen(function* () {
        order.push(r.tenantId)
        yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => admitted >= batches.length })
        crowds.push(yield* r.crowded)
        yield* remembering(r)
      })
    const stage = stageOf(place, handle, { permits: 1 })
    const address: typeof stage.address = (rec) => {
      admitted++
      return stage.address(rec)
    }
    // One record a run, each run an actor of its own, so that only the permit is in the way.
    await sendAll(batches.map((b, i) => ({ ...b, actor: `${b.actor}-${i}` })))
    const fiber = start({ ...stage, address })
    // Have said it, not only begun: from the stop on every run is told that others wait.
    await eventually("all are done", async () => crowds.length === batches.length)
    await stop(fiber)
    return { order, crowds }
  }
  const big = (tenant: string) => batchesOf(60, 1, [tenant])
  const small = (tenant: string) => batchesOf(20, 1, [tenant])

  it("serve a small tenant while a big one's queue is long, and tell slices that others wait", async () => {
    const { crowds, order } = await served([...big(acme), ...small(globex)])
    const before = order.slice(0, order.lastIndexOf(globex)).filter((tenant) => tenant === acme).length
    assert.isAtLeast(before, 18)
    assert.isAtMost(before, 22)
    assert.isTrue(crowds[0])
    assert.isFalse(crowds.at(-1))
  })

  it("do not let a big tenant of a low tier slow a small one of a higher tier", async () => {
    await run(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) =>
          sql`insert into tenants (id, slug, name, tier) values (${globex}::uuid, 'globex', 'Globex', 'enterprise')`
      ).pipe(asTenant(globex))
    )
    const { order } = await served([...big(acme), ...small(globex)])
    const before = order.slice(0, order.lastIndexOf(globex)).filter((tenant) => tenant === acme).length
    // Four of its runs for each of the other's; the first ones may come before its tier is known.
    assert.isAtMost(before, 9)
  })

  it("let others work while a run waits, also with a single permit", async () => {
    let released = false
    const handle = (r: Run) =>
      batchOf(r.id)?.actor.includes(acme) === true
        ? r
            .waiting(Effect.repeat(Effect.sleep("20 millis"), { until: () => released }))
            .pipe(Effect.andThen(remembering(r)))
        : remembering(r)
    const fiber = start(stageOf(place, handle, { permits: 1 }))
    await sendAll(batchesOf(1, 3, [acme]))
    await sendAll(batchesOf(2, 3, [globex]))
    await eventually("the other is done", async () => (await effects()) === 6)
    released = true
    await eventually("both are done", async () => (await effects()) === 9)
    await stop(fiber)
  })

  it("send in the order of the runs while the rest goes side by side", async () => {
    const sent: Array<number> = []
    const handle = (r: Run) =>
      Effect.gen(function* () {
        const n = batchOf(r.id)?.batch ?? -1
        yield* Effect.sleep(n % 3 === 0 ? "60 millis" : "1 millis")
        yield* r.inOrder(Effect.sync(() => sent.push(n)))
        yield* remembering(r)
      })
    await sendAll(batchesOf(24, 2, [acme]))
    const fiber = start(stageOf(place, handle, { runsInFlight: 4, permits: 2 }))
    await eventually("all are done", async () => (await effects()) === 48)
    await stop(fiber)
    assert.deepStrictEqual(
      sent,
      Array.from({ length: 24 }, (_, i) => i)
    )
  })

  it("are built anew when they show no sign of life, and go on", async () => {
    let hung = 0
    const handle = (r: Run) => (hung++ === 0 ? Effect.never : remembering(r))
    await sendAll(batchesOf(2, 2, [acme]))
    const fiber = start(stageOf(place, handle), { stuck: "1 second", hung: "1 second", drain: "100 millis" })
    await eventually("all are done", async () => (await effects()) === 4)
    await stop(fiber)
    assert.isAtLeast(hung, 3)
  })

  it("are built anew when the client reads nothing while records lie in the log, and when it crashes", async () => {
    let opened = 0
    // The first session's client is deaf, the second's gives up.
    const ailing = Effect.map(Consumers, (real) =>
      Consumers.of({
        open: (options) => {
          opened++
          if (opened === 1) return real.open({ ...options, onRecords: () => {} })
          const crashed = Effect.fail(
            new BrokerError({ operation: "consume", reason: new BrokerUnavailable({ cause: "gone" }) })
          )
          return opened === 2 ? Effect.map(real.open(options), (live) => ({ ...live, crashed })) : real.open(options)
        }
      })
    )
    await sendAll(batchesOf(2, 2, [acme]))
    const fiber = lab.services.runFork(
      runStage(stageOf(place, remembering), { group: place.group, stuck: "1 second" }).pipe(
        Effect.provideServiceEffect(Consumers, ailing)
      )
    )
    await eventually("all are done", async () => (await effects()) === 4)
    await stop(fiber)
    assert.isAtLeast(opened, 2)
  })

  it("run a record alone after three crashes over it", async () => {
    const crash = async () => {
      // What a process leaves that dies with the record in work: the claim of the next owner finds it unclean.
      const [claimed] = await run(claim(place.group, "dies", [{ topic: place.topic, partition: at }]))
      return claimed?.attempts ?? -1
    }
    const seen: Array<number> = []
    for (let i = 0; i < 3; i++) seen.push(await crash())
    assert.deepStrictEqual(seen, [0, 1, 2])
    await sendAll([...batchesOf(1, 2, [acme]), ...batchesOf(1, 2, [globex])])
    const marks: Array<number> = []
    let working = 0
    let together = 0
    // While it works alone it is marked, so that a crash now would tell.
    const alone = (r: Run) =>
      Effect.gen(function* () {
        working++
        together = Math.max(together, working)
        const rows = yield* Effect.promise(offsets)
        if (r.partition === at) marks.push(rows.find((o) => o.part === at)?.attempts ?? -1)
        yield* Effect.sleep("100 millis")
        yield* remembering(r)
        working--
      })
    const fiber = start(stageOf(place, alone))
    await eventually("all are done", async () => (await effects()) === 4)
    await stop(fiber)
    assert.deepStrictEqual(marks, [4])
    assert.strictEqual(together, 1)
    assert.strictEqual((await offsets()).find((o) => o.part === at)?.attempts, 0)
  })

  it("give up a record over which the process died while it worked alone", async () => {
    await sendAll(batchesOf(2, 1, [acme]))
    await run(claim(place.group, "dies", [{ topic: place.topic, partition: at }]))
    await run(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`update consumer_offsets set attempts = 4 where grp = ${place.group}`
      )
    )
    let handled = 0
    const fiber = start(
      stageOf(place, (r) =>
        Effect.andThen(
          Effect.sync(() => handled++),
          remembering(r)
        )
      )
    )
    await eventually("the next is done", async () => (await effects()) === 1)
    await stop(fiber)
    const letters = await run(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ error_class: string }>`select error_class from dead_letters where topic = ${place.topic}`
      ).pipe(asTenant(acme))
    )
    assert.deepStrictEqual(letters, [{ error_class: "CrashLoop" }])
    assert.strictEqual(handled, 1)
  })

  it("go on from where Postgres says, not from the commit in Kafka, and from the first record when that is gone", async () => {
    await sendAll(batchesOf(4, 5, [acme]))
    const fiber = start(stageOf(place, remembering))
    await eventually("all are done", async () => (await effects()) === 20)
    await stop(fiber)
    const [claimed] = await run(claim(place.group, "other", [{ topic: place.topic, partition: at }]))
    // The one before left in order: its end was no crash.
    assert.strictEqual(claimed?.attempts, 0)
    const row = { topic: place.topic, partition: at, epoch: claimed?.epoch ?? 0n, ahead: "b1:0.5", clean: true }
    // 10 is not finished, 10 to 14 are finished above it: only 15 to 19 come again.
    await run(save(place.group, [{ ...row, low: 10n }]))
    await run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`delete from tries`))
    const again = start(stageOf(place, remembering))
    await eventually("the last five come again", async () => (await run(findings)).tries === 5)
    await stop(again)
    const [later] = await run(claim(place.group, "other", [{ topic: place.topic, partition: at }]))
    await run(save(place.group, [{ ...row, epoch: later?.epoch ?? 0n, low: 5000n, ahead: "b1:" }]))
    const beyond = start(stageOf(place, remembering))
    await eventually("all come again", async () => (await run(findings)).tries === 25)
    await stop(beyond)
    assert.strictEqual(await effects(), 20)
  })

  it("keep a transaction whole: half of a run is never seen", async () => {
    const half = (r: Run) =>
      r
        .transaction(Effect.andThen(remember(r), r.attempt === 1 ? Effect.die("power cut") : Effect.void))
        .pipe(orStageError("lab"))
    await sendAll(batchesOf(1, 4, [acme]))
    const fiber = start(stageOf(place, half))
    await eventually("given up", async () => (await offsets()).find((o) => o.part === at)?.low === "4")
    await stop(fiber)
    assert.strictEqual(await effects(), 0)
  })
})
