// Tokens for scripts: made once, shown once, kept as a hash, each with a role of its own. Owns the table api_tokens.
import { permissions, type Role, roles } from "@bridge/contract/Access"
import { problem } from "@bridge/contract/Problem"
import type { ApiToken, NewApiToken } from "@bridge/contract/Sessions"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { note } from "../http/Event.ts"
import { instant, instantOrNull, inTenant, isId, orUnavailable } from "../http/Rows.ts"
import { inTurn, strangers } from "../http/Turns.ts"
import { digest, newApiToken } from "./Secrets.ts"

interface Row {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly created_at: Date
  readonly last_used_at: Date | null
  readonly expires_at: Date | null
}

interface Owner {
  readonly tenantId: string
  readonly userId: string
  readonly email: string
  readonly role: Role
  /** The token that asks, or null for a login. */
  readonly tokenId: string | null
}

const view = (r: Row): typeof ApiToken.Type => ({
  id: r.id,
  name: r.name,
  role: r.role,
  createdAt: instant(r.created_at),
  lastUsedAt: instantOrNull(r.last_used_at),
  expiresAt: instantOrNull(r.expires_at)
})

export const listTokens = (owner: Owner) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Row>`select id, name, role, created_at, last_used_at, expires_at from api_tokens
      where user_id = ${owner.userId}::uuid and revoked_at is null order by created_at, id`
  ).pipe(
    inTenant(owner.tenantId),
    Effect.map((rows) => rows.map(view))
  )

const exceeds = (role: Role, limit: Role): boolean => [...permissions[role]].some((p) => !permissions[limit].has(p))

/** A token never may more than its owner, and never lives longer than the token that made it. */
export const createToken = Effect.fn("ApiTokens.create")(function* (
  owner: Owner,
  asked: { readonly name: string; readonly role?: Role; readonly expiresInDays?: number }
) {
  const role = asked.role ?? owner.role
  if (exceeds(role, owner.role))
    return yield* Effect.fail(problem("not-allowed", `Your role is ${owner.role}; it cannot give the role ${role}.`))
  const token = newApiToken()
  const row = yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [made] = yield* sql<Row>`insert into api_tokens (tenant_id, user_id, name, role, token_hash, expires_at)
      values (${owner.tenantId}::uuid, ${owner.userId}::uuid, ${asked.name}, ${role}, ${digest(token)},
        least(now() + make_interval(days => ${asked.expiresInDays ?? null}::int),
          (select expires_at from api_tokens where id = ${owner.tokenId}::uuid)))
      returning id, name, role, created_at, last_used_at, expires_at`
    yield* note({
      tenantId: owner.tenantId,
      type: "token-created",
      actor: owner.email,
      detail: { token: made?.id, name: asked.name, role }
    })
    return made as Row
  }).pipe(inTenant(owner.tenantId))
  return { ...view(row), token } satisfies typeof NewApiToken.Type
})

/** A token cannot end one that may more than itself: who stole a viewer's stops no admin's. */
export const revokeToken = (owner: Owner, id: string) =>
  Effect.gen(function* () {
    if (!isId(id)) return yield* Effect.fail(problem("token-unknown"))
    const sql = yield* SqlClient.SqlClient
    const [token] = yield* sql<{ role: Role }>`select role from api_tokens
      where id = ${id}::uuid and user_id = ${owner.userId}::uuid and revoked_at is null for update`
    if (token === undefined) return yield* Effect.fail(problem("token-unknown"))
    if (exceeds(token.role, owner.role))
      return yield* Effect.fail(
        problem("not-allowed", `Your role is ${owner.role}; it cannot end a token of the role ${token.role}.`)
      )
    yield* sql`update api_tokens set revoked_at = now() where id = ${id}::uuid`
    yield* note({ tenantId: owner.tenantId, type: "token-revoked", actor: owner.email, detail: { token: id } })
  }).pipe(inTenant(owner.tenantId))

/** False once it is revoked or has expired. */
export const tokenLives = (tenantId: string, tokenId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`select 1 from api_tokens t join users u on u.id = t.user_id where t.id = ${tokenId}::uuid
      and t.revoked_at is null and (t.expires_at is null or t.expires_at > now()) and u.disabled_at is null`
  ).pipe(
    inTenant(tenantId),
    Effect.map((rows) => rows.length > 0)
  )

interface Found {
  readonly id: string
  readonly tenant_id: string
  readonly user_id: string
}

/** Whose token it is; undefined when unknown, revoked, expired, or when its owner was disabled. */
export const ownerOf = Effect.fn("ApiTokens.ownerOf")(function* (token: string) {
  const sql = yield* SqlClient.SqlClient
  const hash = digest(token)
  const [found] = yield* sql
    .withTransaction(
      Effect.andThen(
        sql`select set_config('app.token', ${hash.toString("hex")}, true)`,
        sql<Found>`select id, tenant_id, user_id from api_tokens
          where token_hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > now())`
      )
    )
    .pipe(inTurn(strangers), orUnavailable)
  if (found === undefined) return undefined
  const rows = yield* sql<{ email: string; role: string; owner: string }>`
    with used as (update api_tokens set last_used_at = now() where id = ${found.id}::uuid
      and (last_used_at is null or last_used_at < now() - interval '1 minute'))
    select u.email::text as email, t.role, u.role as owner from users u join api_tokens t on t.user_id = u.id
    where t.id = ${found.id}::uuid and u.disabled_at is null`.pipe(inTenant(found.tenant_id))
  const row = rows[0]
  const [role, limit] = [row?.role, row?.owner].map((name) => roles.find((r) => r === name))
  if (row === undefined || role === undefined || limit === undefined) return undefined
  // Its owner may have become less since the token was made.
  const least = exceeds(role, limit) ? limit : role
  return { tenantId: found.tenant_id, userId: found.user_id, tokenId: found.id, email: row.email, role: least }
})
