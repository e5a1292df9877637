import { auditor } from "@bridge/auditor/main"
import { hashJson } from "@bridge/domain/Canonical"
import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { extractor } from "@bridge/extractor/main"
import { loader } from "@bridge/loader/main"
import { refiner } from "@bridge/refiner/main"
import { reviewed } from "@bridge/review/Reviewed"
import { mutate, mutateDefaults } from "@bridge/sandbox/Mutate"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually, giveMapping, insertJob, type World, world } from "../harness/World.ts"
import { books } from "./Rig.ts"

let sandbox: Sandbox
let w: World
let stopServices: () => Promise<void>

const entities = ["ticket", "comment", "person", "group", "group-member", "department"]
const mib = 1024 * 1024
/** What the PostgreSQL client takes as one row. */
const rowLimit = 16 * mib
const bodyBytes = 10 * mib
/** With the description one more than a ticket of Zendesk takes. */
const conversations = 5_000

/** Each ticket carries 60 kB more than its row has: 300 of them in a batch are 18 MB. */
const heavy: Mapping = {
  ...freshserviceToZendesk,
  entities: {
    ...freshserviceToZendesk.entities,
    ticket: {
      ...(freshserviceToZendesk.entities.ticket ?? { fields: [], exclude: [] }),
      fields: [
        ...(freshserviceToZendesk.entities.ticket?.fields ?? []),
        { to: "ballast", constant: "x".repeat(60_000) }
      ]
    }
  }
}

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 1_000, seed: 3, limits: false, growth: false, timeFactor: 600, failures: 0 })
  const [account] = sandbox.world.freshservice.values()
  if (account === undefined) throw new Error("no account")
  const [first, second] = Array.from({ length: 1_000 }, (_, index) => index).filter(
    (index) => account.corpus.category(index) === account.corpus.category(0) && account.corpus.facts(index).status < 6
  )
  const id = (index = 0) => account.corpus.facts(index).id
  const description = `<p>${"wide ".repeat(bodyBytes / 5)}</p>`
  mutate(account, { ...mutateDefaults, ids: [id(first)], changes: { description }, conversations: 0 })
  mutate(account, { ...mutateDefaults, ids: [id(second)], conversations })
  w = await world(sandbox, { BRIDGE_AUDIT_LAG: "2 seconds" })
  stopServices = w.start("all", Layer.mergeAll(scheduler, extractor, refiner, loader, auditor))
})
afterAll(async () => {
  await stopServices?.()
  await w?.stop()
  await sandbox?.stop()
})

const state = (job: string) =>
  w
    .rows<{ state: string; audited: boolean }>(
      (sql) => sql`select state, audit_complete as audited from jobs where id = ${job}::uuid`
    )
    .then(([row]) => row)

describe("a body of 10 MB and a conversation of thousands among a thousand tickets", () => {
  it("are extracted, archived, loaded and read back like all others, and no row outgrows what can be read", async () => {
    const job = await insertJob(w, sandbox, entities)
    await giveMapping(w, job, heavy)
    await eventually(
      () => state(job),
      (s) => s?.state === "validation_pending"
    )
    const is = await books(w, job)
    expect(is.dead).toBe(0)
    const { "group-member": _derived, ...archived } = is.archive
    expect(archived).toEqual(is.manifest)
    const [archive] = await w.rows<{ largest: number; together: string }>(
      (sql) => sql`select max(length(transformed_data::text))::int as largest,
          sum(length(transformed_data::text))::text as together
        from job_extracted_data where job_id = ${job}::uuid`
    )
    expect(archive?.largest).toBeLessThan(rowLimit / 2 + 500 * 200)
    await w.use(
      asTenant(w.tenantId)(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const approval = {
            ...(yield* reviewed(job, hashJson)),
            approvedBy: "test",
            approvedAt: "2026-01-01T00:00:00Z"
          }
          yield* sql`update jobs set approval = ${JSON.stringify(approval)}::jsonb where id = ${job}::uuid`
        })
      )
    )
    await eventually(
      () => state(job),
      (s) => s?.audited === true,
      200_000
    )
    const failed = await w.rows(
      (sql) => sql`select entity, source_id, error->>'code' as code from job_record_outcomes
        where job_id = ${job}::uuid and outcome in ('failed', 'unknown')`
    )
    expect(failed).toEqual([])
    const [report] = await w.rows<{ holds: boolean }>(
      (sql) =>
        sql`select (body->>'holds')::boolean as holds from reports where job_id = ${job}::uuid and kind = 'audit'`
    )
    expect(report?.holds).toBe(true)
    const [account] = sandbox.world.zendesk.values()
    const tickets = [...(account?.tickets.values() ?? [])]
    expect(Math.max(...tickets.map((t) => t.comments.length))).toBe(5_000)
    const told = await w.rows<{ code: string }>(
      (sql) => sql`select distinct w->>'code' as code from job_record_outcomes, jsonb_array_elements(warnings) w
        where job_id = ${job}::uuid and warnings is not null`
    )
    expect(told).toEqual([{ code: "comments-folded" }])
    const words = tickets.map((t) => t.comments.reduce((sum, c) => sum + (c.html ?? "").split("wide").length - 1, 0))
    expect(Math.max(...words)).toBe(bodyBytes / 5)
  })
})
