import { request } from "node:http"
import { auditor } from "@bridge/auditor/main"
import { hashJson } from "@bridge/domain/Canonical"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { extractor } from "@bridge/extractor/main"
import { Commands } from "@bridge/flow/Commands"
import { loader } from "@bridge/loader/main"
import { refiner } from "@bridge/refiner/main"
import { reviewed } from "@bridge/review/Reviewed"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { asTenant } from "@bridge/store/Postgres"
import { packed, unpacked } from "@bridge/store/RawData"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, expect, it } from "vitest"
import { eventually, giveMapping, insertJob, type World, world } from "../harness/World.ts"

let sandbox: Sandbox
let w: World
let stopServices: () => Promise<void>

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 60, seed: 11, limits: false, timeFactor: 60 })
  w = await world(sandbox, { BRIDGE_AUDIT_LAG: "3 seconds" })
  stopServices = w.start("all", Layer.mergeAll(scheduler, extractor, refiner, loader, auditor))
})
afterAll(async () => {
  await stopServices?.()
  await w?.stop()
  await sandbox?.stop()
})

const entities = ["ticket", "comment", "person", "group", "group-member", "department"]

const state = (job: string) =>
  w
    .rows<{ state: string; audit_complete: boolean }>(
      (sql) => sql`select state, audit_complete from jobs where id = ${job}::uuid`
    )
    .then(([row]) => row)

/** A job with the default mapping, up to where a person would approve it. */
const reviewable = async () => {
  const job = await insertJob(w, sandbox, entities)
  await giveMapping(w, job, freshserviceToZendesk)
  await eventually(
    () => state(job),
    (s) => s?.state === "validation_pending"
  )
  return job
}

/** As the API does: the row, and the event that wakes the scheduler. */
const approve = (job: string) =>
  w.use(
    asTenant(w.tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const approval = { ...(yield* reviewed(job, hashJson)), approvedBy: "test", approvedAt: "2026-01-01T00:00:00Z" }
        yield* sql`update jobs set approval = ${JSON.stringify(approval)}::jsonb where id = ${job}::uuid`
        const commands = yield* Commands
        yield* commands.emit([{ type: "approved", tenantId: w.tenantId, jobId: job }])
      })
    )
  )

interface Report {
  readonly holds: boolean
  readonly readBack: { readonly done: boolean; readonly note: string }
  readonly entities: ReadonlyArray<{
    readonly entity: string
    readonly missing: number
    readonly doubled: number
    readonly changed: number
    readonly differences: ReadonlyArray<{ readonly id: string; readonly code: string; readonly message: string }>
  }>
}

const report = async (job: string) => {
  await eventually(
    () => state(job),
    (s) => s?.audit_complete === true
  )
  const [row] = await w.rows<{ body: Report; html: string }>(
    (sql) => sql`select body, html from reports where job_id = ${job}::uuid and kind = 'audit'`
  )
  return row
}

const zendesk = () => {
  const [account] = sandbox.world.zendesk.values()
  if (account === undefined) throw new Error("no account")
  return account
}

const importAgain = (externalId: string) =>
  new Promise<void>((done, fail) => {
    const { email, api_token } = sandbox.credentials.zendesk
    const call = request(
      `${sandbox.origin}/api/v2/imports/tickets`,
      {
        method: "POST",
        headers: {
          host: sandbox.hosts.zendesk,
          authorization: `Basic ${Buffer.from(`${email}/token:${api_token}`).toString("base64")}`,
          "content-type": "application/json"
        }
      },
      (answer) =>
        answer
          .resume()
          .on("end", () => (answer.statusCode === 201 ? done() : fail(new Error(String(answer.statusCode)))))
    )
    call.end(
      JSON.stringify({
        ticket: {
          external_id: externalId,
          subject: "again",
          requester_id: zendesk().owner.id,
          comments: [{ value: "x", author_id: zendesk().owner.id }]
        }
      })
    )
  })

it("says that all is well, and finds each thing that somebody changed, lost or doubled afterwards", async () => {
  const first = await reviewable()
  await approve(first)
  const good = await report(first)
  expect(good?.body.holds).toBe(true)
  expect(good?.html).toContain("The books are equal")
  // Each was found in the first page of a list, by its key or, as groups have none, by its id there; none was asked for by itself.
  const pages = await w.rows<{ key: string }>(
    (sql) =>
      sql`select distinct batch_key as key from tallies where job_id = ${first}::uuid and stage = 'destination' order by 1`
  )
  expect(pages.map(({ key }) => key)).toEqual(["department/0", "group-member/0", "group/0", "person/0", "ticket/0"])
  // It knew how much it joined: guessing makes it look through all of a ledger for every record.
  const unknown = await w.rows(
    (sql) => sql<{ relname: string }>`select relname from pg_stat_user_tables where last_analyze is null
      and relname in ('job_records', 'job_batches', 'job_record_outcomes', 'load_ledger', 'tallies')`
  )
  expect(unknown).toEqual([])

  const second = await reviewable()
  const ours = [...zendesk().tickets.values()].filter((t) => t.externalId !== null)
  const [changed, deleted, doubled, commented] = ours
  if (changed === undefined || deleted === undefined || doubled === undefined || commented === undefined)
    throw new Error("too few")
  const idOf = (t: typeof changed) => t.externalId?.split(":").at(-1) ?? ""
  changed.subject = "Something else"
  deleted.status = "deleted"
  commented.comments.pop()
  const known = [...zendesk().users.values()].find((u) => u.identities.length > 0 && u.externalId !== null)
  if (known === undefined) throw new Error("nobody has a second address")
  known.identities.pop()
  await importAgain(doubled.externalId ?? "")
  const kept = ours.slice(4).map(idOf)
  const [altered, lost] = kept
  // In the archive: one vendor row is altered, one record vanishes before anybody approves.
  const [held] = await w.rows(
    (sql) => sql<{ id: string; raw: Uint8Array }>`select d.id::text, d.raw_data as raw from job_extracted_data d
    join job_records r on r.job_id = d.job_id and r.entity = 'ticket' and r.source_id = ${altered ?? ""} and d.entity_type = 'ticket'
      and d.stream = r.stream and d.batch_number = r.batch where d.job_id = ${second}::uuid`
  )
  const rows = (await Effect.runPromise(unpacked(held?.raw ?? new Uint8Array()))).toString("utf8")
  const other = await Effect.runPromise(packed(Buffer.from(rows.replaceAll('"subject"', '"Subject"'))))
  await w.rows((sql) => sql`update job_extracted_data set raw_data = ${other} where id = ${held?.id ?? ""}::uuid`)
  await w.rows(
    (sql) => sql`delete from job_records where job_id = ${second}::uuid and entity in ('ticket', 'comment')
    and (source_id = ${lost ?? ""} and entity = 'ticket' or parent_id = ${lost ?? ""})`
  )
  await approve(second)
  const bad = await report(second)
  expect(bad?.body.holds).toBe(false)
  const tickets = bad?.body.entities.find((e) => e.entity === "ticket")
  const comments = bad?.body.entities.find((e) => e.entity === "comment")
  const found = (id: string) => tickets?.differences.filter((d) => d.id === id).map((d) => d.code) ?? []
  expect(tickets?.differences.find((d) => d.id === idOf(changed) && d.code === "changed")?.message).toContain("subject")
  expect(found(idOf(deleted))).toContain("missing")
  expect(found(idOf(doubled))).toContain("doubled")
  expect(found(altered ?? "")).toContain("archive-changed")
  expect(found(lost ?? "")).toContain("lost")
  const people = bad?.body.entities.find((e) => e.entity === "person")
  expect(people).toMatchObject({ missing: 0, changed: 1 })
  expect(people?.differences.find((d) => known.externalId?.endsWith(`:${d.id}`))?.message).toContain("identities")
  expect(tickets).toMatchObject({ missing: 1, doubled: 1 })
  expect((comments?.missing ?? 0) + (tickets?.changed ?? 0)).toBeGreaterThan(1)
})

it("holds nothing of a job whose records were removed before it could compare them", async () => {
  const late = await reviewable()
  await w.rows((sql) => sql`update jobs set data_expired_at = now() where id = ${late}::uuid returning id`)
  await approve(late)
  const told = await report(late)
  expect(told?.body).toMatchObject({ holds: false, readBack: { done: false } })
  expect(told?.html).toContain("The destination was not compared.")
})
