import { rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, inject, it } from "vitest"
import { type Install, install } from "../harness/Install.ts"
import { checkout } from "../harness/Processes.ts"
import { approve, connect, isReviewable, jobUntil, migrate, newTenant } from "../harness/Rest.ts"
import { prove } from "../oracle/Proof.ts"

const dir = join(checkout, ".bridge", `system-instances-${process.pid}`)
let bridge: Install

beforeAll(async () => {
  bridge = await install({
    dir,
    tickets: 150,
    seed: "two",
    timeFactor: 60,
    limitFactor: 60,
    durable: false,
    registryUrl: inject("stack")?.registryUrl
  })
})

afterAll(async () => {
  await bridge?.stop(true)
  rmSync(dir, { recursive: true, force: true })
})

it("two instances of every service, one of each in a process of its own, do a job once, also when one goes away", async () => {
  const names = ["scheduler", "extractor", "refiner", "loader", "auditor", "api"]
  const [one, ...two] = await Promise.all([bridge.services("one"), ...names.map((name) => bridge.service(name))])
  const rest = bridge.rest(one)
  await newTenant(rest, "acme", bridge.operatorToken)
  const { freshservice, zendesk } = bridge.sandbox.credentials
  const source = await connect(rest, "freshservice", freshservice)
  const destination = await connect(rest, "zendesk", {
    subdomain: zendesk.subdomain,
    email: zendesk.email,
    api_token: zendesk.api_token
  })
  const job = await migrate(rest, source, destination)
  await jobUntil(rest, job.id, isReviewable, { withinMillis: 120_000 })
  await approve(rest, job.id)
  await Promise.all(two.map((process) => process.stop()))
  await jobUntil(rest, job.id, (j) => j.state === "completed" && j.auditComplete, { withinMillis: 240_000 })
  const proof = await prove(rest, job.id, bridge.sandbox.adminUrl)
  expect(proof.problems).toEqual([])
  expect(proof.json.ok).toBe(true)
})
