// `npm run bench -- csv`: a review CSV over HTTP, rows per second and the memory it takes. For main.ts.

import { startApi } from "@bridge/api/TestApi"
import { archived } from "@bridge/api/TestReview"
import type { JobView } from "@bridge/contract/Jobs"
import { atLeast, atMost, type Outcome } from "./Aims.ts"
import { median, table, thousands } from "./Figures.ts"

const batchRows = 500

export const csv = async (records: number, runs: number): Promise<Outcome> => {
  const api = await startApi()
  try {
    const tenant = await api.tenant("csv")
    const [source, destination] = await api.connections(tenant)
    const { body: job } = await tenant.post<JobView>("/api/migrations", { source, destination })
    for (let n = 0; n < records / batchRows; n++)
      await archived(
        api,
        tenant,
        job.id,
        n,
        Array.from({ length: batchRows }, (_, i) => seed(n * batchRows + i))
      )
    await api.owner((sql) => sql`analyze`)
    const read = () => download(`${api.origin}/api/jobs/${job.id}/download/csv/tickets`, String(tenant.token))
    await read()
    const results: Array<Awaited<ReturnType<typeof download>>> = []
    for (let run = 0; run < runs; run++) results.push(await read())
    for (const { lines } of results)
      if (lines !== records + 1) throw new Error(`${lines} lines instead of ${records + 1}`)
    const of = (value: (r: (typeof results)[number]) => number) => median(results.map(value))
    const rate = of((r) => records / r.seconds)
    const text = table(
      ["tickets", "rows/s", "CPU us/row", "MiB", "memory at a tenth, MiB", "at the end, MiB"],
      [
        [
          thousands(records),
          thousands(rate),
          of((r) => r.micros / records).toFixed(1),
          (of((r) => r.bytes) / 2 ** 20).toFixed(0),
          of((r) => r.early).toFixed(0),
          of((r) => r.late).toFixed(0)
        ]
      ]
    )
    const aims = [
      atLeast("a review CSV", rate, 20_000, "rows/s"),
      atMost(
        "memory at the end of it, of that at a tenth",
        of((r) => r.late / r.early),
        1.3,
        "times"
      )
    ]
    return { text: `${text}\n`, aims }
  } finally {
    await api.stop()
  }
}

const seed = (n: number) => ({
  id: String(n + 1),
  subject: `Printer ${n + 1} on floor ${n % 9} says "paper jam", again`,
  description: `<p>${"It stops, and nobody knows why. ".repeat(25)}</p>`
})

/** Reads to the end; api and reader are one process, so CPU and memory are of both. */
const download = async (url: string, token: string) => {
  const before = process.cpuUsage()
  const began = performance.now()
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const memory: Array<number> = []
  let [bytes, lines] = [0, 0]
  for await (const chunk of answer.body ?? new ReadableStream<Uint8Array>()) {
    bytes += chunk.length
    lines += newlines(chunk)
    memory.push(process.memoryUsage.rss() / 2 ** 20)
  }
  const { system, user } = process.cpuUsage(before)
  const seconds = (performance.now() - began) / 1000
  const tenth = memory.slice(0, Math.ceil(memory.length / 10))
  return { seconds, micros: user + system, bytes, lines, early: Math.max(...tenth), late: memory.at(-1) ?? 0 }
}

const newlines = (chunk: Uint8Array): number => {
  let count = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++
  return count
}
