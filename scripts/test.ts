// `npm test`: every test on this machine, servers included, and one line of totals at the very end.
// Arguments go to vitest: `npm test -- --project fast libs/flow`.
import { spawn } from "node:child_process"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { line, totals } from "./Totals.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const results = join(root, ".bridge", `test-results-${process.pid}.json`)

const vitest = (args: ReadonlyArray<string>): Promise<number> =>
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
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal))
    process.on("SIGINT", () => {})
    child.once("error", () => ended(1)).once("exit", (code) => ended(code ?? 1))
  })

const written = (): string => {
  try {
    return readFileSync(results, "utf8")
  } catch {
    return ""
  }
}

mkdirSync(join(root, ".bridge"), { recursive: true })
const code = await vitest(process.argv.slice(2))
const sum = totals(written(), code)
rmSync(results, { force: true })
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0
process.stdout.write(`\n${line(sum)}\n`)
