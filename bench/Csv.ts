// `npm run bench -- csv`: a review CSV over HTTP from an api in a process of its own, rows per second and the memory it takes.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { archived } from "@bridge/api/TestReview"
import { freePort } from "@bridge/infra/Ports"
import { asTenant, layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"
import { SqlClient } from "effect/sql"
import { type Install, install } from "../test/harness/Install.ts"
import { checkout } from "../test/harness/Processes.ts"
import { connect, migrate, newTenant, Rest } from "../test/harness/Rest.ts"
import { atLeast, atMost, type Outcome } from "./Aims.ts"
import { median, table, thousands } from "./Figures.ts"
import { serviceMemory } from "./ServiceMemory.ts"
import { cpuMicros, heldMiB, peakMiB } from "./Usage.ts"

const batchRows = 500
const lookMillis = 50

export const csv = async (records: number, runs: number): Promise<Outcome> => {
  const dir = join(checkout, ".bridge", `bench-csv-${process.pid}`)
  const bridge = await install({ dir, tickets: 10, seed: "1", timeFactor: 600 })
  try {
    const port = await freePort()
    const { pid } = await bridge.service("api", port)
    const rest = new Rest(`http://127.0.0.1:${port}`)
    const job = await jobOf(bridge, rest, records)
    const read = () => download(`${rest.origin}/api/jobs/${job}/download/csv/tickets`, rest.token, pid)
    await read()
    const results: Array<Awaited<ReturnType<typeof download>>> = []
    for (let run = 0; run < runs; run++) results.push(await read())
    for (const { lines } of results)
      if (lines !== records + 1) throw new Error(`${lines} lines instead of ${records + 1}`)
    const of = (value: (r: (typeof results)[number]) => number) => median(results.map(value))
    const rate = of((r) => records / r.seconds)
    const cells = [
      thousands(records),
      thousands(rate),
      of((r) => r.micros / records).toFixed(1),
      (of((r) => r.bytes) / 2 ** 20).toFixed(0),
      of((r) => r.early).toFixed(0),
      of((r) => r.late).toFixed(0)
    ]
    const head = [
      "tickets",
      "rows/s",
      "CPU us/row of the api",
      "MiB",
      "memory in the first tenth, MiB",
      "in the last, MiB"
    ]
    const growth = of((r) => r.late / r.early)
    const aims = [
      atLeast("a review CSV", rate, 20_000, "rows/s"),
      atMost("memory in the last tenth of it, of that in the first", growth, 1.3, "times"),
      ...serviceMemory({ api: peakMiB(pid) })
    ]
    return { text: `${table(head, [cells])}\n`, aims }
  } finally {
    await bridge.stop(true)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A job whose tickets are archived: nothing but the api runs. */
const jobOf = async (bridge: Install, rest: Rest, records: number): Promise<string> => {
  const { tenantId } = await newTenant(rest, "csv", bridge.operatorToken)
  const { freshservice, zendesk } = bridge.sandbox.credentials
  const source = await connect(rest, "freshservice", freshservice)
  const { api_token, email, subdomain } = zendesk
  const { id } = await migrate(rest, source, await connect(rest, "zendesk", { subdomain, email, api_token }))
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ ...bridge.env, BRIDGE_SERVICE: "bench" }))
  const runtime = ManagedRuntime.make(Layer.provide(postgres, env))
  const sql = <A extends object>(
    tenant: string,
    query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>
  ) => runtime.runPromise(asTenant(tenant)(Effect.flatMap(SqlClient.SqlClient, query)))
  try {
    for (let n = 0; n * batchRows < records; n++) {
      const rows = Math.min(batchRows, records - n * batchRows)
      const tickets = Array.from({ length: rows }, (_, i) => seed(n * batchRows + i))
      await archived({ sql }, { tenantId }, id, n, tickets)
    }
    return id
  } finally {
    await runtime.dispose()
  }
}

const seed = (n: number) => ({
  id: String(n + 1),
  subject: `Printer ${n + 1} on floor ${n % 9} says "paper jam", again`,
  description: `<p>${"It stops, and nobody knows why. ".repeat(25)}</p>`
})

/** Reads to the end, and looks at the process that writes. */
const download = async (url: string, token: string, pid: number) => {
  const micros = () => cpuMicros({ api: [pid] })["api"] ?? 0
  const before = micros()
  const began = performance.now()
  const memory: Array<number> = []
  const looking = setInterval(() => memory.push(heldMiB(pid)), lookMillis)
  let [bytes, lines] = [0, 0]
  try {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    for await (const chunk of answer.body ?? new ReadableStream<Uint8Array>()) {
      bytes += chunk.length
      lines += newlines(chunk)
    }
  } finally {
    clearInterval(looking)
  }
  const seconds = (performance.now() - began) / 1000
  const tenth = Math.ceil(memory.length / 10)
  const [early, late] = [Math.max(...memory.slice(0, tenth)), Math.max(...memory.slice(-tenth))]
  return { seconds, micros: micros() - before, bytes, lines, early, late }
}

const newlines = (chunk: Uint8Array): number => {
  let count = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++
  return count
}
