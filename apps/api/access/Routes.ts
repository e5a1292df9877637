// The routes of logging in, tokens and tenants. For main.ts.
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import { problem } from "@bridge/contract/Problem"
import type { Tokens } from "@bridge/contract/Sessions"
import { Config, Effect, Option, Redacted } from "effect"
import { HttpEffect, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { answerHeader } from "../http/Refusals.ts"
import { allowed, sameOrigin } from "./AccessLive.ts"
import { accessSeconds } from "./AccessTokens.ts"
import { createToken, listTokens, revokeToken } from "./ApiTokens.ts"
import { Sessions } from "./Sessions.ts"
import { changeSettings, settingsOf } from "./TenantSettings.ts"
import { asOperator, createTenant, profileOf } from "./Tenants.ts"

export const sessionRoutes = HttpApiBuilder.group(
  Api,
  "sessions",
  Effect.fn(function* (handlers) {
    const sessions = yield* Sessions
    const secure = yield* secureCookies
    return handlers.handleAll({
      login: Effect.fn(function* ({ payload, request }) {
        const address = Option.getOrElse(request.remoteAddress, () => "")
        const tokens = yield* sessions
          .login(payload.email, Redacted.make(payload.password), address)
          .pipe(
            Effect.tapError((p) =>
              p.retryAfterSeconds === undefined ? Effect.void : answerHeader("retry-after", String(p.retryAfterSeconds))
            )
          )
        yield* setCookies(tokens, secure)
        return tokens
      }),
      refresh: Effect.fn(function* ({ payload, request }) {
        const cookie = request.cookies["bridge_refresh"]
        const token = payload.refreshToken ?? cookie
        if (payload.refreshToken === undefined && cookie !== undefined && !sameOrigin("POST", request.headers))
          return yield* Effect.fail(problem("origin-refused"))
        if (token === undefined) return yield* Effect.fail(problem("refresh-rejected", "There is no refresh token."))
        const tokens = yield* sessions.refresh(token)
        yield* setCookies(tokens, secure)
        return tokens
      }),
      createTenant: ({ payload, request }) => createTenant(payload, bearer(request))
    })
  })
)

const bearer = (request: HttpServerRequest.HttpServerRequest): string | undefined =>
  /^bearer +(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1]

export const tenantRoutes = HttpApiBuilder.group(Api, "tenant", (handlers) =>
  handlers.handleAll({
    settings: () => Effect.flatMap(CurrentUser, ({ tenantId }) => settingsOf(tenantId)),
    change: ({ payload }) =>
      Effect.flatMap(allowed("administer"), ({ email, tenantId }) => changeSettings(tenantId, email, payload))
  })
)

export const tenantsRoutes = HttpApiBuilder.group(Api, "tenants", (handlers) =>
  handlers.handleAll({
    get: ({ params, request }) => Effect.andThen(asOperator(bearer(request)), settingsOf(params.id)),
    change: ({ params, payload, request }) =>
      Effect.andThen(asOperator(bearer(request)), changeSettings(params.id, "operator", payload))
  })
)

export const profileRoutes = HttpApiBuilder.group(
  Api,
  "profile",
  Effect.fn(function* (handlers) {
    const sessions = yield* Sessions
    const secure = yield* secureCookies
    return handlers.handleAll({
      logout: Effect.fn(function* () {
        const user = yield* CurrentUser
        if (user.sessionId !== null) yield* sessions.end(user.tenantId, user.sessionId, user.email)
        yield* setCookies(undefined, secure)
      }),
      profile: () => Effect.flatMap(CurrentUser, profileOf),
      tokens: () => Effect.flatMap(CurrentUser, listTokens),
      createToken: ({ payload }) => Effect.flatMap(CurrentUser, (user) => createToken(user, payload)),
      revokeToken: ({ params }) => Effect.flatMap(CurrentUser, (user) => revokeToken(user, params.id))
    })
  })
)

const secureCookies = Config.Boolean("BRIDGE_COOKIE_SECURE").pipe(Config.withDefault(false))

/** For the browser: not readable by scripts, never sent from another site. Undefined clears them. */
const setCookies = (tokens: typeof Tokens.Type | undefined, secure: boolean) =>
  HttpEffect.appendPreResponseHandler((_, response) => {
    const options = { httpOnly: true, sameSite: "strict", secure } as const
    return Effect.succeed(
      response.pipe(
        HttpServerResponse.setCookieUnsafe("bridge_access", tokens?.accessToken ?? "", {
          ...options,
          path: "/api",
          maxAge: tokens === undefined ? 0 : `${accessSeconds} seconds`
        }),
        HttpServerResponse.setCookieUnsafe("bridge_refresh", tokens?.refreshToken ?? "", {
          ...options,
          path: "/api/refresh",
          maxAge: tokens === undefined ? 0 : "30 days"
        })
      )
    )
  })
