import { randomUUID } from "node:crypto"
import { extract } from "@bridge/extractor/Extractor"
import { Commands } from "@bridge/flow/Commands"
import type { NewCommand } from "@bridge/flow/Messages"
import { replay } from "@bridge/flow/Replay"
import { fromHere } from "@bridge/flow/testing/FromHere"
import { refine } from "@bridge/refiner/Refiner"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import {
  asOwner,
  books,
  ended,
  extractorWith,
  type Gate,
  gate,
  producerWith,
  refinerWith,
  refining,
  reviewable,
  sourceIds,
  streams,
  watched
} from "./Rig.ts"

let sandbox: Sandbox
let w: World
const entities = ["ticket", "comment"]
/** Small batches: an owner is in the middle of many of them. */
const options = { batchSize: 20 }

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 150, seed: 7, limits: false })
  w = await world(sandbox)
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
})

/** Every ticket and conversation stands once in manifest, archive and records. */
const whole = async (job: string) => {
  const tickets = sourceIds(sandbox, "ticket")
  const comments = sourceIds(sandbox, "comment")
  const is = await books(w, job)
  expect(is.manifest).toEqual({ ticket: tickets.length, comment: comments.length })
  expect(is.archive).toEqual(is.manifest)
  expect(is.records.ticket).toEqual(tickets)
  expect(is.records.comment).toEqual(comments)
  expect(is.dead).toBe(0)
  return is
}

const reads = (job: string) =>
  eventually(
    () => streams(w, job),
    (rows) => rows.every((r) => r.ended)
  )

/** The extractor is held at the gate in the middle of its work, while another one takes the stream over and reads it to its end. */
const overtaken = async (held: Gate, edge?: ReturnType<typeof producerWith>): Promise<string> => {
  // Another group: it gets the same command, as a member would that the partition was given to.
  const other = `other-${randomUUID()}`
  await w.use(fromHere((stage) => (stage === extract.stage ? other : `${other}.${stage}`)))
  const job = await insertJob(w, sandbox, entities, options)
  const zombie = edge === undefined ? watched(extract, { before: held, job }) : watched(extract)
  const part = edge === undefined ? {} : { edge }
  const stop = [w.start("zombie", extractorWith({ ...part, stage: zombie.stage }))]
  try {
    await held.reached
    const [before] = await streams(w, job)
    expect(before).toMatchObject({ ended: false, epoch: 1 })
    stop.push(w.start("owner", extractorWith({ options: { group: other } })))
    await reads(job)
    held.open()
    await ended(zombie)
    await reviewable(w, job)
  } finally {
    held.open()
    for (const end of stop.toReversed()) await end()
  }
  return job
}

describe("an extractor that goes on after another has taken its stream", () => {
  let stop: () => Promise<void>
  beforeAll(() => {
    stop = w.start("others", Layer.merge(scheduler, refinerWith()))
  })
  afterAll(() => stop?.())

  it("counts nothing that it sends afterwards (batches announced, not yet sent)", async () => {
    const held = gate(2)
    const job = await overtaken(held, producerWith(/\.raw\./, { before: held.pass }))
    expect((await whole(job)).batches.abandoned).toBeGreaterThan(0)
  })

  it("counts nothing that it has sent and not marked", async () => {
    const held = gate(2)
    const job = await overtaken(held, producerWith(/\.raw\./, { after: held.pass }))
    expect((await whole(job)).batches.abandoned).toBeGreaterThan(0)
  })

  it("announces nothing any more", async () => {
    // Commands of jobs that are not in this database come first, as those of another installation would.
    const strangers = [1, 2, 3].map((): NewCommand => {
      return { type: "extract", tenantId: w.tenantId, jobId: randomUUID(), key: "tickets", slice: 0 }
    })
    await w.use(asTenant(w.tenantId)(Effect.flatMap(Commands, (commands) => commands.send(strangers))))
    // The claim, the first batches, then what follows them.
    const job = await overtaken(gate(3))
    expect((await whole(job)).batches.sending).toBeUndefined()
  })

  it("leaves batches behind when it dies: the next owner abandons them within 10 seconds, and nobody waits for them", async () => {
    const job = await insertJob(w, sandbox, entities, options)
    const held = gate(2)
    const edge = producerWith(/\.raw\./, { after: held.pass })
    const dies = w.start("dying", extractorWith({ options: { drain: "10 millis" }, edge }))
    await held.reached
    await dies()
    expect((await books(w, job)).batches.sending).toBeGreaterThan(0)
    const next = w.start("next", extractorWith())
    try {
      await eventually(
        () => books(w, job),
        ({ batches }) => (batches.abandoned ?? 0) > 0
      )
      await reviewable(w, job)
    } finally {
      await next()
    }
    await whole(job)
  })
})

/** What is written, down to the row versions: equal only when nothing was written again. */
const prints = (job: string) =>
  w.rows<{ print: string }>(
    (
      sql
    ) => sql`select 'record ' || source_id || ' ' || xmin::text || ' ' || ctid::text as print from job_records where job_id = ${job}::uuid
      union all select 'letter ' || event_id from dead_letters where job_id = ${job}::uuid order by 1`
  )

/** Bytes and elements of the archive, whoever wrote them last. */
const archive = (job: string) =>
  w.rows(
    (
      sql
    ) => sql`select entity_type, batch_number, md5(raw_data) as raw, md5(transformed_data::text) as elements, record_count
      from job_extracted_data where job_id = ${job}::uuid order by 1, 2`
  )

describe("a refiner", () => {
  it("leaves no rows when the partition was claimed by another before its commit", async () => {
    const job = await insertJob(w, sandbox, entities, options)
    const held = gate(1)
    const zombie = watched(refine)
    const reading = w.start("reading", Layer.mergeAll(scheduler, extractorWith()))
    const stop = w.start(
      "zombie",
      refinerWith({ stage: zombie.stage, edge: producerWith(/\.normalized\./, { before: held.pass }) })
    )
    try {
      await held.reached
      await reads(job)
      // As the claim of a new owner does.
      await asOwner(
        w,
        (sql) => sql`update fences set epoch = epoch + 1 where grp like '%.refine' and topic like '%.raw.%'`
      )
      const before = await books(w, job)
      held.open()
      await ended(zombie)
      const after = await books(w, job)
      expect([after.archive, after.records, after.batches.refined]).toEqual([
        before.archive,
        before.records,
        before.batches.refined
      ])
      expect(after.batches.sent).toBeGreaterThan(0)
    } finally {
      held.open()
      await stop()
    }
    const next = w.start("next", refinerWith())
    await reviewable(w, job)
    await whole(job)

    // The same raw batches once more, from the log: they are refined already.
    const was = { prints: await prints(job), archive: await archive(job) }
    const again = (id: string) =>
      w.use(Effect.provide(replay(refine, { id: `${id}-${job}`, jobId: job, write: true }), refining))
    expect((await again("once")).records).toBeGreaterThanOrEqual(600)
    expect({ prints: await prints(job), archive: await archive(job) }).toEqual(was)
    // Even where the manifest forgot that they are, the version guard holds.
    await w.rows((sql) => sql`update job_batches set state = 'sent' where job_id = ${job}::uuid and state = 'refined'`)
    await again("twice")
    expect({ prints: await prints(job), archive: await archive(job) }).toEqual(was)
    await whole(job)
    await next()
    await reading()
  })
})
