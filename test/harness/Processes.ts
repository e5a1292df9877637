// Child processes for the demo and the system tests: Bridge, the sandbox. Started with an address line awaited, killed by id.
import { type ChildProcess, spawn } from "node:child_process"
import { createWriteStream, mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { environment, flagsFor } from "../../scripts/Memory.mjs"

export const checkout = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "")

const tether = new URL("../../scripts/Tether.mjs", import.meta.url).href

export interface Started {
  readonly pid: number
  /** The object in the line that said it was ready. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Undefined while it runs; else how it ended. */
  readonly ended: () => string | undefined
  readonly exited: Promise<void>
  /** SIGTERM and wait, SIGKILL after `graceMillis`. */
  readonly stop: (graceMillis?: number) => Promise<void>
  /** `kill -9`, and wait. */
  readonly kill: () => Promise<void>
}

export interface StartOptions {
  readonly name: string
  readonly file: string
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly logFile: string
  readonly withinMillis?: number
}

/** Runs a TypeScript file of the checkout; resolves with its first line of JSON on stdout that has `ready: true`. */
export const start = (o: StartOptions): Promise<Started> => {
  mkdirSync(dirname(o.logFile), { recursive: true })
  const log = createWriteStream(o.logFile, { flags: "a" })
  const child: ChildProcess = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      ...flagsFor(o.file),
      "--import",
      tether,
      join(checkout, o.file),
      ...(o.args ?? [])
    ],
    {
      cwd: checkout,
      env: { ...process.env, ...environment(process.env), ...o.env },
      // It stops when the pipe at 3 closes, that is, when we are gone, however we end.
      stdio: ["ignore", "pipe", "pipe", "pipe"]
    }
  )
  let end: string | undefined
  const exited = new Promise<void>((done) => {
    child.once("exit", (code, signal) => {
      end = signal ?? `exit ${code}`
      log.end()
      done()
    })
  })
  child.stderr?.pipe(log, { end: false })
  const signal = (name: NodeJS.Signals): void => {
    if (end === undefined) child.kill(name)
  }
  const kill = async (): Promise<void> => {
    signal("SIGKILL")
    await exited
  }
  const stop = async (graceMillis = 20_000): Promise<void> => {
    signal("SIGTERM")
    const late = setTimeout(() => signal("SIGKILL"), graceMillis)
    await exited
    clearTimeout(late)
  }
  return new Promise((ok, no) => {
    const timer = setTimeout(() => {
      void kill()
      no(new Error(`${o.name} was not ready within ${(o.withinMillis ?? 60_000) / 1000} s; its log: ${o.logFile}`))
    }, o.withinMillis ?? 60_000)
    child.once("error", no)
    void exited.then(() => {
      clearTimeout(timer)
      no(new Error(`${o.name} ended (${end}) before it was ready; its log: ${o.logFile}`))
    })
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      log.write(`${line}\n`)
      const ready = readyLine(line)
      if (ready === undefined) return
      clearTimeout(timer)
      ok({ pid: child.pid as number, ready, ended: () => end, exited, stop, kill })
    })
  })
}

const readyLine = (line: string): Readonly<Record<string, unknown>> | undefined => {
  if (!line.startsWith("{")) return undefined
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== "object" || value === null || !isReady(value)) return undefined
    return value as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

/** Bridge's services say `ready: true`; the sandbox says where it listens. */
const isReady = (value: object): boolean =>
  Reflect.get(value, "ready") === true || Reflect.get(value, "type") === "sandbox"
