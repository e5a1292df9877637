import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { acquire, identity, isAlive } from "./Lock.mjs"

let dir: string
let file: string
let child: ChildProcess

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bridge-lock-"))
  file = join(dir, "the.lock")
  child = spawn("sleep", ["30"], { stdio: "ignore" })
})
afterEach(() => {
  child.kill("SIGKILL")
  rmSync(dir, { recursive: true })
})

const killed = (): Promise<void> =>
  new Promise((gone) => {
    child.once("exit", () => gone())
    child.kill("SIGKILL")
  })

it("knows a process from a later one with the same number", () => {
  const self = identity()
  expect(isAlive(self)).toBe(true)
  expect(isAlive(`${process.pid}.1`)).toBe(false)
  expect([isAlive(""), isAlive("0.1"), isAlive("-1.1"), isAlive("999999999.1")]).toEqual([false, false, false, false])
})

it("lets one in at a time", async () => {
  let inside = 0
  let most = 0
  const turns = Array.from({ length: 5 }, async () => {
    const release = await acquire(file)
    most = Math.max(most, ++inside)
    await new Promise((soon) => setTimeout(soon, 5))
    inside--
    release()
  })
  await Promise.all(turns)
  expect([most, inside, existsSync(file)]).toEqual([1, 0, false])
})

it("waits for a living holder, and takes over from a dead one", async () => {
  writeFileSync(file, `${identity(child.pid)}.1`)
  const waitedFor: Array<string> = []
  const taken = acquire(file, (pid) => waitedFor.push(pid))
  await new Promise((soon) => setTimeout(soon, 150))
  expect(readFileSync(file, "utf8")).toBe(`${identity(child.pid)}.1`)
  await killed()
  const release = await taken
  expect(waitedFor).toEqual([String(child.pid)])
  release()
  expect(existsSync(file)).toBe(false)
})

it("lives as long as the child it was handed to", async () => {
  const release = await acquire(file)
  release.handTo(child.pid ?? 0)
  expect(readFileSync(file, "utf8")).toContain(identity(child.pid))
  release()
  expect(existsSync(file)).toBe(false)
})

it("is still held when that child has ended and we have not given it back", async () => {
  const release = await acquire(file)
  release.handTo(child.pid ?? 0)
  await killed()
  let inside = false
  const next = acquire(file).then((giveBack) => {
    inside = true
    return giveBack
  })
  await new Promise((soon) => setTimeout(soon, 250))
  expect(inside).toBe(false)
  release()
  const giveBack = await next
  giveBack()
})

it("gives back only its own lock", async () => {
  const release = await acquire(file)
  writeFileSync(file, `${identity(child.pid)}.1`)
  release()
  expect(existsSync(file)).toBe(true)
})
