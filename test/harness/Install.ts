// A whole Bridge on this machine: stack, sandbox, services. For the demo and the system tests.
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { freePort } from "@bridge/infra/Ports"
import { type Stack, startStack } from "@bridge/infra/Stack"
import { removeStack } from "@bridge/infra/TestStack"
import { checkout, type Started, start } from "./Processes.ts"
import { Rest } from "./Rest.ts"

export interface SandboxProcess {
  readonly process: Started
  readonly origin: string
  readonly adminUrl: string
  readonly hostMap: Readonly<Record<string, string>>
  readonly credentials: {
    readonly freshservice: { readonly domain: string; readonly api_key: string }
    readonly zendesk: { readonly subdomain: string; readonly email: string; readonly api_token: string }
  }
}

export interface InstallOptions {
  readonly dir: string
  readonly tickets: number
  readonly seed: string
  readonly timeFactor: number
  readonly limitFactor?: number
  readonly durable?: boolean
  /** A registry that is there already; the schemas are the same for all. */
  readonly registryUrl?: string | undefined
  readonly sandboxArgs?: ReadonlyArray<string>
  readonly log?: (line: string) => void
  readonly env?: Readonly<Record<string, string>>
}

/** One process of services, with the address of its API. */
export interface Services {
  readonly process: Started
  readonly origin: string
}

export interface Install {
  readonly dir: string
  readonly stack: Stack
  readonly sandbox: SandboxProcess
  readonly operatorToken: string
  /** What a service needs in its environment. */
  readonly env: Readonly<Record<string, string>>
  /** All services in a process of their own; the API on `port` or any free one. */
  readonly services: (name: string, port?: number) => Promise<Services>
  /** One service in a process of its own, as `npm run service -- NAME` starts it. */
  readonly service: (name: string, port?: number) => Promise<Started>
  readonly rest: (services: Services) => Rest
  readonly stop: (remove: boolean) => Promise<void>
}

/** All that `service` can start. */
export const serviceNames = ["scheduler", "extractor", "refiner", "loader", "auditor", "api"] as const

export const install = async (o: InstallOptions): Promise<Install> => {
  mkdirSync(o.dir, { recursive: true })
  const stackDir = join(o.dir, "stack")
  const operatorToken = `operator-${Math.random().toString(36).slice(2)}${Date.now().toString(36)}`
  const starting = startSandboxProcess(o)
  starting.catch(() => {})
  const stack = await startStack({
    dir: stackDir,
    durable: o.durable ?? true,
    ...(o.registryUrl === undefined ? {} : { use: { registryUrl: o.registryUrl } }),
    ...(o.log === undefined ? {} : { log: o.log })
  }).catch(async (error: unknown) => {
    await starting.then((sandbox) => sandbox.process.stop(2_000)).catch(() => {})
    throw error
  })
  const sandbox = await starting.catch(async (error: unknown) => {
    await stack.stop()
    throw error
  })
  const env = {
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    DATABASE_URL: stack.databaseUrl,
    BRIDGE_HOST_MAP: JSON.stringify(sandbox.hostMap),
    BRIDGE_BLOB_DIR: join(o.dir, "blobs"),
    BRIDGE_KEK_FILE: join(o.dir, "kek"),
    BRIDGE_OPERATOR_TOKEN: operatorToken,
    // The vendor hides its last minute from exports; the sandbox's minute is shorter.
    BRIDGE_AUDIT_LAG: `${Math.ceil(65 / o.timeFactor) + 1} seconds`,
    ...o.env
  }
  const running: Array<Services> = []
  const alone: Array<Started> = []
  return {
    dir: o.dir,
    stack,
    sandbox,
    operatorToken,
    env,
    services: async (name, port) => {
      const at = port ?? (await freePort())
      const process = await start({
        name,
        file: "apps/all/main.ts",
        args: ["--no-sandbox", "--dir", o.dir, "--port", String(at)],
        env: { ...env, BRIDGE_PORT: String(at) },
        logFile: join(o.dir, "logs", `${name}.log`)
      })
      const services = { process, origin: `http://127.0.0.1:${at}` }
      running.push(services)
      return services
    },
    service: async (name, port) => {
      const process = await start({
        name,
        file: "apps/all/service.ts",
        args: [name],
        env: { ...env, BRIDGE_PORT: String(port ?? (await freePort())) },
        logFile: join(o.dir, "logs", `${name}.log`)
      })
      alone.push(process)
      return process
    },
    rest: (services) => new Rest(services.origin),
    stop: async (remove) => {
      await Promise.all([...running.map((s) => s.process), ...alone].map((p) => p.stop()))
      await sandbox.process.stop(2_000)
      await stack.stop()
      if (!remove) return
      if (stack.owned) removeStack(stackDir)
      rmSync(o.dir, { recursive: true, force: true })
    }
  }
}

const startSandboxProcess = async (o: InstallOptions): Promise<SandboxProcess> => {
  const process = await start({
    name: "sandbox",
    file: "apps/sandbox/main.ts",
    args: [
      "--tickets",
      String(o.tickets),
      "--seed",
      o.seed,
      "--time-factor",
      String(o.timeFactor),
      "--limit-factor",
      String(o.limitFactor ?? 1),
      ...((o.limitFactor ?? 1) === 1 ? [] : ["--real-limits"]),
      ...(o.sandboxArgs ?? [])
    ],
    logFile: join(o.dir, "logs", "sandbox.log")
  })
  const { adminUrl, credentials, hostMap, origin } = process.ready as typeof process.ready &
    Omit<SandboxProcess, "process">
  return { process, origin, adminUrl, credentials, hostMap }
}

/** A folder for this run; those of runs that have ended make room. */
export const demoDir = (): string => {
  const parent = join(checkout, ".bridge")
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const pid = Number(/^demo-(\d+)$/.exec(name)?.[1])
    if (!Number.isInteger(pid) || alive(pid)) continue
    removeStack(join(parent, name, "stack"))
    rmSync(join(parent, name), { recursive: true, force: true })
  }
  return join(parent, `demo-${process.pid}`)
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
