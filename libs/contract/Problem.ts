// Every refusal of the API: a stable code, the status that goes with it, and words that say what, where and what to do.
// For apps/api (which fails with them), the command line and the console (which show them). docs/errors.md has a row per code.
import { entityIds } from "@bridge/domain/Entities"
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"

/** One row per code: status, what is wrong in general, and what the caller can do. Codes never change their meaning. */
export const problemCodes = {
  "invalid-request": [400, "The request does not have the right shape", "Correct the fields listed in errors."],
  "sign-in-needed": [401, "There is no valid token with this request", "Log in, or send Authorization: Bearer TOKEN."],
  "credentials-wrong": [
    401,
    "The e-mail address or the password is wrong",
    "Try again, or ask an admin of your tenant."
  ],
  "refresh-rejected": [401, "The refresh token is used, expired or revoked", "Log in again."],
  "not-allowed": [403, "Your role does not allow this", "Ask an admin of your tenant, or use another token."],
  "origin-refused": [403, "A cookie is not accepted from another site", "Send Authorization: Bearer TOKEN instead."],
  "route-unknown": [404, "There is no such address", "Look it up in /api/docs."],
  "job-unknown": [404, "There is no such job", "List the jobs with GET /api/jobs."],
  "connection-unknown": [404, "There is no such connection", "List the connections with GET /api/connectors."],
  "mapping-unknown": [404, "There is no such mapping", "List the mappings with GET /api/mappings."],
  "record-unknown": [404, "The job has no such record", "List the records with GET /api/jobs/{id}/records."],
  "token-unknown": [404, "There is no such API token", "List the tokens with GET /api/tokens."],
  "tenant-unknown": [
    404,
    "There is no such tenant",
    "Its id is in the answer to POST /api/tenants and in GET /api/profile."
  ],
  "report-missing": [404, "The audit report is not written yet", "Wait until the job says auditComplete."],
  "entity-not-in-job": [404, "The job does not move this entity", "See entities of GET /api/jobs/{id}."],
  "method-not-allowed": [405, "The address exists, but not with this method", "Look it up in /api/docs."],
  "request-too-slow": [408, "The request did not arrive in time", "Send it again, at once as a whole."],
  "tenant-exists": [409, "A tenant or user of this name exists", "Choose another slug or e-mail address."],
  "connection-in-use": [409, "A job that has not ended uses the connection", "Wait for the job, or cancel it."],
  "account-changed": [409, "A connection keeps its account", "Make a new connection for the other account."],
  "job-ended": [409, "The job has ended", "Make a new migration."],
  "job-not-reviewable": [409, "The job is not waiting for a review", "Wait for data_ready; approved data is frozen."],
  "approval-outdated": [
    409,
    "What you approve is not what is there now",
    "Read the extraction summary again and approve its hashes."
  ],
  "key-in-use": [409, "The same Idempotency-Key is being handled right now", "Repeat the request in a moment."],
  "data-expired": [
    410,
    "What the job extracted is past its retention and was removed",
    "Results and the audit report are kept for seven years; migrate again to see records."
  ],
  "results-expired": [
    410,
    "The results of the job are past their retention and were removed",
    "Look in your own copy."
  ],
  "body-too-large": [413, "The request body is over 1 MiB", "Send less at once."],
  "media-type-unsupported": [415, "The body has a content type that is not accepted", "Send application/json."],
  "key-reused": [422, "The Idempotency-Key was used for another request", "Use a new key for a new request."],
  "vendor-unknown": [422, "There is no such vendor", "See GET /api/connectors/types."],
  "config-invalid": [
    422,
    "The configuration of the connection is not complete",
    "Correct the fields listed in errors."
  ],
  "credentials-rejected": [
    422,
    "The vendor refused the credentials",
    "Check key and rights at the vendor, and try again."
  ],
  "account-unknown": [422, "The vendor does not know this account", "Check the domain or subdomain."],
  "address-refused": [422, "The address may not be called", "Use the vendor's own host name."],
  "connection-unfit": [422, "The connection cannot be used for this", "Choose another connection."],
  "entity-unknown": [422, "There is no such entity", `Use one of ${entityIds.join(", ")}, or an alias.`],
  "entity-unsupported": [422, "This pair of connections cannot move the entity", "Leave it out of entities."],
  "mapping-invalid": [422, "The mapping cannot be used", "Correct the places listed in errors."],
  "options-invalid": [422, "The options contradict each other", "Correct the fields listed in errors."],
  "too-many-attempts": [429, "Too many failed logins", "Wait as long as Retry-After says."],
  "headers-too-large": [431, "The head of the request is too large", "Send fewer headers, and a shorter address."],
  "internal-error": [500, "Bridge has made a mistake", "Try again; if it stays, tell the operator the request id."],
  "vendor-unavailable": [502, "The vendor did not give a usable answer", "Try again later."],
  "service-unavailable": [503, "A part of Bridge does not answer", "Try again in a moment."]
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>

export type ProblemCode = keyof typeof problemCodes
export type StatusOf<C extends ProblemCode> = (typeof problemCodes)[C][0]
export type ProblemStatus = StatusOf<ProblemCode>

/** One place in the request that is wrong: `["config", "domain"]`. */
export const ProblemPlace = Schema.Struct({
  path: Schema.Array(Schema.Union([Schema.String, Schema.Finite])),
  message: Schema.String
})
export type ProblemPlace = typeof ProblemPlace.Type

const fields = {
  type: Schema.String,
  code: Schema.String,
  title: Schema.String,
  detail: Schema.String,
  hint: Schema.String,
  instance: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(ProblemPlace)),
  retryAfterSeconds: Schema.optionalKey(Schema.Finite)
}

/** The document of one status (RFC 9457). `code` is stable; `title` and `hint` follow from it; `detail` is of this case. */
const documentOf = <const S extends ProblemStatus>(status: S) =>
  Schema.Struct({ ...fields, status: Schema.Literal(status) })
    .annotate({ identifier: `Problem${status}`, description: titles(status) })
    .pipe(HttpApiSchema.asJson({ contentType: "application/problem+json" }), HttpApiSchema.status(status))

const titles = (status: ProblemStatus): string =>
  Object.entries(problemCodes)
    .filter(([, [s]]) => s === status)
    .map(([code, [, title]]) => `${code}: ${title}`)
    .join("; ")

/** The document of each status, for `error` of an endpoint. */
export const on = {
  400: documentOf(400),
  401: documentOf(401),
  403: documentOf(403),
  404: documentOf(404),
  405: documentOf(405),
  409: documentOf(409),
  410: documentOf(410),
  413: documentOf(413),
  415: documentOf(415),
  422: documentOf(422),
  429: documentOf(429),
  500: documentOf(500),
  502: documentOf(502),
  503: documentOf(503)
} as const

/** A refusal as a failure: yield it where the request cannot go on. */
export class Problem<S extends ProblemStatus = ProblemStatus> extends Error {
  readonly type: string
  readonly code: ProblemCode
  readonly status: S
  readonly title: string
  readonly detail: string
  readonly hint: string
  declare readonly instance?: string
  declare readonly errors?: ReadonlyArray<ProblemPlace>
  declare readonly retryAfterSeconds?: number
  constructor(code: ProblemCode, status: S, detail: string, more: ProblemMore = {}) {
    super(detail)
    this.type = `urn:bridge:problem:${code}`
    this.code = code
    this.status = status
    this.title = problemCodes[code][1]
    this.detail = detail
    this.hint = more.hint ?? problemCodes[code][2]
    if (more.errors !== undefined) this.errors = more.errors
    if (more.retryAfterSeconds !== undefined) this.retryAfterSeconds = more.retryAfterSeconds
    if (more.instance !== undefined) this.instance = more.instance
  }
  /** What goes over the wire. */
  toJSON() {
    const { type, code, status, title, detail, hint, errors, instance, retryAfterSeconds } = this
    return { type, code, status, title, detail, hint, errors, instance, retryAfterSeconds }
  }
}

export interface ProblemMore {
  readonly hint?: string
  readonly errors?: ReadonlyArray<ProblemPlace>
  readonly retryAfterSeconds?: number
  readonly instance?: string
}

/** `detail` says what is wrong in this case, with the names and values that the caller knows; never a secret. */
export const problem = <C extends ProblemCode>(code: C, detail?: string, more?: ProblemMore): Problem<StatusOf<C>> =>
  new Problem<StatusOf<C>>(code, problemCodes[code][0], detail ?? `${problemCodes[code][1]}.`, more)
