// How many records a second Bridge loads into a destination that limits nothing: an approved job, the real loader, Kafka and
// PostgreSQL with everything else on this machine. Each run is checked before it counts.
import { execFile } from "node:child_process"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { request } from "undici"
import { install } from "../../test/harness/Install.ts"
import { checkout, type Started, start } from "../../test/harness/Processes.ts"
import { rootsOf, serviceEnv, startVendor } from "../engine/Parts.ts"
import { makeSource, type Source } from "../engine/Source.ts"
import { median } from "../Figures.ts"
import { cpuMicros, peakMiB, type Roots } from "../Usage.ts"
import { until } from "../Waiting.ts"

export interface LoadOptions {
  readonly records: number
  readonly runs: number
  readonly bytes: number
  readonly profile: string | undefined
  readonly say: (line: string) => void
}

/** Records a second, and CPU microseconds a record by process. */
export interface LoadRun {
  readonly floor: number
  /** From the first bulk call to the last, as the vendor saw them. */
  readonly dispatched: number
  /** From the first batch being released until the phase was done. */
  readonly finished: number
  readonly cpu: Readonly<Record<string, number>>
}

export interface LoadResult extends LoadRun {
  readonly rssMiB: number
}

interface Seen {
  readonly calls: number
  readonly first: number
  readonly last: number
  readonly records: number
  readonly distinct: number
}

const execute = promisify(execFile)

/** Sets everything up, measures, takes everything down. */
export const load = async (o: LoadOptions): Promise<LoadResult> => {
  const dir = join(checkout, ".bridge", `bench-load-${process.pid}`)
  const destination = await start({
    name: "destination",
    file: "bench/load/Vendor.ts",
    logFile: join(dir, "logs", "destination.log")
  })
  const origin = String(destination.ready["origin"])
  const vendor = await startVendor(dir, { records: o.records, bytes: o.bytes, gzip: false })
  const bridge = await install({
    dir,
    tickets: 10,
    seed: "1",
    timeFactor: 1,
    env: {
      ...serviceEnv(vendor.origin, o.profile),
      BRIDGE_HOST_MAP: JSON.stringify({ "acme.zendesk.com": vendor.origin, "*.zendesk.com": origin }),
      // What was loaded is compared with the vendor's own count here; nothing is read back.
      BRIDGE_AUDIT_LAG: "1 hour"
    }
  })
  try {
    const { process: services } = await bridge.services("bridge")
    const source = await makeSource(bridge)
    try {
      const roots = { ...rootsOf(bridge, vendor, [services]), destination: [destination.pid] }
      return await measure({ ...o, origin, source, roots, services })
    } finally {
      await source.close()
      // A CPU profile takes its time to be written.
      await services.stop(60_000)
    }
  } finally {
    await bridge.stop(true)
    await Promise.all([vendor.process.stop(), destination.stop()])
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Bench extends LoadOptions {
  readonly origin: string
  readonly source: Source
  readonly roots: Roots
  readonly services: Started
}

const measure = async (bench: Bench): Promise<LoadResult> => {
  const runs: Array<LoadRun> = []
  for (let i = 0; i <= bench.runs; i++) {
    const one = await run(bench, `run${i}`, i === 0 ? undefined : "run0")
    bench.say(`${i === 0 ? "warm-up" : `run ${i}`}: ${words(one)}`)
    if (i > 0) runs.push(one)
  }
  const of = (figure: (one: LoadRun) => number): number => median(runs.map(figure))
  return {
    floor: of((one) => one.floor),
    dispatched: of((one) => one.dispatched),
    finished: of((one) => one.finished),
    cpu: Object.fromEntries(Object.keys(runs[0]?.cpu ?? {}).map((name) => [name, of(({ cpu }) => cpu[name] ?? 0)])),
    rssMiB: peakMiB(bench.services.pid)
  }
}

/** One job read, settled and then loaded into an account that nothing was ever loaded into. */
const run = async (bench: Bench, account: string, before: string | undefined): Promise<LoadRun> => {
  const { records, roots, source } = bench
  const job = await source.newJob(account)
  await until(source, job, `state in ('data_ready', 'validation_pending') and ${tallied("raw", records)}`)
  const floor = before === undefined ? 0 : await floorRate(bench, before)
  const started = cpuMicros(roots)
  const told = await source.written("loaded")
  await source.rows(
    (sql) => sql`update jobs set options = options || '{"requireApproval": false}' where id = ${job}::uuid`
  )
  await until(source, job, `exists (select 1 from load_phases p where p.job_id = j.id and p.done)`)
  const ended = cpuMicros(roots)
  const { approved, seconds } = await loadedOf(source, job)
  await until(source, job, `state = 'completed' and ${tallied("loaded", approved)}`)
  const seen = await seenBy(bench.origin, account)
  await check(source, job, approved, seen, (await source.written("loaded")) - told)
  return {
    floor,
    dispatched: approved / ((seen.last - seen.first) / 1000),
    finished: approved / seconds,
    cpu: Object.fromEntries(
      Object.entries(ended).map(([name, micros]) => [name, (micros - (started[name] ?? 0)) / approved])
    )
  }
}

const tallied = (stage: "raw" | "loaded", rows: number) =>
  `(select sum(cardinality(t.ids)) from tallies t where t.job_id = j.id and t.stage = '${stage}') >= ${rows}`

/** Deleted tickets are left out, so fewer are approved than read. */
const loadedOf = async (source: Source, job: string) => {
  const [row] = await source.rows<{ approved: number; seconds: number }>(
    (sql) => sql`select (j.approval->'counts'->>'ticket')::int as approved, (select extract(epoch from max(updated_at)
        - min(created_at))::float8 from load_batches b where b.job_id = j.id) as seconds
      from jobs j where id = ${job}::uuid`
  )
  return row ?? { approved: 0, seconds: 0 }
}

const seenBy = async (origin: string, account: string): Promise<Seen> => {
  const { body } = await request(`${origin}/stats`, { headers: { host: `${account}.zendesk.com` } })
  return (await body.json()) as Seen
}

const floorRate = async ({ origin, records }: Bench, account: string): Promise<number> => {
  const file = join(checkout, "bench/load/Floor.ts")
  const args = [file, "--origin", origin, "--account", account, "--records", String(records)]
  const { stdout } = await execute(process.execPath, args)
  const ran = JSON.parse(stdout) as { readonly records: number; readonly seconds: number }
  return ran.records / ran.seconds
}

/** Nothing lost and nothing twice: at the vendor, in the ledger, in the outcomes, on the topic. */
const check = async (source: Source, job: string, approved: number, seen: Seen, told: number): Promise<void> => {
  const [books] = await source.rows<{ ledger: number; ids: number; outcomes: number }>(
    (sql) => sql`select count(*)::int as ledger, count(distinct l.destination_id)::int as ids,
        (select count(*)::int from job_record_outcomes o where o.job_id = ${job}::uuid and o.outcome = 'created') as outcomes
      from load_ledger l where l.created_job = ${job}::uuid and l.entity = 'ticket' and l.state = 'created'`
  )
  const counts = { vendor: seen.records, distinct: seen.distinct, topic: told, ...books }
  for (const [what, count] of Object.entries(counts))
    if (approved === 0 || count !== approved)
      throw new Error(`${what}: ${count} of ${approved}. This run has no result.`)
}

const words = ({ cpu, dispatched, finished, floor }: LoadRun): string =>
  `floor ${Math.round(floor)}/s, dispatched ${Math.round(dispatched)}/s, finished ${Math.round(finished)}/s (${Object.entries(
    cpu
  )
    .map(([name, micros]) => `${name} ${micros.toFixed(0)}`)
    .join(", ")} us CPU a record)`
