// `npm run bench -- memory`: the most memory that each service holds while it moves a whole account with comments from vendor to
// vendor, each in a process of its own; once with a ticket of 5,000 comments and one with a body of 10 MB among the others.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { freePort } from "@bridge/infra/Ports"
import { type Install, install, serviceNames } from "../test/harness/Install.ts"
import { checkout, type Started } from "../test/harness/Processes.ts"
import { approve, connect, isReviewable, jobUntil, migrate, newTenant, Rest } from "../test/harness/Rest.ts"
import type { Outcome } from "./Aims.ts"
import { table } from "./Figures.ts"
import { serviceMemory } from "./ServiceMemory.ts"
import { peakMiB } from "./Usage.ts"

const bodyBytes = 10 * 2 ** 20
const comments = 5_000
const withinMillis = 30 * 60_000

/** Tickets at the source as the sandbox makes them, some three comments each. */
export const memory = async (tickets: number, say: (line: string) => void): Promise<Outcome> => {
  const plain = await peaksOf(tickets, false, say)
  const large = await peaksOf(tickets, true, say)
  const names = [...plain.keys()]
  const row = (name: string, peaks: ReadonlyMap<string, number>) => [
    name,
    ...names.map((service) => String(peaks.get(service) ?? ""))
  ]
  const head = [`${tickets} tickets, peak in MiB`, ...names]
  const rows = [row("as they are", plain), row("with 5,000 comments and 10 MB", large)]
  const aims = [
    ...serviceMemory(Object.fromEntries(plain)),
    ...serviceMemory(Object.fromEntries(large), ", with 5,000 comments and 10 MB")
  ]
  return { text: `${table(head, rows)}\n`, aims }
}

const peaksOf = async (tickets: number, large: boolean, say: (line: string) => void) => {
  const dir = join(checkout, ".bridge", `bench-memory-${process.pid}`)
  const sandboxArgs = ["--no-limits", "--failures", "0", "--attachments", "0", "--no-growth"]
  const bridge = await install({ dir, tickets, seed: "1", timeFactor: 600, sandboxArgs })
  try {
    if (large) await enlarge(bridge)
    const port = await freePort()
    const started = new Map<string, Started>()
    for (const name of serviceNames) started.set(name, await bridge.service(name, port))
    const rest = new Rest(`http://127.0.0.1:${port}`)
    await newTenant(rest, "bench", bridge.operatorToken)
    const { freshservice, zendesk } = bridge.sandbox.credentials
    const source = await connect(rest, "freshservice", freshservice)
    const { api_token, email, subdomain } = zendesk
    const job = await migrate(rest, source, await connect(rest, "zendesk", { subdomain, email, api_token }))
    await jobUntil(rest, job.id, isReviewable, { withinMillis })
    say(`${tickets} tickets${large ? " with large ones among them" : ""}: read`)
    await approve(rest, job.id)
    await jobUntil(rest, job.id, (is) => is.state === "completed" && is.auditComplete, { withinMillis })
    return new Map([...started].map(([name, { pid }]) => [name, peakMiB(pid)]))
  } finally {
    await bridge.stop(true)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Two tickets that will be loaded like all others get a description of 10 MB and thousands of conversations. */
const enlarge = async ({ sandbox }: Install): Promise<void> => {
  const lines = await (await fetch(`${sandbox.adminUrl}/corpus?entity=ticket`)).text()
  const [first, second] = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line): { id: number; deleted?: boolean; spam?: boolean } => JSON.parse(line))
    .filter(({ deleted, spam }) => deleted !== true && spam !== true)
  const change = async (order: object) => {
    const answer = await fetch(`${sandbox.adminUrl}/mutate`, { method: "POST", body: JSON.stringify(order) })
    if (!answer.ok) throw new Error(`the sandbox changes nothing: ${answer.status} ${await answer.text()}`)
  }
  await change({
    ids: [first?.id],
    changes: { description: `<p>${"wide ".repeat(bodyBytes / 5)}</p>` },
    conversations: 0
  })
  await change({ ids: [second?.id], conversations: comments })
}
