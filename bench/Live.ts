// `npm run bench -- live`: how long after a page was stored the client of /api/live knows of it. For main.ts.

import { startApi } from "@bridge/api/TestApi"
import { archived, stored } from "@bridge/api/TestReview"
import type { JobView } from "@bridge/contract/Jobs"
import type { LiveMessage } from "@bridge/contract/Live"
import { WebSocket } from "ws"
import { type Aim, atMost, type Outcome } from "./Aims.ts"
import { table, thousands } from "./Figures.ts"

const pages = 200
/** Tickets that the job has already: counting them is part of every look. */
const sizes = [0, 20_000, 100_000]
const batchRows = 500

export const live = async (): Promise<Outcome> => {
  const api = await startApi()
  try {
    const tenant = await api.tenant("live")
    const [source, destination] = await api.connections(tenant)
    const rows: Array<ReadonlyArray<string>> = []
    const aims: Array<Aim> = []
    for (const size of sizes) {
      const { body: job } = await tenant.post<JobView>("/api/migrations", { source, destination })
      for (let n = 0; n < size / batchRows; n++)
        await archived(
          api,
          tenant,
          job.id,
          n,
          Array.from({ length: batchRows }, (_, i) => seed(n * batchRows + i))
        )
      await api.owner((sql) => sql`analyze`)
      const waits = await watched(api, tenant, job.id, size / batchRows)
      const at = (part: number) => waits[Math.max(0, Math.ceil(waits.length * part) - 1)] ?? Number.NaN
      rows.push([thousands(size), ...[0.5, 0.95, 0.99, 1].map((part) => at(part).toFixed(0))])
      aims.push(atMost(`95 of 100 with ${thousands(size)} tickets in the job`, at(0.95), 300, "ms"))
    }
    return { text: `${table(["tickets in the job", "p50 ms", "p95 ms", "p99 ms", "most ms"], rows)}\n`, aims }
  } finally {
    await api.stop()
  }
}

type Api = Awaited<ReturnType<typeof startApi>>
type Caller = Awaited<ReturnType<Api["tenant"]>>

const seed = (n: number) => ({ id: String(n + 1), subject: `Ticket ${n + 1}` })

/** Milliseconds from each commit to the message that counts it, sorted. */
const watched = async (api: Api, tenant: Caller, jobId: string, first: number): Promise<ReadonlyArray<number>> => {
  const socket = new WebSocket(`${api.origin.replace("http", "ws")}/api/live`, {
    headers: { authorization: `Bearer ${tenant.token}` }
  })
  await new Promise<void>((opened) => socket.on("open", () => opened()))
  const heard: Array<{ readonly at: number; readonly rows: number }> = []
  socket.on("message", (bytes) => {
    const message = JSON.parse(String(bytes)) as LiveMessage
    const rows = "job" in message ? message.job.entities.find((e) => e.entity === "ticket")?.extracted : undefined
    if (rows !== undefined) heard.push({ at: performance.now(), rows })
  })
  socket.send(JSON.stringify({ type: "subscribe", jobs: [jobId] }))
  await until(() => heard.length > 0)
  const before = heard[0]?.rows ?? 0
  const commits: Array<number> = []
  for (let page = 0; page < pages; page++) {
    await stored(api, tenant.tenantId, jobId, first + page, 1, "sent")
    commits.push(performance.now())
    await api.progress(tenant.tenantId, jobId, 1)
    await new Promise((later) => setTimeout(later, 20 + 13 * (page % 11)))
  }
  await until(() => (heard.at(-1)?.rows ?? 0) >= before + pages)
  socket.close()
  return commits
    .map((at, page) => (heard.find((h) => h.rows > before + page)?.at ?? Number.POSITIVE_INFINITY) - at)
    .toSorted((a, b) => a - b)
}

const until = async (test: () => boolean): Promise<void> => {
  for (let tries = 0; !test(); tries++) {
    if (tries > 3_000) throw new Error("the socket says nothing")
    await new Promise((later) => setTimeout(later, 10))
  }
}
