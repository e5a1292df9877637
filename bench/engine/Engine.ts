// How many records a second Bridge moves from a vendor's page into its raw topic, and on into archive and normalized topic:
// durable servers, all services, the auditor too, everything on this machine. Each run is checked before it counts.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { type Install, install, serviceNames } from "../../test/harness/Install.ts"
import { checkout, type Started } from "../../test/harness/Processes.ts"
import { median } from "../Figures.ts"
import { cpuMicros, peakMiB, type Roots } from "../Usage.ts"
import { until } from "../Waiting.ts"
import { checkArchive, checkTopic, type Expected } from "./Check.ts"
import { floor, rootsOf, serviceEnv, startVendor, type Vendor } from "./Parts.ts"
import { makeSources, type TenantSource } from "./Source.ts"

export interface EngineOptions {
  readonly records: number
  readonly runs: number
  /** Bytes of a row; 0 leaves the rows as the sandbox makes them. */
  readonly bytes: number
  /** The vendor's answers are compressed, as real ones are. */
  readonly gzip: boolean
  /** What is measured beside the floor; both when absent. */
  readonly only: "topic" | "archive" | undefined
  /** Every service in a process of its own for page to archive, as in production; else all in one. */
  readonly apart: boolean
  /** Who has the tickets, each of them an equal part, all at the same time. More than one: page to archive only. */
  readonly tenants: number
  /** Page to archive counts until the job can be reviewed: of many tenants some are settled while others are read. */
  readonly settled?: boolean
  /** Folder for CPU profiles of the services. */
  readonly profile: string | undefined
  readonly say: (line: string) => void
}

export type Micros = Readonly<Record<string, number>>

/** A run: records per second, and CPU microseconds per record by process. */
export interface Run {
  readonly rate: number
  readonly cpu: Micros
}

export interface EngineResult {
  readonly expected: Expected
  readonly floor: number
  readonly pageToTopic: Run | undefined
  readonly pageToArchive: Run | undefined
  readonly settleSeconds: number | undefined
  readonly rssMiB: Readonly<Record<string, number>>
}

/** Sets everything up, measures, takes everything down. */
export const engine = async (o: EngineOptions): Promise<EngineResult> => {
  const dir = join(checkout, ".bridge", `bench-${process.pid}`)
  const vendor = await startVendor(dir, { ...o, records: Math.ceil(o.records / o.tenants) })
  const bridge = await install({
    dir,
    tickets: 10,
    seed: "1",
    timeFactor: 1,
    env: serviceEnv(vendor.origin, o.profile)
  }).catch(async (error: unknown) => {
    await vendor.process.stop()
    throw error
  })
  try {
    const expected = await floor<Expected>(vendor, dir, true)
    o.say(
      `${expected.rows} tickets of ${expected.bytesPerRow} bytes at the source${o.tenants === 1 ? "" : ` of each of ${o.tenants} tenants`}`
    )
    const services = await startServices(bridge, o.apart)
    const { close, sources } = await makeSources(bridge, o.tenants)
    const bench: Bench = { ...o, bridge, vendor, sources, expected, dir }
    try {
      const archive = o.only === "topic" ? await stopAll(services) : await measureArchive(bench, services)
      const topic = o.only === "archive" ? undefined : await measureTopic(bench)
      return {
        expected,
        floor: median([...(archive?.floors ?? []), ...(topic?.floors ?? [])]),
        pageToArchive: archive?.run,
        settleSeconds: archive?.settleSeconds,
        pageToTopic: topic?.run,
        rssMiB: { ...archive?.rssMiB, ...topic?.rssMiB }
      }
    } finally {
      await close()
    }
  } finally {
    await bridge.stop(true)
    await vendor.process.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Bench extends EngineOptions {
  readonly dir: string
  readonly bridge: Install
  readonly vendor: Vendor
  readonly sources: ReadonlyArray<TenantSource>
  readonly expected: Expected
}

const measureArchive = async (bench: Bench, services: Services) => {
  const { bridge, expected, runs: count, say, sources, vendor } = bench
  const roots = rootsOf(bridge, vendor, Object.values(services))
  const floors: Array<number> = []
  const runs: Array<Run> = []
  const settling: Array<number> = []
  try {
    for (let i = 0; i <= count; i++) {
      const bare = await floorRate(bench)
      const before = await written(sources)
      const { jobs, run } = await timed(sources, roots, expected.rows, bench.settled === true ? settledToo : archived)
      const waiting = Date.now()
      for (const { job, source } of jobs) await until(source, job, settled)
      const settleSeconds = (Date.now() - waiting) / 1000
      const messages = (await written(sources)) - before
      for (const { job, source } of jobs) {
        await checkArchive(source, job, expected, messages / jobs.length)
        await cancel(source, job)
      }
      say(
        `${i === 0 ? "warm-up" : `run ${i}`}: floor ${perSecond(bare)}, page to archive ${words(run)}, settled in ${settleSeconds.toFixed(1)} s`
      )
      if (i === 0) continue
      floors.push(bare)
      runs.push(run)
      settling.push(settleSeconds)
    }
    return {
      floors,
      run: middle(runs),
      settleSeconds: median(settling),
      rssMiB: { ...peaks(services), kafka: peakMiB(roots["kafka"]?.[0] ?? 0) }
    }
  } finally {
    await stopAll(services)
  }
}

/** The processes that work, by name. */
type Services = Readonly<Record<string, Started>>

/** All of them in one process, or each in one of its own. */
const startServices = async (bridge: Install, apart: boolean): Promise<Services> => {
  if (!apart) return { services: (await bridge.services("bridge")).process }
  const started: Array<readonly [string, Started]> = []
  for (const name of serviceNames) started.push([name, await bridge.service(name)])
  return Object.fromEntries(started)
}

const stopAll = async (services: Services): Promise<undefined> => {
  await Promise.all(Object.values(services).map((one) => one.stop()))
}

const peaks = (services: Services): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(services).map(([name, { pid }]) => [name, peakMiB(pid)]))

const floorRate = async ({ dir, vendor }: Bench): Promise<number> => {
  const { rows, seconds } = await floor<{ rows: number; seconds: number }>(vendor, dir, false)
  return rows / seconds
}

const measureTopic = async (bench: Bench) => {
  const { bridge, expected, runs: count, say, sources, vendor } = bench
  const [source] = sources
  if (source === undefined) throw new Error("there is no tenant")
  const services: Array<Started> = [await bridge.service("scheduler"), await bridge.service("extractor")]
  const jobs: Array<string> = []
  const runs: Array<Run> = []
  const floors: Array<number> = []
  try {
    const roots = rootsOf(bridge, vendor, services)
    for (let i = 0; i <= count; i++) {
      const bare = await floorRate(bench)
      const room = setInterval(() => void makeRoom(source), 50)
      const { jobs: made, run } = await timed([source], roots, expected.rows, sent).finally(() => clearInterval(room))
      for (const { job } of made) {
        await cancel(source, job)
        jobs.push(job)
      }
      say(`${i === 0 ? "warm-up" : `run ${i}`}: floor ${perSecond(bare)}, page to topic ${words(run)}`)
      if (i === 0) continue
      floors.push(bare)
      runs.push(run)
    }
    const rssMiB = { extractor: peakMiB(services[1]?.pid ?? 0) }
    services.push(await bridge.service("auditor"))
    for (const job of jobs) {
      await until(source, job, tallied(expected.rows))
      await checkTopic(source, job, expected)
    }
    return { floors, run: middle(runs), rssMiB }
  } finally {
    await Promise.all(services.map((one) => one.stop()))
  }
}

/** In the place of a refiner: says that what was sent is refined, so that the window never closes. */
const makeRoom = (source: TenantSource): Promise<unknown> =>
  source.rows(
    (sql) => sql`with done as (update job_batches set state = 'refined' where state = 'sent' returning job_id)
      select pg_notify('bridge', 'window:' || job_id) from done group by job_id`
  )

const settled = "state in ('data_ready', 'validation_pending')"

const sent = () => `exists (select 1 from job_streams s where s.job_id = j.id and s.ended)`

const tallied = (rows: number) =>
  `(select sum(cardinality(t.ids)) from tallies t where t.job_id = j.id and t.stage = 'raw') >= ${rows}`

const archived = (rows: number) =>
  `exists (select 1 from job_streams s where s.job_id = j.id and s.sealed_at is not null) and ${tallied(rows)}`

const settledToo = (rows: number) => `${settled} and ${archived(rows)}`

/** Records of all tenants that ever came to the normalized topic. */
const written = async ([source]: ReadonlyArray<TenantSource>): Promise<number> =>
  (await source?.written("normalized")) ?? 0

/** A job of each tenant from the first call to the vendor until `done` holds for all. */
const timed = async (
  sources: ReadonlyArray<TenantSource>,
  roots: Roots,
  rows: number,
  done: (rows: number) => string
) => {
  const before = cpuMicros(roots)
  const jobs = await Promise.all(sources.map(async (source) => ({ source, job: await source.newJob() })))
  for (const { job, source } of jobs) await until(source, job, done(rows))
  const after = cpuMicros(roots)
  const seconds = await Promise.all(jobs.map(({ job, source }) => sinceFirstCall(source, job)))
  const all = rows * jobs.length
  const cpu = Object.fromEntries(
    Object.entries(after).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / all])
  )
  return { jobs, run: { rate: all / Math.max(...seconds), cpu } satisfies Run }
}

const sinceFirstCall = async (source: TenantSource, job: string): Promise<number> => {
  const [row] = await source.rows<{ seconds: number }>(
    (sql) => sql`select extract(epoch from clock_timestamp() - started_at)::float8 as seconds from job_streams
      where job_id = ${job}::uuid`
  )
  return row?.seconds ?? 0
}

/** Makes room for the next job of the account. */
const cancel = async (source: TenantSource, job: string): Promise<void> => {
  await source.rows((sql) => sql`update jobs set cancel_requested = true where id = ${job}::uuid`)
  await until(source, job, "state = 'cancelled'")
}

/** The median of each figure. */
const middle = (runs: ReadonlyArray<Run>): Run => ({
  rate: median(runs.map(({ rate }) => rate)),
  cpu: Object.fromEntries(
    Object.keys(runs[0]?.cpu ?? {}).map((name) => [name, median(runs.map(({ cpu }) => cpu[name] ?? 0))])
  )
})

const perSecond = (rate: number): string => `${Math.round(rate).toLocaleString("en-US")}/s`

const words = ({ cpu, rate }: Run): string =>
  `${perSecond(rate)} (${Object.entries(cpu)
    .map(([name, micros]) => `${name} ${micros.toFixed(0)}`)
    .join(", ")} us CPU a record)`
