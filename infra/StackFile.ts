// What a stack's folder tells a second command: who owns it and where its servers are. For Stack.
// Not here: starting and stopping anything.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { acquire, isAlive } from "./Lock.mjs"
import { answers } from "./Ports.ts"

export interface StackAddresses {
  /** host:port, several with commas between */
  readonly kafkaBrokers: string
  /** Ends in /apis/ccompat/v7 when it is ours. */
  readonly registryUrl: string
  /** A superuser's URL of the database `bridge`. */
  readonly databaseUrl: string
}

/** What a stack's folder tells a second command. */
export interface StackFile extends Partial<StackAddresses> {
  readonly owner: string
  readonly brokers: number
}

/** Starting and stopping over one folder happen one after the other, whichever processes do it. */
export const locked = async <A>(dir: string, log: (line: string) => void, act: () => Promise<A>): Promise<A> => {
  mkdirSync(dir, { recursive: true })
  const release = await acquire(join(dir, "stack.lock"), (pid) =>
    log(`process ${pid} is starting or stopping the stack, waiting for it`)
  )
  try {
    return await act()
  } finally {
    release()
  }
}

/** All three, or undefined. */
export const complete = ({
  kafkaBrokers,
  registryUrl,
  databaseUrl
}: Partial<StackAddresses>): StackAddresses | undefined =>
  kafkaBrokers && registryUrl && databaseUrl ? { kafkaBrokers, registryUrl, databaseUrl } : undefined

/** Undefined when there is no file, or its owner is gone. */
export const readStackFile = (dir: string): StackFile | undefined => {
  const path = join(dir, "stack.json")
  if (!existsSync(path)) return undefined
  const file: StackFile = JSON.parse(readFileSync(path, "utf8"))
  return isAlive(file.owner) ? file : undefined
}

/** True when every server that the file names takes a connection. */
export const allAnswer = async (file: Partial<StackAddresses>): Promise<boolean> => {
  const kafka = (file.kafkaBrokers ?? "").split(",").filter((text) => text !== "")
  const urls = [...kafka.map((at) => `kafka://${at}`), file.registryUrl, file.databaseUrl].filter(
    (url) => url !== undefined
  )
  const all = await Promise.all(
    urls.map((url) => new URL(url)).map(({ port, hostname }) => answers(Number(port), hostname))
  )
  return all.every((one) => one)
}

/** The file appears whole or not at all. */
export const writeStackFile = (dir: string, file: StackFile): void => {
  writeFileSync(join(dir, "stack.json.part"), JSON.stringify(file))
  renameSync(join(dir, "stack.json.part"), join(dir, "stack.json"))
}

export const forgetStack = (dir: string): void => rmSync(join(dir, "stack.json"), { force: true })
