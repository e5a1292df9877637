// Files on their way when everything is killed: half a download or half an upload counts for nothing, and every byte arrives once.
import { rmSync } from "node:fs"
import { join } from "node:path"
import type { JobView } from "@bridge/contract/Jobs"
import { freePort } from "@bridge/infra/Ports"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { type Install, install, type Services } from "../harness/Install.ts"
import { checkout } from "../harness/Processes.ts"
import { approve, connect, isReviewable, jobUntil, migrate, newTenant, type Rest } from "../harness/Rest.ts"
import { eventually } from "../harness/World.ts"
import { prove } from "../oracle/Proof.ts"

const dir = join(checkout, ".bridge", `system-files-${process.pid}`)
const patient = { withinMillis: 240_000, patienceMillis: 60_000 }

let bridge: Install
let services: Services
let rest: Rest
let port: number
let job: JobView

/** These faults, and no others any more. */
const order = async (faults: ReadonlyArray<object>): Promise<void> => {
  await fetch(`${bridge.sandbox.adminUrl}/faults`, { method: "DELETE" })
  const answer = await fetch(`${bridge.sandbox.adminUrl}/faults`, { method: "POST", body: JSON.stringify(faults) })
  expect(answer.status).toBe(201)
}

interface CallCount {
  readonly operation: string
  readonly status: number
  readonly count: number
}

/** How often the sandbox has been asked for something, whatever became of it. */
const calls = async (...operations: ReadonlyArray<string>): Promise<number> => {
  const answer = await fetch(`${bridge.sandbox.adminUrl}/calls`)
  const { counts } = (await answer.json()) as { readonly counts: ReadonlyArray<CallCount> }
  return counts.filter((c) => operations.includes(c.operation)).reduce((sum, c) => sum + c.count, 0)
}

/** Kills everything in the middle of the next such calls: they are slow, and the sandbox has just begun to answer one. */
const killDuring = async (more: number, ...operations: ReadonlyArray<string>): Promise<void> => {
  const before = await calls(...operations)
  await eventually(
    () => calls(...operations),
    (now) => now >= before + more,
    120_000
  )
  await services.process.kill()
  services = await bridge.services("bridge", port)
}

const slow = (vendor: string, path: string) => ({ kind: "slow", vendor, path, ms: 400, count: 60 })

beforeAll(async () => {
  bridge = await install({
    dir,
    tickets: 80,
    seed: "files",
    timeFactor: 60,
    limitFactor: 60,
    durable: false,
    registryUrl: inject("stack")?.registryUrl,
    sandboxArgs: ["--attachments", "120"]
  })
  port = await freePort()
  services = await bridge.services("bridge", port)
  rest = bridge.rest(services)
  await newTenant(rest, "acme", bridge.operatorToken)
})

afterAll(async () => {
  await bridge?.stop(true)
  rmSync(dir, { recursive: true, force: true })
})

describe("files from 0 bytes to 20 MB", () => {
  it("are read although everything is killed twice in the middle of them, and downloads fail and break off", async () => {
    const { freshservice, zendesk } = bridge.sandbox.credentials
    const source = await connect(rest, "freshservice", freshservice)
    const destination = await connect(rest, "zendesk", {
      subdomain: zendesk.subdomain,
      email: zendesk.email,
      api_token: zendesk.api_token
    })
    await order([
      { kind: "cut", vendor: "freshservice", path: "attachment", count: 3, skip: 8 },
      { kind: "status", vendor: "freshservice", path: "attachment", status: 503, count: 3, skip: 12 },
      slow("freshservice", "attachment")
    ])
    job = await migrate(rest, source, destination)
    await killDuring(2, "attachments.download", "attachments.inline")
    await killDuring(15, "attachments.download", "attachments.inline")
    await jobUntil(rest, job.id, isReviewable, patient)
  })

  it("are written although everything is killed twice in the middle of them, and answers are lost", async () => {
    await order([
      { kind: "unanswered", vendor: "zendesk", method: "POST", path: "/uploads", count: 3, skip: 6 },
      { kind: "unanswered", vendor: "zendesk", method: "POST", path: "/imports/tickets/create_many", count: 1 },
      slow("zendesk", "/uploads")
    ])
    await approve(rest, job.id)
    await killDuring(2, "uploads.create")
    await killDuring(15, "uploads.create")
    await jobUntil(rest, job.id, (j) => j.state === "completed" && j.auditComplete, {
      ...patient,
      withinMillis: 400_000
    })
  })

  it("are all there, once, at their comments, byte for byte, as an oracle that is not Bridge says", async () => {
    const proof = await prove(rest, job.id, bridge.sandbox.adminUrl)
    expect(proof.problems).toEqual([])
    const files = proof.json.entities["attachment"]
    expect(files?.source).toBe(120)
    expect(files?.loaded).toBeGreaterThan(80)
    expect(proof.json.ok).toBe(true)
  })
})
