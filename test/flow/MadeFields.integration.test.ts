import { madeBefore } from "@bridge/api/mappings/Default"
import { auditor } from "@bridge/auditor/main"
import { discoverFields } from "@bridge/connectors/Account"
import { Connections } from "@bridge/connectors/Connections"
import { hashJson } from "@bridge/domain/Canonical"
import { withCustomFields } from "@bridge/domain/CustomFields"
import { account } from "@bridge/domain/Jobs"
import type { Mapping } from "@bridge/domain/Mapping"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { extractor } from "@bridge/extractor/main"
import { loader } from "@bridge/loader/main"
import { refiner } from "@bridge/refiner/main"
import { reviewed } from "@bridge/review/Reviewed"
import { type Sandbox, startSandbox } from "@bridge/sandbox/Sandbox"
import { scheduler } from "@bridge/scheduler/main"
import { asTenant } from "@bridge/store/Postgres"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually, giveMapping, insertJob, type World, world } from "../harness/World.ts"

let sandbox: Sandbox
let w: World
let stopServices: () => Promise<void>
const missing = ["Environment", "Affected systems", "Seats", "VIP request?", "Needed by", "Business justification"]

const zendesk = () => {
  const [account] = sandbox.world.zendesk.values()
  if (account === undefined) throw new Error("no account")
  return account
}

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 80, seed: 4, limits: false, growth: false, timeFactor: 60, failures: 0 })
  const { fields } = zendesk()
  for (const title of missing)
    fields.splice(
      fields.findIndex((f) => f.title === title),
      1
    )
  w = await world(sandbox, { BRIDGE_AUDIT_LAG: "3 seconds" })
  stopServices = w.start("all", Layer.mergeAll(scheduler, extractor, refiner, loader, auditor))
})
afterAll(async () => {
  await stopServices?.()
  await w?.stop()
  await sandbox?.stop()
})

const entities = ["custom-field", "ticket", "comment", "person", "group", "group-member", "department"]

/** As a new migration does with `createMissingFields`. */
const startingMapping = (): Promise<Mapping> =>
  w.use(
    Effect.gen(function* () {
      const connections = yield* Connections
      const fieldsOf = (id: string) =>
        Effect.flatMap(connections.open(w.tenantId, id), (c) =>
          Effect.map(discoverFields(c), (f) => f.get("tickets") ?? [])
        )
      const [here, there] = [yield* fieldsOf(w.source), yield* fieldsOf(w.destination)]
      const { freshservice, zendesk } = sandbox.credentials
      const before = yield* asTenant(w.tenantId)(
        madeBefore(
          account("freshservice", freshservice.domain.split(".")[0] ?? ""),
          account("zendesk", zendesk.subdomain)
        )
      )
      return withCustomFields(freshserviceToZendesk, { ticket: here }, { ticket: there }, { missing: true, before })
        .mapping
    })
  )

const state = (job: string) =>
  w
    .rows<{ state: string; audited: boolean }>(
      (sql) => sql`select state, audit_complete as audited from jobs where id = ${job}::uuid`
    )
    .then(([row]) => row)

const migrated = async () => {
  const mapping = await startingMapping()
  const job = await insertJob(w, sandbox, entities)
  await giveMapping(w, job, mapping)
  await eventually(
    () => state(job),
    (s) => s?.state === "validation_pending"
  )
  const before = zendesk().fields.length
  await w.use(
    asTenant(w.tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const approval = { ...(yield* reviewed(job, hashJson)), approvedBy: "test", approvedAt: "2026-01-01T00:00:00Z" }
        yield* sql`update jobs set approval = ${JSON.stringify(approval)}::jsonb where id = ${job}::uuid`
      })
    )
  )
  await eventually(
    () => state(job),
    (s) => s?.audited === true
  )
  const [report] = await w.rows<{ holds: boolean }>(
    (sql) => sql`select (body->>'holds')::boolean as holds from reports where job_id = ${job}::uuid and kind = 'audit'`
  )
  const outcomes = await w.rows<{ entity: string; outcome: string; n: number }>(
    (sql) => sql`select entity, outcome, count(*)::int as n from job_record_outcomes where job_id = ${job}::uuid
      and entity in ('custom-field', 'ticket') group by 1, 2 order by 1, 2`
  )
  return { mapping, before, report, outcomes }
}

interface SourceTicket {
  readonly id: number
  readonly custom_fields: Readonly<Record<string, unknown>> | null
}

describe("ticket fields that the destination lacks", () => {
  it("are made there once they are approved, hold the source's values, and are not made again", async () => {
    const first = await migrated()
    // Nothing before the approval.
    const there = zendesk().fields.filter((f) => missing.includes(f.title))
    expect(there.map((f) => f.title).toSorted()).toEqual(missing.toSorted())
    expect(zendesk().fields.length).toBe(first.before + missing.length)
    expect(first.report?.holds).toBe(true)
    expect(first.outcomes.filter((o) => o.entity === "custom-field")).toEqual([
      { entity: "custom-field", outcome: "created", n: missing.length }
    ])
    const seats = there.find((f) => f.title === "Seats")
    const environment = there.find((f) => f.title === "Environment")
    const [desk] = sandbox.world.freshservice.values()
    let compared = 0
    for (const ticket of zendesk().tickets.values()) {
      const id = Number(ticket.externalId?.split(":").at(-1))
      const index = desk?.corpus.ticketIndex(id) ?? -1
      if (desk === undefined || index < 0) continue
      const { custom_fields } = desk.corpus.detailRow(index) as unknown as SourceTicket
      const value = (field: number | undefined) => ticket.custom[field ?? 0] ?? null
      expect(value(seats?.id)).toBe(custom_fields?.seats ?? null)
      const label = custom_fields?.environment ?? null
      const option = environment?.options.find((one) => one.value === value(environment.id))
      expect(option?.name ?? null).toBe(label)
      compared += custom_fields?.seats === undefined || custom_fields.seats === null ? 0 : 1
    }
    expect(compared).toBeGreaterThan(5)

    const second = await migrated()
    expect(zendesk().fields.length).toBe(second.before)
    expect(new Set(second.outcomes.map((o) => o.outcome))).toEqual(new Set(["skipped"]))
    expect(second.report?.holds).toBe(true)
  })
})
