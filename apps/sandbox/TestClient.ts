// For the sandbox's own tests: a sandbox with a clock in hand, and calls to it with the vendors' host names.
import { request } from "node:http"
import { type Sandbox, type SandboxOptions, startSandbox } from "./Sandbox.ts"

/** Whatever JSON may hold: tests look into answers freely. */
type Loose = ReturnType<typeof JSON.parse>

export type Got = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly bytes: Buffer
  readonly body: Loose
}

export type Asked = {
  readonly method?: string
  /** Sent as JSON, unless it is bytes. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly host?: string
}

export type TestSandbox = {
  readonly sandbox: Sandbox
  /** Real milliseconds go on by hand. */
  readonly pass: (millis: number) => void
  readonly now: () => number
  readonly fresh: (path: string, asked?: Asked) => Promise<Got>
  readonly zen: (path: string, asked?: Asked) => Promise<Got>
  readonly admin: (path: string, asked?: Asked) => Promise<Got>
  /** A whole address, at any host, without a key. */
  readonly at: (url: string, asked?: Asked) => Promise<Got>
  /** Lines of an NDJSON answer. */
  readonly lines: (path: string) => Promise<ReadonlyArray<Loose>>
}

export const anchor = "2026-11-01T12:00:00Z"

export const withSandbox = async (
  options: SandboxOptions,
  run: (test: TestSandbox) => Promise<void>
): Promise<void> => {
  let now = Date.parse(anchor)
  const sandbox = await startSandbox({ anchor, now: () => now, limits: false, ...options })
  const { credentials, hosts, origin } = sandbox
  const basic = (user: string, password: string): string =>
    `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
  const freshKey = basic(credentials.freshservice.api_key, "X")
  const zenKey = basic(`${credentials.zendesk.email}/token`, credentials.zendesk.api_token)
  const as =
    (host: string, authorization: string) =>
    (path: string, asked: Asked = {}) =>
      call(origin, path, { ...asked, host: asked.host ?? host, headers: { authorization, ...asked.headers } })
  const admin = (path: string, asked: Asked = {}): Promise<Got> => call(origin, `/_admin/${path}`, asked)
  try {
    await run({
      sandbox,
      pass: (millis) => {
        now += millis
      },
      now: () => now,
      fresh: as(hosts.freshservice, freshKey),
      zen: as(hosts.zendesk, zenKey),
      admin,
      at: (url, asked = {}) => {
        const { host, pathname, search } = new URL(url)
        return call(origin, pathname + search, { ...asked, host })
      },
      lines: async (path) =>
        (await admin(path)).text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line))
    })
  } finally {
    await sandbox.stop()
  }
}

/** An empty `authorization` means none. Rejects when the socket is destroyed. */
const call = (origin: string, path: string, { method, body, headers, host }: Asked): Promise<Got> =>
  new Promise((resolve, reject) => {
    const sent = Object.entries({ ...headers, host: host ?? "localhost" }).filter(([, value]) => value !== "")
    const outgoing = request(
      `${origin}${path}`,
      { method: method ?? (body === undefined ? "GET" : "POST"), headers: Object.fromEntries(sent), agent: false },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("error", reject)
        response.on("end", () => {
          const bytes = Buffer.concat(chunks)
          const text = bytes.toString("utf8")
          const status = response.statusCode ?? 0
          resolve({ status, headers: response.headers as Record<string, string>, text, bytes, body: parsed(text) })
        })
      }
    )
    outgoing.on("error", reject)
    outgoing.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Follows Link until there is none. */
export const allPages = async (
  test: TestSandbox,
  path: string,
  key: string
): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const rows: Array<Record<string, unknown>> = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const got: Got = await test.fresh(next)
    rows.push(...got.body[key])
    const link = /<https:\/\/[^/]+([^>]+)>; rel="next"/.exec(got.headers.link ?? "")
    next = link?.[1]
  }
  return rows
}

/** Polls a job until it is completed, letting real time pass. */
export const jobDone = async (test: TestSandbox, id: string): Promise<ReadonlyArray<Record<string, unknown>>> => {
  for (let tries = 0; tries < 50; tries++) {
    test.pass(1000)
    const { job_status: job } = (await test.zen(`/api/v2/job_statuses/${id}`)).body
    if (job.status === "completed") return job.results
  }
  throw new Error("the job never completed")
}
