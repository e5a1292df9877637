import { rmSync } from "node:fs"
import { join } from "node:path"
import type { JobView } from "@bridge/contract/Jobs"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { type Install, install } from "../harness/Install.ts"
import { checkout } from "../harness/Processes.ts"
import { connect, isReviewable, jobUntil, migrate, newTenant, type Reply, Rest } from "../harness/Rest.ts"

const dir = join(checkout, ".bridge", `system-refusals-${process.pid}`)
let bridge: Install
let rest: Rest
let source: string
let destination: string

interface Problem {
  readonly code: string
  readonly title: string
  readonly detail?: string
}

beforeAll(async () => {
  bridge = await install({
    dir,
    tickets: 4,
    seed: "refusals",
    timeFactor: 60,
    limitFactor: 60,
    durable: false,
    registryUrl: inject("stack")?.registryUrl
  })
  const services = await bridge.services("bridge")
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

const refused = (reply: Reply<unknown>): readonly [number, string] => {
  expect(reply.type).toContain("application/problem+json")
  const problem = reply.body as Problem
  expect(problem.title).not.toBe("")
  return [reply.status, problem.code]
}

const connections = async () => (await rest.get<ReadonlyArray<{ id: string }>>("/api/connectors")).length
const migrations = async () => (await rest.get<{ jobs: ReadonlyArray<JobView> }>("/api/migrations")).jobs.length

describe("what the API refuses changes nothing", () => {
  it("wrong credentials", async () => {
    const config = { ...bridge.sandbox.credentials.freshservice, api_key: "not-the-key" }
    expect(refused(await rest.ask("POST", "/api/connectors", { vendor: "freshservice", config }))).toEqual([
      422,
      "credentials-rejected"
    ])
    expect(await connections()).toBe(2)
  })

  it("a half-filled connection", async () => {
    const reply = await rest.ask<{ errors: ReadonlyArray<{ path: unknown }> }>("POST", "/api/connectors", {
      vendor: "zendesk",
      config: { subdomain: "acme" }
    })
    expect(refused(reply)).toEqual([422, "config-invalid"])
    expect(reply.body.errors.length).toBeGreaterThan(0)
    expect(await connections()).toBe(2)
  })

  it("an unknown entity", async () => {
    const reply = await rest.ask("POST", "/api/migrations", { source, destination, entities: ["unicorns"] })
    expect(refused(reply)).toEqual([422, "entity-unknown"])
    expect(await migrations()).toBe(0)
  })

  it("a repeated POST with the same Idempotency-Key does it once, and with another body is refused", async () => {
    const headers = { "idempotency-key": "once-1" }
    const body = { source, destination, name: "once" }
    const [a, b] = await Promise.all([
      rest.ask<JobView>("POST", "/api/migrations", body, headers),
      rest.ask<JobView>("POST", "/api/migrations", body, headers)
    ])
    const again = await rest.ask<JobView>("POST", "/api/migrations", body, headers)
    expect(again.status).toBe(201)
    for (const reply of [a, b]) expect(reply.status === 409 || reply.body.id === again.body.id).toBe(true)
    expect(await migrations()).toBe(1)
    expect(refused(await rest.ask("POST", "/api/migrations", { ...body, name: "twice" }, headers))).toEqual([
      422,
      "key-reused"
    ])
    expect(await migrations()).toBe(1)
  })

  it("another tenant's job and connections", async () => {
    const [job] = (await rest.get<{ jobs: ReadonlyArray<JobView> }>("/api/migrations")).jobs
    const other = new Rest(rest.origin)
    await newTenant(other, "umbrella", bridge.operatorToken)
    for (const path of [
      "",
      "/extraction-summary",
      "/records",
      "/download/csv/tickets",
      "/loading-results",
      "/audit/verify",
      "/progress-stream"
    ]) {
      expect(refused(await other.ask("GET", `/api/jobs/${job?.id}${path}`)), path).toEqual([404, "job-unknown"])
    }
    expect(refused(await other.ask("POST", `/api/jobs/${job?.id}/cancel`))).toEqual([404, "job-unknown"])
    const mine = await other.ask("POST", "/api/migrations", { source, destination })
    expect(mine.status).toBe(422)
    refused(mine)
  })

  it("the CSV of an entity without rows is a header line, and of an unknown one a problem", async () => {
    const job = await migrate(rest, source, destination, {
      entities: ["departments", "tickets"],
      options: { since: "2199-01-01T00:00:00Z" }
    })
    await rest.ask(
      "POST",
      `/api/jobs/${(await rest.get<{ jobs: ReadonlyArray<JobView> }>("/api/migrations")).jobs.at(-1)?.id}/cancel`
    )
    await jobUntil(rest, job.id, isReviewable, { withinMillis: 240_000 })
    const csv = await rest.ask<string>("GET", `/api/jobs/${job.id}/download/csv/tickets`)
    expect([csv.status, csv.body.trim().split("\r\n").length]).toEqual([200, 1])
    expect(refused(await rest.ask("GET", `/api/jobs/${job.id}/download/csv/unicorns`))[0]).toBe(404)
  })

  it("no token, a wrong password, an address that is not there", async () => {
    const nobody = new Rest(rest.origin)
    expect(refused(await nobody.ask("GET", "/api/jobs"))).toEqual([401, "sign-in-needed"])
    expect(
      refused(await nobody.ask("POST", "/api/login", { email: "admin@acme.example", password: "wrong wrong" }))
    ).toEqual([401, "credentials-wrong"])
    expect(refused(await rest.ask("GET", "/api/unicorns"))).toEqual([404, "route-unknown"])
  })
})
