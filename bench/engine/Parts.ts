// The processes of a benchmark: stack, sandbox and services of an installation of its own, and the floor. For Engine.ts.
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Install } from "../../test/harness/Install.ts"
import { checkout, type Started, start } from "../../test/harness/Processes.ts"
import type { Roots } from "../Usage.ts"

const run = promisify(execFile)

/** The vendor of a benchmark (Vendor.ts). */
export interface Vendor {
  readonly process: Started
  readonly origin: string
}

export const startVendor = async (
  dir: string,
  o: { readonly records: number; readonly bytes: number; readonly gzip: boolean }
): Promise<Vendor> => {
  const process = await start({
    name: "vendor",
    file: "bench/engine/Vendor.ts",
    args: ["--records", String(o.records), "--bytes", String(o.bytes), ...(o.gzip ? ["--gzip"] : [])],
    logFile: join(dir, "logs", "vendor.log"),
    withinMillis: 180_000
  })
  return { process, origin: String(process.ready["origin"]) }
}

/** Settings of the services here; `profile` is a folder for CPU profiles. */
export const serviceEnv = (origin: string, profile: string | undefined): Readonly<Record<string, string>> => ({
  BRIDGE_LOG_LEVEL: "Warn",
  BRIDGE_HOST_MAP: JSON.stringify({ "*.zendesk.com": origin }),
  ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` })
})

/** Everything that works, by name; the vendor last, which is no part of Bridge. */
export const rootsOf = (bridge: Install, vendor: Vendor, services: ReadonlyArray<Started>): Roots => {
  const server = (file: string) => [Number(readFileSync(join(bridge.dir, "stack", file), "utf8").split(".")[0])]
  return {
    node: services.map(({ pid }) => pid),
    kafka: server("kafka/node-1.pid"),
    postgres: server("postgres.pid"),
    vendor: [vendor.process.pid]
  }
}

/** Runs Floor.ts; what it printed. */
export const floor = async <A>(vendor: Vendor, dir: string, expect: boolean): Promise<A> => {
  const file = join(dir, "floor.ndjson")
  const args = ["--origin", vendor.origin, "--file", file, ...(expect ? ["--expect"] : [])]
  const { stdout } = await run(process.execPath, [join(checkout, "bench/engine/Floor.ts"), ...args])
  return JSON.parse(stdout) as A
}
