// Kafka, the schema registry and PostgreSQL, started together, shared with a second command, stopped with their owner.
// For every command that needs servers. Not here: what is put into them (topics, schemas, tables).
import { join, resolve } from "node:path"
import { serversOf } from "./Daemon.ts"
import { checkout, findJars, type Jars } from "./Jars.ts"
import { type KafkaNode, startKafka } from "./Kafka.ts"
import { identity, isAlive } from "./Lock.mjs"
import { freePort, isFree } from "./Ports.ts"
import { startPostgres } from "./Postgres.ts"
import { registryUrl, startRegistry } from "./Registry.ts"
import { DiskFull, NotJoined, PortTaken, StackError } from "./StackError.ts"
import {
  allAnswer,
  complete,
  forgetStack,
  locked,
  readStackFile,
  type StackAddresses,
  writeStackFile
} from "./StackFile.ts"

export interface StackOptions {
  /** Where the data lies; default `.bridge/stack` (`.bridge/stack-3` for three brokers) in the checkout. */
  readonly dir?: string
  readonly brokers?: 1 | 3
  /** False: faster, and a crash of the machine (not of a process) may lose data. */
  readonly durable?: boolean
  readonly log?: (line: string) => void
  /** Servers that are there already, like those that the environment names. */
  readonly use?: Partial<StackAddresses>
}

export interface Stack extends StackAddresses {
  /** False: somebody else's running stack, or external servers only. */
  readonly owned: boolean
  /** Stops what this call started, and only that. */
  readonly stop: () => Promise<void>
  /** The Kafka nodes that this call started. */
  readonly nodes: ReadonlyArray<KafkaNode>
}

/** Joins the stack that runs over this folder, or starts one. Servers named in the environment are used and not started. */
export const startStack = async (o: StackOptions = {}): Promise<Stack> => {
  const external = { ...fromEnvironment(), ...o.use }
  const have = complete(external)
  if (have !== undefined) return { ...have, owned: false, nodes: [], stop: async () => {} }
  const dir = resolve(o.dir ?? defaultDir(o.brokers))
  const log = o.log ?? (() => {})
  const begin = async () =>
    (await joinRunning(dir, o.brokers ?? 1, external)) ?? (await startOwn(dir, { ...o, log }, external))
  try {
    return await locked(dir, log, begin)
  } catch (error) {
    throw isCode(error, "ENOSPC") ? new StackError({ reason: new DiskFull({ dir }) }) : error
  }
}

/** The addresses of the stack that runs over `dir`, if one does. */
export const runningStack = async (dir: string = defaultDir()): Promise<StackAddresses | undefined> => {
  const file = readStackFile(dir)
  return file === undefined || !(await allAnswer(file)) ? undefined : complete(file)
}

/** Where a stack lies when nothing else is said. */
export const defaultDir = (brokers: 1 | 3 = 1): string => join(checkout, ".bridge", brokers === 1 ? "stack" : "stack-3")

const fromEnvironment = (): Partial<StackAddresses> => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL } = process.env
  return {
    ...(KAFKA_BROKERS && { kafkaBrokers: KAFKA_BROKERS }),
    ...(SCHEMA_REGISTRY_URL && { registryUrl: SCHEMA_REGISTRY_URL }),
    ...(DATABASE_URL && { databaseUrl: DATABASE_URL })
  }
}

/** Undefined when nobody's stack runs here. */
const joinRunning = async (
  dir: string,
  brokers: number,
  external: Partial<StackAddresses>
): Promise<Stack | undefined> => {
  const file = readStackFile(dir)
  if (file === undefined) return undefined
  const refuse = (why: string) =>
    new StackError({ reason: new NotJoined({ owner: Number(file.owner.split(".")[0]), why }) })
  const have = complete({ ...file, ...external })
  if (have === undefined) throw refuse("it was started with servers of its own choice")
  if (external.kafkaBrokers === undefined && file.brokers !== brokers)
    throw refuse(`it has ${file.brokers} brokers, not ${brokers}`)
  const { owner: _owner, brokers: _brokers, ...own } = file
  if (!(await allAnswer(own))) throw refuse("one of its servers does not answer")
  return { ...have, owned: false, nodes: [], stop: async () => {} }
}

const startOwn = async (
  dir: string,
  o: StackOptions & { readonly log: (line: string) => void },
  external: Partial<StackAddresses>
): Promise<Stack> => {
  await refuseTaken(dir, external)
  const lost = (name: string) => () => o.log(`${name} has ended by itself; its log is in ${dir}`)
  const needsJava = external.kafkaBrokers === undefined || external.registryUrl === undefined
  // PostgreSQL starts while the jars are being fetched.
  const jars = needsJava ? findJars(o.log) : Promise.reject(new Error("no jars are needed"))
  jars.catch(() => {})
  const started = await allOrNothing([
    ...(external.databaseUrl ? [] : [ownPostgres(dir, o.durable ?? true, lost("PostgreSQL"))]),
    ...(external.registryUrl ? [] : [jars.then((found) => ownRegistry(dir, found, lost("The schema registry")))]),
    ...(external.kafkaBrokers ? [] : [jars.then((found) => ownKafka(dir, found, o, lost("Kafka")))])
  ])
  const own = Object.assign({}, ...started.map((one) => one.address)) as Partial<StackAddresses>
  const addresses = complete({ ...own, ...external })
  if (addresses === undefined) throw new Error("a server has no address")
  writeStackFile(dir, { owner: identity(), brokers: o.brokers ?? 1, ...own })
  const stop = async () => {
    const act = async () => {
      forgetStack(dir)
      await Promise.all(started.map((one) => one.stop()))
    }
    // A disk that is full now has no room for the lock either; the servers are to stop all the same.
    await locked(dir, o.log, act).catch(act)
  }
  return { ...addresses, owned: true, nodes: started.flatMap((one) => one.nodes ?? []), stop }
}

interface Started {
  readonly address: Partial<StackAddresses>
  readonly nodes?: ReadonlyArray<KafkaNode>
  readonly stop: () => Promise<unknown>
}

/** Each server of ours that may be given a port: what names it, and what it is called. */
const ports = {
  databaseUrl: { variable: "BRIDGE_POSTGRES_PORT", server: "PostgreSQL" },
  registryUrl: { variable: "BRIDGE_REGISTRY_PORT", server: "the schema registry" },
  kafkaBrokers: { variable: "BRIDGE_KAFKA_PORT", server: "Kafka" }
} as const

/** Before anything is started: the servers find it out as well, but only after seconds. They wait for those that end just now. */
const refuseTaken = async (dir: string, external: Partial<StackAddresses>): Promise<void> => {
  if (Object.values(serversOf(dir)).some(isAlive)) return
  for (const [name, { server, variable }] of Object.entries(ports)) {
    const port = Number(process.env[variable] ?? 0)
    if (port === 0 || external[name as keyof StackAddresses] !== undefined || (await isFree(port))) continue
    throw new StackError({ reason: new PortTaken({ server, port }) })
  }
}

const ownPostgres = (dir: string, durable: boolean, lost: () => void): Promise<Started> =>
  onPort(ports.databaseUrl.variable, async (port) => {
    const server = await startPostgres({ dir, port, durable })
    server.watch(lost)
    return { address: { databaseUrl: `postgres://postgres@127.0.0.1:${port}/bridge` }, stop: server.stop }
  })

const ownRegistry = (dir: string, jars: Jars, lost: () => void): Promise<Started> =>
  onPort(ports.registryUrl.variable, async (port) => {
    const server = await startRegistry({ dir: join(dir, "registry"), jars, port, managementPort: await freePort() })
    server.watch(lost)
    return { address: { registryUrl: registryUrl(port) }, stop: server.stop }
  })

const ownKafka = (
  dir: string,
  jars: Jars,
  { brokers = 1, durable = true }: StackOptions,
  lost: () => void
): Promise<Started> =>
  onPort(ports.kafkaBrokers.variable, async (first) => {
    const pairs = await Promise.all(
      Array.from(
        { length: brokers },
        async (_, index) => [index === 0 ? first : await freePort(), await freePort()] as const
      )
    )
    const nodes = await startKafka({ dir: join(dir, "kafka"), jars, ports: pairs, lost })
    const kafkaBrokers = pairs.map(([port]) => `127.0.0.1:${port}`).join(",")
    // They wait until leaders have moved and logs are written: not worth it for data that nobody wants.
    const stop = () => Promise.all(nodes.map((node) => (durable ? node.stop() : node.kill())))
    return { address: { kafkaBrokers }, nodes, stop }
  })

/** On the port that a person named, else on a free one; a free one that was taken in between is replaced. */
const onPort = async <A>(name: string, start: (port: number) => Promise<A>): Promise<A> => {
  const named = process.env[name]
  if (named) return start(Number(named))
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort())
    } catch (error) {
      const taken = error instanceof StackError && error.reason instanceof PortTaken
      if (!taken || tries === 3) throw error
    }
  }
}

/** Waits for all; when one fails, stops those that did start. */
const allOrNothing = async (all: ReadonlyArray<Promise<Started>>): Promise<ReadonlyArray<Started>> => {
  const settled = await Promise.allSettled(all)
  const started = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
  const failed = settled.find((one) => one.status === "rejected")
  if (failed === undefined) return started
  await Promise.all(started.map((one) => one.stop()))
  throw failed.reason
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code
