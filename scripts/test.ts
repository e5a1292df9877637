// `npm test`: every test on this machine, servers included, and one line of totals at the very end.
// Arguments go to vitest: `npm test -- --project fast libs/flow`.
import { spawn } from "node:child_process"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { prepare } from "@bridge/infra/TestStack"
import { line, sum, type Totals, totals } from "./Totals.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

const vitest = (args: ReadonlyArray<string>, results: string): Promise<number> =>
  new Promise((ended) => {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`]
    const child = spawn(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), "run", ...reporters, ...args],
      {
        cwd: root,
        stdio: "inherit"
      }
    )
    const pass = (signal: NodeJS.Signals) => {
      interrupted = true
      child.kill(signal)
    }
    process.on("SIGTERM", pass).on("SIGHUP", pass)
    child.once("error", () => ended(1)).once("exit", (code) => ended(code ?? 1))
  })

let interrupted = false
process.on("SIGINT", () => {
  interrupted = true
})

const written = (results: string): string => {
  try {
    return readFileSync(results, "utf8")
  } catch {
    return ""
  }
}

const run = async (args: ReadonlyArray<string>): Promise<Totals> => {
  const results = join(root, ".bridge", `test-results-${process.pid}.json`)
  const code = await vitest(args, results)
  const came = totals(written(results), code)
  rmSync(results, { force: true })
  return came
}

/** Those that need no servers first; meanwhile what the others need is fetched and made. What goes wrong in it they say. */
const everything = async (): Promise<ReadonlyArray<Totals>> => {
  const prepared = prepare().catch(() => {})
  const fast = await run(["--project", "fast"])
  await prepared
  return interrupted ? [fast] : [fast, await run(["--project", "!fast"])]
}

mkdirSync(join(root, ".bridge"), { recursive: true })
const given = process.argv.slice(2)
const all = sum(given.length === 0 ? await everything() : [await run(given)])
process.exitCode = all.failed > 0 || all.passed === 0 || interrupted ? 1 : 0
process.stdout.write(`\n${line(all)}\n`)
