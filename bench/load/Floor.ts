// The floor under loading: a bare loop that sends the same bulk calls and asks what became of them, eight at a time. A process
// of its own. The records of earlier calls get new keys, so that each body is built as a loader builds it.
import { parseArgs } from "node:util"
import { request } from "undici"

const { values } = parseArgs({
  options: {
    origin: { type: "string", default: "" },
    account: { type: "string", default: "" },
    records: { type: "string", default: "0" }
  }
})
const inFlight = 8

interface Body {
  readonly tickets: ReadonlyArray<Readonly<Record<string, unknown>>>
}

const ask = async (path: string, account: string, body?: string): Promise<unknown> => {
  const answer = await request(`${values.origin}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { host: `${account}.zendesk.com`, "content-type": "application/json" },
    ...(body !== undefined && { body })
  })
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode}`)
  return answer.body.json()
}

const bodies = await Promise.all(
  Array.from({ length: 20 }, (_, number) => ask(`/body?number=${number}`, values.account) as Promise<Body>)
)
const wanted = Number(values.records)
let sent = 0
let finished = 0
let next = 0

const send = async (): Promise<void> => {
  while (sent < wanted) {
    const { tickets } = bodies[next++ % bodies.length] ?? { tickets: [] }
    const from = sent
    sent += tickets.length
    const body = JSON.stringify({ tickets: tickets.map((one, i) => ({ ...one, external_id: `floor-${from + i}` })) })
    const made = (await ask("/api/v2/imports/tickets/create_many", "floor", body)) as { job_status: { id: string } }
    const end = (await ask(`/api/v2/job_statuses/${made.job_status.id}`, "floor")) as {
      job_status: { results: ReadonlyArray<{ id: number }> }
    }
    finished += end.job_status.results.length
  }
}

const began = performance.now()
await Promise.all(Array.from({ length: inFlight }, send))
process.stdout.write(`${JSON.stringify({ records: finished, seconds: (performance.now() - began) / 1000 })}\n`)
