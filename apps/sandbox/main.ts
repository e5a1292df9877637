// The sandbox as a process of its own. stdout has one line of JSON with addresses, host map and credentials;
// it runs until SIGINT or SIGTERM and keeps nothing.
import { parseArgs } from "node:util"
import { type FreshservicePlan, planNames } from "./freshservice/Plans.ts"
import type { SandboxOptions } from "./Sandbox.ts"
import { accountTotals, type ZendeskPlan } from "./zendesk/Plans.ts"

const usage = `sandbox: Freshservice and Zendesk to play and test against

  --port N             listen there (default: any free port)
  --tickets N          tickets of the Freshservice account (default 200)
  --seed S             another corpus (default 1)
  --failures N         tickets the destination refuses (default one per 400)
  --attachments N      files, 0 bytes to 20 MB (default 15 per 100 tickets)
  --assets N, --problems N, --changes N
                       (default 10, 2.5 and 2.5 per 100 tickets)
  --no-growth          none of these, and no requested items
  --zendesk-tickets N  tickets the Zendesk account holds at the start (default 0)
  --time-factor F      a vendor's minute lasts 60/F seconds (default 1)
  --limit-factor F     every limit is F times as large (default 1)
  --real-limits        limits count real minutes, whatever the time factor
  --no-limits          no rate limits
  --anchor ISO         the corpus takes this for now (default: the start)
  --plan P             Freshservice plan: ${planNames.join(", ")} (default enterprise)
  --zendesk-plan P     ${Object.keys(accountTotals).join(", ")} (default enterprise)
  --workspaces N       Freshservice workspaces (default 1)
  --seats N            Zendesk agents at most (default: any number)
  --upload-limit N     the largest file Zendesk takes, in bytes (default 52428800)
  --no-bulk-users      users/create_many answers 403
  --log-calls          keep every call for /_admin/calls?full=true
`

const options = {
  port: { type: "string" },
  tickets: { type: "string" },
  seed: { type: "string" },
  failures: { type: "string" },
  attachments: { type: "string" },
  assets: { type: "string" },
  problems: { type: "string" },
  changes: { type: "string" },
  "no-growth": { type: "boolean" },
  "zendesk-tickets": { type: "string" },
  "time-factor": { type: "string" },
  "limit-factor": { type: "string" },
  "real-limits": { type: "boolean" },
  "no-limits": { type: "boolean" },
  anchor: { type: "string" },
  plan: { type: "string" },
  "zendesk-plan": { type: "string" },
  workspaces: { type: "string" },
  seats: { type: "string" },
  "upload-limit": { type: "string" },
  "no-bulk-users": { type: "boolean" },
  "log-calls": { type: "boolean" },
  help: { type: "boolean" }
} as const

class Misused extends Error {}

const count = (name: string, value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isFinite(number) || number < 0) throw new Misused(`--${name} must be a number`)
  return number
}

const readOptions = (args: ReadonlyArray<string>): SandboxOptions | "help" => {
  const { values } = parseArgs({ args: [...args], options, strict: true })
  if (values.help) return "help"
  if (values.plan !== undefined && !planNames.some((name) => name === values.plan))
    throw new Misused("--plan is not known")
  if (values["zendesk-plan"] !== undefined && !(values["zendesk-plan"] in accountTotals))
    throw new Misused("--zendesk-plan is not known")
  if (values.anchor !== undefined && Number.isNaN(Date.parse(values.anchor)))
    throw new Misused("--anchor must be an ISO time")
  const numbers = {
    port: count("port", values.port),
    tickets: count("tickets", values.tickets),
    failures: count("failures", values.failures),
    attachments: count("attachments", values.attachments),
    assets: count("assets", values.assets),
    problems: count("problems", values.problems),
    changes: count("changes", values.changes),
    zendeskTickets: count("zendesk-tickets", values["zendesk-tickets"]),
    timeFactor: count("time-factor", values["time-factor"]),
    limitFactor: count("limit-factor", values["limit-factor"])
  }
  const given = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined))
  const workspaces = count("workspaces", values.workspaces)
  const seats = count("seats", values.seats)
  const uploadBytes = count("upload-limit", values["upload-limit"])
  return {
    ...given,
    ...(values.seed !== undefined && { seed: values.seed }),
    ...(values.anchor !== undefined && { anchor: values.anchor }),
    growth: values["no-growth"] !== true,
    limits: values["no-limits"] !== true,
    realLimits: values["real-limits"] === true,
    logCalls: values["log-calls"] === true,
    freshservice: {
      ...(values.plan !== undefined && { plan: values.plan as FreshservicePlan }),
      ...(workspaces !== undefined && { workspaces })
    },
    zendesk: {
      ...(values["zendesk-plan"] !== undefined && { plan: values["zendesk-plan"] as ZendeskPlan }),
      ...(seats !== undefined && { seats }),
      ...(uploadBytes !== undefined && { uploadBytes }),
      bulkUsers: values["no-bulk-users"] !== true
    }
  }
}

const run = async (): Promise<void> => {
  const read = readOptions(process.argv.slice(2))
  if (read === "help") return void process.stdout.write(usage)
  // Loaded when the options are right: a wrong one is answered at once.
  const { startSandbox } = await import("./Sandbox.ts")
  const sandbox = await startSandbox(read)
  const { origin, adminUrl, hosts, hostMap, credentials } = sandbox
  process.stdout.write(`${JSON.stringify({ type: "sandbox", origin, adminUrl, hosts, hostMap, credentials })}\n`)
  const stop = (): void => void sandbox.stop().then(() => process.exit(0))
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
}

run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${message}\n${error instanceof Misused ? `\n${usage}` : ""}`)
  process.exit(2)
})
