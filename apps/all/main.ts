// Everything in one process: the embedded stack (unless servers are named), the sandbox (unless left out), all services.
// For `npm start`, the demo and one-machine installations. What does not belong here: anything a single service needs.
import { join } from "node:path"
import { parseArgs } from "node:util"
import { isFree } from "@bridge/infra/Ports"
import { startStack } from "@bridge/infra/Stack"
import { StackError } from "@bridge/infra/StackError"
import { startSandbox } from "@bridge/sandbox/Sandbox"
import { runAll } from "./Run.ts"

const usage = `npm start [-- OPTIONS]: Bridge in one process. Servers that KAFKA_BROKERS, SCHEMA_REGISTRY_URL or DATABASE_URL name are used;
the others are started.

  --port N       the api's port on loopback (default: BRIDGE_PORT, else 8080)
  --dir DIR      where data, blobs and the key file are kept (default .bridge)
  --no-sandbox   no stand-in for the vendors: calls go to the real ones
  --tickets N    tickets of the sandbox's source (default 2000)
  --seed S       another corpus of the sandbox (default 1)
`

const readArgs = () => {
  try {
    return parseArgs({
      options: {
        sandbox: { type: "boolean", default: process.env.BRIDGE_HOST_MAP === undefined },
        "no-sandbox": { type: "boolean", default: false },
        dir: { type: "string", default: ".bridge" },
        port: { type: "string", default: process.env.BRIDGE_PORT ?? "8080" },
        tickets: { type: "string", default: "2000" },
        seed: { type: "string", default: "1" },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}

const values = readArgs()
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const refuse = (code: number, line: string): never => {
  say(line)
  process.exit(code)
}

const wholeNumber = (text: string, least: number, most: number): boolean =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most

if (!wholeNumber(values.port, 1, 65_535)) refuse(2, `--port must be a number from 1 to 65535, not "${values.port}"`)
if (!wholeNumber(values.tickets, 1, 10_000_000))
  refuse(2, `--tickets must be a whole number from 1 on, not "${values.tickets}"`)
if (!(await isFree(Number(values.port))))
  refuse(
    1,
    `Port ${values.port} is taken by another program: stop that program, or name another port (npm start -- --port N).`
  )

try {
  const stack = await startStack({ dir: join(values.dir, "stack"), log: say })
  const sandbox =
    values.sandbox && !values["no-sandbox"]
      ? await startSandbox({
          tickets: Number(values.tickets),
          seed: values.seed,
          timeFactor: 60,
          limitFactor: 60,
          realLimits: true
        })
      : undefined
  say(
    `Bridge starts at http://127.0.0.1:${values.port}/api, its documentation at /api/docs (next: README.md, "Run it")`
  )
  if (sandbox !== undefined) {
    const { freshservice, zendesk } = sandbox.credentials
    const { api_token, email, subdomain } = zendesk
    say(`Sandbox at ${sandbox.origin}, its orders at ${sandbox.adminUrl} (docs/sandbox.md); to connect it:`)
    say(`  freshservice  ${JSON.stringify({ domain: freshservice.domain, api_key: freshservice.api_key })}`)
    say(`  zendesk       ${JSON.stringify({ subdomain, email, api_token })}`)
  }
  const code = await runAll({
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    DATABASE_URL: stack.databaseUrl,
    BRIDGE_PORT: values.port,
    BRIDGE_BLOB_DIR: process.env.BRIDGE_BLOB_DIR ?? join(values.dir, "blobs"),
    BRIDGE_KEK_FILE: process.env.BRIDGE_KEK_FILE ?? join(values.dir, "kek"),
    ...(sandbox === undefined
      ? {}
      : { BRIDGE_HOST_MAP: JSON.stringify(sandbox.hostMap), BRIDGE_AUDIT_LAG: "3 seconds" })
  })
  await sandbox?.stop()
  await stack.stop()
  process.exitCode = code
} catch (error) {
  if (!(error instanceof StackError)) throw error
  say(error.message)
  process.exitCode = 1
}
