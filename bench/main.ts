// `npm run bench [-- engine|scale|load|live|memory|csv|pages|limits]`: how fast Bridge is on this machine; all of it when nothing
// is named. What the figures mean stands in docs/benchmarks.md.
import { parseArgs } from "node:util"
import { StackError } from "@bridge/infra/StackError"
import { type Outcome, shortOf, verdict } from "./Aims.ts"
import { csv } from "./Csv.ts"
import { engine } from "./engine/Engine.ts"
import { report } from "./engine/Report.ts"
import { live } from "./Live.ts"
import { limitTable } from "./limits/Report.ts"
import { loadTable } from "./load/Report.ts"
import { memory } from "./Memory.ts"
import { pages } from "./Pages.ts"
import { scale } from "./Scale.ts"

const usage = `npm run bench [-- OPTIONS]          all tables
npm run bench -- engine [OPTIONS]   from a vendor's page to topic and archive
npm run bench -- scale [OPTIONS]    the same for few tickets and many, one tenant and twenty
npm run bench -- load [OPTIONS]     from approved records to a vendor without limits
npm run bench -- live               from a page being stored to the socket's client
npm run bench -- memory [OPTIONS]   what each service holds while an account is moved, large tickets among others
npm run bench -- csv [OPTIONS]      a review CSV over HTTP
npm run bench -- pages              numbered pages of a slow vendor
npm run bench -- limits             how much of a vendor's limit is used

  --records N       tickets at the source (default 100000; memory: a tenth of them, with their conversations)
  --runs R          runs after the warm-up; the median counts (default 5)
  --bytes N         engine, load: bytes of a ticket, about (default 1400; 0 leaves them as the sandbox makes them)
  --gzip            engine: the vendor compresses its answers
  --only PART       engine: topic or archive
  --apart           engine: every service in a process of its own
  --tenants N       engine: page to archive of as many tenants at once, the tickets shared out between them (default 1)
  --seconds S       limits: how long (default 120)
  --minute S        limits: how long a vendor's minute is (default 6; 60 is a real one, and wants --seconds 600)
  --json            engine: the figures as one object on the last line of stdout
  --strict          ends with 1 when a figure falls short of its aim
  --profile FOLDER  engine, load: CPU profiles of the services, for Chrome's or VS Code's viewer
`

const refuse = (message: string): never => {
  process.stderr.write(`${message}\n\n${usage}`)
  process.exit(2)
}

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
        apart: { type: "boolean", default: false },
        tenants: { type: "string", default: "1" },
        seconds: { type: "string", default: "120" },
        minute: { type: "string", default: "6" },
        json: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        profile: { type: "string" },
        help: { type: "boolean", default: false }
      }
    })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const { positionals, values } = read()
const whole = (name: "records" | "runs" | "bytes" | "seconds" | "minute" | "tenants", least: number): number => {
  const number = Number(values[name])
  return Number.isInteger(number) && number >= least ? number : refuse(`--${name} must be a whole number`)
}
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}
const [records, runs, bytes, seconds] = [whole("records", 1), whole("runs", 1), whole("bytes", 0), whole("seconds", 1)]
const tenants = whole("tenants", 1)
const { only } = values
if (only !== undefined && only !== "topic" && only !== "archive") refuse("--only is topic or archive")

if (only === "topic" && tenants > 1) refuse("--tenants is for page to archive: leave --only topic out")

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const measureEngine = async (): Promise<Outcome> => {
  const part = tenants > 1 ? "archive" : only === "topic" || only === "archive" ? only : undefined
  const { apart, gzip, profile } = values
  const result = await engine({ records, runs, bytes, gzip, apart, tenants, only: part, profile, say })
  return report(result, runs, tenants)
}

const tables = {
  live,
  csv: () => csv(records, runs),
  memory: () => memory(Math.ceil(records / 10), say),
  pages,
  limits: () => limitTable(seconds, whole("minute", 1), say),
  load: () => loadTable({ records, runs, bytes, profile: values.profile, say }),
  scale: () => scale({ records, runs, bytes, gzip: values.gzip, profile: values.profile, say }),
  engine: measureEngine
} satisfies Record<string, () => Promise<Outcome>>
const names = positionals.length === 0 ? Object.keys(tables) : positionals
const unknown = names.find((name) => !Object.hasOwn(tables, name))
if (unknown !== undefined) refuse(`there is no benchmark "${unknown}"`)

/** Prints one, and says whether all of its aims are met. */
const run = async (name: keyof typeof tables): Promise<boolean> => {
  const { aims, json, text }: Outcome = await tables[name]()
  const figures = values.json && json !== undefined ? `${JSON.stringify(json)}\n` : ""
  process.stdout.write(`${text.trimEnd()}\n\n${verdict(aims)}${figures}`)
  return shortOf(aims).length === 0
}

try {
  for (const name of names) {
    const met = await run(name as keyof typeof tables)
    if (!met && values.strict) process.exitCode = 1
  }
} catch (error) {
  if (!(error instanceof StackError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
process.exit()
