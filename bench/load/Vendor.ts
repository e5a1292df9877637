// A destination that costs next to nothing and limits nothing: Zendesk's bulk imports, whose jobs have ended when they are
// first asked about, and single creates. A process of its own. Counts by external id what it was given, per account.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

interface Account {
  readonly keys: Map<string, number>
  /** Records in all bulk calls: more than keys when one came twice. */
  records: number
  calls: number
  first: number
  last: number
  /** Bodies of the first bulk calls, for a bare loop to send again. */
  readonly bodies: Array<Buffer>
}

const keptBodies = 20
const accounts = new Map<string, Account>()
const results = new Map<string, string>()
let ids = 1_000

const accountOf = (request: IncomingMessage): Account => {
  const name = (request.headers.host ?? "").split(".")[0] ?? ""
  const known = accounts.get(name) ?? { keys: new Map(), records: 0, calls: 0, first: 0, last: 0, bodies: [] }
  accounts.set(name, known)
  return known
}

/** Counters that stand still: nothing is limited. */
const limits = { "x-rate-limit": "100000", "x-rate-limit-remaining": "99999" }

/** The keys in the order of the records, without parsing what is around them. */
const keysIn = (body: Buffer): ReadonlyArray<string> =>
  Array.from(body.toString("latin1").matchAll(/"external_id":"([^"]*)"/g), (match) => match[1] ?? "")

const bulk = (account: Account, body: Buffer): string => {
  account.last = Date.now()
  account.first ||= account.last
  account.calls += 1
  if (account.bodies.length < keptBodies) account.bodies.push(body)
  const made = keysIn(body).map((key, index) => {
    ids += 1
    const id = ids
    account.keys.set(key, id)
    account.records += 1
    return `{"index":${index},"id":${id},"action":"create","status":"Created","success":true,"external_id":"${key}"}`
  })
  ids += 1
  const job = `job${ids}`
  const head = `"id":"${job}","url":"https://vendor/api/v2/job_statuses/${job}.json","total":${made.length}`
  results.set(
    job,
    `{"job_status":{${head},"progress":${made.length},"status":"completed","results":[${made.join(",")}]}}`
  )
  return `{"job_status":{${head},"progress":0,"status":"queued","results":null}}`
}

const told = ({ calls, first, keys, last, records }: Account): string =>
  JSON.stringify({ calls, first, last, records, distinct: keys.size })

interface Reply {
  readonly status: number
  readonly text: string
  readonly headers?: Record<string, string>
}

const written = (request: IncomingMessage, path: string, body: Buffer): Reply => {
  if (path.endsWith("_many")) return { status: 200, text: bulk(accountOf(request), body) }
  const [, kind = "row"] = /\/api\/v2\/(?:imports\/)?([a-z_]+?)s?$/.exec(path) ?? []
  ids += 1
  if (kind === "upload") return { status: 201, text: `{"upload":{"token":"t${ids}","attachment":{"id":${ids}}}}` }
  return { status: 201, text: `{"${kind}":{"id":${ids}}}`, headers: { location: `https://vendor${path}/${ids}` } }
}

const read = (request: IncomingMessage, { pathname: path, searchParams }: URL): Reply => {
  const job = /^\/api\/v2\/job_statuses\/(.+)$/.exec(path)?.[1]
  if (job !== undefined) return { status: results.has(job) ? 200 : 404, text: results.get(job) ?? "{}" }
  if (path === "/stats") return { status: 200, text: told(accountOf(request)) }
  if (path === "/body") {
    const kept = accountOf(request).bodies[Number(searchParams.get("number"))]
    return { status: kept === undefined ? 404 : 200, text: kept?.toString("utf8") ?? "{}" }
  }
  const list = path.split("/")[3] ?? "rows"
  return {
    status: 200,
    text: `{"${list}":[],"job_statuses":[],"meta":{"has_more":false},"links":{"next":null},"count":0}`
  }
}

const answer = (request: IncomingMessage, body: Buffer, response: ServerResponse): void => {
  const url = new URL(request.url ?? "/", "http://vendor")
  const reply = request.method === "GET" ? read(request, url) : written(request, url.pathname, body)
  const length = { "content-type": "application/json", "content-length": String(Buffer.byteLength(reply.text)) }
  response.writeHead(reply.status, { ...length, ...limits, ...reply.headers }).end(reply.text)
}

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const parts: Array<Buffer> = []
  request.on("data", (part: Buffer) => parts.push(part))
  request.on("end", () => answer(request, Buffer.concat(parts), response))
})
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ ready: true, origin: `http://127.0.0.1:${port}` })}\n`)
})
process.once("SIGTERM", () => process.exit(0))
