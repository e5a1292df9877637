// A second process that owns or joins a stack, and things to find again in its servers. For Stack.system.test.ts.
import { spawn } from "node:child_process"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Admin } from "@bridge/kafka/Broker"
import { kafkaLayerWith } from "@bridge/kafka/KafkaJs"
import { PgClient } from "@effect/sql-pg"
import { Effect, Option, Redacted } from "effect"
import { serversOf } from "./Daemon.ts"
import { isAlive } from "./Lock.mjs"
import type { StackAddresses } from "./StackFile.ts"

export interface Command {
  readonly pid: number
  /** What it printed on stdout, once all three addresses are there; fails with its stderr when it ends first. */
  readonly addresses: Promise<StackAddresses>
  /** Its exit code or signal, and all it wrote to stderr. */
  readonly ended: Promise<{ readonly code: number | NodeJS.Signals; readonly stderr: string }>
  readonly signal: (name: NodeJS.Signals) => void
}

/** `npm run stack -- dir` in a process of its own. */
export const runStack = (dir: string, env: NodeJS.ProcessEnv = {}): Command => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url))
  const child = spawn(process.execPath, [main, dir], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  const ended = new Promise<{ code: number | NodeJS.Signals; stderr: string }>((done) => {
    child.once("close", (code, signal) => done({ code: code ?? signal ?? 1, stderr }))
  })
  child.stderr.on("data", (text: Buffer) => {
    stderr += String(text)
  })
  const addresses = new Promise<StackAddresses>((found, missing) => {
    child.stdout.on("data", (text: Buffer) => {
      stdout += String(text)
      const at = (name: string) => new RegExp(`${name}=(.*)\n`).exec(stdout)?.[1] ?? ""
      if (at("DATABASE_URL") !== "")
        found({
          kafkaBrokers: at("KAFKA_BROKERS"),
          registryUrl: at("SCHEMA_REGISTRY_URL"),
          databaseUrl: at("DATABASE_URL")
        })
    })
    void ended.then(() => missing(new Error(stderr)))
  })
  addresses.catch(() => {})
  return { pid: child.pid ?? 0, addresses, ended, signal: (name) => void child.kill(name) }
}

/** `kill -9`, to a server by its name in `servers`. */
export const killServer = (dir: string, name: string): void => {
  process.kill(Number((serversOf(dir)[name] ?? "").split(".")[0]), "SIGKILL")
}

/** Waits until no server of the folder is left; false after 15 seconds. */
export const allGone = async (dir: string): Promise<boolean> => {
  for (let turn = 0; turn < 150; turn++) {
    if (!Object.values(serversOf(dir)).some(isAlive)) return true
    await wait(100)
  }
  return false
}

/** Leaves a topic, a row and a schema, each named `name`. */
export const leave = async (at: StackAddresses, name: string): Promise<void> => {
  await kafka(at, (admin) => admin.ensureTopics([{ name, partitions: 1, config: {} }]))
  await query(at, `create table ${name} as select 1 as id`)
  const body = JSON.stringify({ schema: '"string"' })
  const headers = { "content-type": "application/json" }
  await fetch(`${at.registryUrl}/subjects/${name}/versions`, { method: "POST", body, headers })
}

/** What is there of `name`. */
export const find = async (at: StackAddresses, name: string): Promise<ReadonlyArray<string>> => {
  const rows = await query(at, `select 1 from ${name}`)
  const subjects = (await (await fetch(`${at.registryUrl}/subjects`)).json()) as ReadonlyArray<string>
  const topics = await kafka(at, (admin) => admin.listTopics)
  return [
    ...(rows.length === 1 ? ["row"] : []),
    ...(subjects.includes(name) ? ["schema"] : []),
    ...(topics.includes(name) ? ["topic"] : [])
  ]
}

const query = (at: StackAddresses, text: string): Promise<ReadonlyArray<unknown>> =>
  Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(text)).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(at.databaseUrl) })),
    Effect.runPromise
  )

const kafka = <A>(
  at: StackAddresses,
  use: (admin: (typeof Admin)["Service"]) => Effect.Effect<A, unknown>
): Promise<A> =>
  Effect.flatMap(Admin, use).pipe(
    Effect.provide(kafkaLayerWith({ brokers: at.kafkaBrokers.split(","), tls: false, sasl: Option.none() })),
    Effect.runPromise
  )
