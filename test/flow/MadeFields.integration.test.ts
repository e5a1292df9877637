import { byEntity, madeBefore } from "@bridge/api/mappings/Default"
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
const ofTickets = ["Environment", "Affected systems", "Seats", "VIP request?", "Needed by", "Business justification"]
const missing = [...ofTickets, "Root cause code", "Downtime in minutes"]
/** Of people and departments, by the keys that they get. */
const keyed = { badge_number: "Badge number", floor: "Floor", remarks: "Remarks" } as const

const zendesk = () => {
  const [account] = sandbox.world.zendesk.values()
  if (account === undefined) throw new Error("no account")
  return account
}

beforeAll(async () => {
  sandbox = await startSandbox({ tickets: 80, seed: 4, limits: false, timeFactor: 60, attachments: 0, failures: 0 })
  const { fields, personFields } = zendesk()
  const field = {
    kind: "user",
    type: "text",
    active: true,
    options: [],
    target: null,
    createdAt: "2024-01-01T00:00:00Z"
  } as const
  personFields.push({ ...field, id: 901, key: "cost_centre", title: "Cost Center" })
  for (const title of ofTickets)
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

const entities = [
  "custom-field",
  "problem",
  "change",
  "ticket",
  "comment",
  "person",
  "group",
  "group-member",
  "department"
]

const accounts = () => {
  const { freshservice, zendesk } = sandbox.credentials
  return [
    account("freshservice", freshservice.domain.split(".")[0] ?? ""),
    account("zendesk", zendesk.subdomain)
  ] as const
}

/** As a new migration does with `createMissingFields`. */
const startingMapping = (): Promise<Mapping> =>
  w.use(
    Effect.gen(function* () {
      const connections = yield* Connections
      const fieldsOf = (id: string) =>
        Effect.flatMap(connections.open(w.tenantId, id), (c) =>
          Effect.map(discoverFields(c), (found) => byEntity(c.connector, found))
        )
      const [here, there] = [yield* fieldsOf(w.source), yield* fieldsOf(w.destination)]
      const before = yield* asTenant(w.tenantId)(madeBefore(...accounts()))
      return withCustomFields(freshserviceToZendesk, here, there, { missing: true, before }).mapping
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
  const before = zendesk().fields.length + zendesk().personFields.length
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

interface SourceRow {
  readonly custom_fields: Readonly<Record<string, unknown>> | null
}

/** The source's rows of what a key at the destination names: `freshservice:acme:problem:7`. */
const sourceOf = (key: string | null): { readonly entity: string; readonly row: SourceRow } | undefined => {
  const [desk] = sandbox.world.freshservice.values()
  const [, , entity = "", name = ""] = key?.split(":") ?? []
  if (desk === undefined) return undefined
  const { changes, departments, detailRow, personIndex, personRow, problems, ticketIndex } = desk.corpus
  const id = Number(name.split("/").at(-1))
  const rows: Readonly<Record<string, readonly [number, (index: number) => object]>> = {
    ticket: [ticketIndex(id), detailRow],
    problem: [problems.index(id), problems.detailRow],
    change: [changes.index(id), changes.detailRow],
    person: [personIndex(id), personRow],
    department: [departments().findIndex((row) => row.id === id), (index) => departments()[index] ?? {}]
  }
  const [index, read] = rows[entity] ?? [-1, () => ({})]
  return index < 0 ? undefined : { entity, row: read(index) as SourceRow }
}

describe("fields of tickets, problems, changes, people and departments that the destination lacks", () => {
  it("are made there once they are approved, hold the source's values beside those it has, and are not made again", async () => {
    const first = await migrated()
    // Nothing before the approval.
    const there = zendesk().fields.filter((f) => missing.includes(f.title))
    expect(there.map((f) => f.title).toSorted()).toEqual(missing.toSorted())
    const all = () => zendesk().fields.length + zendesk().personFields.length
    expect(all()).toBe(first.before + missing.length + Object.keys(keyed).length)
    const known = zendesk().personFields.map(({ key, kind, title, type }) => `${kind} ${key} ${title} ${type}`)
    expect(known.toSorted()).toEqual([
      `organization floor ${keyed.floor} integer`,
      `organization remarks ${keyed.remarks} text`,
      `user badge_number ${keyed.badge_number} integer`,
      "user cost_centre Cost Center text"
    ])
    expect(first.report?.holds).toBe(true)
    expect(first.outcomes.filter((o) => o.entity === "custom-field")).toEqual([
      { entity: "custom-field", outcome: "created", n: missing.length + Object.keys(keyed).length },
      // Agents and requesters have this one by the same id: one field.
      { entity: "custom-field", outcome: "matched", n: 1 }
    ])
    const seats = there.find((f) => f.title === "Seats")
    const environment = there.find((f) => f.title === "Environment")
    const cause = there.find((f) => f.title === "Root cause code")
    const downtime = there.find((f) => f.title === "Downtime in minutes")
    const compared: Record<string, number> = {}
    const filled = (entity: string, value: unknown): void => {
      compared[entity] = (compared[entity] ?? 0) + (value === undefined || value === null ? 0 : 1)
    }
    for (const ticket of zendesk().tickets.values()) {
      const source = sourceOf(ticket.externalId)
      if (source === undefined) continue
      const { custom_fields: values } = source.row
      const value = (field: (typeof there)[number] | undefined) => {
        const held = ticket.custom[field?.id ?? 0] ?? null
        return field?.options.find((one) => one.value === held)?.name ?? held
      }
      expect(value(seats)).toBe(values?.seats ?? null)
      expect(value(environment)).toBe(values?.environment ?? null)
      expect(value(cause)).toBe(values?.root_cause_code ?? null)
      expect(value(downtime)).toBe(values?.downtime_minutes ?? null)
      filled(source.entity, values?.seats ?? values?.root_cause_code ?? values?.downtime_minutes)
    }
    for (const user of zendesk().users.values()) {
      const source = sourceOf(user.externalId)
      if (source === undefined) continue
      expect(user.fields.cost_centre ?? null).toBe(source.row.custom_fields?.cost_center ?? null)
      expect(user.fields.badge_number ?? null).toBe(source.row.custom_fields?.badge_number ?? null)
      filled("person", source.row.custom_fields?.badge_number)
    }
    for (const organization of zendesk().organizations.values()) {
      const source = sourceOf(organization.externalId)
      if (source === undefined) continue
      for (const key of ["floor", "remarks"])
        expect(organization.fields[key] ?? null).toBe(source.row.custom_fields?.[key] || null)
      filled("department", source.row.custom_fields?.floor ?? source.row.custom_fields?.remarks)
    }
    expect(compared.ticket).toBeGreaterThan(5)
    expect(compared.problem).toBeGreaterThan(0)
    expect(compared.change).toBeGreaterThan(0)
    expect(compared.person).toBeGreaterThan(5)
    expect(compared.department).toBeGreaterThan(0)

    // The field that leads to a type of assets is no field of tickets' own, whatever its number.
    const linked = await w.rows<{ id: string }>(
      (
        sql
      ) => sql`insert into load_ledger (tenant_id, destination_account, source_account, entity, source_id, source_key, state,
          destination_id, last_job)
        select tenant_id, destination_account, source_account, entity, '$link/77', 'k', 'created', '1', last_job
        from load_ledger where entity = 'custom-field' limit 1 returning source_id as id`
    )
    expect(linked).toEqual([{ id: "$link/77" }])
    const before = await w.use(asTenant(w.tenantId)(madeBefore(...accounts())))
    expect(before.size).toBe(missing.length + Object.keys(keyed).length)
    expect(before.get("77")).toBeUndefined()
    const second = await migrated()
    expect(second.mapping).toEqual(first.mapping)
    expect(all()).toBe(second.before)
    expect(new Set(second.outcomes.map((o) => o.outcome))).toEqual(new Set(["skipped", "matched"]))
    expect(second.report?.holds).toBe(true)
  })
})
