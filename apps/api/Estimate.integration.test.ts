import type { Estimate, JobView } from "@bridge/contract/Jobs"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Caller, startApi, type TestApi } from "./TestApi.ts"

let api: TestApi
let acme: Caller
let job: JobView
beforeAll(async () => {
  api = await startApi()
  acme = await api.tenant("acme")
  const [source, destination] = await api.connections(acme)
  job = (await acme.post<JobView>("/api/migrations", { source, destination })).body
})
afterAll(() => api.stop())

const survey = { rows: 10_000, share: 1, pageRows: 100, page: {}, rowCalls: 0, row: {}, calls: 9 }
const estimate = async () => (await acme.get<typeof Estimate.Type>(`/api/migrations/${job.id}/estimate`)).body
/** One a minute; after the fifth eight hours in which nobody worked. */
const times = "now() - case when n < 5 then interval '8 hours' else interval '0' end - (10 - n) * interval '1 minute'"

describe("the estimate of a job that was paused for eight hours", () => {
  it("tells how long reading takes by the time in which it was read", async () => {
    await api.sql(acme.tenantId, (sql) => sql`update jobs set state = 'extracting' where id = ${job.id}::uuid`)
    await api.sql(
      acme.tenantId,
      (
        sql
      ) => sql`update job_streams set survey = ${JSON.stringify(survey)}::jsonb, taken = 1000, ended = stream <> 'tickets',
          started_at = now() - interval '8 hours 11 minutes' where job_id = ${job.id}::uuid`
    )
    await api.sql(
      acme.tenantId,
      (
        sql
      ) => sql`insert into job_batches (tenant_id, job_id, stream, entity, number, epoch, rows, bytes, hash, state, sent_at)
        select ${acme.tenantId}::uuid, ${job.id}::uuid, 'tickets', 'ticket', n, 1, 100, 1, 'h', 'sent', ${sql.literal(times)}
        from generate_series(0, 9) as t(n)`
    )
    const { limitedBy, secondsLeft } = (await estimate()).extraction
    assert.isNull(limitedBy)
    assert.closeTo(secondsLeft ?? 0, 90 * 60, 5)
  })

  it("tells how long writing takes by the time in which it was written", async () => {
    await api.sql(acme.tenantId, (sql) => sql`update jobs set state = 'loading' where id = ${job.id}::uuid`)
    await api.sql(
      acme.tenantId,
      (
        sql
      ) => sql`insert into job_records (tenant_id, job_id, entity, source_id, native_id, stream, batch, position, raw_hash)
        select ${acme.tenantId}::uuid, ${job.id}::uuid, 'ticket', n::text, n::text, 'tickets', n, 0, 'h' from generate_series(1, 4000) as t(n)`
    )
    await api.sql(
      acme.tenantId,
      (sql) => sql`insert into job_record_outcomes (tenant_id, job_id, entity, source_id, outcome)
        select ${acme.tenantId}::uuid, ${job.id}::uuid, 'ticket', n::text, 'created' from generate_series(1, 1000) as t(n)`
    )
    await api.sql(
      acme.tenantId,
      (
        sql
      ) => sql`insert into load_batches (tenant_id, job_id, entity, phase, number, state, records, size, created_at, updated_at)
        select ${acme.tenantId}::uuid, ${job.id}::uuid, 'ticket', 1, n, 'done', '[]', 100, now() - interval '8 hours 11 minutes', ${sql.literal(times)}
        from generate_series(0, 9) as t(n)`
    )
    const { eta, loading, secondsLeft } = await estimate()
    assert.deepInclude(loading, { calls: 30, secondsLeft: 30 * 60 })
    assert.strictEqual(secondsLeft, 30 * 60)
    assert.isNotNull(eta)
  })
})
