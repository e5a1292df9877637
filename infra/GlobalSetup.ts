// Vitest's set-up for integration tests: one stack for the whole run, its addresses provided to every test file.
import type { TestProject } from "vitest/node"
import type { StackAddresses } from "./StackFile.ts"
import { dropTestDatabases, ownTestStack } from "./TestStack.ts"

declare module "vitest" {
  interface ProvidedContext {
    readonly stack: StackAddresses | undefined
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  process.env.BRIDGE_TEST_RUN = String(process.pid)
  const { stop, ...addresses } = await ownTestStack()
  project.provide("stack", addresses)
  return async () => {
    await dropTestDatabases(addresses.databaseUrl)
    await stop()
  }
}
