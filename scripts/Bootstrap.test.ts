import { type ChildProcess, spawn } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { root as checkout } from "./Checkout.ts"
import { chooseNode, npmFailed, Refusal, tooFull, tooOld } from "./Install.mjs"

interface Ended {
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

let root: string
let children: Array<ChildProcess>
/** What its starter's environment says besides. */
let given: Readonly<Record<string, string>>

/** A checkout with the bootstrap and one command, whose npm is the shell script `npm`. */
const prepare = (npm: string): void => {
  mkdirSync(join(root, "bin"))
  mkdirSync(join(root, "infra"))
  mkdirSync(join(root, "apps/cli"), { recursive: true })
  cpSync(join(checkout, "infra/Lock.mjs"), join(root, "infra/Lock.mjs"))
  for (const name of ["run.mjs", "bridge.mjs", "Bootstrap.mjs", "Install.mjs", "Memory.mjs", "Tether.mjs"])
    cpSync(join(checkout, "scripts", name), join(root, "scripts", name))
  writeFileSync(join(root, "scripts/patch.mjs"), "")
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: {} }))
  writeFileSync(join(root, "apps/cli/main.ts"), command)
  writeFileSync(join(root, "bin/npm"), `#!/bin/sh\necho called >> ${root}/calls\n${npm}\n`)
  chmodSync(join(root, "bin/npm"), 0o755)
}

/** Says what it was given, then does what its first argument says. */
const command = `
const [what, ...rest]: Array<string> = process.argv.slice(2)
if (what === "wait") {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => { console.log(signal); process.exit(3) })
  setInterval(() => {}, 1000)
}
console.log(JSON.stringify(rest))
if (what === "memory") console.log(process.env.MALLOC_ARENA_MAX, process.env.MALLOC_TRIM_THRESHOLD_, process.execArgv.join(" "))
if (what === "exit") process.exit(Number(rest[0]))
`

/** What npm leaves: a node_modules with our Node in it. */
const works = (): string =>
  `mkdir -p ${root}/node_modules/.bin; ln -sf ${process.execPath} ${root}/node_modules/.bin/node; echo npm speaks`

const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [join(root, "scripts/bridge.mjs"), ...args], {
    cwd: root,
    // Without what the bootstrap has set for ourselves.
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: undefined,
      MALLOC_TRIM_THRESHOLD_: undefined,
      ...given,
      PATH: `${join(root, "bin")}:${process.env.PATH}`
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  children.push(child)
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (text: Buffer) => (stdout += String(text)))
  child.stderr.on("data", (text: Buffer) => (stderr += String(text)))
  const ended = new Promise<Ended>((done) =>
    child.once("close", (code, signal) => done({ code: code ?? signal, stdout, stderr }))
  )
  const said = async (words: string) => {
    while (!stdout.includes(words)) await wait(10)
  }
  return { child, ended, said }
}

/** Whom the lock names first. */
const holder = () => readFileSync(join(root, ".bridge/install.lock"), "utf8").split(".")[0]

const npmCalls = (): number => readFileSync(join(root, "calls"), "utf8").trim().split("\n").length

beforeEach(() => {
  root = `${mkdtempSync(join(tmpdir(), "bridge-boot-"))}/`
  children = []
  given = {}
})
afterEach(() => {
  for (const child of children) child.kill("SIGKILL")
  rmSync(root, { recursive: true, force: true })
})

describe("a command on a fresh clone", () => {
  it("installs, then runs with its arguments and exit code; nothing but its own words on stdout", async () => {
    prepare(works())
    const ended = await start("exit", "7", "a b", "--flag").ended
    expect(ended).toMatchObject({ code: 7, stdout: '["7","a b","--flag"]\n' })
    expect(ended.stderr).toContain("npm speaks")
  })

  it("runs with what keeps its memory small, unless it was told otherwise", async () => {
    prepare(works())
    const { stdout } = await start("memory").ended
    expect(stdout).toMatch(/^1 131072 .*--max-semi-space-size=16/m)
    given = { MALLOC_TRIM_THRESHOLD_: "7" }
    expect((await start("memory").ended).stdout).toMatch(/^1 7 /m)
  })

  it("installs once when two start at once, and not again", async () => {
    prepare(`sleep 0.5; ${works()}`)
    const both = await Promise.all([start("exit", "0").ended, start("exit", "0").ended])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect((await start("exit", "0").ended).stderr).toBe("")
    expect(npmCalls()).toBe(1)
  })

  it("installs once also when the first is held up between npm's end and its own word that all is there", async () => {
    prepare(`sleep 0.3; ${works()}`)
    const first = start("exit", "0")
    while (!existsSync(join(root, "calls"))) await wait(10)
    while (holder() === String(first.child.pid)) await wait(10)
    first.child.kill("SIGSTOP")
    const second = start("exit", "0")
    await wait(1_000)
    first.child.kill("SIGCONT")
    expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0])
    expect(npmCalls()).toBe(1)
  })

  it("installs again when the lockfile or a patch has changed", async () => {
    prepare(works())
    await start("exit", "0").ended
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { "node_modules/a": { version: "1" } } }))
    await start("exit", "0").ended
    mkdirSync(join(root, "patches"))
    writeFileSync(join(root, "patches/a.js"), "")
    await start("exit", "0").ended
    expect(npmCalls()).toBe(3)
  })

  it("takes what npm has installed by itself, and only looks after the patches", async () => {
    prepare(works())
    mkdirSync(join(root, "node_modules/.bin"), { recursive: true })
    symlinkSync(process.execPath, join(root, "node_modules/.bin/node"))
    writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages: {} }))
    writeFileSync(join(root, "scripts/patch.mjs"), `console.log("patched")`)
    expect(await start("exit", "0").ended).toEqual({ code: 0, stdout: '["0"]\n', stderr: "patched\n" })
    expect(existsSync(join(root, "calls"))).toBe(false)
  })

  it("starts over when it was killed while npm worked, but not beside that npm", async () => {
    prepare(`[ -f ${root}/again ] || { touch ${root}/again; sleep 0.5; }; ${works()}; echo done >> ${root}/calls`)
    const first = start("exit", "0")
    while (!existsSync(join(root, "again"))) await wait(10)
    while (holder() === String(first.child.pid)) await wait(10)
    first.child.kill("SIGKILL")
    expect(await start("exit", "0").ended).toMatchObject({ code: 0 })
    expect(readFileSync(join(root, "calls"), "utf8")).toBe("called\ndone\ncalled\ndone\n")
  })

  it("ends with one sentence when npm fails", async () => {
    prepare("echo 'npm error ENOSPC: no space left on device' >&2; exit 228")
    const { code, stdout, stderr } = await start("exit", "0").ended
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(
      /\nbridge: The disk is full: free 1 GB for .*node_modules and run the same command again\.\n$/
    )
  })
})

describe("a command that runs", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`is told of ${signal}, and its own exit code counts`, async () => {
      prepare(works())
      const running = start("wait")
      await running.said("[]")
      running.child.kill(signal)
      expect(await running.ended).toMatchObject({ code: 3, stdout: `[]\n${signal}\n` })
    })

  it("stops when its launcher is killed", async () => {
    prepare(works())
    const running = start("wait")
    await running.said("[]")
    running.child.kill("SIGKILL")
    expect((await running.ended).stdout).toBe("[]\nSIGTERM\n")
  })
})

describe("a command that npm runs", () => {
  const scripts = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")).scripts as Record<string, string>

  it("is told when npm is told to stop: npm's shell is the command itself", async () => {
    prepare(works())
    await start("exit", "0").ended
    const script = scripts.start?.replace("apps/all/main.ts", "apps/cli/main.ts")
    writeFileSync(join(root, "package.json"), JSON.stringify({ scripts: { start: script } }))
    const npm = spawn("npm", ["run", "--silent", "start", "--", "wait"], {
      cwd: root,
      stdio: ["ignore", "pipe", "ignore"]
    })
    children.push(npm)
    let said = ""
    npm.stdout.on("data", (text: Buffer) => (said += String(text)))
    while (!said.includes("[]")) await wait(10)
    npm.kill("SIGTERM")
    await new Promise((closed) => npm.once("close", closed))
    expect(said).toBe("[]\nSIGTERM\n")
  })

  it("is started the same way whichever it is", () => {
    const launched = Object.values(scripts).filter((script) => script.includes("run.mjs"))
    expect(launched.length).toBeGreaterThan(5)
    expect(launched.filter((script) => !script.startsWith("exec node scripts/run.mjs "))).toEqual([])
  })
})

describe("a machine that cannot run Bridge", () => {
  it("is told when its Node is too old to set anything up", () => {
    expect(tooOld("v16.20.2")).toBe(
      "Bridge needs Node 18 or newer to set itself up, and this is v16.20.2: install a newer Node (24 is best) and run the same command again."
    )
    expect(tooOld("v18.0.0")).toBeUndefined()
  })

  it("is told when there is no Node 24 for its platform", () => {
    expect(() => chooseNode(root, "v20.1.0", "/usr/bin/node", "darwin-arm64")).toThrow(Refusal)
    expect(() => chooseNode(root, "v20.1.0", "/usr/bin/node", "darwin-arm64")).toThrow(
      /^Bridge runs on Node 24, .* and this is darwin-arm64 with v20\.1\.0: install Node 24 or newer and run the same command again\.$/
    )
    expect(chooseNode(root, "v24.1.0", "/usr/bin/node", "darwin-arm64")).toBe("/usr/bin/node")
  })

  it("is told when npm's Node does not run here", () => {
    mkdirSync(join(root, "node_modules/.bin"), { recursive: true })
    writeFileSync(join(root, "node_modules/.bin/node"), "not a program")
    expect(() => chooseNode(root, "v20.1.0", "/usr/bin/node", "linux-x64")).toThrow(Refusal)
  })

  it("is told when its disk has no room for the packages", () => {
    expect(tooFull("/b/", 200e6)).toBe(
      "The disk is full: the packages need 1 GB in /b/node_modules and 200 MB are free; free some and run the same command again."
    )
    expect(tooFull("/b/", 1e9)).toBeUndefined()
  })

  it("is told what keeps npm from working", () => {
    expect(npmFailed("/b/", 1, "npm error code ENOTFOUND")).toMatch(/^npm could not reach its registry/)
    expect(npmFailed("/b/", 1, "npm error EACCES: permission denied")).toMatch(
      /^npm may not write to \/b\/node_modules/
    )
    expect(npmFailed("/b/", 1, "npm error code EACCES\nnpm error path /home/x/.npm\n")).toMatch(
      /^npm may not write to \/home\/x\/\.npm \(see above\)/
    )
    expect(npmFailed("/b/", 1, "something else")).toMatch(/^npm ci failed with 1 /)
  })
})
