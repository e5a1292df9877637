// Reads the facts of one job and carries out a decision, inside the transaction that holds the job row. For the scheduler.

import { type EntityId, loadOrder } from "@bridge/domain/Entities"
import type { JobState } from "@bridge/domain/Jobs"
import type { CommandType } from "@bridge/flow/Messages"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Decision, type Facts, lookAgainMillis, type Wake } from "./Decide.ts"

interface JobRow {
  readonly id: string
  readonly tenant_id: string
  readonly state: JobState
  readonly paused: boolean
  readonly cancel_requested: boolean
  readonly revision: number
  readonly settled_revision: number | null
  readonly approved_revision: number | null
  readonly require_approval: boolean
  readonly sample: boolean
  readonly source_account: string
  readonly destination_account: string | null
  readonly entities: ReadonlyArray<string>
  readonly audit_complete: boolean
}

interface StreamRow {
  readonly stream: string
  readonly entity: EntityId
  readonly slice: number
  readonly started: boolean
  readonly ended: boolean
  readonly sealed: boolean
  readonly error: { readonly code: string; readonly message: string } | null
  readonly idle: number
}

interface PhaseRow {
  readonly entity: string
  readonly phase: number
  readonly slice: number
  readonly ended: boolean
  readonly done: boolean
  readonly idle: number
}

interface Counts {
  readonly behind: boolean
  readonly open: boolean
  readonly balanced: boolean
  readonly sent: Readonly<Record<string, number>> | null
  readonly source_free: boolean
  readonly destination_free: boolean
}

export interface Snapshot {
  readonly job: JobRow
  readonly facts: Facts
  readonly sent: Readonly<Record<string, number>>
}

const sourceLease = (job: JobRow): string => `job-source:${job.tenant_id}:${job.source_account}`
const destinationLease = (job: JobRow): string => `job-destination:${job.tenant_id}:${job.destination_account ?? ""}`

/** Locks the job row and reads everything `decide` looks at; undefined for a job that does not exist (here). */
export const snapshot = (jobId: string, nowMillis: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [job] =
      yield* sql<JobRow>`select id::text, tenant_id::text, state, paused, cancel_requested, revision, settled_revision,
        (approval->>'revision')::int as approved_revision, coalesce((options->>'requireApproval')::boolean, true) as require_approval,
        options ? 'sampleSize' as sample, source_account, destination_account, entities, audit_complete
      from jobs where id = ${jobId}::uuid for update`
    if (job === undefined) return undefined
    const streams =
      yield* sql<StreamRow>`select stream, entity, slice, started_at is not null as started, ended, sealed_at is not null as sealed,
        error, (extract(epoch from clock_timestamp() - updated_at) * 1000)::float8 as idle
      from job_streams where job_id = ${jobId}::uuid order by stream`
    const phases = yield* sql<PhaseRow>`select entity, phase, slice, ended, done,
        (extract(epoch from clock_timestamp() - updated_at) * 1000)::float8 as idle
      from load_phases where job_id = ${jobId}::uuid`
    const [counts] = yield* sql<Counts>`select
        ${job.revision} > 1 and exists (select 1 from job_batches where job_id = ${jobId}::uuid and state = 'refined'
          and revision < ${job.revision}) as behind,
        exists (select 1 from load_batches where job_id = ${jobId}::uuid and state in ('sending', 'waiting')) as open,
        exists (select 1 from migration_results where job_id = ${jobId}::uuid) as balanced,
        (select payload->'sent' from timers where kind = 'sweep' and key = ${jobId}) as sent,
        not exists (select 1 from leases where name = ${sourceLease(job)} and job_id is distinct from ${jobId}::uuid) as source_free,
        not exists (select 1 from leases where name = ${destinationLease(job)} and job_id is distinct from ${jobId}::uuid) as destination_free`
    const sent = counts?.sent ?? {}
    const facts: Facts = {
      state: job.state,
      paused: job.paused,
      cancelRequested: job.cancel_requested,
      revision: job.revision,
      settledRevision: job.settled_revision,
      approvedRevision: job.approved_revision,
      requireApproval: job.require_approval,
      sample: job.sample,
      hasDestination: job.destination_account !== null,
      auditComplete: job.audit_complete,
      streams: streams.map((s) => ({ ...s, idleMillis: s.idle })),
      batchesBehind: counts?.behind ?? false,
      phases: phases.map((p) => ({ ...p, idleMillis: p.idle })),
      batchesOpen: counts?.open ?? false,
      balanced: counts?.balanced ?? false,
      sourceFree: counts?.source_free ?? false,
      destinationFree: counts?.destination_free ?? false,
      sentAgo: (name) => {
        const at = sent[name]
        return at === undefined ? Number.POSITIVE_INFINITY : nowMillis - at
      }
    }
    return { job, facts, sent } satisfies Snapshot
  })

/** Seals what has ended and is refined, where whoever was to do it did not come to it; the streams sealed now. */
export const sealEnded = ({ facts, job }: Snapshot) =>
  Effect.gen(function* () {
    if (facts.streams.every((s) => s.sealed || !s.ended)) return []
    const sql = yield* SqlClient.SqlClient
    return yield* sql<{ stream: string }>`update job_streams s set sealed_at = now(), updated_at = now()
      where job_id = ${job.id}::uuid and ended and sealed_at is null and not exists (select 1 from job_batches b
        where b.job_id = s.job_id and b.stream = s.stream and b.state in ('sending', 'sent')) returning stream`
  })

/** Writes what was decided; returns the wake-ups to enqueue and whether the state moved. */
export const carryOut = (s: Snapshot, d: Decision, nowMillis: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { job } = s
    // A lease that somebody else took between the look and the insert leaves the job where it is; the sweep comes again.
    if (d.takeSource && !(yield* take(sourceLease(job), job))) return { moved: false, wake: [] }
    if (d.takeDestination && !(yield* take(destinationLease(job), job))) return { moved: false, wake: [] }
    if (d.dropSource) yield* sql`delete from leases where name = ${sourceLease(job)} and job_id = ${job.id}::uuid`
    if (d.dropDestination)
      yield* sql`delete from leases where name = ${destinationLease(job)} and job_id = ${job.id}::uuid`
    if (d.createPhases) yield* createPhases(job)
    if (d.withdraw) {
      yield* sql`update load_batches set state = 'withdrawn', updated_at = now() where job_id = ${job.id}::uuid and state = 'released'`
    }
    const moved = d.state !== job.state
    if (moved) {
      const over = d.state === "completed" || d.state === "failed" || d.state === "cancelled"
      yield* sql`update jobs set state = ${d.state}, updated_at = now(), started_at = coalesce(started_at, now()),
          ended_at = case when ${over} then now() else ended_at end, error = ${d.error === null ? null : JSON.stringify(d.error)}::jsonb
        where id = ${job.id}::uuid`
      if (over) yield* expireLater(job)
    }
    yield* rearm(s, d, nowMillis)
    return { moved, wake: d.wake }
  })

/** What the job has extracted goes after the tenant's days, what proves it after seven years (apps/auditor/retention). */
const expireLater = (job: JobRow) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into timers (kind, key, tenant_id, job_id, due)
      select k, ${job.id}, t.id, ${job.id}::uuid, now() + i from tenants t,
        lateral (values ('expire-data', make_interval(days => t.retention_days)), ('expire-results', interval '7 years')) as v(k, i)
      where t.id = ${job.tenant_id}::uuid on conflict (kind, key) do nothing`
  })

const take = (name: string, job: JobRow) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql`insert into leases as l (name, owner, tenant_id, job_id, until)
        values (${name}, ${job.id}, ${job.tenant_id}::uuid, ${job.id}::uuid, 'infinity')
      on conflict (name) do update set until = l.until where l.job_id = excluded.job_id returning name`
    return rows.length > 0
  })

const createPhases = (job: JobRow) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const phases = loadOrder.filter((e) => job.entities.includes(e.id))
    if (phases.length === 0) return
    yield* sql`insert into load_phases (tenant_id, job_id, entity, phase)
      select ${job.tenant_id}::uuid, ${job.id}::uuid, e, p
      from unnest(${phases.map((e) => e.id)}::text[], ${phases.map((e) => e.loadPhase)}::int[]) as t(e, p)
      on conflict do nothing`
  })

/** What was sent longer ago is forgotten: should it still be due, once more does no harm. */
const rememberedMillis = 600_000

/** When the sweep looks again, and what was sent. */
const rearm = (s: Snapshot, d: Decision, nowMillis: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    if (d.over) {
      yield* sql`delete from timers where kind = 'sweep' and key = ${s.job.id}`
      return
    }
    const recent = Object.entries(s.sent).filter(([, at]) => nowMillis - at < rememberedMillis)
    const sent = Object.fromEntries([...recent, ...d.wake.map((w) => [w.name, nowMillis] as const)])
    yield* sql`insert into timers (kind, key, tenant_id, job_id, due, payload)
        values ('sweep', ${s.job.id}, ${s.job.tenant_id}::uuid, ${s.job.id}::uuid,
          now() + make_interval(secs => ${lookAgainMillis(s.facts, d) / 1000}), ${JSON.stringify({ sent })}::jsonb)
      on conflict (kind, key) do update set due = excluded.due, payload = excluded.payload`
  })

/** The command that a wake-up stands for. */
export const commandOf = (
  job: { readonly id: string; readonly tenant_id: string },
  wake: Wake
): { type: CommandType; tenantId: string; jobId: string; key: string; slice: number } => ({
  type: wake.type,
  tenantId: job.tenant_id,
  jobId: job.id,
  key: wake.key,
  slice: wake.slice
})
