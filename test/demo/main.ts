// `npm run demo`: the main job on a machine of its own, from nothing to the proof. Exit 0 only if the proof holds.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { JobView } from "@bridge/contract/Jobs"
import type { JobProgress } from "@bridge/contract/Live"
import type { Summary } from "@bridge/contract/Review"
import { StackError } from "@bridge/infra/StackError"
import { demoDir, type Install, install } from "../harness/Install.ts"
import {
  approve,
  connect,
  follow,
  isReviewable,
  jobUntil,
  type Login,
  migrate,
  newTenant,
  type Rest
} from "../harness/Rest.ts"
import { prove } from "../oracle/Proof.ts"
import { printProof, Screen } from "./Screen.ts"

const usage = `npm run demo [-- --tickets N] [--seed S] [--keep] [--json]

  --tickets N   tickets of the source (default 2000), with 3 N conversations and N / 4 people
  --seed S      another corpus (default 1)
  --keep        leave everything up afterwards, and say where
  --json        the proof as one object on the last line of stdout
  --time-factor F   how much faster than real the vendors' clocks run (default 60)
  --limit-factor F  how much larger than the plans' the vendors' limits are (default 60)
`

const readArgs = () => {
  try {
    return parseArgs({
      options: {
        tickets: { type: "string", default: "2000" },
        seed: { type: "string", default: "1" },
        keep: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        "time-factor": { type: "string", default: "60" },
        "limit-factor": { type: "string", default: "60" },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}

const args = readArgs()
const tickets = Number(args.tickets)
if (args.help) {
  process.stdout.write(usage)
  process.exit(0)
}
if (!Number.isInteger(tickets) || tickets < 1) {
  process.stderr.write(`--tickets must be a whole number of at least 1\n`)
  process.exit(2)
}

// With --json stdout is for the proof alone.
const screen = new Screen(args.json ? process.stderr : process.stdout)
const began = Date.now()

const review = async (rest: Rest, job: JobView, dir: string): Promise<Summary> => {
  const summary = await rest.get<Summary>(`/api/jobs/${job.id}/extraction-summary`)
  const folder = join(dir, "csv")
  mkdirSync(folder, { recursive: true })
  for (const e of summary.entities) {
    const csv = await rest.get<string>(`/api/jobs/${job.id}/download/csv/${e.entity}`)
    writeFileSync(join(folder, `${e.entity}.csv`), csv)
  }
  screen.summary(summary, folder)
  return summary
}

const watching = (rest: Rest, job: JobView) => {
  const stop = new AbortController()
  const following = follow(
    rest,
    job.id,
    (_event, progress: JobProgress) => screen.progress(progress),
    stop.signal
  ).catch(() => {})
  return async () => {
    stop.abort()
    await following
    screen.settle()
  }
}

/** The whole job; resolves with whether the proof holds. */
const show = async (bridge: Install): Promise<boolean> => {
  const services = await bridge.services("bridge")
  const rest = bridge.rest(services)
  screen.say(`Services are up: ${services.origin}`)
  const login: Login = await newTenant(rest, "acme", bridge.operatorToken)
  const { freshservice, zendesk } = bridge.sandbox.credentials
  const source = await connect(rest, "freshservice", freshservice)
  const destination = await connect(rest, "zendesk", {
    subdomain: zendesk.subdomain,
    email: zendesk.email,
    api_token: zendesk.api_token
  })
  screen.say(
    `Tenant acme, connections to ${freshservice.domain} and ${zendesk.subdomain}.zendesk.com (both in the sandbox)`
  )
  const job = await migrate(rest, source, destination, { name: "demo" })
  screen.heading(`Migration ${job.id}: extracting`)
  let settle = watching(rest, job)
  const patient = { withinMillis: 60 * 60_000 }
  await jobUntil(rest, job.id, isReviewable, patient)
  await settle()
  await review(rest, job, bridge.dir)
  screen.heading("Approving exactly these hashes, and loading")
  await approve(rest, job.id)
  settle = watching(rest, job)
  await jobUntil(rest, job.id, (j) => j.state === "completed" && j.auditComplete, patient)
  await settle()
  const html = join(bridge.dir, "audit-report.html")
  writeFileSync(html, await rest.get<string>(`/api/jobs/${job.id}/download/audit-report?format=html`))
  screen.say(`Audit report: ${html}`)
  const proof = await prove(rest, job.id, bridge.sandbox.adminUrl)
  const seconds = Math.round((Date.now() - began) / 100) / 10
  printProof(screen, proof, seconds)
  if (args.keep) await keep(services.origin, login, bridge, args.json ? { ...proof.json, seconds } : undefined)
  else if (args.json) process.stdout.write(`${JSON.stringify({ ok: proof.json.ok, seconds, ...rest_(proof.json) })}\n`)
  return proof.json.ok
}

const rest_ = <A extends { readonly ok: boolean }>({ ok: _, ...others }: A): Omit<A, "ok"> => others

/** Everything stays up until Ctrl-C. */
const keep = async (origin: string, login: Login, bridge: Install, json: unknown): Promise<void> => {
  if (json !== undefined) process.stdout.write(`${JSON.stringify(json)}\n`)
  screen.kept(origin, login, bridge)
  await new Promise<void>((asked) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => asked())
  })
}

const main = async (): Promise<number> => {
  const dir = demoDir()
  screen.heading(`Starting Kafka, registry, PostgreSQL and the sandbox (${tickets} tickets, seed ${args.seed})`)
  const bridge = await install({
    dir,
    tickets,
    seed: args.seed,
    timeFactor: Number(args["time-factor"]),
    limitFactor: Number(args["limit-factor"]),
    log: (l) => screen.say(l)
  })
  let ok = false
  try {
    ok = await show(bridge)
  } finally {
    // Files of a proof that does not hold stay for whoever looks into it.
    await bridge.stop(false)
  }
  return ok ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(
    `${error instanceof StackError || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)}\n`
  )
  if (args.json) process.stdout.write(`${JSON.stringify({ ok: false, error: String(error) })}\n`)
  process.exitCode = 1
}
