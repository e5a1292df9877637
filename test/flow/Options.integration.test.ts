import { entityIds } from "@bridge/domain/Entities"
import { extractor } from "@bridge/extractor/main"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { type CorpusEntity, corpusLines } from "@bridge/sandbox/Truth"
import { scheduler } from "@bridge/scheduler/main"
import { Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually, insertJob, type World, world } from "../harness/World.ts"
import { books, refinerWith, reviewable } from "./Rig.ts"

let sandbox: Sandbox
let w: World

beforeAll(async () => {
  sandbox = await startSandbox({
    tickets: 260,
    seed: 21,
    limits: false,
    attachments: 60,
    assets: 40,
    problems: 20,
    changes: 20,
    logCalls: true
  })
  w = await world(sandbox)
})
afterAll(async () => {
  await w?.stop()
  await sandbox?.stop()
})

const everything = [...entityIds]

const services = () => w.start("services", Layer.mergeAll(scheduler, refinerWith(), extractor))

interface TrueTicket {
  readonly id: number
  readonly row: Readonly<Record<string, unknown>> & { readonly updated_at: string; readonly requester_id: number }
  readonly conversations: ReadonlyArray<unknown>
}
const truth = <T>(entity: CorpusEntity): ReadonlyArray<T> => {
  const account = sandbox.world.freshservice.get(sandbox.hosts.freshservice)
  if (account === undefined) throw new Error("no such account")
  return [...corpusLines(account, entity)].map((line) => line as T)
}
const idsOf = (tickets: ReadonlyArray<TrueTicket>) => tickets.map(({ id }) => String(id)).toSorted()
const newest = (a: TrueTicket, b: TrueTicket) => b.row.updated_at.localeCompare(a.row.updated_at)

interface Rec {
  readonly entity: string
  readonly id: string
  readonly native: string
  readonly parent: string | null
  readonly state: string
  readonly reason: string | null
  readonly gone: string | null
  readonly refs: Readonly<Record<string, { readonly entity: string; readonly nativeId: string }>> | null
}
const recordsOf = (job: string) =>
  w.rows<Rec>(
    (sql) => sql<Rec>`select entity, source_id as id, native_id as native, parent_id as parent, state, reason,
        resolution ->> 'excluded' as gone, refs
      from job_records where job_id = ${job}::uuid order by entity, source_id collate "C"`
  )
const leftOut = async (job: string, stream: string) => {
  const [row] = await w.rows<{ taken: number; left: number }>(
    (sql) => sql`select taken::int, left_out::int as left from job_streams
      where job_id = ${job}::uuid and stream = ${stream}`
  )
  return row
}
const asked = (operation: string) => sandbox.world.ledger.calls().filter((call) => call.operation === operation)

describe("a job with filters and dates", () => {
  it("moves exactly the rows they ask for with what belongs to them, and tells how many it left out", async () => {
    const tickets = truth<TrueTicket>("ticket")
    const dates = tickets.map((t) => t.row.updated_at).toSorted()
    const [since, until] = [dates[60] ?? "", dates[200] ?? ""]
    const meant = tickets.filter(
      ({ row }) =>
        row.updated_at >= since && row.updated_at <= until && [2, 3].includes(Number(row.status)) && row.priority !== 1
    )
    expect(meant.length).toBeGreaterThan(3)
    const filters = { ticket: { status: ["open", 3], priority: ["medium", "high", "urgent"] } }
    const stop = services()
    try {
      const job = await insertJob(w, sandbox, ["ticket", "comment"], { since, until, filters, batchSize: 7 })
      await reviewable(w, job)
      const is = await books(w, job)
      expect(is.records.ticket?.toSorted()).toEqual(idsOf(meant))
      expect(is.archive).toEqual(is.manifest)
      expect(is.archive.comment).toBe(meant.reduce((n, t) => n + t.conversations.length, 0))
      const counts = await leftOut(job, "tickets")
      expect(counts?.taken).toBe(meant.length)
      expect(counts?.left).toBeGreaterThan(0)
    } finally {
      await stop()
    }
  })
})

describe("a sample", () => {
  it("is the newest tickets with everything they lead to and nothing else, the same after any death", async () => {
    const size = 25
    const tickets = truth<TrueTicket>("ticket").filter(({ row }) => row.deleted !== true && row.spam !== true)
    const meant = tickets.toSorted(newest).slice(0, size)
    const job = await insertJob(w, sandbox, everything, { sampleSize: size, batchSize: 5 })
    const first = services()
    await eventually(
      () => leftOut(job, "tickets"),
      (row) => (row?.taken ?? 0) > 0
    )
    await first()
    const stop = services()
    try {
      await reviewable(w, job)
    } finally {
      await stop()
    }
    const records = await recordsOf(job)
    const kept = records.filter((r) => r.state === "ready" && r.gone === null)
    expect(
      records
        .filter((r) => r.entity === "ticket")
        .map((r) => r.id)
        .toSorted()
    ).toEqual(idsOf(meant))

    // Everything they refer to is there, as far as the source has it.
    const byNative = new Map(kept.map((r) => [`${r.entity}/${r.native}`, r]))
    const refs = kept.flatMap((r) => Object.values(r.refs ?? {}))
    const lacking = refs.filter((ref) => !byNative.has(`${ref.entity}/${ref.nativeId}`))
    const people = new Set(truth<{ id: number }>("person").map(({ id }) => String(id)))
    expect(lacking.filter((ref) => ref.entity === "person" && people.has(ref.nativeId))).toEqual([])
    for (const entity of ["group", "department", "problem", "change", "asset"])
      expect(lacking.filter((ref) => ref.entity === entity)).toEqual([])
    const moved = meant.filter(({ id }) => byNative.has(`ticket/${id}`))
    expect(moved.length).toBeGreaterThan(size / 2)
    const asking = moved.map(({ row }) => String(row.requester_id)).filter((id) => people.has(id))
    expect(asking.filter((id) => !byNative.has(`person/${id}`))).toEqual([])
    const comments = records.filter((r) => r.entity === "comment" && meant.some((t) => String(t.id) === r.parent))
    expect(comments).toHaveLength(meant.reduce((n, t) => n + t.conversations.length, 0))

    // Nothing unrelated: all but the tickets are referred to, or are parts or ties of what is.
    const named = new Set(refs.map((ref) => `${ref.entity}/${ref.nativeId}`))
    const ofOthers = ["ticket", "comment", "attachment", "custom-field", "group-member", "relation"]
    const alone = kept.filter((r) => !ofOthers.includes(r.entity) && !named.has(`${r.entity}/${r.native}`))
    const keys = new Set(kept.map((r) => r.native))
    expect(alone.filter((r) => r.entity !== "person" || !keys.has(r.native))).toEqual([])
    for (const tie of kept.filter((r) => r.entity === "group-member"))
      for (const ref of Object.values(tie.refs ?? {})) expect(byNative.has(`${ref.entity}/${ref.nativeId}`)).toBe(true)

    // What is left out is told, record by record, and the rest of problems, changes and assets is not even read.
    expect(
      records.filter((r) => r.entity === "person" && r.reason === "nothing in the sample refers to it").length
    ).toBeGreaterThan(5)
    const problems = records.filter((r) => r.entity === "problem")
    expect(problems.length).toBeLessThan(20)
    expect(problems.every((r) => r.state === "ready")).toBe(true)
    expect((await leftOut(job, "problems"))?.left).toBe(20 - problems.length)
    expect(asked("problems.view")).toHaveLength(problems.length)
    const { archive, manifest } = await books(w, job)
    // Members come out of the rows of groups.
    expect({ ...archive, "group-member": 0 }).toEqual({ ...manifest, "group-member": 0 })
  })
})
