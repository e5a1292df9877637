// `npm run check`: format and lint, types and Effect's own diagnostics, layers and house rules, fast tests. About a minute.
// `--no-tests` leaves the tests out.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { root, sources } from "./Checkout.ts"
import { untidy } from "./House.ts"
import { breaches, circles } from "./Layers.ts"
import { isTest } from "./Source.ts"

interface Verdict {
  readonly ok: boolean
  readonly words: string
}

const run = (args: ReadonlyArray<string>, command = process.execPath): Promise<Verdict> =>
  new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    let words = ""
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        words += String(text)
      })
    child.once("error", (error) => done({ ok: false, words: error.message }))
    child.once("close", (code) => done({ ok: code === 0, words }))
  })

const format = (): Promise<Verdict> =>
  run([
    join(root, "node_modules/@biomejs/biome/bin/biome"),
    "ci",
    "--colors=off",
    "--error-on-warnings",
    "--max-diagnostics=50",
    "."
  ])

/** Effect's build of the compiler says all that tsc says, and more; there is one for Linux x64 only. */
const types = async (): Promise<Verdict> => {
  const effect = join(root, "node_modules/@effect/tsgo-linux-x64/lib/tsc")
  if (!existsSync(effect)) return run([join(root, "node_modules/typescript/bin/tsc"), "-p", "."])
  const { words } = await run(["-p", ".", "--pretty", "false"], effect)
  const said = words.split(/^(?=\S+\(\d+,\d+\): )/m).filter((one) => one.trim() !== "" && counts(one))
  return { ok: said.length === 0, words: said.join("") }
}

/** Errors everywhere; Effect's warnings outside of tests; its suggestions are for the editor. */
const counts = (diagnostic: string): boolean => {
  const [, path = "", kind = "error"] = /^(\S+)\(\d+,\d+\): (\w+)/.exec(diagnostic) ?? []
  return kind === "error" || (kind === "warning" && !isTest(path) && !path.startsWith("test/"))
}

const house = async (): Promise<Verdict> => {
  const files = sources()
  const all = [...breaches(files), ...circles(files), ...files.flatMap(untidy)]
  return { ok: all.length === 0, words: all.map(({ path, line, rule }) => `${path}:${line} ${rule}`).join("\n") }
}

const fastTests = (): Promise<Verdict> =>
  run([join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "fast"])

const report = async (name: string, step: () => Promise<Verdict>): Promise<boolean> => {
  const start = performance.now()
  const { ok, words } = await step()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${ok ? "ok    " : "FAILED"} ${name} (${seconds} s)\n${ok ? "" : `${words.trim()}\n\n`}`)
  return ok
}

const results = await Promise.all([
  report("format and lint", format),
  report("types and Effect", types),
  report("layers and house rules", house)
])
if (!process.argv.includes("--no-tests")) results.push(await report("fast tests", fastTests))
process.exitCode = results.every((ok) => ok) ? 0 : 1
