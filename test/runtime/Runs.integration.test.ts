// What becomes of runs: tried again, given up, shut out, cut short, drained. One member each, on real servers.
import { batchOf } from "@bridge/flow/Envelope"
import { claim } from "@bridge/flow/Fences"
import { partitionOf } from "@bridge/flow/Partition"
import { type RuntimeOptions, runStage } from "@bridge/flow/Runtime"
import { Poison, type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { Producer } from "@bridge/kafka/Broker"
import { asTenant } from "@bridge/store/Postgres"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import {
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

const [acme = ""] = tenants
const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient | Producer>) => lab.services.runPromise(effect)
const effects = async () => (await run(findings)).effects
const failing = (reason: StageError["reason"]) => Effect.fail(new StageError({ stage: "lab", reason }))

/** Works on the place while `use` runs; then it leaves in order. */
const working = async (stage: Stage<SqlClient.SqlClient>, use: () => Promise<void>, options: RuntimeOptions = {}) => {
  const fiber = lab.services.runFork(runStage(stage, { group: place.group, drain: "2 seconds", ...options }))
  await use().finally(() => Effect.runPromise(Fiber.interrupt(fiber)))
}
const sendAll = (batches: ReturnType<typeof batchesOf>) =>
  run(Effect.forEach(batches, (b) => sendBatch(place, b), { discard: true }))
const lettersOf = (tenant: string) =>
  run(
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql<{ event_id: string; error_class: string; payload: Uint8Array; source_id: string | null }>`
      select event_id, error_class, payload, source_id from dead_letters where topic = ${place.topic} order by position`
    ).pipe(asTenant(tenant))
  )

describe("runs", () => {
  it("are handed over whole, in the order of their positions", async () => {
    const seen: Array<Run> = []
    await sendAll(batchesOf(3, 7, [acme]))
    await working(
      stageOf(place, (r) =>
        Effect.andThen(
          Effect.sync(() => seen.push(r)),
          remembering(r)
        )
      ),
      () => eventually("three runs", async () => (await effects()) === 21)
    )
    assert.deepStrictEqual(
      seen.map((r) => batchOf(r.id)?.batch),
      [0, 1, 2]
    )
    assert.isTrue(seen.every((r) => r.complete && r.records.length === 7))
  })

  it("are tried again in place while the failure passes by itself, without overtaking", async () => {
    let failures = 0
    const flaky = (r: Run) =>
      r.attempt < 4 && batchOf(r.id)?.batch === 1
        ? Effect.andThen(
            Effect.sync(() => failures++),
            failing(new Transient({ cause: "away" }))
          )
        : remembering(r)
    await sendAll(batchesOf(4, 3, [acme]))
    await working(stageOf(place, flaky), () => eventually("all done", async () => (await effects()) === 12))
    assert.strictEqual(failures, 3)
    assert.deepStrictEqual((await run(findings)).disorder, [])
  })

  it("become dead letters when they are poison, with the bytes as they came, and the actor goes on", async () => {
    const poison = new Poison({ errorClass: "NotGood", message: "no \u0000 good" })
    let marked = 0
    const stage = stageOf(place, (r) => (batchOf(r.id)?.batch === 1 ? failing(poison) : remembering(r)), {
      onPoison: () => Effect.sync(() => void marked++)
    })
    await sendAll(batchesOf(3, 2, [acme]))
    await working(stage, () =>
      eventually("the others are done", async () => (await effects()) === 4 && (await lettersOf(acme)).length === 2)
    )
    const letters = await lettersOf(acme)
    assert.deepStrictEqual(
      letters.map((l) => [l.event_id, l.error_class, Buffer.from(l.payload).toString()]),
      [
        [`${place.topic}/2`, "NotGood", "2"],
        [`${place.topic}/3`, "NotGood", "3"]
      ]
    )
    assert.strictEqual(marked, 1)
    const messages = await run(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ headers: Record<string, string> }>`
      select m->'headers' as headers from outbox, json_array_elements(messages) as m
        where topic = 'bridge.dead-letters.v1' and m->'headers'->>'bridge_dlq_topic' = ${place.topic}`
      )
    )
    assert.deepStrictEqual(
      messages.map((m) => m.headers.bridge_dlq_error_class),
      ["NotGood", "NotGood"]
    )
  })

  it("are poison when the handler has a bug", async () => {
    await sendAll(batchesOf(2, 1, [acme]))
    const buggy = (r: Run) =>
      batchOf(r.id)?.batch === 0
        ? Effect.sync(() => {
            throw new TypeError("undefined is not a function")
          })
        : remembering(r)
    await working(stageOf(place, buggy), () =>
      eventually(
        "one done, one given up",
        async () => (await effects()) === 1 && (await lettersOf(acme))[0]?.error_class === "Defect TypeError"
      )
    )
  })

  it("lose single records to dead letters and go on with the rest", async () => {
    const error = new Poison({ errorClass: "BadRow", message: "one row", sourceId: "s-1" })
    const partly = (r: Run) =>
      r
        .transaction(
          Effect.andThen(
            r.deadLetter(r.records.slice(0, 1).map((rec) => ({ rec, error }))),
            remember({ ...r, records: r.records.slice(1) })
          )
        )
        .pipe(Effect.orDie)
    await sendAll(batchesOf(1, 5, [acme]))
    await working(stageOf(place, partly), () => eventually("four done", async () => (await effects()) === 4))
    assert.deepStrictEqual(
      (await lettersOf(acme)).map((l) => [l.error_class, l.source_id]),
      [["BadRow", "s-1"]]
    )
  })

  it("do not suffer from a record without an address", async () => {
    await run(
      Effect.flatMap(Producer, (p) =>
        p.send({
          topic: place.topic,
          partition: partitionOf(acme, partitions),
          messages: [{ key: null, value: Buffer.from("?"), headers: { bridge_run: "?" } }]
        })
      )
    )
    await sendAll(batchesOf(1, 3, [acme]))
    const nobody = "00000000-0000-0000-0000-000000000000"
    await working(stageOf(place, remembering), () =>
      eventually(
        "the batch is done, the record given up",
        async () => (await effects()) === 3 && (await lettersOf(nobody)).length === 1
      )
    )
    assert.strictEqual((await lettersOf(nobody))[0]?.error_class, "Unaddressable")
  })

  it("are handed over without their tail when the next begins, and when nothing comes any more", async () => {
    const seen: Array<[number | undefined, number, boolean]> = []
    const [first, second, third] = batchesOf(3, 4, [acme])
    if (first === undefined || second === undefined || third === undefined) throw new Error("three batches")
    await run(sendBatch(place, first, [0, 1]))
    await run(sendBatch(place, second))
    await run(sendBatch(place, third, [0]))
    await working(
      stageOf(place, (r) =>
        Effect.andThen(
          Effect.sync(() => seen.push([batchOf(r.id)?.batch, r.records.length, r.complete])),
          remembering(r)
        )
      ),
      () => eventually("all handed over", async () => (await effects()) === 7),
      { quiet: "500 millis" }
    )
    assert.deepStrictEqual(seen, [
      [0, 2, false],
      [1, 4, true],
      [2, 1, false]
    ])
  })

  it("keep a batch that was abandoned in the middle apart from the same batch of the next owner", async () => {
    const [zero, one, two] = batchesOf(3, 6, [acme])
    if (zero === undefined || one === undefined || two === undefined) throw new Error("three batches")
    await run(sendBatch(place, zero))
    // The old owner dies in batch 1; the new one reads that page again. Then a send of the old owner arrives late.
    await run(sendBatch(place, one, [0, 1, 2]))
    await run(sendBatch(place, { ...one, epoch: 2 }))
    await run(sendBatch(place, one, [3, 4, 5]))
    await run(sendBatch(place, { ...two, epoch: 2 }))
    const manifest = new Set(["1.0", "2.1", "2.2"])
    const dropped: Array<string> = []
    const counting = (r: Run) => {
      const batch = batchOf(r.id)
      const id = `${batch?.epoch}.${batch?.batch}`
      if (manifest.has(id)) return r.complete ? remembering(r) : Effect.die("a batch that counts has lost its tail")
      return Effect.sync(() => void dropped.push(`${id}: ${r.records.length}`))
    }
    await working(stageOf(place, counting), () =>
      eventually("all that counts is done", async () => (await effects()) === 18)
    )
    assert.deepStrictEqual(dropped, ["1.1: 3", "1.1: 3"])
    assert.strictEqual((await run(findings)).tries, 18)
  })

  it("change nothing when another owner has the partition: a transaction after the new fence is refused", async () => {
    const started = await run(Deferred.make<void>())
    const goOn = await run(Deferred.make<void>())
    let outcome = "none"
    const zombie = (r: Run) =>
      Effect.gen(function* () {
        yield* Deferred.succeed(started, undefined)
        yield* Deferred.await(goOn)
        yield* remembering(r).pipe(
          Effect.tapError((e) =>
            Effect.sync(() => {
              outcome = e.reason._tag
            })
          )
        )
      })
    await sendAll(batchesOf(1, 5, [acme]))
    await working(stageOf(place, zombie), async () => {
      await run(Deferred.await(started))
      await run(claim(place.group, "another owner", [{ topic: place.topic, partition: partitionOf(acme, partitions) }]))
      await run(Deferred.succeed(goOn, undefined))
      await eventually("it was refused", async () => outcome === "Fenced")
    })
    assert.strictEqual(await effects(), 0)
    // Its offset is not finished either: the new owner does it.
    await working(stageOf(place, remembering), () =>
      eventually("done by the next owner", async () => (await effects()) === 5)
    )
  })

  it("wait for a transaction of the old owner that holds the fence, and end its session when it hangs", async () => {
    const inside = await run(Deferred.make<void>())
    const hanging = (r: Run) =>
      r
        .transaction(
          Effect.andThen(
            Deferred.succeed(inside, undefined),
            Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select pg_sleep(25)`)
          )
        )
        .pipe(Effect.orDie, Effect.asVoid)
    await sendAll(batchesOf(1, 2, [acme]))
    await working(stageOf(place, hanging), async () => {
      await run(Deferred.await(inside))
      const began = performance.now()
      await run(claim(place.group, "another owner", [{ topic: place.topic, partition: partitionOf(acme, partitions) }]))
      const waited = performance.now() - began
      assert.isAtLeast(waited, 1500)
      // Left alone it would hold the fence for 25 seconds.
      assert.isAtMost(waited, 20_000)
    })
  })
})
