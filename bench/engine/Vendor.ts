// A vendor that costs next to nothing: Zendesk's export of tickets as ready-made pages, so that what is measured is who reads
// them. A process of its own. The rows are the sandbox's, brought to the size that was asked for.
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { parseArgs } from "node:util"
import { gzipSync } from "node:zlib"
import { startSandbox } from "@bridge/sandbox/Sandbox"
import { request } from "undici"

interface Row {
  readonly description: string
  readonly custom_fields: ReadonlyArray<object>
  readonly fields: ReadonlyArray<object>
}

interface Answer {
  readonly tickets: ReadonlyArray<Row>
  readonly after_cursor: string | null
  readonly end_of_stream: boolean
}

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "1000" },
    bytes: { type: "string", default: "0" },
    gzip: { type: "boolean", default: false }
  }
})
const target = Number(values.bytes)

const size = (row: object): number => Buffer.byteLength(JSON.stringify(row))
const mean = (rows: ReadonlyArray<object>): number => rows.reduce((sum, row) => sum + size(row), 0) / rows.length

/** All rows get the same change: as many custom fields as there is room for, then more or less text. */
const shaping = (rows: ReadonlyArray<Row>): ((row: Row) => Row) => {
  if (target === 0) return (row) => row
  const most = rows[0]?.custom_fields.length ?? 0
  const kept = (count: number) => (row: Row) => ({
    ...row,
    custom_fields: row.custom_fields.slice(0, count),
    fields: row.fields.slice(0, count)
  })
  let fields = most
  while (fields > 0 && mean(rows.map(kept(fields))) > target) fields--
  const more = Math.round(target - mean(rows.map(kept(fields))))
  return (row) => {
    const { description } = row
    const wanted = Math.max(0, description.length + more)
    const longer = `${description} `.repeat(Math.ceil(wanted / (description.length + 1)))
    return { ...kept(fields)(row), description: longer.slice(0, wanted) }
  }
}

/** Every page as the sandbox's export gives it. */
async function* exported(origin: string, user: string): AsyncGenerator<Answer> {
  const headers = { host: "acme.zendesk.com", authorization: `Basic ${Buffer.from(user).toString("base64")}` }
  for (let place = "start_time=0"; ; ) {
    const { body } = await request(`${origin}/api/v2/incremental/tickets/cursor?${place}&per_page=1000`, { headers })
    const page = (await body.json()) as Answer
    if (page.tickets.length > 0) yield page
    if (page.end_of_stream || page.after_cursor === null) return
    place = `cursor=${encodeURIComponent(page.after_cursor)}`
  }
}

/** The pages' bodies; a cursor is the number of the page it leads to. */
const bodies = async (): Promise<ReadonlyArray<Buffer>> => {
  const sandbox = await startSandbox({ tickets: 10, zendeskTickets: Number(values.records), limits: false })
  const { api_token, email } = sandbox.credentials.zendesk
  let shape: ((row: Row) => Row) | undefined
  const pages: Array<ReadonlyArray<Row>> = []
  for await (const { tickets } of exported(sandbox.origin, `${email}/token:${api_token}`)) {
    shape ??= shaping(tickets)
    pages.push(tickets.map(shape))
  }
  await sandbox.stop()
  return pages.map((tickets, i) => {
    const place = { after_url: null, before_url: null, after_cursor: `p${i + 1}`, before_cursor: `p${i}` }
    const body = Buffer.from(JSON.stringify({ tickets, ...place, end_of_stream: i === pages.length - 1 }))
    return values.gzip ? gzipSync(body) : body
  })
}

const pages = await bodies()

/** Counters that stand still: nothing is limited. */
const limits = { "x-rate-limit": "100000", "x-rate-limit-remaining": "99999" }

const send = (response: ServerResponse, status: number, body: Buffer): void => {
  const encoding = values.gzip && status === 200 ? { "content-encoding": "gzip" } : {}
  const headers = { "content-type": "application/json", "content-length": body.length, ...limits, ...encoding }
  response.writeHead(status, headers).end(body)
}

const server = createServer({ keepAliveTimeout: 75_000 }, (incoming, response) => {
  const url = new URL(incoming.url ?? "/", "http://vendor")
  const cursor = url.searchParams.get("cursor") ?? "p0"
  const page = url.pathname.includes("/incremental/tickets/cursor") ? pages[Number(cursor.slice(1))] : undefined
  if (page === undefined) send(response, 404, Buffer.from(`{"error":"RecordNotFound","description":"Not found"}`))
  else send(response, 200, page)
})
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ ready: true, origin: `http://127.0.0.1:${port}` })}\n`)
})
process.once("SIGTERM", () => process.exit(0))
