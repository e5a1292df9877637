// Servers for tests: one stack for a whole run (GlobalSetup.ts), an empty database for each test file. For *.integration.test.ts.
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { archives, checkout, findJars } from "./Jars.ts"
import { outsideOf } from "./Postgres.ts"
import { defaultDir, runningStack, startStack } from "./Stack.ts"
import type { StackAddresses } from "./StackFile.ts"

export interface TestStack extends StackAddresses {
  readonly stop: () => Promise<void>
}

/** The run's stack, inside vitest's integration tests; elsewhere one of its own, which `stop` removes with its data. */
export const testStack = async (): Promise<TestStack> => {
  const shared = await provided()
  return shared === undefined ? ownTestStack() : { ...shared, stop: async () => {} }
}

/** Joins the stack of `npm run stack` when that is up (tests start at once then); else starts a fresh one that forgets everything. */
export const ownTestStack = async (): Promise<TestStack> => {
  const joined = (await runningStack()) !== undefined
  const dir = joined ? defaultDir() : testDir()
  const { kafkaBrokers, registryUrl, databaseUrl, stop } = await startStack({ dir, durable: false })
  return {
    kafkaBrokers,
    registryUrl,
    databaseUrl,
    stop: async () => {
      await stop()
      if (!joined) removeStack(dir)
    }
  }
}

/** Makes what the servers leave behind for faster starts, where it is not there yet: dear for one start, cheap for many. */
export const prepare = async (): Promise<void> => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = process.env
  const own = [...(KAFKA_BROKERS ? [] : [archives.kafka]), ...(SCHEMA_REGISTRY_URL ? [] : [archives.registry])]
  if (own.length === 0 || (await runningStack()) !== undefined) return
  const jars = await findJars(() => {})
  if (own.every((name) => existsSync(jars.made(name)))) return
  const dir = testDir()
  // Servers that are killed leave nothing, so these are not.
  const { stop } = await startStack({ dir, durable: true })
  await stop()
  removeStack(dir)
}

/** A new folder in the checkout for a stack of this process. Removes those of processes that are gone. */
export const testDir = (): string => {
  const parent = join(checkout, ".bridge")
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    const pid = /^test-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) removeStack(join(parent, name))
  }
  return mkdtempSync(join(parent, `test-${process.pid}-`))
}

/** Removes a stopped stack with all its data. */
export const removeStack = (dir: string): void => {
  for (const place of [outsideOf(dir), dir]) if (place !== undefined) rmSync(place, { recursive: true, force: true })
}

/** A new, empty database beside `adminUrl`'s, with the same superuser. It is dropped when the test run ends. */
export const freshDatabase = async (adminUrl: string): Promise<string> => {
  const name = `${prefix}${process.env.BRIDGE_TEST_RUN ?? process.pid}_${randomBytes(6).toString("hex")}`
  await execute(adminUrl, (sql) => sql.unsafe(`create database ${name}`))
  return Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href
}

/** Drops the databases of this run and of runs whose process is gone. */
export const dropTestDatabases = (adminUrl: string): Promise<void> =>
  execute(adminUrl, (sql) =>
    Effect.gen(function* () {
      const rows = yield* sql<{ datname: string }>`select datname from pg_database where datname like ${`${prefix}%`}`
      for (const { datname } of rows) {
        const run = Number(datname.slice(prefix.length).split("_")[0])
        if (run === process.pid || !isRunning(run)) yield* sql.unsafe(`drop database if exists ${datname} with (force)`)
      }
    })
  )

const prefix = "bridge_test_"

const execute = (url: string, use: (sql: PgClient.PgClient) => Effect.Effect<unknown, unknown>): Promise<void> =>
  Effect.gen(function* () {
    yield* use(yield* PgClient.PgClient)
  }).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 })),
    Effect.scoped,
    Effect.runPromise
  )

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** What GlobalSetup.ts provides; undefined outside of vitest and in tests without that set-up. */
const provided = async (): Promise<StackAddresses | undefined> => {
  if (process.env.VITEST_WORKER_ID === undefined) return undefined
  const { inject } = await import("vitest")
  return inject("stack")
}
