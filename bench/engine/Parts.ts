// The processes of a benchmark: stack, sandbox and services of an installation of its own, and the floor. For Engine.ts.
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Install } from "../../test/harness/Install.ts"
import { checkout, type Started, start } from "../../test/harness/Processes.ts"
import type { Roots } from "../Usage.ts"

const run = promisify(execFile)

/** Settings of the services here; `profile` is a folder for CPU profiles. */
export const serviceEnv = (profile: string | undefined): Readonly<Record<string, string>> => ({
  BRIDGE_LOG_LEVEL: "Warn",
  ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` })
})

/** One service in a process of its own. */
export const startService = (bridge: Install, name: string): Promise<Started> =>
  start({
    name,
    file: "apps/all/service.ts",
    args: [name],
    env: bridge.env,
    logFile: join(bridge.dir, "logs", `${name}.log`)
  })

/** Everything that works, by name; the sandbox last, which is no part of Bridge. */
export const rootsOf = (bridge: Install, services: ReadonlyArray<Started>): Roots => {
  const server = (file: string) => [Number(readFileSync(join(bridge.dir, "stack", file), "utf8").split(".")[0])]
  return {
    node: services.map(({ pid }) => pid),
    kafka: server("kafka/node-1.pid"),
    postgres: server("postgres.pid"),
    sandbox: [bridge.sandbox.process.pid]
  }
}

/** Runs Floor.ts; what it printed. */
export const floor = async <A>(bridge: Install, expect: boolean): Promise<A> => {
  const { email, api_token, subdomain } = bridge.sandbox.credentials.zendesk
  const { stdout } = await run(process.execPath, [
    join(checkout, "bench/engine/Floor.ts"),
    ...["--origin", bridge.sandbox.origin, "--host", `${subdomain}.zendesk.com`],
    ...["--user", `${email}/token:${api_token}`, "--file", join(bridge.dir, "floor.ndjson")],
    ...(expect ? ["--expect"] : [])
  ])
  return JSON.parse(stdout) as A
}
