// `npm run bench -- engine|live|csv`: how fast Bridge is on this machine. What the figures mean stands in docs/benchmarks.md.
import { cpus, totalmem } from "node:os"
import { parseArgs } from "node:util"
import { StackError } from "@bridge/infra/StackError"
import { csv } from "./Csv.ts"
import { type EngineResult, engine, type Micros } from "./engine/Engine.ts"
import { table, thousands } from "./Figures.ts"
import { live } from "./Live.ts"

const usage = `npm run bench -- engine [--records N] [--runs R] [--json] [--profile FOLDER]
npm run bench -- live   from a page being stored to the socket's client
npm run bench -- csv [--records N] [--runs R]   a review CSV over HTTP

  --records N       tickets at the source (default 100000)
  --runs R          runs after the warm-up; the median counts (default 5)
  --json            the figures as one object on the last line of stdout
  --profile FOLDER  CPU profiles of the services, for Chrome's or VS Code's viewer
`

const read = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        records: { type: "string", default: "100000" },
        runs: { type: "string", default: "5" },
        bytes: { type: "string", default: "1400" },
        gzip: { type: "boolean", default: false },
        only: { type: "string" },
        json: { type: "boolean", default: false },
        profile: { type: "string" },
        help: { type: "boolean", default: false }
      }
    })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}

const { positionals, values } = read()
const [records, runs] = [Number(values.records), Number(values.runs)]
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}
const others = { live: () => live(), csv: () => csv(records, runs) }
const other = others[positionals.join() as keyof typeof others]
if (other !== undefined) {
  process.stdout.write(await other())
  process.exit(0)
}
if (
  positionals.join() !== "engine" ||
  !(Number.isInteger(records) && records > 0 && Number.isInteger(runs) && runs > 0)
) {
  process.stderr.write(usage)
  process.exit(2)
}

/** Bridge's own work: the sandbox plays the vendor and does not count. */
const ownMicros = (cpu: Micros): number =>
  Object.entries(cpu).reduce((sum, [name, micros]) => sum + (name === "vendor" ? 0 : micros), 0)

const report = (r: EngineResult): string => {
  const micros = (cpu: Micros, name: string) => (cpu[name] ?? 0).toFixed(0)
  const row = (name: string, rate: number, cpu: Micros | undefined) => [
    name,
    thousands(rate),
    (rate / r.floor).toFixed(3),
    ...(cpu === undefined
      ? ["", "", "", "", ""]
      : [ownMicros(cpu).toFixed(0), ...["node", "kafka", "postgres", "vendor"].map((one) => micros(cpu, one))])
  ]
  return [
    `${cpus().length} x ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; ${thousands(r.expected.rows)} tickets of ${thousands(r.expected.bytesPerRow)} bytes, median of ${runs}`,
    "",
    table(
      ["", "records/s", "of the floor", "CPU us/record", "node", "kafka", "postgres", "(vendor)"],
      [
        row("floor", r.floor, undefined),
        ...(r.pageToTopic === undefined ? [] : [row("page to topic", r.pageToTopic.rate, r.pageToTopic.cpu)]),
        ...(r.pageToArchive === undefined ? [] : [row("page to archive", r.pageToArchive.rate, r.pageToArchive.cpu)])
      ]
    ),
    "",
    `settled in ${(r.settleSeconds ?? 0).toFixed(1)} s; peak memory in MiB: ${JSON.stringify(r.rssMiB)}`,
    ""
  ].join("\n")
}

try {
  const result = await engine({
    records,
    runs,
    bytes: Number(values.bytes),
    gzip: values.gzip,
    only: values.only === "topic" || values.only === "archive" ? values.only : undefined,
    profile: values.profile,
    say: (line) => process.stderr.write(`${line}\n`)
  })
  process.stdout.write(report(result))
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({
        floor: Math.round(result.floor),
        pageToTopic: Math.round(result.pageToTopic?.rate ?? 0),
        pageToArchive: Math.round(result.pageToArchive?.rate ?? 0),
        cpuMicrosPerRecord: Math.round(ownMicros(result.pageToArchive?.cpu ?? {})),
        rssMiB: result.rssMiB
      })}\n`
    )
} catch (error) {
  if (!(error instanceof StackError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
