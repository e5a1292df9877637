// Vitest's set-up for tests that share a stack: one for the whole run, its addresses provided to every test file.
import type { TestProject } from "vitest/node"
import type { StackAddresses } from "./StackFile.ts"
import { dropTestDatabases, ownTestStack, prepare, type TestStack } from "./TestStack.ts"

declare module "vitest" {
  interface ProvidedContext {
    readonly stack: StackAddresses | undefined
  }
}

interface Shared {
  readonly stack: Promise<TestStack>
  projects: number
}

/** Each project loads this file anew: what they share has to stand outside of it. */
const shared = Symbol.for("bridge.test.stack")
const place: typeof globalThis & { [shared]?: Shared } = globalThis

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  process.env.BRIDGE_TEST_RUN = String(process.pid)
  place[shared] ??= { stack: prepare().then(ownTestStack), projects: 0 }
  const run = place[shared]
  run.projects++
  const { stop, ...addresses } = await run.stack
  project.provide("stack", addresses)
  return async () => {
    if (--run.projects > 0) return
    delete place[shared]
    await dropTestDatabases(addresses.databaseUrl)
    await stop()
  }
}
