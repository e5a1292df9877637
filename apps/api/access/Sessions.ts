// Logins: from a password to a session with rotating refresh tokens, and its end. Owns the table sessions.
import { type Role, roles } from "@bridge/contract/Access"
import { type Problem, problem } from "@bridge/contract/Problem"
import type { Tokens as TokensSchema } from "@bridge/contract/Sessions"
import { Clock, Context, Effect, Layer, type Redacted, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { note } from "../http/Event.ts"
import { inTenant, orUnavailable } from "../http/Rows.ts"
import { inTurn, strangers } from "../http/Turns.ts"
import { AccessTokens, accessSeconds } from "./AccessTokens.ts"
import { Passwords } from "./Passwords.ts"
import { digest, newRefreshToken } from "./Secrets.ts"
import { makeThrottle } from "./Throttle.ts"

type Tokens = typeof TokensSchema.Type

const sessionDays = 30
/** Two tabs may refresh at the same moment: only later is the old token a sign of theft. */
const reuseGraceSeconds = 10
/** How long an instance trusts that a session still lives. */
const trustMillis = 5_000

interface UserRow {
  readonly id: string
  readonly tenant_id: string
  readonly email: string
  readonly role: string
  readonly password_hash: string
}

interface SessionRow {
  readonly id: string
  readonly tenant_id: string
  readonly user_id: string
  readonly reused: boolean
  readonly fresh: boolean
}

export class Sessions extends Context.Service<
  Sessions,
  {
    /** Ten failures per name (fifty per address) in a quarter of an hour, then `too-many-attempts`. */
    readonly login: (
      email: string,
      password: Redacted.Redacted<string>,
      address: string
    ) => Effect.Effect<Tokens, Problem<401> | Problem<429> | Problem<503>>
    /** Each refresh token works once; one that comes back later ends its session. */
    readonly refresh: (refreshToken: string) => Effect.Effect<Tokens, Problem<401> | Problem<503>>
    readonly end: (tenantId: string, sessionId: string, actor: string) => Effect.Effect<void, Problem<503>>
    readonly lives: (tenantId: string, sessionId: string) => Effect.Effect<boolean, Problem<503>>
  }
>()("bridge/api/Sessions") {
  static readonly layer = Layer.effect(Sessions, Effect.suspend(make))
}

const roleOf = (text: string): Role => roles.find((r) => r === text) ?? "viewer"

function make() {
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const passwords = yield* Passwords
    const accessTokens = yield* AccessTokens
    const throttle = makeThrottle((key) => (key.startsWith("address ") ? 50 : 10))
    const turns = yield* Semaphore.make(2)
    const trusted = new Map<string, number>()
    const withSql = Effect.provideService(SqlClient.SqlClient, sql)

    const answer = Effect.fn("Sessions.answer")(function* (user: UserRow, sessionId: string, refreshToken: string) {
      const claims = {
        userId: user.id,
        tenantId: user.tenant_id,
        sessionId,
        email: user.email,
        role: roleOf(user.role)
      }
      const accessToken = yield* accessTokens.sign(claims, yield* Clock.currentTimeMillis)
      return { accessToken, refreshToken, tokenType: "Bearer", expiresInSeconds: accessSeconds } satisfies Tokens
    })

    /** Two at a time: hashing a password takes 19 MiB and a core. */
    const admitted = Effect.fn("Sessions.admitted")(function* (
      email: string,
      password: Redacted.Redacted<string>,
      address: string
    ) {
      const [name, from] = [`name ${email.toLowerCase()}`, `address ${address}`]
      const nowMillis = yield* Clock.currentTimeMillis
      const waitMillis = throttle.waitMillis([name, from], nowMillis)
      if (waitMillis > 0) {
        const retryAfterSeconds = Math.ceil(waitMillis / 1000)
        return yield* Effect.fail(problem("too-many-attempts", undefined, { retryAfterSeconds }))
      }
      throttle.tried([name, from], nowMillis)
      const user = yield* checked(email, password).pipe(
        Effect.onError(() => Effect.sync(() => throttle.undone([name, from], nowMillis)))
      )
      if (user === undefined) return yield* Effect.fail(problem("credentials-wrong"))
      throttle.forget(name)
      throttle.undone([from], nowMillis)
      return user
    })

    const checked = (email: string, password: Redacted.Redacted<string>) =>
      Effect.gen(function* () {
        const user = yield* userNamed(email)
        return (yield* passwords.matches(user?.password_hash, password)) ? user : undefined
      })

    const login = Effect.fn("Sessions.login")(function* (
      email: string,
      password: Redacted.Redacted<string>,
      address: string
    ) {
      const user = yield* turns.withPermits(1)(admitted(email.trim(), password, address))
      const refreshToken = newRefreshToken()
      return yield* answer(user, yield* begin(user, refreshToken), refreshToken)
    }, withSql)

    const refresh = Effect.fn("Sessions.refresh")(function* (refreshToken: string) {
      const session = yield* sessionOf(refreshToken)
      if (session === undefined) return yield* Effect.fail(problem("refresh-rejected"))
      if (session.reused) {
        if (!session.fresh) yield* end(session.tenant_id, session.id, "refresh token used twice")
        return yield* Effect.fail(problem("refresh-rejected", "This refresh token was used before."))
      }
      const next = newRefreshToken()
      const user = yield* rotate(session, refreshToken, next)
      if (user === undefined) return yield* Effect.fail(problem("refresh-rejected"))
      return yield* answer(user, session.id, next)
    }, withSql)

    const end = Effect.fn("Sessions.end")(function* (tenantId: string, sessionId: string, actor: string) {
      trusted.delete(sessionId)
      yield* Effect.gen(function* () {
        const ended =
          yield* sql`update sessions set revoked_at = now() where id = ${sessionId}::uuid and revoked_at is null
          returning id`
        if (ended.length > 0) yield* note({ tenantId, type: "logout", actor, detail: { session: sessionId } })
      }).pipe(inTenant(tenantId))
    }, withSql)

    const lives = Effect.fn("Sessions.lives")(function* (tenantId: string, sessionId: string) {
      const nowMillis = yield* Clock.currentTimeMillis
      if ((trusted.get(sessionId) ?? 0) > nowMillis) return true
      const rows = yield* sql`select 1 from sessions s join users u on u.id = s.user_id
        where s.id = ${sessionId}::uuid and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null`.pipe(
        inTenant(tenantId)
      )
      if (trusted.size > 10_000) trusted.clear()
      if (rows.length > 0) trusted.set(sessionId, nowMillis + trustMillis)
      return rows.length > 0
    }, withSql)

    return Sessions.of({ login, refresh, end, lives })
  })
}

const userNamed = (email: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<UserRow>`select id, tenant_id, email::text as email, role, password_hash from users
      where email = ${email}::citext and disabled_at is null`
  ).pipe((self) => openedBy("app.login", email, self))

const sessionOf = (refreshToken: string) => {
  const hash = digest(refreshToken)
  return Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<SessionRow>`select id, tenant_id, user_id, refresh_hash <> ${hash} as reused,
        coalesce(rotated_at > now() - make_interval(secs => ${reuseGraceSeconds}), false) as fresh
      from sessions where (refresh_hash = ${hash} or previous_hash = ${hash}) and revoked_at is null and expires_at > now()`
  ).pipe((self) => openedBy("app.refresh", hash.toString("hex"), self))
}

/** Before a tenant is known, a setting opens exactly one row (row-level security). */
const openedBy = <Row>(
  setting: "app.login" | "app.refresh",
  value: string,
  query: Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError, SqlClient.SqlClient>
) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql.withTransaction(Effect.andThen(sql`select set_config(${setting}, ${value}, true)`, query))
  ).pipe(
    inTurn(strangers),
    orUnavailable,
    Effect.map((rows) => rows[0])
  )

const begin = (user: UserRow, refreshToken: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [session] = yield* sql<{ id: string }>`insert into sessions (tenant_id, user_id, refresh_hash, expires_at)
      values (${user.tenant_id}::uuid, ${user.id}::uuid, ${digest(refreshToken)}, now() + make_interval(days => ${sessionDays}))
      returning id`
    yield* note({ tenantId: user.tenant_id, type: "login", actor: user.email, detail: { session: session?.id } })
    return session?.id ?? ""
  }).pipe(inTenant(user.tenant_id))

/** Of two that refresh with the same token one wins: the update finds the old hash only once. */
const rotate = (session: SessionRow, old: string, next: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const users =
      yield* sql<UserRow>`update sessions s set refresh_hash = ${digest(next)}, previous_hash = s.refresh_hash,
        rotated_at = now(), expires_at = now() + make_interval(days => ${sessionDays})
      from users u
      where s.id = ${session.id}::uuid and s.refresh_hash = ${digest(old)} and s.revoked_at is null
        and u.id = s.user_id and u.disabled_at is null
      returning u.id, u.tenant_id, u.email::text as email, u.role, u.password_hash`
    return users[0]
  }).pipe(inTenant(session.tenant_id))
