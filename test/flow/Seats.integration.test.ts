import { request } from "node:http"
import { auditor } from "@bridge/auditor/main"
import { hashJson } from "@bridge/domain/Canonical"
import type { MappingOptions } from "@bridge/domain/Mapping"
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
import { eventually, giveMapping, insertJob, neighbour, type World, world } from "../harness/World.ts"

let sandbox: Sandbox
let w: World
let stopServices: () => Promise<void>
const subdomains = ["first", "second", "third", "known"] as const

beforeAll(async () => {
  sandbox = await startSandbox({
    tickets: 100,
    seed: 11,
    limits: false,
    timeFactor: 60,
    accounts: { zendesk: subdomains.map((subdomain) => ({ subdomain, seats: subdomain === "known" ? 100 : 2 })) }
  })
  w = await world(sandbox, { BRIDGE_AUDIT_LAG: "3 seconds" })
  stopServices = w.start("all", Layer.mergeAll(scheduler, extractor, refiner, loader, auditor))
})
afterAll(async () => {
  await stopServices?.()
  await w?.stop()
  await sandbox?.stop()
})

const entities = ["ticket", "comment", "person", "group", "group-member", "department"]

interface Report {
  readonly holds: boolean
  readonly adapted: ReadonlyArray<{ readonly entity: string; readonly code: string; readonly count: number }>
}

/** Everything into one of the accounts, with what the mapping says of agents over the seats. */
const migrated = async (
  subdomain: (typeof subdomains)[number],
  over: NonNullable<MappingOptions["agentsOverSeats"]>
) => {
  const { credentials } = sandbox
  const there = { credentials: { ...credentials, zendesk: { ...credentials.zendesk, subdomain } } }
  const tenant = await neighbour(w, there.credentials)
  const mapping = {
    ...freshserviceToZendesk,
    options: { ...freshserviceToZendesk.options, agentsOverSeats: over }
  }
  const job = await insertJob(tenant, there, entities)
  await giveMapping(tenant, job, mapping)
  const state = () =>
    tenant
      .rows<{ state: string; audited: boolean }>(
        (sql) => sql`select state, audit_complete as audited from jobs where id = ${job}::uuid`
      )
      .then(([row]) => row)
  await eventually(state, (s) => s?.state === "validation_pending")
  await w.use(
    asTenant(tenant.tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const approval = { ...(yield* reviewed(job, hashJson)), approvedBy: "test", approvedAt: "2026-01-01T00:00:00Z" }
        yield* sql`update jobs set approval = ${JSON.stringify(approval)}::jsonb where id = ${job}::uuid`
      })
    )
  )
  await eventually(state, (s) => s?.audited === true)
  const [report] = await tenant.rows<{ body: Report; html: string }>(
    (sql) => sql`select body, html from reports where job_id = ${job}::uuid and kind = 'audit'`
  )
  const failed = await tenant.rows<{ entity: string; code: string; n: number }>(
    (sql) => sql`select entity, error->>'code' as code, count(*)::int as n from job_record_outcomes
      where job_id = ${job}::uuid and outcome = 'failed' group by 1, 2 order by 1, 2`
  )
  const outcomes = await tenant.rows<{ outcome: string; warnings: ReadonlyArray<{ field: string }> | null }>(
    (sql) => sql`select outcome, warnings from job_record_outcomes where job_id = ${job}::uuid and entity = 'person'
      and warnings is not null`
  )
  const account = sandbox.world.zendesk.get(`${subdomain}.zendesk.com`)
  if (account === undefined || report === undefined) throw new Error("no account or report")
  return { report, failed, outcomes, users: [...account.users.values()], tickets: [...account.tickets.values()] }
}

/** Addresses of those who are agents at the source and still there. */
const activeAgents = (): ReadonlyArray<string> => {
  const [account] = sandbox.world.freshservice.values()
  const { plan, person } = account?.corpus ?? { plan: { agents: 0 }, person: () => undefined }
  return Array.from({ length: plan.agents }, (_, i) => person(i)).flatMap((one) =>
    one?.active === true && one.email !== null ? [one.email] : []
  )
}

/** What the destination has before anybody migrates to it; the id it got. */
const made = (path: string, body: object) =>
  new Promise<string>((done, fail) => {
    const { email, api_token } = sandbox.credentials.zendesk
    const authorization = `Basic ${Buffer.from(`${email}/token:${api_token}`).toString("base64")}`
    const headers = { host: "known.zendesk.com", authorization, "content-type": "application/json" }
    const call = request(`${sandbox.origin}${path}`, { method: "POST", headers }, (answer) => {
      let text = ""
      answer.setEncoding("utf8").on("data", (part: string) => (text += part))
      answer.on("end", () => {
        const [one] = Object.values(JSON.parse(text) as Record<string, { readonly id?: number }>)
        if (answer.statusCode === 201 && one?.id !== undefined) done(String(one.id))
        else fail(new Error(`${answer.statusCode} ${text}`))
      })
    })
    call.end(JSON.stringify(body))
  })

// Tenants with accounts of their own: one need not wait for the other.
describe.concurrent("agents for whom the destination has no seat", () => {
  it("become end users there, who keep their words; what they cannot be given is left out, and all of it is told", async () => {
    const { failed, outcomes, report, tickets, users } = await migrated("first", "end-user")
    expect(users.filter((u) => u.role !== "end-user")).toHaveLength(2)
    expect(outcomes.length).toBeGreaterThan(0)
    expect(new Set(outcomes.map((o) => `${o.outcome} ${o.warnings?.[0]?.field}`))).toEqual(new Set(["created role"]))
    // Memberships cannot be: they say why. Nothing else breaks, but for the tickets that fail on purpose and their comments.
    expect(failed.filter((f) => f.code === "agent-without-seat").map((f) => f.entity)).toEqual(["group-member"])
    expect(failed.filter((f) => f.code === "reference-not-loaded" || f.entity === "person")).toEqual([])
    const endUsers = new Set(users.filter((u) => u.role === "end-user").map((u) => u.id))
    expect(tickets.filter((t) => t.assignee !== null && endUsers.has(t.assignee))).toEqual([])
    expect(tickets.some((t) => t.comments.some((c) => endUsers.has(c.author)))).toBe(true)
    expect(report.body.holds).toBe(true)
    const told = report.body.adapted.filter((a) => a.code === "agent-without-seat")
    expect(new Set(told.map((a) => a.entity))).toEqual(new Set(["person", "ticket"]))
    expect(told.find((a) => a.entity === "person")?.count).toBe(outcomes.length)
    expect(report.html).toContain("Not as approved")
  })

  it("have the stand-in in their place where the mapping says so", async () => {
    const { failed, outcomes, report, tickets, users } = await migrated("second", "placeholder")
    const standIn = users.find((u) => u.email === freshserviceToZendesk.options.placeholder.email)
    expect(standIn).toBeDefined()
    expect(new Set(outcomes.map((o) => o.outcome))).toEqual(new Set(["merged"]))
    expect(failed.filter((f) => f.code === "reference-not-loaded" || f.entity === "person")).toEqual([])
    expect(tickets.some((t) => t.comments.some((c) => c.author === standIn?.id))).toBe(true)
    expect(report.body.holds).toBe(true)
  })

  it("fail, and what needs them with them, where the mapping says so", async () => {
    const { failed, outcomes, report } = await migrated("third", "fail")
    expect(outcomes).toEqual([])
    expect(failed.some((f) => f.entity === "person")).toBe(true)
    expect(failed.some((f) => f.entity === "ticket" && f.code === "reference-not-loaded")).toBe(true)
    expect(report.body.adapted).toEqual([])
  })

  it("and those who are end users there already are left as they are: nothing is assigned to them, and nothing fails for it", async () => {
    const [plain, ...others] = activeAgents()
    const beside = others.at(-1)
    if (plain === undefined || beside === undefined) throw new Error("too few agents")
    await made("/api/v2/users", { user: { name: "Was here", email: plain, role: "end-user" } })
    const other = await made("/api/v2/users", {
      user: { name: "Other", email: "other@elsewhere.example", role: "agent" }
    })
    const identity = { type: "email", value: beside, verified: true }
    await made(`/api/v2/users/${other}/identities`, { identity })
    const { failed, report, tickets, users } = await migrated("known", "end-user")
    const here = users.find((u) => u.name === "Was here")
    expect(here?.role).toBe("end-user")
    expect(users.some((u) => u.email === beside)).toBe(false)
    expect(failed.filter((f) => f.code === "reference-not-loaded" || f.entity === "person")).toEqual([])
    expect(failed.filter((f) => f.code === "matched-no-agent").map((f) => f.entity)).toEqual(["group-member"])
    expect(tickets.filter((t) => t.assignee === here?.id)).toEqual([])
    expect(tickets.some((t) => t.comments.some((c) => c.author === here?.id))).toBe(true)
    expect(report.body.holds).toBe(true)
    expect(report.body.adapted.filter((a) => a.code === "matched-no-agent").map((a) => a.entity)).toContain("ticket")
  })
})
