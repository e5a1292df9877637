// Kafka and the schema registry as jars: fetched by Maven once into the checkout's cache, found there ever after. For Kafka and Registry.
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { acquire } from "./Lock.mjs"
import { DiskFull, FetchFailed, JavaMissing, MavenMissing, StackError } from "./StackError.ts"

export const checkout = fileURLToPath(new URL("..", import.meta.url))
const checkoutCache = join(checkout, ".bridge/cache")
const pom = fileURLToPath(new URL("jars/pom.xml", import.meta.url))

export interface Jars {
  /** The broker's class path, sorted: a class archive is good for exactly this text. */
  readonly kafka: string
  /** The registry's runnable jar. */
  readonly registry: string
  /** A place in the cache for something made once by this Java from these jars. */
  readonly made: (name: string) => string
  readonly java: string
}

/** Finds the jars and Java; fetches the jars when the cache does not have them yet. */
export const findJars = async (log: (line: string) => void, cache = checkoutCache): Promise<Jars> => {
  const java = findJava()
  const dir = join(cache, `jars-${createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 12)}`)
  if (!existsSync(dir)) await fetchOnce(dir, log)
  const kafka = readdirSync(join(dir, "kafka"))
    .filter((name) => name.endsWith(".jar"))
    .sort()
    .map((name) => join(dir, "kafka", name))
  const registry = readdirSync(join(dir, "registry")).find((name) => name.endsWith("-runner.jar")) ?? ""
  const version = createHash("sha256")
    .update(`${java} ${statSync(java).mtimeMs} ${dir}`)
    .digest("hex")
    .slice(0, 12)
  return {
    kafka: kafka.join(delimiter),
    registry: join(dir, "registry", registry),
    made: (name) => join(cache, `${name}-${version}`),
    java
  }
}

/** The class archives of the servers, by their names in the cache. */
export const archives = { kafka: "kafka.jsa", registry: "registry.jsa" } as const

/** Flags that make a JVM start from its class archive, or write one as it ends, where it may (it takes two thirds off the next start). */
export const classArchive = (
  file: string,
  mayWrite = true
): { readonly flags: ReadonlyArray<string>; readonly keep?: readonly [string, string] } => {
  if (existsSync(file)) return { flags: [`-XX:SharedArchiveFile=${file}`, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"] }
  if (!mayWrite) return { flags: [] }
  const made = `${file}.${process.pid}`
  return {
    flags: [`-XX:ArchiveClassesAtExit=${made}`, "-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off"],
    keep: [made, file]
  }
}

const onPath = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((file) => existsSync(file))

const findJava = (): string => {
  const home = process.env.JAVA_HOME
  const found = home !== undefined && existsSync(join(home, "bin/java")) ? join(home, "bin/java") : onPath("java")
  if (found === undefined) throw new StackError({ reason: new JavaMissing({ found: "no java is on the PATH" }) })
  return realpathSync(found)
}

/** One process fetches, the others wait for it. The folder appears whole or not at all. */
const fetchOnce = async (dir: string, log: (line: string) => void): Promise<void> => {
  const cache = dirname(dir)
  const release = await acquire(join(cache, "fetch.lock"), (pid) =>
    log(`process ${pid} is fetching Kafka and the registry, waiting for it`)
  )
  try {
    if (existsSync(dir)) return
    for (const name of readdirSync(cache))
      if (name.includes(".fetching")) rmSync(join(cache, name), { recursive: true })
    const part = `${dir}.fetching`
    mkdirSync(part, { recursive: true })
    await fetchInto(part, log)
    renameSync(part, dir)
  } finally {
    release()
  }
}

const fetchInto = async (out: string, log: (line: string) => void): Promise<void> => {
  const mvn = onPath("mvn")
  if (mvn === undefined) throw new StackError({ reason: new MavenMissing() })
  const known = existsSync(join(homedir(), ".m2/repository/org/apache/kafka/kafka_2.13"))
  log(known ? "unpacking Kafka and the schema registry" : "fetching Kafka and the schema registry (once, 150 MB)")
  // Java takes its home from the password file, where a user may have none; everybody else goes by $HOME.
  const place = [`-Duser.home=${homedir()}`, `-Dout=${out}`]
  const goal = ["-q", "-B", "-Dstyle.color=never", "-f", pom, ...place, "validate"]
  if (known && (await maven(mvn, ["-o", ...goal])).status === 0) return
  const { status, words } = await maven(mvn, goal)
  if (status === 0) return
  if (/No space left on device/i.test(words)) throw new StackError({ reason: new DiskFull({ dir: dirname(out) }) })
  const line = words.split("\n").find((text) => /^\[ERROR\] ./.test(text)) ?? words
  throw new StackError({ reason: new FetchFailed({ words: line.replace("[ERROR] ", "").slice(0, 500) }) })
}

const maven = (mvn: string, args: ReadonlyArray<string>): Promise<{ status: number | null; words: string }> =>
  new Promise((done, failed) => {
    const child = spawn(mvn, args, { stdio: ["ignore", "pipe", "pipe"], cwd: tmpdir() })
    let words = ""
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        words = (words + String(text)).slice(-20_000)
      })
    child.once("error", failed).once("close", (status) => done({ status, words: stripVTControlCharacters(words) }))
  })
