// The real Kafka broker on the machine's Java: one node, or three for fault tests, each broker and controller at once. For Stack.
import { spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Daemon, ready, startDaemon } from "./Daemon.ts"
import { archives, classArchive, type Jars } from "./Jars.ts"
import { brokersKnownTo } from "./Metadata.ts"
import { DiskFull, JavaMissing, NotStarted, PortTaken, StackError } from "./StackError.ts"

export interface KafkaOptions {
  /** Kept between runs. */
  readonly dir: string
  readonly jars: Jars
  /** A client port and a controller port for each node; as many nodes as pairs. */
  readonly ports: ReadonlyArray<readonly [number, number]>
  /** Told of a node that ends though nobody asked it to. */
  readonly lost: (id: number) => void
}

/** One broker that can be taken away and brought back, on the same ports and the same data. */
export interface KafkaNode {
  readonly id: number
  readonly pid: () => number
  /** Asks it to stop; its leaderships move first. */
  readonly stop: () => Promise<void>
  /** `kill -9`. */
  readonly kill: () => Promise<void>
  /** Returns when the cluster knows it again. */
  readonly start: () => Promise<void>
}

/** Starts all nodes side by side and waits until each knows all of them. */
export const startKafka = async (o: KafkaOptions): Promise<ReadonlyArray<KafkaNode>> => {
  mkdirSync(o.dir, { recursive: true })
  const started = await Promise.allSettled(o.ports.map((_, index) => startNode(o, index + 1)))
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
  const failed = started.find((one) => one.status === "rejected")
  if (failed === undefined) return nodes
  await Promise.all(nodes.map((node) => node.stop()))
  throw failed.reason
}

const startNode = async (o: KafkaOptions, id: number): Promise<KafkaNode> => {
  let daemon = await launch(o, id)
  return {
    id,
    pid: () => daemon.pid,
    stop: () => daemon.stop(),
    kill: () => daemon.kill(),
    start: async () => {
      if (daemon.hasEnded()) daemon = await launch(o, id)
    }
  }
}

const launch = async (o: KafkaOptions, id: number): Promise<Daemon> => {
  const data = join(o.dir, `node-${id}`)
  const config = join(o.dir, `node-${id}.properties`)
  writeFileSync(config, properties(o, id, data))
  if (!existsSync(join(data, "meta.properties"))) await format(o, id, data)
  // One node writes it, for all.
  const archive = classArchive(o.jars.made(archives.kafka), id === 1)
  const named = { name: "Kafka", dir: o.dir, logFile: join(o.dir, `node-${id}.log`) }
  const daemon = await startDaemon({
    ...named,
    signal: "TERM",
    keep: archive.keep,
    command: [o.jars.java, ...memory, ...quiet, ...archive.flags, "-cp", o.jars.kafka, "kafka.Kafka", config]
  })
  const port = o.ports[id - 1]?.[0] ?? 0
  await ready(
    named,
    daemon,
    async () => (await brokersKnownTo(port)) >= o.ports.length,
    (words) => explain(words, o.jars.java, port)
  )
  daemon.watch(() => o.lost(id))
  return daemon
}

const memory = ["-Xms64m", "-Xmx384m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
/** Silence, but fatal errors are seen. */
const quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]

const explain = (words: string, java: string, port: number): StackError | undefined => {
  if (/UnsupportedClassVersionError/.test(words))
    return new StackError({ reason: new JavaMissing({ found: `${java} is older` }) })
  return /Address already in use/.test(words)
    ? new StackError({ reason: new PortTaken({ server: "Kafka", port }) })
    : undefined
}

/** Copies a formatted folder, beside and then renamed, so that a half-made one is never taken for data. */
const format = async (o: KafkaOptions, id: number, data: string): Promise<void> => {
  const template = await formatted(o, id)
  const part = `${data}.part`
  for (const left of [part, data]) rmSync(left, { recursive: true, force: true })
  cpSync(template, part, { recursive: true })
  renameSync(part, data)
}

/** Kafka's own tool takes seconds, so what it makes is kept with the jars: nothing in it is of one cluster. */
const formatted = async (o: KafkaOptions, id: number): Promise<string> => {
  const template = o.jars.made(`kafka-node-${id}-of-${o.ports.length}`)
  if (existsSync(template)) return template
  const part = `${template}.${process.pid}`
  const config = `${part}.properties`
  writeFileSync(config, properties(o, id, part))
  const cluster = Buffer.from("bridge-embedded-").toString("base64url")
  const tool = [...quiet, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", o.jars.kafka, "kafka.tools.StorageTool"]
  const { status, words } = await run(o.jars.java, [...tool, "format", "-t", cluster, "-c", config])
  rmSync(config)
  if (status !== 0) {
    rmSync(part, { recursive: true, force: true })
    if (/No space left/.test(words)) throw new StackError({ reason: new DiskFull({ dir: o.dir }) })
    const reason = new NotStarted({ server: "Kafka (format)", log: "not written", words: words.slice(-600) })
    throw explain(words, o.jars.java, 0) ?? new StackError({ reason })
  }
  if (existsSync(template)) rmSync(part, { recursive: true })
  else renameSync(part, template)
  return template
}

const run = (command: string, args: ReadonlyArray<string>): Promise<{ status: number | null; words: string }> =>
  new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })
    let words = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (words += String(text)))
    child.once("error", failed).once("close", (status) => done({ status, words }))
  })

const properties = (o: KafkaOptions, id: number, data: string): string => {
  const nodes = o.ports.length
  const [client = 0, controller = 0] = o.ports[id - 1] ?? []
  const voters = o.ports.map(([, port], index) => `${index + 1}@127.0.0.1:${port}`).join(",")
  return `process.roles=broker,controller
node.id=${id}
controller.quorum.voters=${voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${client}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${data}
auto.create.topics.enable=false
default.replication.factor=${nodes}
min.insync.replicas=${nodes === 1 ? 1 : 2}
offsets.topic.replication.factor=${nodes}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=${nodes}
transaction.state.log.min.isr=${nodes === 1 ? 1 : 2}
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=${nodes}
share.coordinator.state.topic.min.isr=${nodes === 1 ? 1 : 2}
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.io.buffer.size=524288
num.network.threads=2
num.io.threads=4
background.threads=2
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
metadata.log.segment.bytes=8388608
${failover(nodes)}`
}

/**
 * Three nodes: a lost one is noticed within 3 seconds, not 9. A killed one cannot come back earlier either, even when it is the
 * only one, but then a busy machine must not make it lose its own session.
 */
const failover = (nodes: number): string => `broker.session.timeout.ms=${nodes === 1 ? 6000 : 3000}
broker.heartbeat.interval.ms=500
controller.quorum.fetch.timeout.ms=${nodes === 1 ? 2000 : 1000}
controller.quorum.election.timeout.ms=500
controller.quorum.election.backoff.max.ms=500
`
