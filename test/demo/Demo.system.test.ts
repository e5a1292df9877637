// The demo as a person ends it in the middle: Ctrl-C, the terminal's and npm's, and kill -9. Nothing goes on running.
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { removeStack } from "@bridge/infra/TestStack"
import { afterEach, assert, describe, it } from "vitest"
import { checkout } from "../harness/Processes.ts"
import { eventually } from "../harness/World.ts"

let demo: ChildProcess
let said: string
const dir = () => join(checkout, ".bridge", `demo-${demo.pid}`)

/** Runs until it has said `words`. */
const demoUntil = async (words: string): Promise<void> => {
  demo = spawn(process.execPath, ["test/demo/main.ts", "--tickets", "10"], {
    cwd: checkout,
    stdio: ["ignore", "pipe", "inherit"]
  })
  said = ""
  demo.stdout?.on("data", (text) => {
    said += String(text)
  })
  await eventually(
    async () => said,
    (all) => all.includes(words)
  )
}

/** Every process that it has started, and those that they have. */
const descendants = (): ReadonlyArray<number> => {
  const all = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): ReadonlyArray<number> =>
    all.flatMap(([pid, ppid]) => (ppid === parent ? [pid, ...below(pid)] : []))
  return below(demo.pid ?? 0)
}

const runs = (pid: number): boolean => existsSync(`/proc/${pid}`)

const ended = (): Promise<number | null> =>
  demo.exitCode !== null || demo.signalCode !== null
    ? Promise.resolve(demo.exitCode)
    : new Promise((done) => demo.once("close", (code) => done(code)))

afterEach(() => {
  demo.kill("SIGKILL")
  if (existsSync(dir())) removeStack(join(dir(), "stack"))
  rmSync(dir(), { recursive: true, force: true })
})

describe("the demo", () => {
  it("stops everything and leaves no files when it is interrupted, however often it is told", async () => {
    await demoUntil(": extracting")
    const started = descendants()
    assert.isAtLeast(started.length, 5)
    demo.kill("SIGINT")
    demo.kill("SIGINT")
    assert.strictEqual(await ended(), 130)
    assert.deepStrictEqual(started.filter(runs), [])
    assert.isFalse(existsSync(dir()))
    assert.include(said, "Interrupted")
  }, 120_000)

  it("leaves no process behind when it is killed", async () => {
    await demoUntil(": extracting")
    const started = descendants()
    demo.kill("SIGKILL")
    await eventually(
      async () => started.filter(runs),
      (left) => left.length === 0
    )
  }, 120_000)
})
