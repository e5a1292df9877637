// Jobs that wait for their review, made of rows as the refiner leaves them, for *.integration.test.ts in this app.
import type { JobView } from "@bridge/contract/Jobs"
import { hashJson } from "@bridge/domain/Canonical"
import type { Caller, TestApi } from "./TestApi.ts"

export interface Seed {
  readonly id: string
  readonly subject: string
  /** HTML; the subject as a paragraph when absent. */
  readonly description?: string
  readonly state?: "excluded"
  readonly reason?: string
  readonly warnings?: ReadonlyArray<{ code: string; message: string }>
  readonly resolution?: object
}

const rawOf = (s: Seed) => ({
  id: Number(s.id),
  subject: s.subject,
  description: s.description ?? `<p>${s.subject}</p>`,
  status: 2,
  priority: 1,
  requester_id: 7,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-02T00:00:00Z",
  custom_fields: {}
})
const elementOf = (s: Seed) => ({
  body: { subject: s.subject, status: "open", priority: "low", tags: ["a", "b"] },
  refs: { requester_id: { entity: "person", nativeId: "7" } },
  meta: {
    description: { html_body: s.description ?? `<p>${s.subject}</p>`, created_at: "2026-01-01T00:00:00Z", public: true }
  }
})

/** A job that waits for its review, with these tickets in one archive batch. */
export const reviewedJob = async (
  api: TestApi,
  acme: Caller,
  [source, destination]: readonly [string, string],
  tickets: ReadonlyArray<Seed>
): Promise<JobView> => {
  const { body: job } = await acme.post<JobView>("/api/migrations", { source, destination })
  await archived(api, acme, job.id, 0, tickets)
  await api.sql(
    acme.tenantId,
    (sql) => sql`update job_streams set ended = true, sealed_at = now() where job_id = ${job.id}::uuid`
  )
  await api.sql(
    acme.tenantId,
    (sql) => sql`update jobs set state = 'validation_pending', settled_revision = 1 where id = ${job.id}::uuid`
  )
  return job
}

/** One batch as it is when the refiner has committed it. */
export const archived = async (
  api: Pick<TestApi, "sql">,
  { tenantId }: { readonly tenantId: string },
  jobId: string,
  batch: number,
  tickets: ReadonlyArray<Seed>
): Promise<void> => {
  const elements = tickets.map((t) => (t.state === "excluded" ? null : elementOf(t)))
  const rows = tickets.map((t, position) => ({
    source_id: t.id,
    position,
    raw_hash: hashJson(rawOf(t)),
    transformed_hash: t.state === "excluded" ? null : hashJson(elementOf(t)),
    state: t.state ?? "ready",
    reason: t.reason ?? null,
    title: t.subject.slice(0, 200),
    warnings: t.warnings ?? null,
    resolution: t.resolution ?? null
  }))
  await api.sql(
    tenantId,
    (sql) => sql`insert into job_extracted_data
      (job_id, tenant_id, entity_type, stream, batch_number, source_system, raw_data, transformed_data, record_count, extraction_timestamp, expires_at)
    values (${jobId}::uuid, ${tenantId}::uuid, 'ticket', 'tickets', ${batch}, 'freshservice', ${Buffer.from(JSON.stringify(tickets.map(rawOf)))},
      ${JSON.stringify(elements)}::json, ${tickets.length}, now(), now() + interval '30 days')`
  )
  await api.sql(
    tenantId,
    (sql) => sql`insert into job_records (tenant_id, job_id, entity, source_id, native_id, stream, batch, position,
      raw_hash, transformed_hash, state, reason, title, warnings, resolution)
    select ${tenantId}::uuid, ${jobId}::uuid, 'ticket', source_id, source_id, 'tickets', ${batch}, position, raw_hash, transformed_hash,
      state, reason, title, warnings, resolution
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(source_id text, position int, raw_hash text, transformed_hash text,
      state text, reason text, title text, warnings jsonb, resolution jsonb)`
  )
  await stored(api, tenantId, jobId, batch, tickets.length, "refined")
}

/** A page's batch as the extractor (`sent`) or the refiner leaves it. */
export const stored = (
  api: Pick<TestApi, "sql">,
  tenantId: string,
  jobId: string,
  batch: number,
  rows: number,
  state: "sent" | "refined"
) =>
  api.sql(
    tenantId,
    (
      sql
    ) => sql`insert into job_batches (tenant_id, job_id, stream, entity, number, epoch, rows, bytes, hash, state, revision)
    values (${tenantId}::uuid, ${jobId}::uuid, 'tickets', 'ticket', ${batch}, 1, ${rows}, 1, 'h', ${state}, 1)`
  )
