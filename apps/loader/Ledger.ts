// The ledger: what is at each destination account from each source record, whichever job put it there. It outlives jobs,
// so that a replay, a second migration or a crash writes nothing twice (Promise 4). All of it runs in the caller's transaction.
import type { Adapted } from "@bridge/domain/Adapted"
import type { EntityId } from "@bridge/domain/Entities"
import { sourceKey } from "@bridge/domain/Jobs"
import { nullable } from "@bridge/store/Arrays"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Outcome } from "./Outcome.ts"
import type { Entry, Failure, Intent, LedgerState } from "./Plan.ts"

/** Whose ledger: one tenant's records of one source account at one destination account. */
export interface Book {
  readonly tenantId: string
  readonly destinationAccount: string
  readonly sourceAccount: string
}

export interface Key {
  readonly entity: EntityId
  readonly sourceId: string
}

/** Key of a map over ledger entries. */
export const keyText = (entity: string, sourceId: string): string => `${entity}\n${sourceId}`

interface Row {
  readonly entity: string
  readonly source_id: string
  readonly state: LedgerState
  readonly destination_id: string | null
  readonly loaded_hash: string | null
  readonly intent: Intent | null
  readonly error: Failure | null
  readonly created_job: string | null
  readonly adapted: Adapted | null
  readonly last_job: string
}

/** The entries of these records, by `keyText`; none for a record that was never written. */
export const entriesOf = (book: Book, keys: ReadonlyArray<Key>) =>
  Effect.gen(function* () {
    const found = new Map<string, Entry>()
    if (keys.length === 0) return found
    const sql = yield* SqlClient.SqlClient
    // Key by key, whatever the planner believes: a ledger holds every record of an account, and of a young one it knows nothing.
    const rows = yield* sql<Row>`select l.* from unnest(${keys.map((k) => k.entity)}::text[],
        ${keys.map((k) => k.sourceId)}::text[]) as k(entity, source_id),
      lateral (select entity, source_id, state, destination_id, loaded_hash, intent, error, created_job::text,
        adapted, last_job::text
        from load_ledger where tenant_id = ${book.tenantId}::uuid and destination_account = ${book.destinationAccount}
          and source_account = ${book.sourceAccount} and entity = k.entity and source_id = k.source_id offset 0) as l`
    for (const r of rows) {
      found.set(keyText(r.entity, r.source_id), {
        state: r.state,
        destinationId: r.destination_id,
        loadedHash: r.loaded_hash,
        intent: r.intent,
        error: r.error,
        createdJob: r.created_job,
        adapted: r.adapted,
        lastJob: r.last_job
      })
    }
    return found
  })

export interface Intended {
  readonly sourceId: string
  readonly intent: Omit<Intent, "at" | "deadline">
}

/**
 * Writes the intents of one call, to be committed before it. The deadline is the server's clock plus `withinMillis`, so it
 * lies after the caller's own, which counts from before this transaction.
 */
export const intend = (book: Book, entity: EntityId, intended: ReadonlyArray<Intended>, withinMillis: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = intended.toSorted((a, b) => (a.sourceId < b.sourceId ? -1 : 1))
    yield* sql`insert into load_ledger as l (tenant_id, destination_account, source_account, entity, source_id, source_key,
        state, intent, last_job)
      select ${book.tenantId}::uuid, ${book.destinationAccount}, ${book.sourceAccount}, ${entity}, i, k, 'intended',
        n::jsonb || jsonb_build_object('at', to_jsonb(clock_timestamp()),
          'deadline', to_jsonb(clock_timestamp() + ${withinMillis}::float8 * interval '1 millisecond')), j::uuid
      from unnest(${rows.map((r) => r.sourceId)}::text[], ${rows.map((r) => sourceKey(book.sourceAccount, entity, r.sourceId))}::text[],
        ${rows.map((r) => JSON.stringify(r.intent))}::text[], ${rows.map((r) => r.intent.job)}::text[]) as t(i, k, n, j)
      on conflict (tenant_id, destination_account, source_account, entity, source_id) do update
        set state = 'intended', intent = excluded.intent, last_job = excluded.last_job, error = null, updated_at = now(),
          adapted = case when excluded.intent->>'op' = 'create' and l.adapted->>'job' <> excluded.last_job::text then null else l.adapted end`
  })

/** Takes intents back whose call surely never left: what is there is there, the rest is absent again. */
export const withdraw = (book: Book, entity: EntityId, sourceIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    if (sourceIds.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`update load_ledger set state = case when loaded_hash is null then 'matched' else 'updated' end, intent = null,
        updated_at = now()
      where tenant_id = ${book.tenantId}::uuid and destination_account = ${book.destinationAccount}
        and source_account = ${book.sourceAccount} and entity = ${entity} and source_id = any(${sourceIds}::text[])
        and state in ('intended', 'unknown') and destination_id is not null`
    yield* sql`delete from load_ledger where tenant_id = ${book.tenantId}::uuid and destination_account = ${book.destinationAccount}
      and source_account = ${book.sourceAccount} and entity = ${entity} and source_id = any(${sourceIds}::text[])
      and state in ('intended', 'unknown') and destination_id is null`
  })

/** Intents whose outcome nobody can tell for now. */
export const markUnknown = (book: Book, entity: EntityId, sourceIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    if (sourceIds.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`update load_ledger set state = 'unknown', updated_at = now() where tenant_id = ${book.tenantId}::uuid
      and destination_account = ${book.destinationAccount} and source_account = ${book.sourceAccount} and entity = ${entity}
      and source_id = any(${sourceIds}::text[]) and state = 'intended'`
  })

/** A refused record is to be tried in another form: it counts as absent, and every later plan knows the form. */
export const adapt = (
  book: Book,
  entity: EntityId,
  adapted: ReadonlyArray<{ readonly sourceId: string; readonly adapted: Adapted }>
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`update load_ledger l set state = 'removed', error = null, adapted = t.a::jsonb, updated_at = now()
      from unnest(${adapted.map((a) => a.sourceId)}::text[], ${adapted.map((a) => JSON.stringify(a.adapted))}::text[]) as t(i, a)
      where l.tenant_id = ${book.tenantId}::uuid and l.destination_account = ${book.destinationAccount}
        and l.source_account = ${book.sourceAccount} and l.entity = ${entity} and l.source_id = t.i and l.state = 'failed'
        and l.destination_id is null`
  })

export interface Settlement extends Key {
  readonly outcome: Outcome
  /** What was matched is less than what was approved. */
  readonly adapted?: Adapted
}

const states: Partial<Record<Outcome["word"], LedgerState>> = {
  created: "created",
  updated: "updated",
  matched: "matched",
  merged: "matched",
  failed: "failed"
}

/**
 * Records outcomes. `skipped` changes nothing, `unknown` keeps the intent. A failure of what is there already (an update
 * that was refused) leaves it there: it must not plan as absent later.
 */
export const settle = (book: Book, jobId: string, settlements: ReadonlyArray<Settlement>) =>
  Effect.gen(function* () {
    const rows = settlements
      .flatMap((s) => {
        const state = states[s.outcome.word]
        return state === undefined ? [] : [{ ...s, state }]
      })
      .toSorted((a, b) => (keyText(a.entity, a.sourceId) < keyText(b.entity, b.sourceId) ? -1 : 1))
    if (rows.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into load_ledger as l (tenant_id, destination_account, source_account, entity, source_id, source_key,
        state, destination_id, loaded_hash, error, created_job, last_job, adapted)
      select ${book.tenantId}::uuid, ${book.destinationAccount}, ${book.sourceAccount}, e, i, k, s, d, h, r::jsonb,
        case when s = 'created' then ${jobId}::uuid end, ${jobId}::uuid, a::jsonb
      from unnest(${rows.map((r) => r.entity)}::text[], ${rows.map((r) => r.sourceId)}::text[],
        ${rows.map((r) => sourceKey(book.sourceAccount, r.entity, r.sourceId))}::text[], ${rows.map((r) => r.state)}::text[],
        ${nullable(rows.map((r) => r.outcome.destinationId))}::text[], ${nullable(rows.map((r) => r.outcome.hash))}::text[],
        ${nullable(rows.map((r) => (r.outcome.error === null ? null : JSON.stringify(r.outcome.error))))}::text[],
        ${nullable(rows.map((r) => (r.adapted === undefined ? null : JSON.stringify(r.adapted))))}::text[]) as t(e, i, k, s, d, h, r, a)
      on conflict (tenant_id, destination_account, source_account, entity, source_id) do update set
        state = case when excluded.state = 'failed' and l.destination_id is not null
          then case when l.loaded_hash is null then 'matched' else 'updated' end else excluded.state end,
        destination_id = coalesce(excluded.destination_id, l.destination_id),
        loaded_hash = case when excluded.state = 'failed' then l.loaded_hash else excluded.loaded_hash end,
        error = excluded.error, intent = null, created_job = coalesce(excluded.created_job, l.created_job),
        last_job = excluded.last_job, adapted = coalesce(excluded.adapted, l.adapted), updated_at = now()`
  })
