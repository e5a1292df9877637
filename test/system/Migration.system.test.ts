import { rmSync } from "node:fs"
import { join } from "node:path"
import type { JobView } from "@bridge/contract/Jobs"
import type { Summary } from "@bridge/contract/Review"
import { freePort } from "@bridge/infra/Ports"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { type Install, install, type Services } from "../harness/Install.ts"
import { checkout } from "../harness/Processes.ts"
import { approve, connect, isReviewable, jobUntil, migrate, newTenant, type Rest, results } from "../harness/Rest.ts"
import { prove } from "../oracle/Proof.ts"
import { documentedStatuses } from "../oracle/Rules.ts"

const dir = join(checkout, ".bridge", `system-migration-${process.pid}`)
/** A process that is killed comes back at the same address. */
const patient = { withinMillis: 240_000, patienceMillis: 60_000 }

let bridge: Install
let services: Services
let rest: Rest
let port: number
let source: string
let destination: string
let job: JobView

const order = async (faults: ReadonlyArray<object>): Promise<void> => {
  const answer = await fetch(`${bridge.sandbox.adminUrl}/faults`, { method: "POST", body: JSON.stringify(faults) })
  expect(answer.status).toBe(201)
}

const hits = async (): Promise<ReadonlyArray<{ readonly order: { readonly kind: string }; readonly hit: number }>> =>
  ((await (await fetch(`${bridge.sandbox.adminUrl}/faults`)).json()) as { faults: [] }).faults

const forgive = () => fetch(`${bridge.sandbox.adminUrl}/faults`, { method: "DELETE" })

/** Records written. Bytes of a file whose ticket is refused each time are none. */
const writes = async (): Promise<number> =>
  (await (await fetch(`${bridge.sandbox.adminUrl}/ledger`)).text())
    .split("\n")
    .filter((l) => l !== "" && JSON.parse(l).kind !== "upload.create").length

/** How many of an entity the source has. */
const atSource = async (entity: string): Promise<number> =>
  (await (await fetch(`${bridge.sandbox.adminUrl}/corpus?entity=${entity}`)).text()).split("\n").filter((l) => l !== "")
    .length

interface StatusMapping {
  readonly values: { readonly status: { readonly rows: Record<string, string> } }
}

interface Counts {
  readonly extracted: number
  readonly loaded: number
}

/** Records of all entities that have come so far. */
const counted = async (): Promise<Counts> => {
  const { entities } = await rest.get<{ entities: ReadonlyArray<Counts> }>(`/api/migrations/${job.id}/estimate`, 60_000)
  return entities.reduce((a, e) => ({ extracted: a.extracted + e.extracted, loaded: a.loaded + e.loaded }), {
    extracted: 0,
    loaded: 0
  })
}

const killWhen = async (ready: (c: Counts) => boolean): Promise<void> => {
  for (const until = Date.now() + 90_000; !ready(await counted()); ) {
    if (Date.now() > until) throw new Error("it did not get far enough to be killed")
    await new Promise((later) => setTimeout(later, 50))
  }
  await new Promise((later) => setTimeout(later, Math.random() * 1_500))
  await services.process.kill()
  services = await bridge.services("bridge", port)
}

beforeAll(async () => {
  bridge = await install({
    dir,
    tickets: 300,
    seed: "system",
    timeFactor: 60,
    limitFactor: 60,
    durable: false,
    registryUrl: inject("stack")?.registryUrl
  })
  port = await freePort()
  services = await bridge.services("bridge", port)
  rest = bridge.rest(services)
  await newTenant(rest, "acme", bridge.operatorToken)
  const { freshservice, zendesk } = bridge.sandbox.credentials
  source = await connect(rest, "freshservice", freshservice)
  destination = await connect(rest, "zendesk", {
    subdomain: zendesk.subdomain,
    email: zendesk.email,
    api_token: zendesk.api_token
  })
})

afterAll(async () => {
  await bridge?.stop(true)
  rmSync(dir, { recursive: true, force: true })
})

describe("a migration on a machine where everything goes wrong", () => {
  it("extracts everything although it is killed twice, and the vendor storms, fails, stalls and cuts its answers", async () => {
    await order([
      { kind: "429", vendor: "freshservice", path: "/tickets/", count: 12, skip: 60, retryAfter: 1 },
      { kind: "status", vendor: "freshservice", status: 502, count: 5, skip: 30, probability: 0.5 },
      { kind: "cut", vendor: "freshservice", path: "/tickets", count: 3, skip: 20, probability: 0.5 },
      { kind: "html", vendor: "freshservice", path: "/requesters", count: 1 },
      { kind: "slow", vendor: "freshservice", path: "/tickets/", ms: 60 }
    ])
    job = await migrate(rest, source, destination)
    await killWhen((c) => c.extracted > 0)
    await killWhen((c) => c.extracted > 200)
    await jobUntil(rest, job.id, isReviewable, patient)
    expect(
      (await hits())
        .filter((f) => f.hit > 0)
        .map((f) => f.order.kind)
        .toSorted()
    ).toEqual(["429", "cut", "html", "slow", "status"])
    await forgive()
    const summary = await rest.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)
    const archived = Object.fromEntries(summary.entities.map((e) => [e.entity, e.archived + e.dead]))
    const notes = (await atSource("problem-note")) + (await atSource("change-note"))
    expect([archived.ticket, archived.comment, archived.person]).toEqual([300, 900 + notes, 75])
  })

  it("refuses an approval of anything but what is there", async () => {
    const { approval } = await rest.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)
    const wrong = { ...approval, hashes: { ...approval?.hashes, ticket: "0".repeat(64) } }
    const refused = await rest.ask<{ code: string }>("POST", `/api/jobs/${job.id}/approve-loading`, wrong)
    expect([refused.status, refused.type, refused.body.code]).toEqual([
      409,
      "application/problem+json",
      "approval-outdated"
    ])
    expect(await writes()).toBe(0)
  })

  it("a changed mapping changes the hashes and voids the approval that named the old ones", async () => {
    const before = await rest.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)
    const { mapping } = await rest.get<{ mapping: StatusMapping }>(`/api/mappings/${job.mapping?.id}`)
    mapping.values.status.rows["6"] = "open"
    await rest.post(`/api/jobs/${job.id}/remap`, { mapping })
    const stale = await rest.ask<{ code: string }>("POST", `/api/jobs/${job.id}/approve-loading`, before.approval)
    expect(stale.status).toBe(409)
    await jobUntil(rest, job.id, isReviewable, patient)
    const settled = async () => (await rest.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)).settled
    while (!(await settled())) await new Promise((later) => setTimeout(later, 200))
    const after = await rest.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)
    expect(after.revision).toBe(before.revision + 1)
    expect(after.approval?.hashes.ticket).not.toBe(before.approval?.hashes.ticket)
    expect(after.approval?.hashes.department).toBe(before.approval?.hashes.department)
    expect((await rest.ask("POST", `/api/jobs/${job.id}/approve-loading`, before.approval)).status).toBe(409)
    expect(await writes()).toBe(0)
  })

  it("loads everything once although it is killed twice, answers are lost, and the vendor storms", async () => {
    await order([
      { kind: "unanswered", vendor: "zendesk", method: "POST", path: "/imports/tickets/create_many", count: 1 },
      { kind: "unanswered", vendor: "zendesk", method: "POST", path: "/users/create_many", count: 1 },
      { kind: "429", vendor: "zendesk", count: 15, skip: 20, retryAfter: 1 },
      { kind: "status", vendor: "zendesk", method: "GET", status: 503, count: 3, skip: 10, probability: 0.3 }
    ])
    await approve(rest, job.id)
    await killWhen((c) => c.loaded > 0)
    await killWhen((c) => c.loaded > 80)
    job = await jobUntil(rest, job.id, (j) => j.state === "completed" && j.auditComplete, {
      ...patient,
      withinMillis: 400_000
    })
    expect((await hits()).filter((f) => f.hit > 0).map((f) => f.order.kind)).toEqual(
      expect.arrayContaining(["unanswered", "429"])
    )
    await forgive()
  })

  it("holds before an oracle that is not Bridge: nothing lost, doubled or changed, only the seeded tickets failed", async () => {
    const proof = await prove(rest, job.id, bridge.sandbox.adminUrl, new Map([...documentedStatuses, [6, "open"]]))
    expect(proof.problems).toEqual([])
    for (const counts of Object.values(proof.json.entities))
      expect([counts.missing, counts.doubled, counts.changed]).toEqual([0, 0, 0])
    expect(proof.json.entities.ticket?.failed).toBeGreaterThan(0)
    expect(proof.json.ok).toBe(true)
  })

  it("creates nothing when the same pair is migrated a second time", async () => {
    const before = await writes()
    const again = await migrate(rest, source, destination, { mapping: job.mapping })
    await jobUntil(rest, again.id, isReviewable, patient)
    await approve(rest, again.id)
    await jobUntil(rest, again.id, (j) => j.state === "completed", patient)
    const outcome = await results(rest, again.id)
    // The tickets that the destination refused the first time are tried again, and refused again.
    expect(outcome.entities.map((e) => [e.entity, e.created, e.updated])).toEqual(
      outcome.entities.map((e) => [e.entity, 0, 0])
    )
    expect(await writes()).toBe(before)
  })
})
