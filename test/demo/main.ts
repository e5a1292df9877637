// `npm run demo`: the main job on a machine of its own, from nothing to the proof. Exit 0 only if the proof holds.
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { JobView } from "@bridge/contract/Jobs"
import type { JobProgress } from "@bridge/contract/Live"
import type { Summary } from "@bridge/contract/Review"
import { StackError } from "@bridge/infra/StackError"
import { removeStack } from "@bridge/infra/TestStack"
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

const usage = `npm run demo [-- OPTIONS]

  --tickets N       tickets of the source (default 2000), with 3 N conversations, N / 4 people, and in scale with them
                    300 files of 0 bytes to 20 MB, 200 assets, 50 problems and 50 changes
  --seed S          another corpus (default 1)
  --keep            leave everything up afterwards; prints addresses and a login
  --json            the proof as one object, the last line of stdout
  --time-factor F   how much faster than real the vendors' clocks run (default 60)
  --limit-factor F  how much larger than the plans' the vendors' limits are (default 60)
`

const misused = (words: string): never => {
  process.stderr.write(`${words}\n\n${usage}`)
  process.exit(2)
}

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
        help: { type: "boolean", short: "h", default: false }
      }
    }).values
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error))
  }
}

const args = readArgs()
const tickets = Number(args.tickets)
if (args.help) {
  process.stdout.write(usage)
  process.exit(0)
}
if (!Number.isInteger(tickets) || tickets < 1) misused("--tickets must be a whole number of at least 1")
for (const name of ["time-factor", "limit-factor"] as const)
  if (!(Number(args[name]) > 0 && Number(args[name]) < Infinity)) misused(`--${name} must be a number above 0`)

/** Ctrl-C, or SIGTERM; both may come twice, by the terminal and by npm. Who insists after two seconds does not wait. */
const asked = new Promise<"asked">((stop) => {
  let first: number | undefined
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (first !== undefined && Date.now() - first > 2_000) process.exit(130)
      first ??= Date.now()
      stop("asked")
    })
})

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

/** What was reviewed is not shown again. */
const watching = (rest: Rest, job: JobView, reviewed = false) => {
  const stop = new AbortController()
  const show = (_event: string, p: JobProgress): void => {
    if (!reviewed || p.state === "loading" || p.state === "completed") screen.progress(p)
  }
  const following = follow(rest, job.id, show, stop.signal).catch(() => {})
  return async () => {
    stop.abort()
    await following
    screen.settle()
  }
}

interface Shown {
  readonly proved: boolean
  readonly origin: string
  readonly login: Login
}

/** The whole job, to the proof. */
const show = async (bridge: Install): Promise<Shown> => {
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
  settle = watching(rest, job, true)
  await jobUntil(rest, job.id, (j) => j.state === "completed" && j.auditComplete, patient)
  await settle()
  const html = join(bridge.dir, "audit-report.html")
  writeFileSync(html, await rest.get<string>(`/api/jobs/${job.id}/download/audit-report?format=html`))
  screen.say(`Audit report: ${html}`)
  const proof = await prove(rest, job.id, bridge.sandbox.adminUrl)
  const seconds = Math.round((Date.now() - began) / 100) / 10
  printProof(screen, proof, seconds)
  const { ok, ...counted } = proof.json
  if (args.json) json({ ok, seconds, ...counted })
  return { proved: ok, origin: services.origin, login }
}

const json = (object: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(object)}\n`)
}

/** Of a proof that holds only what a person reads stays, until the next demo; of one that does not, everything. */
const tidy = (bridge: Install): void => {
  if (bridge.stack.owned) removeStack(join(bridge.dir, "stack"))
  for (const name of ["blobs", "kek"]) rmSync(join(bridge.dir, name), { recursive: true, force: true })
}

const main = async (): Promise<number> => {
  const dir = demoDir()
  screen.heading(`Starting Kafka, registry, PostgreSQL and the sandbox (${tickets} tickets, seed ${args.seed})`)
  const starting = install({
    dir,
    tickets,
    seed: args.seed,
    timeFactor: Number(args["time-factor"]),
    limitFactor: Number(args["limit-factor"]),
    log: (l) => screen.say(l)
  })
  const bridge = await Promise.race([starting, asked])
  if (bridge === "asked") {
    screen.close("Interrupted: what has been started stops by itself")
    process.exit(130)
  }
  let shown: Shown | "asked" | undefined
  try {
    shown = await Promise.race([show(bridge), asked])
    if (shown !== "asked" && args.keep) {
      screen.kept(shown.origin, shown.login, bridge)
      await asked
      screen.close("Stopping")
    }
    if (shown === "asked") screen.close("Interrupted: stopping everything, removing its files")
  } finally {
    await bridge.stop(shown === "asked")
  }
  if (shown === "asked") return 130
  if (shown.proved) tidy(bridge)
  return shown.proved ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${error instanceof StackError ? error.message : words}\n`)
  if (args.json) json({ ok: false, error: error instanceof Error ? error.message : String(error) })
  process.exitCode = 1
}
