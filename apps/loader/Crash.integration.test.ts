import { Deferred, Effect, Fiber } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { heldBy, type Lab, openLab, type Seed } from "./testing/Lab.ts"

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab?.close())

/** Of the bytes that every file here has. */
let digest = ""
beforeAll(async () => {
  digest = await lab.store(Buffer.from("bytes"))
})

let nextId = 1
const seeds = () => {
  const id = nextId++
  const person = (n: number): Seed => ({
    sourceId: `requesters/${id}-${n}`,
    body: { name: `P${n}`, email: `p${id}-${n}@example.com` }
  })
  return {
    person: [person(1), person(2), person(3)],
    group: [{ sourceId: `g${id}`, body: { name: `G${id}`, labels: ["one", "two"] } }],
    ticket: [1, 2].map((n) => talk(`${id}${n}`)),
    attachment: [1, 2].map((n) => fileOf(`f${id}${n}`, `${id}${n}`))
  }
}

const talk = (sourceId: string): Seed => ({
  sourceId,
  body: { subject: "Printer" },
  meta: { description: { html_body: "<p>d</p>", created_at: "2024-01-01T00:00:00Z", public: true } }
})

const fileOf = (sourceId: string, ticket: string): Seed => ({
  sourceId,
  body: { file_name: `${sourceId}.txt`, content_type: "text/plain", size: 5 },
  meta: {
    file: {
      parent: { entity: "ticket", nativeId: ticket },
      sha256: digest,
      url_hash: null,
      note: `${sourceId} is gone`
    }
  },
  parentId: ticket,
  parentEntity: "ticket"
})

/**
 * Loads one batch and kills its owner at the k-th point: around each transaction, when a request has arrived at the vendor and
 * when its answer is about to leave. Then another owner takes it up. True when the first one came to its end before.
 */
type Root = "person" | "group" | "ticket"

const killedAt = (k: number, jobId: string, entity: Root) =>
  Effect.gen(function* () {
    const crash = yield* Deferred.make<void>()
    let point = 0
    const reached = () => ++point === k
    lab.vendor.observe = () => {
      if (reached()) Deferred.doneUnsafe(crash, Effect.void)
    }
    const owner = yield* Effect.forkChild(
      lab.loadBatch(jobId, entity, 0, () =>
        Effect.suspend(() =>
          reached() ? Effect.andThen(Deferred.succeed(crash, undefined), Effect.never) : Effect.void
        )
      )
    )
    const ended = yield* Effect.raceFirst(Effect.as(Fiber.join(owner), true), Effect.as(Deferred.await(crash), false))
    yield* Fiber.interrupt(owner)
    lab.vendor.observe = () => {}
    for (let tries = 0; tries < 3 && (yield* lab.openNumbers(jobId, entity)).length > 0; tries++)
      yield* lab.loadBatch(jobId, entity, 0)
    return ended
  })

const everyPoint = async (entity: Root, look: (seed: ReturnType<typeof seeds>, k: number) => void = () => {}) => {
  for (let k = 1; k < 60; k++) {
    lab.vendor.kept.length = 0
    lab.vendor.attached.length = 0
    lab.vendor.labels.clear()
    const seed = seeds()
    const job = await lab.job({
      [entity]: seed[entity],
      ...(entity === "ticket" && { attachment: seed.attachment })
    })
    await lab.services.runPromise(lab.release(job, entity))
    const ended = await lab.services.runPromise(killedAt(k, job, entity))
    const ids = seed[entity].map((s) => s.sourceId)
    expect(heldBy(lab.vendor, entity).toSorted(), `killed at point ${k}`).toEqual(ids.toSorted())
    const outcomes = await lab.outcomes(job, entity)
    expect(
      outcomes.map((o) => [o.source_id, o.outcome]),
      `killed at point ${k}`
    ).toEqual(ids.map((id) => [id, "created"]))
    const state = await lab.rows((sql) => sql`select done from load_phases where job_id = ${job}::uuid`)
    expect(state, `killed at point ${k}`).toEqual([{ done: true }])
    look(seed, k)
    if (ended) return k
  }
  return 0
}

describe("a loader that is killed (promise 4)", () => {
  it("has written each record of a bulk call once, wherever it died", async () => {
    lab.vendor.jobPolls = 2
    expect(await everyPoint("person")).toBeGreaterThan(8)
  })

  it("has written each lone record once, and what follows it, wherever it died", async () => {
    const points = await everyPoint("group", (_seed, k) =>
      expect([...lab.vendor.labels.values()], `killed at point ${k}`).toEqual([["one", "two"]])
    )
    expect(points).toBeGreaterThan(10)
  })

  it("has made the object that records go into once, wherever it died", async () => {
    let points = 0
    for (let ended = false, k = 1; !ended; points = k++) {
      lab.vendor.kept.length = 0
      await lab.rows(
        (sql) => sql`update load_ledger set state = 'removed', destination_id = null,
        loaded_hash = null, created_job = null where entity = 'asset-type' returning entity`
      )
      const job = await lab.job({ location: [{ sourceId: `p${k}`, body: { name: "Room" } }] })
      ended = await lab.services.runPromise(
        Effect.gen(function* () {
          const crash = yield* Deferred.make<void>()
          let point = 0
          const reached = () => ++point === k
          lab.vendor.observe = () => {
            if (reached()) Deferred.doneUnsafe(crash, Effect.void)
          }
          const trip = () =>
            Effect.suspend(() =>
              reached() ? Effect.andThen(Deferred.succeed(crash, undefined), Effect.never) : Effect.void
            )
          const owner = yield* Effect.forkChild(lab.release(job, "location", trip))
          const whole = yield* Effect.raceFirst(
            Effect.as(Fiber.join(owner), true),
            Effect.as(Deferred.await(crash), false)
          )
          yield* Fiber.interrupt(owner)
          lab.vendor.observe = () => {}
          yield* lab.phase(job, "location")
          return whole
        })
      )
      expect(heldBy(lab.vendor, "asset-type"), `killed at point ${k}`).toEqual(["$object/location"])
      expect(heldBy(lab.vendor, "location"), `killed at point ${k}`).toEqual([`p${k}`])
    }
    expect(points).toBeGreaterThan(6)
  })

  it("has written each ticket once with its files, each once, wherever it died", async () => {
    const points = await everyPoint("ticket", (seed, k) => {
      const files = lab.vendor.attached.map((f) => [f.key.split(":").at(-1), Buffer.from(f.bytes).toString()])
      expect(files.toSorted(), `killed at point ${k}`).toEqual(seed.ticket.map((t) => [t.sourceId, "bytes"]))
    })
    expect(points).toBeGreaterThan(10)
  })

  it("has written each record once when a slow owner and its successor work at the same time", async () => {
    lab.vendor.kept.length = 0
    const seed = seeds()
    const job = await lab.job({ person: seed.person })
    await lab.services.runPromise(lab.release(job, "person"))
    const both = Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const reached = yield* Deferred.make<void>()
      let transactions = 0
      // Stands still after its intent was committed, until the other one is through.
      const slow = yield* Effect.forkChild(
        Effect.exit(
          lab.loadBatch(job, "person", 0, (p) =>
            p === "commit" && ++transactions === 2
              ? Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(gate))
              : Effect.void
          )
        ),
        { startImmediately: true }
      )
      yield* Deferred.await(reached)
      yield* lab.loadBatch(job, "person", 0)
      yield* Deferred.succeed(gate, undefined)
      return yield* Fiber.join(slow)
    })
    const exit = await lab.services.runPromise(both)
    expect(exit._tag).toBe("Failure")
    expect(heldBy(lab.vendor, "person").toSorted()).toEqual(seed.person.map((s) => s.sourceId).toSorted())
  })
})
