// The table of the chained audit log. Runs in the caller's transaction of the tenant. For Chain.ts and the report.
import { type AuditEntry, type ChainedEntry, genesis } from "@bridge/domain/AuditChain"
import type { Json } from "@bridge/domain/Canonical"
import { nullable } from "@bridge/store/Arrays"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Instants as they are hashed. */
const instant = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`

export interface Head {
  readonly entries: number
  readonly head: string
}

/** Where the chain of a tenant ends. */
export const head = (tenantId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ seq: string; hash: string }>`select seq::text, hash from audit_log
      where tenant_id = ${tenantId}::uuid order by audit_log.seq desc limit 1`
    const end: Head = { entries: Number(row?.seq ?? 0), head: row?.hash ?? genesis(tenantId) }
    return end
  })

interface EventRow {
  readonly seq: string
  readonly job_id: string | null
  readonly type: string
  readonly actor: string
  readonly detail: Json
  readonly at: string
}

/** Events that are not in the chain yet, in their order, as the entries they become after `last`. */
export const unchained = (tenantId: string, last: number, limit: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<EventRow>`select seq::text, job_id::text, type, actor, detail,
        to_char(at at time zone 'UTC', ${sql.literal(instant)}) as at
      from job_events where tenant_id = ${tenantId}::uuid and not chained order by job_events.seq limit ${limit}`
    return rows.map(
      (r, i): AuditEntry => ({
        tenantId,
        seq: last + i + 1,
        eventSeq: Number(r.seq),
        jobId: r.job_id,
        at: r.at,
        actor: r.actor,
        action: r.type,
        detail: r.detail
      })
    )
  })

export const append = (tenantId: string, entries: ReadonlyArray<ChainedEntry>) =>
  Effect.gen(function* () {
    if (entries.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into audit_log (tenant_id, seq, event_seq, job_id, at, actor, action, detail, previous_hash, hash)
      select ${tenantId}::uuid, s::bigint, e::bigint, j::uuid, a::timestamptz, w, c, d::jsonb, p, h
      from unnest(${entries.map((e) => String(e.seq))}::text[], ${entries.map((e) => String(e.eventSeq))}::text[],
        ${nullable(entries.map((e) => e.jobId))}::text[], ${entries.map((e) => e.at)}::text[], ${entries.map((e) => e.actor)}::text[],
        ${entries.map((e) => e.action)}::text[], ${entries.map((e) => JSON.stringify(e.detail))}::text[],
        ${entries.map((e) => e.previousHash)}::text[], ${entries.map((e) => e.hash)}::text[]) as t(s, e, j, a, w, c, d, p, h)`
    const seqs = entries.map((e) => String(e.eventSeq))
    yield* sql`update job_events set chained = true where seq = any(${seqs}::bigint[])`
    yield* sql`delete from audit_queue where event_seq = any(${seqs}::bigint[])`
  })

interface LogRow {
  readonly seq: string
  readonly event_seq: string
  readonly job_id: string | null
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly detail: Json
  readonly previous_hash: string
  readonly hash: string
}

/** Entries after `after`, in order. */
export const entriesAfter = (tenantId: string, after: number, limit: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<LogRow>`select seq::text, event_seq::text, job_id::text,
        to_char(at at time zone 'UTC', ${sql.literal(instant)}) as at, actor, action, detail, previous_hash, hash
      from audit_log where tenant_id = ${tenantId}::uuid and seq > ${after} order by audit_log.seq limit ${limit}`
    return rows.map(
      (r): ChainedEntry => ({
        tenantId,
        seq: Number(r.seq),
        eventSeq: Number(r.event_seq),
        jobId: r.job_id,
        at: r.at,
        actor: r.actor,
        action: r.action,
        detail: r.detail,
        previousHash: r.previous_hash,
        hash: r.hash
      })
    )
  })

/** The first chained event without an entry that says the same: a cut tail, or an event that was changed since. */
export const strayEvent = (tenantId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ seq: string }>`select e.seq::text from job_events e left join audit_log l
        on l.tenant_id = e.tenant_id and l.event_seq = e.seq
      where e.tenant_id = ${tenantId}::uuid and e.chained and (l.seq is null or l.action <> e.type or l.actor <> e.actor
        or l.detail <> e.detail or l.job_id is distinct from e.job_id) order by e.seq limit 1`
    return row === undefined ? undefined : Number(row.seq)
  })
