// How long it took to do what was done, without the time in which nobody worked: a pause, a crash, an outage. From the last
// batches of a job, so that it costs the same however many there are. For Estimate.ts.
import type { EntityId } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** So much was done by then (epoch millis). */
export interface Mark {
  readonly at: number
  readonly units: number
}

export interface Work {
  readonly units: number
  readonly millis: number
}

/** Batches looked at. */
const lastBatches = 200
/** What is done at about one time is one step: bursts say nothing of the time between them. */
const stepMillis = 10_000
/** A step may take so long, or so many times as long as most do; else nobody worked. */
const longestMillis = 2 * 60_000
const longer = 3

/**
 * What was done while somebody worked, and how long that took; null where that is not known. `began` is when the first of the
 * marks was begun, null where there were others before. In any order. Pure.
 */
export const workOf = (marks: ReadonlyArray<Mark>, began: number | null): Work | null => {
  const steps = stepsOf(marks)
  const gaps = steps.flatMap(({ at, units }, i) => {
    const from = steps[i - 1]?.at ?? began
    return from === null ? [] : [{ millis: Math.max(0, at - from), units }]
  })
  const sorted = gaps.map(({ millis }) => millis).sort((a, b) => a - b)
  const usual = sorted.length < 2 ? 0 : (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)
  const worked = gaps.filter(({ millis }) => millis <= Math.max(longestMillis, longer * usual))
  const [units, millis] = [worked.reduce((n, w) => n + w.units, 0), worked.reduce((n, w) => n + w.millis, 0)]
  return units === 0 || millis === 0 ? null : { units, millis }
}

const stepsOf = (marks: ReadonlyArray<Mark>): ReadonlyArray<Mark> => {
  const steps: Array<Mark> = []
  let first = Number.NEGATIVE_INFINITY
  for (const { at, units } of [...marks].sort((a, b) => a.at - b.at)) {
    const before = at - first <= stepMillis ? steps.pop() : undefined
    if (before === undefined) first = at
    steps.push({ at, units: units + (before?.units ?? 0) })
  }
  return steps
}

/** How long so much takes at the pace of that work; 0 where none is known. */
export const millisFor = (units: number, work: Work | null | undefined): number =>
  work == null ? 0 : (units * work.millis) / work.units

interface StreamRow {
  readonly stream: string
  readonly began: number | null
  readonly marks: ReadonlyArray<readonly [at: number, rows: number]>
}

/** Rows that streams took, by stream. */
export const reading = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<StreamRow>`select s.stream, coalesce(b.marks, '[]') as marks,
        case when jsonb_array_length(b.marks) < ${lastBatches}
          then (extract(epoch from s.started_at) * 1000)::float8 end as began
      from job_streams s, lateral (
        select jsonb_agg(jsonb_build_array((extract(epoch from l.sent_at) * 1000)::float8, l.rows)) as marks from (
          select sent_at, rows from job_batches where job_id = s.job_id and stream = s.stream and entity = s.entity
            and state in ('sent', 'refined') and sent_at is not null order by number desc limit ${lastBatches}) l) b
      where s.job_id = ${jobId}::uuid`
    return new Map(
      rows.map(({ began, marks, stream }) => [
        stream,
        workOf(
          marks.map(([at, units]) => ({ at, units })),
          began
        )
      ])
    )
  })

interface BatchRow {
  readonly entity: EntityId
  readonly size: number
  readonly at: number
  readonly began: number
}

/** Calls that were made; `callsOf` so many records of an entity. */
export const writing = (
  jobId: string,
  entities: ReadonlyArray<EntityId>,
  callsOf: (entity: EntityId, records: number) => number
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows =
      yield* sql<BatchRow>`select e as entity, b.size, (extract(epoch from b.updated_at) * 1000)::float8 as at,
        (extract(epoch from b.created_at) * 1000)::float8 as began
      from unnest(${entities}::text[]) as t(e), lateral (
        select size, created_at, updated_at from load_batches where job_id = ${jobId}::uuid and entity = t.e
          and state = 'done' order by number desc limit ${lastBatches}) b`
    const marks = rows.map(({ at, entity, size }) => ({ at, units: callsOf(entity, size) })).sort((a, b) => b.at - a.at)
    const all = rows.length < lastBatches
    return workOf(marks.slice(0, lastBatches), all ? Math.min(...rows.map(({ began }) => began)) : null)
  })
