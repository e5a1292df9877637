import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "@bridge/infra/Ports"
import { startSandbox } from "@bridge/sandbox/Sandbox"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { asOwner } from "../flow/Rig.ts"
import { type Started, start } from "../harness/Processes.ts"
import { eventually, type World, world } from "../harness/World.ts"

const dir = mkdtempSync(join(tmpdir(), "bridge-health-"))
let w: World
let origin: string
let extractor: Started

beforeAll(async () => {
  const sandbox = await startSandbox({ tickets: 1, seed: 1 })
  w = await world(sandbox)
  await sandbox.stop()
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  extractor = await start({
    name: "extractor",
    file: "apps/all/service.ts",
    args: ["extractor"],
    // The figures are measured three times as often as this.
    env: { ...w.settings, BRIDGE_HEALTH_PORT: String(port), BRIDGE_STUCK_AFTER: "9 seconds" },
    logFile: join(dir, "extractor.log")
  })
})
afterAll(async () => {
  await extractor?.stop()
  await w?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const ask = async (path: string) => {
  const answer = await fetch(origin + path)
  return { status: answer.status, text: await answer.text() }
}

it("says of a service that runs alone whether it lives, whether it can work, and what it has counted", async () => {
  expect(await ask("/health/live")).toEqual({ status: 200, text: '{"status":"ok"}' })
  expect(await ask("/health/ready")).toEqual({ status: 200, text: '{"status":"ok"}' })
  const { text } = await eventually(
    () => ask("/metrics"),
    (answer) => answer.text.includes("bridge_lag")
  )
  expect(text).toMatch(/^bridge_lag\{.*stage="extract".*\} 0$/m)
  expect((await ask("/")).status).toBe(404)
})

it("is not ready while its database does not answer, but lives", async () => {
  const [row] = await asOwner(w, (sql) => sql<{ name: string }>`select current_database() as name`)
  const name = row?.name ?? ""
  const allow = (yes: boolean) =>
    asOwner(
      w,
      (sql) =>
        Effect.andThen(
          sql.unsafe(`alter database ${name} allow_connections ${yes}`),
          sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
        ),
      "postgres"
    )
  await allow(false)
  const away = await eventually(
    () => ask("/health/ready"),
    ({ status }) => status === 503
  )
  expect(JSON.parse(away.text)).toEqual({ status: "away", detail: "The database does not answer." })
  expect((await ask("/health/live")).status).toBe(200)
  await allow(true)
  await eventually(
    () => ask("/health/ready"),
    ({ status }) => status === 200
  )
})

it("stops listening with the service", async () => {
  await extractor.stop()
  expect(extractor.ended()).toBe("exit 0")
  await expect(ask("/health/live")).rejects.toThrow()
})
