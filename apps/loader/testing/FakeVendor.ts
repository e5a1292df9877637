// A small vendor over HTTP for the loader's tests: bulk jobs, single writes, look-ups, and every way to lose an answer.
// It is a vendor, not a part of Bridge: what it has accepted is what counts.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Kept {
  readonly id: string
  readonly entity: string
  readonly key: string
  readonly body: Readonly<Record<string, unknown>>
}

interface Job {
  readonly id: string
  readonly records: ReadonlyArray<Record<string, unknown>>
  readonly entity: string
  results: ReadonlyArray<Record<string, unknown>> | null
  polls: number
}

/**
 * What happens to a write: done and answered; done but the socket dies (`lose`); the socket dies and nothing is done (`cut`);
 * refused as over the limit, with too many jobs, or with a server error before or after it was done.
 */
export type Fate = "answer" | "lose" | "cut" | "throttle" | "busy" | "fail" | "fail-after"

export interface FakeVendor {
  readonly origin: string
  readonly kept: Array<Kept>
  readonly calls: Array<string>
  /** Called for every write, before anything is done. */
  fate: (operation: string, body: Record<string, unknown>) => Fate
  /** Called when a request has arrived and when its answer is about to leave. */
  observe: (point: string) => void
  /** Polls that a job stays pending. */
  jobPolls: number
  /** False: the list of jobs is cut and tells nothing. */
  jobsKnown: boolean
  /** The only key that is taken; null: any. */
  key: string | null
  /** Reading this kind is not allowed; empty: reading anything. */
  forbidden: string | null
  /** What it says to a record with `refuse`. */
  refusal: string
  /** How long a token is good. */
  tokenMillis: number
  /** Files by their tokens, as long as no record has named them; and those that records have. */
  readonly files: Map<string, Uint8Array>
  readonly attached: Array<{ readonly key: string; readonly bytes: Uint8Array }>
  /** What each record has beside it, by its id. */
  readonly labels: Map<string, Array<string>>
  readonly stop: () => Promise<void>
}

export const startVendor = async (): Promise<FakeVendor> => {
  const kept: Array<Kept> = []
  const jobs = new Map<string, Job>()
  const calls: Array<string> = []
  let uploads = 0
  const server = createServer((request, response) => {
    void bytesOf(request).then((bytes) => answer(request, response, bytes))
  })
  const vendor: FakeVendor = {
    origin: "",
    kept,
    calls,
    fate: () => "answer",
    observe: () => {},
    jobPolls: 1,
    jobsKnown: true,
    key: null,
    forbidden: null,
    refusal: "Subject: cannot be blank",
    tokenMillis: Number.POSITIVE_INFINITY,
    files: new Map(),
    attached: [],
    labels: new Map(),
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      })
  }

  const create = (entity: string, record: Record<string, unknown>): Record<string, unknown> => {
    const fault = refused(entity, record, vendor) ?? take(record)
    if (fault !== undefined) return fault
    const id = String(1000 + kept.length)
    kept.push({ id, entity, key: String(record["key"] ?? ""), body: record })
    return { id }
  }

  /** Files that a record names are its own from now on; a token is good once. */
  const take = (record: Record<string, unknown>): { code: string; message: string } | undefined => {
    const tokens = Array.isArray(record["files"]) ? record["files"].map(String) : []
    if (tokens.some((token) => !vendor.files.has(token))) return { code: "BadToken", message: "unknown token" }
    for (const token of tokens) {
      vendor.attached.push({ key: String(record["key"] ?? ""), bytes: vendor.files.get(token) ?? new Uint8Array() })
      vendor.files.delete(token)
    }
    return undefined
  }

  const upload = (bytes: Uint8Array): readonly [number, object] => {
    if (Buffer.from(bytes).includes("virus")) return [422, { code: "Refused", message: "not this one" }]
    const token = `token-${++uploads}`
    vendor.files.set(token, bytes)
    if (Number.isFinite(vendor.tokenMillis)) setTimeout(() => vendor.files.delete(token), vendor.tokenMillis)
    return [201, { token }]
  }

  const label = (id: string, name: string): readonly [number, object] => {
    const list = vendor.labels.get(id) ?? []
    if (name.includes("bad") || list.includes(name)) return [422, { code: "Refused", message: `${name} is taken` }]
    vendor.labels.set(id, [...list, name])
    return [201, { name }]
  }

  const run = (job: Job): void => {
    job.results ??= job.records.map((record) => create(job.entity, record))
  }

  const write = (entity: string, body: Record<string, unknown>): readonly [number, object] => {
    const records = body["records"]
    if (Array.isArray(records)) {
      const job: Job = { id: `job-${jobs.size + 1}`, entity, records, results: null, polls: 0 }
      jobs.set(job.id, job)
      return [200, { job: job.id }]
    }
    const made = create(entity, body)
    return "code" in made ? [422, made] : [201, made]
  }

  const read = (url: URL): readonly [number, object] => {
    const [, kind, id] = url.pathname.split("/")
    if (kind === "labels") return [200, { names: vendor.labels.get(id ?? "") ?? [] }]
    if (kind === "jobs" && id !== undefined) {
      const job = jobs.get(id)
      if (job === undefined) return [404, {}]
      if (++job.polls > vendor.jobPolls) run(job)
      return [200, { results: job.results }]
    }
    if (kind === "jobs") {
      for (const job of jobs.values()) if (++job.polls > vendor.jobPolls) run(job)
      return [
        200,
        { known: vendor.jobsKnown, open: [...jobs.values()].filter((j) => j.results === null).map((j) => j.id) }
      ]
    }
    const { searchParams } = url
    const hits = kept.filter(
      (k) =>
        k.entity === kind &&
        (!searchParams.has("key") || k.key === searchParams.get("key")) &&
        (!searchParams.has("name") || k.body["name"] === searchParams.get("name")) &&
        (!searchParams.has("email") || k.body["email"] === searchParams.get("email"))
    )
    return [200, { records: hits.map((k) => ({ id: k.id, key: k.key, ...k.body })) }]
  }

  const answer = (request: IncomingMessage, response: ServerResponse, bytes: Buffer): void => {
    const url = new URL(request.url ?? "/", "http://vendor")
    const raw = url.pathname === "/uploads"
    const body: Record<string, unknown> = raw || bytes.length === 0 ? {} : JSON.parse(bytes.toString("utf8"))
    const operation = `${request.method} ${url.pathname}`
    calls.push(operation)
    vendor.observe(`request ${operation}`)
    if (vendor.key !== null && request.headers["x-key"] !== vendor.key) {
      send(response, 401)
      return
    }
    if (vendor.forbidden !== null && operation.startsWith(`GET /${vendor.forbidden}`)) {
      send(response, 403)
      return
    }
    const fate = request.method === "GET" ? "answer" : vendor.fate(operation, body)
    const die = (): void => void request.socket.destroy()
    const early = {
      cut: die,
      throttle: () => send(response, 429),
      busy: () => send(response, 409),
      fail: () => send(response, 500)
    }
    const before = early[fate as keyof typeof early]
    if (before !== undefined) {
      before()
      return
    }
    const [kind = "", id = ""] = url.pathname.split("/").slice(1)
    const done = () => (raw ? upload(bytes) : kind === "labels" ? label(id, String(body["name"])) : write(kind, body))
    const [status, made] = request.method === "GET" ? read(url) : done()
    vendor.observe(`answer ${operation}`)
    if (fate === "lose") die()
    else send(response, fate === "fail-after" ? 502 : status, made)
  }

  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
  const { port } = server.address() as AddressInfo
  return Object.assign(vendor, { origin: `http://127.0.0.1:${port}` })
}

const refused = (entity: string, record: Record<string, unknown>, { kept, refusal }: FakeVendor) => {
  if (record["refuse"] === true) return { code: "RecordInvalid", message: refusal }
  const email = record["email"]
  const taken = email !== undefined && kept.some((k) => k.entity === entity && k.body["email"] === email)
  return taken ? { code: "DuplicateValue", message: "Email: is already being used" } : undefined
}

const send = (response: ServerResponse, status: number, body: object = {}): void => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify(body))
}

const bytesOf = (request: IncomingMessage): Promise<Buffer> =>
  new Promise((done) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => done(Buffer.concat(chunks)))
    request.on("error", () => {})
  })
