// Who calls: a login's access token or an API token, from the header or the cookie. For every route but the open ones.
import { Access, CurrentUser, type Permission, permissions } from "@bridge/contract/Access"
import { type Problem, problem } from "@bridge/contract/Problem"
import { Clock, Context, Effect, Layer, Option, Redacted, Schedule } from "effect"
import { HttpServerRequest } from "effect/http"
import { SqlClient } from "effect/sql"
import { AccessTokens } from "./AccessTokens.ts"
import { ownerOf, tokenLives } from "./ApiTokens.ts"
import { apiTokenPrefix } from "./Secrets.ts"
import { Sessions } from "./Sessions.ts"

type User = CurrentUser["Service"]

const lookAgain = "15 seconds"

/** The same check for REST and the socket. */
export class WhoIs extends Context.Service<
  WhoIs,
  {
    readonly of: (token: string) => Effect.Effect<User, Problem<401> | Problem<503>>
    /** For what stays open longer than a token lasts: ends when the session was ended or the API token revoked. */
    readonly gone: (user: User) => Effect.Effect<void>
  }
>()("bridge/api/WhoIs") {
  static readonly layer = Layer.effect(WhoIs, Effect.suspend(makeWhoIs))
}

function makeWhoIs() {
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const sessions = yield* Sessions
    const accessTokens = yield* AccessTokens
    const rejected = Effect.fail(problem("sign-in-needed", "The token is unknown, expired or revoked."))

    const byLogin = Effect.fn("WhoIs.byLogin")(function* (token: string) {
      const claims = yield* accessTokens.verify(token, yield* Clock.currentTimeMillis)
      if (Option.isNone(claims)) return yield* rejected
      const { sessionId, tenantId } = claims.value
      if (!(yield* sessions.lives(tenantId, sessionId))) return yield* rejected
      return { ...claims.value, tokenId: null } satisfies User
    })

    const byApiToken = Effect.fn("WhoIs.byApiToken")(
      function* (token: string) {
        const owner = yield* ownerOf(token)
        if (owner === undefined) return yield* rejected
        return { ...owner, sessionId: null } satisfies User
      },
      Effect.provideService(SqlClient.SqlClient, sql)
    )

    const stays = (user: User) =>
      user.sessionId !== null
        ? sessions.lives(user.tenantId, user.sessionId)
        : tokenLives(user.tenantId, user.tokenId ?? "").pipe(Effect.provideService(SqlClient.SqlClient, sql))

    return WhoIs.of({
      of: (token) => (token.startsWith(apiTokenPrefix) ? byApiToken(token) : byLogin(token)),
      gone: (user) =>
        // A database that is away for a moment ends nobody's session.
        Effect.asVoid(
          Effect.repeat(
            Effect.catch(stays(user), () => Effect.succeed(true)),
            { while: (here) => here, schedule: Schedule.spaced(lookAgain) }
          )
        )
    })
  })
}

export const access = Layer.effect(
  Access,
  Effect.gen(function* () {
    const whoIs = yield* WhoIs
    const missing = Effect.fail(problem("sign-in-needed"))
    /** By Node's request: what was said of its header, which is looked at once only. */
    const refusals = new WeakMap<object, Problem<401> | Problem<503>>()
    return Access.of({
      bearer: (handler, { credential }) =>
        Effect.gen(function* () {
          const { source } = yield* HttpServerRequest.HttpServerRequest
          const token = Redacted.value(credential)
          const user = yield* Effect.tapError(token === "" ? missing : whoIs.of(token), (refusal) =>
            Effect.sync(() => refusals.set(source, refusal))
          )
          return yield* Effect.provideService(handler, CurrentUser, user)
        }),
      cookie: (handler, { credential }) =>
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          // A header was refused before: the answer is about that one, not about a cookie.
          const refusal = refusals.get(request.source)
          if (refusal !== undefined && request.headers["authorization"] !== undefined)
            return yield* Effect.fail(refusal)
          const token = Redacted.value(credential)
          if (token === "") return yield* missing
          if (!sameOrigin(request.method, request.headers)) return yield* Effect.fail(problem("origin-refused"))
          const user = yield* whoIs.of(token)
          return yield* Effect.provideService(handler, CurrentUser, user)
        })
    })
  })
)

/** A cookie comes along by itself: what changes something must come from our own pages. */
export const sameOrigin = (method: string, headers: Readonly<Record<string, string | undefined>>): boolean => {
  if (method === "GET" || method === "HEAD") return true
  const origin = headers["origin"]
  if (origin === undefined)
    return headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin"
  return URL.canParse(origin) && new URL(origin).host === headers["host"]
}

/** The current user, when the role allows it. */
export const allowed = (permission: Permission) =>
  Effect.gen(function* () {
    const user = yield* CurrentUser
    if (permissions[user.role].has(permission)) return user
    return yield* Effect.fail(problem("not-allowed", `Your role is ${user.role}, which may not ${words[permission]}.`))
  })

const words: Readonly<Record<Permission, string>> = {
  read: "see this",
  run: "start, change or stop jobs",
  approve: "approve",
  connect: "change connections",
  administer: "change what holds for the tenant"
}
