// Idempotency-Key: a request that starts something is carried out once, however often it is sent. Owns idempotency_keys.
import { createHmac } from "node:crypto"
import { problem } from "@bridge/contract/Problem"
import { canonicalJson, type Json } from "@bridge/domain/Canonical"
import { Kek } from "@bridge/vault/Kek"
import { Effect, Redacted } from "effect"
import { HttpServerResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { inTenant } from "./Rows.ts"

export interface Attempt {
  readonly tenantId: string
  /** Undefined: nothing is remembered. */
  readonly key: string | undefined
  /** The route with its ids, and the body: another one under the same key is refused. */
  readonly request: Json
  readonly status: 200 | 201
}

interface Stored {
  readonly request_hash: Uint8Array
  readonly status: number | null
  readonly body: Json
}

const keepHours = 24

/**
 * `prepare` may call vendors and reads only; `commit` runs with the claim of the key in one transaction of the tenant.
 * Two at the same time: the second waits at the key's row, then gets the first one's answer. A failure is not remembered.
 */
export const once = <P, A extends Json, E1, R1, E2, R2>(
  attempt: Attempt,
  prepare: Effect.Effect<P, E1, R1>,
  commit: (prepared: P) => Effect.Effect<A, E2, R2>
) =>
  Effect.gen(function* () {
    const hash = yield* hashOf(attempt.request)
    const before = yield* inTenant(attempt.tenantId)(stored(attempt, hash))
    if (before !== undefined) return before
    const prepared = yield* prepare
    return yield* Effect.gen(function* () {
      if (!(yield* claimed(attempt, hash))) {
        const other = yield* stored(attempt, hash)
        return other ?? (yield* Effect.fail(problem("key-in-use")))
      }
      const answer = yield* commit(prepared)
      yield* keep(attempt, answer)
      return answered(attempt.status, answer, false)
    }).pipe(inTenant(attempt.tenantId))
  })

/** Keyed, because bodies hold secrets: nobody can try values against the stored hash. */
const hashOf = (request: Json) =>
  Effect.map(Kek, (kek) =>
    createHmac("sha256", Redacted.value(kek.derive("api/idempotency")))
      .update(canonicalJson(request))
      .digest()
  )

const stored = (attempt: Attempt, hash: Buffer) =>
  Effect.gen(function* () {
    if (attempt.key === undefined) return undefined
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<Stored>`select request_hash, status, body from idempotency_keys
      where key = ${attempt.key} and created_at > now() - make_interval(hours => ${keepHours})`
    if (row === undefined) return undefined
    if (!hash.equals(row.request_hash)) return yield* Effect.fail(problem("key-reused"))
    return row.status === null ? undefined : answered(row.status, row.body, true)
  })

const claimed = (attempt: Attempt, hash: Buffer) =>
  Effect.gen(function* () {
    if (attempt.key === undefined) return true
    const sql = yield* SqlClient.SqlClient
    yield* sql`delete from idempotency_keys where created_at <= now() - make_interval(hours => ${keepHours})`
    const rows = yield* sql`insert into idempotency_keys (tenant_id, key, request_hash)
      values (${attempt.tenantId}::uuid, ${attempt.key}, ${hash}) on conflict do nothing returning key`
    return rows.length > 0
  })

const keep = (attempt: Attempt, answer: Json) =>
  Effect.gen(function* () {
    if (attempt.key === undefined) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`update idempotency_keys set status = ${attempt.status}, body = ${JSON.stringify(answer)}::jsonb
      where key = ${attempt.key}`
  })

const answered = (status: number, body: Json, repeated: boolean): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: repeated ? { "idempotent-replayed": "true" } : {} })
