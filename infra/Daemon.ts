// A server process that ends with us, however we end. For Postgres, Kafka and Registry.
// A small shell holds the read end of a pipe whose write end is ours: when we are gone (kill -9 too), it passes the stop signal on.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { identity, isAlive } from "./Lock.mjs"
import { DiskFull, NotStarted, StackError } from "./StackError.ts"

export interface Daemon {
  readonly pid: number
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
  readonly hasEnded: () => boolean
  /** Asks it to stop, waits, and kills it after 20 seconds. */
  readonly stop: () => Promise<void>
  /** `kill -9`, for fault tests. */
  readonly kill: () => Promise<void>
  /** Calls back once when it ends though nobody asked it to. */
  readonly watch: (lost: () => void) => void
  /** What it wrote since it was started. */
  readonly log: () => string
}

export interface DaemonOptions {
  readonly name: string
  readonly command: ReadonlyArray<string>
  readonly logFile: string
  readonly dir: string
  readonly signal: "INT" | "TERM"
  readonly env?: NodeJS.ProcessEnv
  readonly ids?: { readonly uid?: number; readonly gid?: number }
  readonly cwd?: string
  /** Renamed when the process has ended as asked: [made, kept]. */
  readonly keep?: readonly [string, string] | undefined
}

/** `$1` signal, `$2` made, `$3` kept, then the command. The server's output goes to the log (our stderr), its number to our stdout. */
const script = `
sig=$1; made=$2; kept=$3; shift 3
"$@" >&2 3<&- &
p=$!
echo "$p"
(read -r x; kill -"$sig" "$p") <&3 2>/dev/null &
r=$!
wait "$p"; c=$?
kill "$r" 2>/dev/null
if [ -n "$made" ] && [ -s "$made" ]; then
  if [ "$c" = 143 ] || [ "$c" = 0 ]; then mv "$made" "$kept"; else rm -f "$made"; fi
fi
exit "$c"`

/** Starts the process; it is not yet ready for work when this returns (see `ready`). */
export const startDaemon = async (o: DaemonOptions): Promise<Daemon> => {
  const pidFile = o.logFile.replace(/\.log$/, ".pid")
  await predecessorGone(pidFile)
  const log = openSync(o.logFile, "w")
  // detached: a session of its own, so that Ctrl-C reaches us only, and we decide the order.
  const child = spawn("/bin/sh", ["-c", script, "sh", o.signal, ...(o.keep ?? ["", ""]), ...o.command], {
    ...o.ids,
    env: o.env ?? process.env,
    cwd: o.cwd ?? "/",
    detached: true,
    stdio: ["ignore", "pipe", log, "pipe"]
  })
  closeSync(log)
  let over = false
  let asked = false
  const ended = once(child, "exit").then(() => {
    over = true
  })
  const pid = await pidFrom(child)
  writeFileSync(pidFile, identity(pid))
  for (const stream of [child, ...child.stdio]) if (stream && "unref" in stream) (stream.unref as () => void)()
  return {
    pid,
    ended,
    hasEnded: () => over,
    log: () => readFileSync(o.logFile, "utf8").slice(-100_000),
    watch: (lost) => void ended.then(() => asked || lost()),
    stop: async () => {
      asked = true
      if (over) return
      child.ref()
      child.stdio[3]?.destroy()
      const late = setTimeout(() => signal(pid, "SIGKILL"), 20_000)
      await ended
      clearTimeout(late)
    },
    kill: async () => {
      asked = true
      if (over) return
      child.ref()
      signal(pid, "SIGKILL")
      await ended
    }
  }
}

/**
 * Waits until `probe` says yes. A server that ends first, or is not ready in time, is told by the last words of its log.
 * `explain` may turn these words into a better reason.
 */
export const ready = async (
  o: Pick<DaemonOptions, "name" | "logFile" | "dir">,
  daemon: Daemon,
  probe: () => Promise<boolean> | boolean,
  explain: (words: string) => StackError | undefined = () => undefined
): Promise<void> => {
  const deadline = Date.now() + 120_000
  while (Date.now() < deadline && !daemon.hasEnded()) {
    if (await probe()) return
    await Promise.race([wait(25), daemon.ended])
  }
  const words = daemon.log()
  await daemon.stop()
  if (/No space left on device/i.test(words)) throw new StackError({ reason: new DiskFull({ dir: o.dir }) })
  throw (
    explain(words) ??
    new StackError({ reason: new NotStarted({ server: o.name, log: o.logFile, words: lastWords(words) }) })
  )
}

/** A killed owner's server may still be stopping, with its locks on the same files: it gets 20 seconds, then `kill -9`. */
const predecessorGone = async (pidFile: string): Promise<void> => {
  const before = existsSync(pidFile) ? readFileSync(pidFile, "utf8") : ""
  for (let turn = 0; isAlive(before); turn++) {
    if (turn > 200) signal(Number(before.split(".")[0]), "SIGKILL")
    await wait(100)
  }
}

/** The servers of a stack's folder by name: the identity of each process, as its pid file says. */
export const serversOf = (dir: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [".", "kafka", "registry"]
      .map((part) => join(dir, part))
      .filter((part) => existsSync(part))
      .flatMap((part) => readdirSync(part).map((name) => [part, name] as const))
      .filter(([, name]) => name.endsWith(".pid"))
      .map(([part, name]) => [name.replace(".pid", ""), readFileSync(join(part, name), "utf8")])
  )

const lastWords = (log: string): string => log.trim().split("\n").slice(-5).join(" | ").slice(-600) || "nothing"

const pidFrom = async (child: ChildProcess): Promise<number> => {
  const [first] = await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, "data"),
    once(child, "error").then(([error]) => Promise.reject(error))
  ])
  return Number(String(first).trim())
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}
