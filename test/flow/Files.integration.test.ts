import { sha256 } from "@bridge/domain/Canonical"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { type CorpusEntity, corpusLines } from "@bridge/sandbox/Truth"
import { scheduler } from "@bridge/scheduler/main"
import { Blobs } from "@bridge/store/Blobs"
import { Effect, Layer } from "effect"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import { books, extractorWith, refinerWith, reviewable, state } from "./Rig.ts"

let sandbox: Sandbox
let w: World

beforeAll(async () => {
  sandbox = await startSandbox({
    tickets: 60,
    seed: 11,
    limits: false,
    attachments: 40,
    assets: 12,
    problems: 4,
    changes: 4,
    logCalls: true
  })
  w = await world(sandbox)
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
})
afterEach(() => sandbox.world.faults.clear())

const everything = [
  "custom-field",
  "location",
  "asset-type",
  "asset",
  "relation",
  "problem",
  "change",
  "ticket",
  "comment",
  "attachment"
]

const truth = <T>(entity: CorpusEntity): ReadonlyArray<T> => {
  const account = sandbox.world.freshservice.get(sandbox.hosts.freshservice)
  if (account === undefined) throw new Error("no such account")
  return [...corpusLines(account, entity)].map((line) => line as T)
}
interface TrueFile {
  readonly size: number
  readonly sha256: string
  readonly available: boolean
}

interface KeptFile {
  readonly state: string
  readonly sha256: string | null
  readonly bytes: number | null
  readonly problem: string | null
}
const kept = (job: string) =>
  w.rows<KeptFile>(
    (sql) => sql<KeptFile>`select state, sha256, bytes::int, problem from job_files where job_id = ${job}::uuid`
  )

const sorted = (list: ReadonlyArray<string | null>) => list.map(String).toSorted()

const cancel = (job: string) =>
  w.rows((sql) => sql`update jobs set cancel_requested = true where id = ${job}::uuid returning id`)

const services = () => w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractorWith()))

describe("every entity of the source", () => {
  it("is read whole, whatever dies in between; every file is in the blob store with the vendor's bytes, once, or says why not", async () => {
    sandbox.world.faults.add({ kind: "slow", vendor: "freshservice", path: "/data/helpdesk", ms: 40 })
    const job = await insertJob(w, sandbox, everything)
    for (let deaths = 0; deaths < 2; deaths++) {
      const stop = services()
      await eventually(
        () => kept(job),
        (rows) => rows.length > 5 + 10 * deaths
      )
      await stop()
    }
    const stop = services()
    try {
      await reviewable(w, job, 60_000)
    } finally {
      await stop()
    }
    const is = await books(w, job)
    expect(is.dead).toBe(0)
    const files = await kept(job)
    const there = truth<TrueFile>("attachment")
    expect(sorted(files.flatMap((f) => (f.state === "stored" ? [f.sha256] : [])))).toEqual(
      sorted(there.flatMap((f) => (f.available ? [f.sha256] : [])))
    )
    const lost = files.filter((f) => f.state !== "stored")
    expect(lost).toHaveLength(there.filter((f) => !f.available).length)
    for (const { problem } of lost) expect(problem).toMatch(/answered 40[34]/)
    expect(is.records.attachment).toHaveLength(there.length)
    const held = await w.use(
      Effect.flatMap(Blobs, (blobs) =>
        Effect.forEach(
          files.flatMap((f) => (f.sha256 === null ? [] : [f.sha256])),
          (hash) => Effect.map(blobs.get(w.tenantId, hash), (bytes) => sha256(bytes) === hash)
        )
      )
    )
    expect(held.every(Boolean)).toBe(true)
    const [secret] = await w.rows<{ n: number }>(
      (sql) => sql<{ n: number }>`select count(*)::int as n from job_extracted_data where job_id = ${job}::uuid
        and entity_type = 'attachment' and raw_data::text like '%Signature=%'`
    )
    expect(secret?.n).toBe(0)
    const count = (entity: CorpusEntity) => truth(entity).length
    expect({
      problem: is.records.problem?.length,
      change: is.records.change?.length,
      asset: is.records.asset?.length,
      relation: is.records.relation?.length,
      location: is.records.location?.length,
      type: is.records["asset-type"]?.length,
      ticket: is.records.ticket?.length,
      comment: is.records.comment?.length
    }).toEqual({
      problem: count("problem"),
      change: count("change"),
      asset: count("asset"),
      relation: count("relation"),
      location: count("location"),
      type: count("asset-type"),
      ticket: count("ticket"),
      comment: count("comment") + count("problem-note") + count("change-note")
    })
    await cancel(job)
  })

  it("is a file that cannot be had where a page comes in its place, by another address and by the API too", async () => {
    sandbox.world.faults.add({ kind: "html", vendor: "freshservice", path: "/data/helpdesk" })
    const asked = () => sandbox.world.ledger.calls().filter(({ fault }) => fault === "html").length
    const job = await insertJob(w, sandbox, ["ticket", "comment", "attachment"])
    const stop = services()
    try {
      await reviewable(w, job, 60_000)
    } finally {
      await stop()
    }
    const files = await kept(job)
    expect(files.length).toBeGreaterThan(10)
    expect(
      files.filter(
        ({ problem, state }) => state !== "unavailable" || !/an HTML page|wants a login/u.test(problem ?? "")
      )
    ).toEqual([])
    expect(asked()).toBeLessThanOrEqual(files.length * 3)
    await cancel(job)
  })

  it("is let go within 5 seconds of a cancel, in the middle of a file that does not come", async () => {
    sandbox.world.faults.add({ kind: "unanswered", vendor: "freshservice", path: "/data/helpdesk" })
    const asked = () => sandbox.world.ledger.calls().filter(({ fault }) => fault === "unanswered").length
    const job = await insertJob(w, sandbox, ["ticket", "comment", "attachment"])
    const stop = services()
    try {
      // It has been asked for in vain, and again.
      await eventually(
        async () => asked(),
        (n) => n > 3
      )
      await cancel(job)
      await eventually(
        () => state(w, job),
        (is) => is === "cancelled",
        5_000
      )
      expect((await kept(job)).filter((f) => f.state === "stored")).toEqual([])
    } finally {
      await stop()
    }
  })
})
