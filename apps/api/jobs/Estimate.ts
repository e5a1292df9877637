// How much a migration has to do and how long it may take: from what the source says, what is done, and the pace so far.
import type { Estimate } from "@bridge/contract/Jobs"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { jobRow } from "./Stored.ts"

interface Row {
  readonly entity: string
  readonly expected: number | null
  readonly extracted: number
  readonly loaded: number
}

export const estimateOf = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const job = yield* jobRow(id)
    const rows = yield* sql<Row>`select e as entity, p.expected::int as expected,
        coalesce((select sum(b.rows) from job_batches b where b.job_id = ${id}::uuid and b.entity = e and b.state <> 'abandoned'), 0)::int as extracted,
        (select count(*) from job_record_outcomes o where o.job_id = ${id}::uuid and o.entity = e)::int as loaded
      from unnest(${job.entities}::text[]) as t(e)
      left join job_progress p on p.job_id = ${id}::uuid and p.entity = e`
    const startedAt = job.started_at?.getTime()
    const seconds = startedAt === undefined ? 0 : ((yield* Clock.currentTimeMillis) - startedAt) / 1000
    return {
      jobId: job.id,
      entities: rows,
      ...secondsLeft(rows, seconds, job.state === "loading")
    } satisfies typeof Estimate.Type
  })

/** Nothing is promised before there is a pace to go by. */
const secondsLeft = (
  rows: ReadonlyArray<Row>,
  seconds: number,
  loading: boolean
): Pick<typeof Estimate.Type, "secondsLeft" | "basis"> => {
  const sum = (of: (r: Row) => number) => rows.reduce((n, r) => n + of(r), 0)
  const [extracted, loaded] = [sum((r) => r.extracted), sum((r) => r.loaded)]
  if (seconds < 5 || extracted === 0) return { secondsLeft: null, basis: "not known before the first records are read" }
  if (loading)
    return loaded === 0
      ? { secondsLeft: null, basis: "not known before the first records are written" }
      : {
          secondsLeft: Math.ceil(((extracted - loaded) * seconds) / loaded),
          basis: "records written since the job began"
        }
  if (rows.some((r) => r.expected === null))
    return { secondsLeft: null, basis: "the source does not say how many records it has" }
  const left = sum((r) => Math.max(0, (r.expected ?? 0) - r.extracted))
  return { secondsLeft: Math.ceil((left * seconds) / extracted), basis: "records read since the job began" }
}
