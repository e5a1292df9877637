// The outermost layer: whatever goes wrong, the answer is a problem document with a code. For main.ts.
// What does not belong here: refusals that a handler decides on (they fail with a Problem themselves).
import { randomUUID } from "node:crypto"
import { Readable } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import { Problem, type ProblemCode, problem } from "@bridge/contract/Problem"
import { Cause, Effect, Layer, SchemaIssue } from "effect"
import { HttpBody, HttpEffect, type HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiMiddleware, OpenApi } from "effect/http-api"
import { SqlError } from "effect/sql"
import { legible } from "./Legible.ts"

export const maxBodyBytes = 1024 * 1024

/** A problem as an answer. */
export const refusalOf = (p: Problem): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(p), {
    status: p.status,
    contentType: "application/problem+json",
    headers: p.retryAfterSeconds === undefined ? {} : { "retry-after": String(p.retryAfterSeconds) }
  })

/** Requests that do not decode: `invalid-request` with a place for each fault. An answer that does not encode is our bug. */
const decodable = HttpApiMiddleware.layerSchemaErrorTransform(Readable, (error) => {
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  const slot = error.kind.toLowerCase()
  const errors = formatted(error.cause.issue).issues.map((issue) => ({
    path: [slot, ...(issue.path ?? []).map(segment)],
    message: issue.message
  }))
  const detail = errors.map((e) => `${e.path.join(".")}: ${e.message}`).join("; ")
  return Effect.fail(problem("invalid-request", detail.slice(0, 1000), { errors }))
})

/** And a body that could be decoded but neither stored nor walked is refused when it is read. */
export const readable = Layer.effect(
  Readable,
  Effect.map(Readable, (decode) =>
    Readable.of((handler, options) =>
      Effect.updateService(decode(handler, options), HttpServerRequest.HttpServerRequest, legible)
    )
  )
).pipe(Layer.provide(decodable))

const formatted = SchemaIssue.makeFormatterStandardSchemaV1()
const segment = (s: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof s === "object" ? s.key : s
  return typeof key === "number" ? key : String(key)
}

/** Around the whole router, addresses that are none included. */
export const refusing = <E, R>(app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const id = randomUUID()
    const response = refusedUnread(request) ?? (yield* Effect.catchCause(app, (cause) => recovered(cause, request, id)))
    return HttpServerResponse.setHeaders(filled(response, request, id), {
      "x-request-id": id,
      "x-content-type-options": "nosniff",
      ...(response.headers["cache-control"] === undefined ? { "cache-control": "no-store" } : {})
    })
  })

/** What the head of a request alone says. */
const refusedUnread = (request: HttpServerRequest.HttpServerRequest) => {
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes)
    return HttpServerResponse.setHeader(refusalOf(problem("body-too-large")), "connection", "close")
  // The database keeps no NUL, and no id of ours holds one.
  if (request.url.includes("%00"))
    return refusalOf(problem("invalid-request", "The address holds the character NUL (%00)."))
  return undefined
}

const recovered = (
  cause: Cause.Cause<unknown>,
  request: HttpServerRequest.HttpServerRequest,
  id: string
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
  const fault = Cause.squash(cause)
  if (fault instanceof Problem) return Effect.succeed(refusalOf(fault))
  // Under a vendor's call, say: the budgets are rows too.
  if (SqlError.isSqlError(fault) && fault.isRetryable)
    return Effect.as(
      Effect.logWarning("database", cause),
      refusalOf(problem("service-unavailable", "The database does not answer."))
    )
  const status = statusOf(fault)
  if (status === 404) return Effect.succeed(refusalOf(unknownRoute(request)))
  if (status === 413) return Effect.succeed(refusalOf(problem("body-too-large")))
  if (status === 400) return Effect.succeed(refusalOf(problem("invalid-request", "The request body cannot be read.")))
  return Effect.as(
    Effect.logError("request failed", { id, method: request.method, url: pathOf(request) }, cause),
    refusalOf(internal(id))
  )
}

const internal = (id: string) => problem("internal-error", undefined, { instance: `urn:bridge:request:${id}` })

/** The status that the server itself would have given. */
const statusOf = (fault: unknown): number => {
  const reason = isServerError(fault) ? fault.reason : undefined
  if (reason === undefined) return 500
  if (reason._tag === "RouteNotFound") return 404
  if (reason._tag !== "RequestParseError") return 500
  return /maxBytes|exceed|too large/i.test(`${reason.description ?? ""} ${String(reason.cause ?? "")}`) ? 413 : 400
}

const isServerError = (fault: unknown): fault is HttpServerError.HttpServerError =>
  typeof fault === "object" && fault !== null && "_tag" in fault && fault._tag === "HttpServerError"

const byStatus: Readonly<Record<number, ProblemCode>> = {
  400: "invalid-request",
  401: "sign-in-needed",
  403: "not-allowed",
  404: "route-unknown",
  405: "method-not-allowed",
  413: "body-too-large",
  415: "media-type-unsupported",
  503: "service-unavailable"
}

/** An answer over 400 that is no problem document yet becomes one. */
const filled = (
  response: HttpServerResponse.HttpServerResponse,
  request: HttpServerRequest.HttpServerRequest,
  id: string
): HttpServerResponse.HttpServerResponse => {
  if (response.status < 400 || isProblem(response)) return response
  if (response.status === 404) return refusalOf(unknownRoute(request))
  const code = byStatus[response.status]
  const document = code === undefined ? internal(id) : problem(code)
  return HttpServerResponse.setBody(
    HttpServerResponse.setStatus(response, document.status),
    HttpBody.text(JSON.stringify(document), "application/problem+json")
  )
}

const isProblem = (response: HttpServerResponse.HttpServerResponse): boolean =>
  "contentType" in response.body && response.body.contentType?.startsWith("application/problem+json") === true

const pathOf = (request: HttpServerRequest.HttpServerRequest): string => request.url.split("?")[0] ?? request.url

/** Path templates of the contract with their methods: `/api/jobs/{id}` also says what it could be asked with. */
const templates = Object.entries(OpenApi.fromApi(Api).paths).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}/?$`),
  methods: Object.keys(methods).map((m) => m.toUpperCase())
}))

const unknownRoute = (request: HttpServerRequest.HttpServerRequest): Problem => {
  const { method } = request
  const path = pathOf(request)
  const shown = path.length > 200 ? `${path.slice(0, 200)}...` : path
  const methods = templates.filter((t) => t.pattern.test(path)).flatMap((t) => t.methods)
  // One that the router could not read (broken %-signs, too long) has the shape of a route and is none.
  return methods.length === 0 || methods.includes(method === "HEAD" ? "GET" : method)
    ? problem("route-unknown", `There is no ${method} ${shown}.`)
    : problem("method-not-allowed", `${shown} takes ${[...new Set(methods)].join(", ")}, not ${method}.`)
}

/** Adds a header to the answer of the current request, whatever it will be. */
export const answerHeader = (name: string, value: string) =>
  HttpEffect.appendPreResponseHandler((_, response) =>
    Effect.succeed(HttpServerResponse.setHeader(response, name, value))
  )
