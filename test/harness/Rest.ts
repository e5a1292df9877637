// A client of the REST API as a customer would write one: fetch and JSON. For the demo and the system tests.
import type { JobView } from "@bridge/contract/Jobs"
import type { JobProgress } from "@bridge/contract/Live"
import type { LoadingResults, Summary } from "@bridge/contract/Review"

export interface Reply<A = unknown> {
  readonly status: number
  readonly body: A
  readonly type: string
}

/** An answer that was not expected, with what the server said. */
export class Unexpected extends Error {
  readonly reply: Reply
  constructor(what: string, reply: Reply) {
    super(`${what}: ${reply.status} ${JSON.stringify(reply.body)}`)
    this.reply = reply
  }
}

export class Rest {
  readonly origin: string
  token = ""
  constructor(origin: string) {
    this.origin = origin
  }

  async ask<A = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<Reply<A>> {
    const answer = await fetch(this.origin + path, {
      method,
      headers: {
        ...(this.token === "" ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const type = answer.headers.get("content-type") ?? ""
    const text = await answer.text()
    return { status: answer.status, type, body: (type.includes("json") && text !== "" ? JSON.parse(text) : text) as A }
  }

  /** The body of a 2xx answer; anything else is Unexpected. Calls that cannot connect are tried again for `patienceMillis`. */
  async get<A>(path: string, patienceMillis = 0): Promise<A> {
    const until = Date.now() + patienceMillis
    for (;;) {
      try {
        return expectOk(`GET ${path}`, await this.ask<A>("GET", path))
      } catch (error) {
        if (error instanceof Unexpected && error.reply.status < 500) throw error
        if (Date.now() >= until) throw error
        await new Promise((later) => setTimeout(later, 200))
      }
    }
  }

  async post<A>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<A> {
    return expectOk(`POST ${path}`, await this.ask<A>("POST", path, body, headers))
  }

  async login(email: string, password: string): Promise<void> {
    this.token = (await this.post<{ accessToken: string }>("/api/login", { email, password })).accessToken
  }
}

const expectOk = <A>(what: string, reply: Reply<A>): A => {
  if (reply.status >= 200 && reply.status < 300) return reply.body
  throw new Unexpected(what, reply)
}

export interface Login {
  readonly tenantId: string
  readonly email: string
  readonly password: string
}

/** A tenant with its admin, logged in on `rest`. */
export const newTenant = async (rest: Rest, slug: string, operatorToken: string): Promise<Login> => {
  const email = `admin@${slug}.example`
  const password = `correct horse ${slug}`
  const tenant = await rest.post<{ id: string }>(
    "/api/tenants",
    { slug, name: slug, admin: { email, password } },
    { authorization: `Bearer ${operatorToken}` }
  )
  await rest.login(email, password)
  return { tenantId: tenant.id, email, password }
}

export const connect = async (rest: Rest, vendor: string, config: unknown): Promise<string> =>
  (await rest.post<{ id: string }>("/api/connectors", { vendor, name: vendor, config })).id

export const migrate = (
  rest: Rest,
  source: string,
  destination: string,
  more: Readonly<Record<string, unknown>> = {}
): Promise<JobView> => rest.post<JobView>("/api/migrations", { source, destination, ...more })

export interface WatchOptions {
  readonly withinMillis: number
  readonly onProgress?: (job: JobView) => void | Promise<void>
  /** How long the API may be away (it is being killed). */
  readonly patienceMillis?: number
}

/** Polls a job until `done`; a failed or cancelled job is an error unless `done` takes it. */
export const jobUntil = async (
  rest: Rest,
  id: string,
  done: (job: JobView) => boolean,
  o: WatchOptions
): Promise<JobView> => {
  const until = Date.now() + o.withinMillis
  for (;;) {
    const job = await rest.get<JobView>(`/api/jobs/${id}`, o.patienceMillis ?? 0)
    await o.onProgress?.(job)
    if (done(job)) return job
    if (job.state === "failed" || job.state === "cancelled")
      throw new Error(`job ${id} ended as ${job.state}: ${JSON.stringify(job.error)}`)
    if (Date.now() > until) throw new Error(`job ${id} is still ${job.state} after ${o.withinMillis / 1000} s`)
    await new Promise((later) => setTimeout(later, 250))
  }
}

export const isReviewable = (job: JobView): boolean => job.state === "data_ready" || job.state === "validation_pending"

/** Approves what the summary says now. */
export const approve = async (rest: Rest, id: string): Promise<Summary> => {
  const summary = await rest.get<Summary>(`/api/jobs/${id}/extraction-summary`)
  if (summary.approval === null) throw new Error("the summary has nothing to approve yet")
  await rest.post(`/api/jobs/${id}/approve-loading`, summary.approval)
  return summary
}

export const results = (rest: Rest, id: string): Promise<typeof LoadingResults.Type> =>
  rest.get(`/api/jobs/${id}/loading-results`)

/** Follows the event stream of a job until it ends; calls `seen` for every event. */
export const follow = async (
  rest: Rest,
  id: string,
  seen: (event: string, progress: JobProgress) => void,
  signal: AbortSignal
): Promise<void> => {
  const answer = await fetch(`${rest.origin}/api/jobs/${id}/progress-stream`, {
    headers: { authorization: `Bearer ${rest.token}` },
    signal
  })
  if (!answer.ok || answer.body === null) throw new Error(`progress-stream: ${answer.status}`)
  let rest_ = ""
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    rest_ += chunk
    for (let end = rest_.indexOf("\n\n"); end >= 0; end = rest_.indexOf("\n\n")) {
      const lines = rest_.slice(0, end).split("\n")
      rest_ = rest_.slice(end + 2)
      const event =
        lines
          .find((l) => l.startsWith("event:"))
          ?.slice(6)
          .trim() ?? "message"
      const data = lines
        .filter((l) => l.startsWith("data:"))
        .map((l) => l.slice(5).trim())
        .join("\n")
      if (data !== "") seen(event, JSON.parse(data) as JobProgress)
    }
  }
}
