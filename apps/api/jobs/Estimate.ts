// How much a job has to do and how long that takes: from what was counted of the source, what is done, the vendors' limits and
// the pace so far. For Routes and the live progress. What does not belong here: the arithmetic (Forecast.ts).
import { connectorNamed } from "@bridge/connectors/Connectors"
import type { Survey } from "@bridge/connectors/Survey"
import type { Estimate } from "@bridge/contract/Jobs"
import type { EntityId } from "@bridge/domain/Entities"
import { type JobOptions, ledToByTicket, sampledEntity } from "@bridge/domain/Jobs"
import type { Mapping } from "@bridge/domain/Mapping"
import { type KnownLimit, knownLimits } from "@bridge/http/KnownLimits"
import { approvedOnly } from "@bridge/review/Reviewed"
import { Clock, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { instant } from "../http/Rows.ts"
import { aheadOf, type StreamFacts } from "./Ahead.ts"
import { basisOfReading, basisOfWriting, type Told } from "./Basis.ts"
import { type BroughtRow, bringing, expecting } from "./Expected.ts"
import { extractionLeft, type Leg, loadingLeft, type Writes } from "./Forecast.ts"
import { type JobRow, jobRow } from "./Stored.ts"
import { millisFor, reading, writing } from "./Worked.ts"

interface StreamRow {
  readonly stream: string
  readonly entity: EntityId
  readonly ended: boolean
  readonly taken: number
  readonly left_out: number
  readonly calls: number
  readonly survey: Survey | null
}

export interface Outcome {
  readonly entity: EntityId
  /** Would be written, and was or could not be. */
  readonly approved: number
  readonly done: number
}

export interface Forecast {
  /** The source is still being read. */
  readonly extracting: boolean
  readonly streams: ReadonlyArray<StreamFacts & { readonly entity: EntityId }>
  /** Records of each entity in all; null where that is not known. */
  readonly expected: (entity: EntityId) => number | null
  readonly extraction: Leg
  readonly loading: Leg
  readonly secondsLeft: number | null
  readonly eta: string | null
  readonly basis: string
}

const extracts = (job: JobRow): boolean => ["queued", "running", "extracting"].includes(job.state)

/** In the tenant's transaction. `outcomes` where they are known already. */
export const forecastOf = (job: JobRow, brought: ReadonlyArray<BroughtRow>, outcomes: ReadonlyArray<Outcome>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const options = job.options as JobOptions
    const rows = yield* sql<StreamRow>`select stream, entity, ended, taken::int, left_out::int, calls::int, survey
      from job_streams where job_id = ${job.id}::uuid order by stream`
    const extracting = extracts(job)
    const work = extracting ? yield* reading(job.id) : undefined
    const streams = rows.map(({ left_out, ...row }) => ({
      ...row,
      leftOut: left_out,
      millis: millisFor(row.taken, work?.get(row.stream)),
      most:
        options.sampleSize !== undefined && row.entity === sampledEntity
          ? Math.max(0, options.sampleSize - row.taken)
          : Number.POSITIVE_INFINITY
    }))
    const extraction = extracting
      ? extractionLeft(streams, yield* limitsOf(job.tenant_id, job.source_connection, job.source_vendor))
      : nothingLeft
    const expected = expecting(job.source_vendor, streams, brought)
    const brings = bringing(job.source_vendor, streams)
    const planned = yield* loadingOf(job, (id) => (brings(id) ? expected(id) : 0), outcomes)
    // Nothing was written yet: there is no pace to go by.
    const begins = job.state === "loading" && (planned.calls ?? 0) > 0 && !outcomes.some(({ done }) => done > 0)
    const loading: Leg = begins && planned.limitedBy === null ? { ...planned, secondsLeft: null } : planned
    const secondsLeft = leftOf(job, options, extraction, loading)
    const now = yield* Clock.currentTimeMillis
    return {
      extracting,
      streams,
      expected,
      extraction,
      loading,
      secondsLeft,
      eta: secondsLeft === null ? null : instant(new Date(now + secondsLeft * 1000)),
      basis: basisOf(job, options, { streams, extraction, loading, secondsLeft })
    } satisfies Forecast
  })

const nothingLeft: Leg = { calls: 0, secondsLeft: 0, limitedBy: null }
export const unknownLeg: Leg = { calls: null, secondsLeft: null, limitedBy: null }

/** Of what runs now: until the review where one is asked for, else to the end. A job that waits or has ended has none. */
const leftOf = (job: JobRow, { requireApproval }: JobOptions, extraction: Leg, loading: Leg): number | null => {
  if (job.paused || job.cancel_requested) return null
  if (job.state === "loading") return loading.secondsLeft
  if (!extracts(job) || job.state === "queued") return null
  if (requireApproval !== false) return extraction.secondsLeft
  if (extraction.secondsLeft === null || loading.secondsLeft === null) return null
  return extraction.secondsLeft + loading.secondsLeft
}

const basisOf = (job: JobRow, { requireApproval, sampleSize }: JobOptions, told: Omit<Told, "review" | "sample">) => {
  if (job.paused) return "the job is paused"
  if (job.state === "queued") return "the job waits for its turn"
  if (job.state === "loading") return basisOfWriting(told)
  if (!extracts(job)) return "nothing runs"
  return basisOfReading({ ...told, review: requireApproval !== false, sample: sampleSize !== undefined })
}

const limitsOf = (tenantId: string, connectionId: string, vendor: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ share: number }>`select share::float8 as share from tenant_connectors
      where id = ${connectionId}::uuid`
    // Limits do not depend on the configuration of either vendor.
    const declared = connectorNamed(vendor)?.budgets({}) ?? []
    return yield* knownLimits(tenantId, connectionId, declared, row?.share ?? 1)
  })

const loadingOf = (
  job: JobRow,
  expected: (entity: EntityId) => number | null,
  outcomes: ReadonlyArray<Outcome>
): Effect.Effect<Leg, SqlError.SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    if (job.destination_vendor === null || job.destination_connection === null) return nothingLeft
    if (["completed", "failed", "cancelled"].includes(job.state)) return nothingLeft
    const limits = yield* limitsOf(job.tenant_id, job.destination_connection, job.destination_vendor)
    const written = extracts(job) ? writtenBy(yield* mappingOf(job), job.options as JobOptions) : undefined
    const counts = job.entities.map((entity) => {
      const outcome = outcomes.find((one) => one.entity === entity)
      return written !== undefined
        ? { entity, records: written(entity, expected(entity)), done: 0 }
        : { entity, records: outcome?.approved ?? 0, done: outcome?.done ?? 0 }
    })
    const writes = writesOf(job.destination_vendor, counts)
    if (writes === null) return unknownLeg
    const millis = job.state === "loading" ? yield* millisOfWrites(job, job.destination_vendor, counts) : 0
    return loadingLeft(writes, millis, limits)
  })

/** How long what is written took. Files go with what they belong to. */
const millisOfWrites = (
  job: JobRow,
  vendor: string,
  counts: ReadonlyArray<{ readonly entity: EntityId; readonly done: number }>
) => {
  const callsOf = (entity: EntityId, records: number): number =>
    entity === "attachment"
      ? 0
      : (writesOf(vendor, [{ entity, records, done: 0 }]) ?? []).reduce((n, { perCall }) => n + records / perCall, 0)
  const done = counts.reduce((n, count) => n + callsOf(count.entity, count.done), 0)
  return Effect.map(writing(job.id, job.entities, callsOf), (work) => millisFor(done, work))
}

const mappingOf = (job: JobRow) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ entities: Mapping["entities"] }>`select body -> 'entities' as entities from mappings
      where id = ${job.mapping_id}::uuid and version = ${job.mapping_version}`
    return row
  })

/**
 * How many of an entity's records are written: of definitions of fields only those that the mapping makes, of a sample no more
 * than its tickets lead to.
 */
export const writtenBy =
  (mapping: Pick<Mapping, "entities"> | undefined, { sampleSize }: JobOptions = {}) =>
  (entity: EntityId, records: number | null): number | null => {
    const { leftOut, make } = mapping?.entities[entity] ?? {}
    if (make !== undefined) return make.length
    if (leftOut !== undefined) return 0
    const each = ledToByTicket[entity]
    if (sampleSize === undefined || each === undefined) return records
    return Math.min(records ?? Number.POSITIVE_INFINITY, Math.ceil(each * sampleSize))
  }

/** Parts go with what they are written with; files one by one before it. Null where it is not known how many there are. */
export const writesOf = (
  vendor: string,
  counts: ReadonlyArray<{ readonly entity: EntityId; readonly records: number | null; readonly done: number }>
): ReadonlyArray<Writes> | null => {
  const sinks = connectorNamed(vendor)?.sinks ?? []
  const writes: Array<Writes> = []
  for (const { done, entity, records } of counts) {
    const sink = sinks.find((one) => one.entity === entity)
    if (sink === undefined && entity !== "attachment") continue
    if (records === null) return null
    writes.push({ records, done, perCall: sink?.createMany === undefined ? 1 : sink.batchSize })
  }
  return writes
}

export const broughtBy = (id: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<BroughtRow>`select stream, entity, sum(rows)::int as rows from job_batches
      where job_id = ${id}::uuid and state in ('sent', 'refined') group by stream, entity`
  )

export const estimateOf = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const job = yield* jobRow(id)
    const brought = yield* broughtBy(job.id)
    const outcomes = yield* sql<
      Outcome & { loaded: number }
    >`select e as entity, coalesce(r.approved, 0)::int as approved,
        coalesce(o.done, 0)::int as done, coalesce(o.done, 0)::int as loaded
      from unnest(${job.entities}::text[]) as t(e)
      left join (select entity, count(*) as approved from job_records where job_id = ${id}::uuid
        and ${sql.literal(approvedOnly)} group by entity) r on r.entity = e
      left join (select entity, count(*) as done from job_record_outcomes where job_id = ${id}::uuid group by entity) o on o.entity = e`
    const forecast = yield* forecastOf(job, brought, outcomes)
    return {
      jobId: job.id,
      entities: outcomes.map(({ entity, loaded }) => ({
        entity,
        expected: forecast.expected(entity),
        extracted: brought.filter((b) => b.entity === entity).reduce((n, b) => n + b.rows, 0),
        loaded
      })),
      ...shown(forecast)
    } satisfies typeof Estimate.Type
  })

/** What people see of a forecast, beside the records. */
export const shown = ({
  basis,
  eta,
  extraction,
  loading,
  secondsLeft,
  streams
}: Omit<Forecast, "expected" | "extracting">) => ({
  streams: streams.map((s) => {
    const { listed } = aheadOf(s)
    return {
      stream: s.stream,
      entity: s.entity,
      rows: listed === null ? null : s.taken + s.leftOut + listed,
      read: s.taken + s.leftOut,
      calls: callsOf(s),
      called: s.calls
    }
  }),
  extraction,
  loading,
  secondsLeft,
  eta,
  basis
})

const callsOf = (s: StreamFacts): number | null => {
  const { calls } = extractionLeft([s], noLimits)
  return calls === null ? null : s.calls + calls
}
const noLimits: ReadonlyArray<KnownLimit> = []
