// The typed client of Bridge, derived from its contract, with the caller's token. For the commands.
// Refusals of Bridge become CliErrors here, once, in the words a person needs.
import { Access } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import { ProblemPlace } from "@bridge/contract/Problem"
import { Context, Effect, Layer, Result, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"
import { type CliError, noAnswer, notLoggedIn, refused } from "./CliError.ts"
import { Io } from "./Io.ts"
import { defaultUrl, readSession, type Session, sessionFile, writeSession } from "./Session.ts"

type Client = HttpApiClient.ForApi<typeof Api>

export class Bridge extends Context.Service<
  Bridge,
  {
    readonly url: string
    /** With the token of BRIDGE_TOKEN or of the last login, which is renewed when it is about to end. */
    readonly call: <A, E>(use: (client: Client) => Effect.Effect<A, E>) => Effect.Effect<A, CliError>
    /** Without a token, or with another one. */
    readonly callAs: <A, E>(
      token: string | undefined,
      use: (client: Client) => Effect.Effect<A, E>
    ) => Effect.Effect<A, CliError>
  }
>()("bridge/cli/Bridge") {}

/** `url` from --url; else BRIDGE_URL, else where the last login was. */
export const bridgeLayer = (url: string | undefined): Layer.Layer<Bridge, never, Io> =>
  Layer.effect(
    Bridge,
    Effect.gen(function* () {
      const io = yield* Io
      const file = sessionFile(io.env)
      const stored = readSession(file)
      const at = (url ?? io.env("BRIDGE_URL") ?? stored?.url ?? defaultUrl).replace(/\/+$/, "")
      const own = stored?.url === at ? stored : undefined

      const callAs: Bridge["Service"]["callAs"] = (token, use) =>
        Effect.flatMap(client(at, token), use).pipe(Effect.provide(FetchHttpClient.layer), Effect.mapError(told(at)))

      const renewed = (session: Session) =>
        Effect.gen(function* () {
          if (session.expiresAtMillis > Date.now() + 30_000) return session.accessToken
          // Another command may have renewed it meanwhile.
          const now = readSession(file) ?? session
          if (now.expiresAtMillis > Date.now() + 30_000) return now.accessToken
          const tokens = yield* callAs(undefined, (c) =>
            c.sessions.refresh({ payload: { refreshToken: now.refreshToken } })
          ).pipe(Effect.mapError(() => notLoggedIn("Your login has ended: run bridge login.")))
          writeSession(file, { ...now, ...tokens, expiresAtMillis: Date.now() + tokens.expiresInSeconds * 1000 })
          return tokens.accessToken
        })

      const token = Effect.suspend(() => {
        const given = io.env("BRIDGE_TOKEN")
        if (given !== undefined) return Effect.succeed(given)
        return own === undefined
          ? Effect.fail(notLoggedIn(`You are not logged in at ${at}: run bridge login, or set BRIDGE_TOKEN.`))
          : renewed(own)
      })

      return Bridge.of({ url: at, callAs, call: (use) => Effect.flatMap(token, (t) => callAs(t, use)) })
    })
  )

const client = (url: string, token: string | undefined) =>
  HttpApiClient.make(Api, {
    transformClient: HttpClient.mapRequest((request) =>
      HttpClientRequest.prependUrl(token === undefined ? request : HttpClientRequest.bearerToken(request, token), url)
    )
  }).pipe(Effect.provide(HttpApiMiddleware.layerClient(Access, ({ next, request }) => next(request))))

/** What a person reads: the problem's own words, or that nobody answers. */
export const told =
  (url: string) =>
  (error: unknown): CliError => {
    const problem = documentOf(error)
    if (problem === undefined) return noAnswer(`Bridge does not answer at ${url}: ${wordsOf(error)}`)
    const lines = [
      problem.detail,
      ...(problem.errors ?? []).map((e) => `  ${e.path.join(".")}: ${e.message}`),
      problem.hint
    ]
    const message = lines.filter((l) => l !== "").join("\n")
    return problem.status === 401 ? notLoggedIn(message) : refused(problem.code, message)
  }

const Document = Schema.Struct({
  code: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  hint: Schema.String,
  errors: Schema.optionalKey(Schema.Array(ProblemPlace))
})
const readDocument = Schema.decodeUnknownResult(Document)

const documentOf = (error: unknown): typeof Document.Type | undefined =>
  Result.match(readDocument(error), { onFailure: () => undefined, onSuccess: (document) => document })

const wordsOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause)
}
