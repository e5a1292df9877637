// What Zendesk's answers mean: statuses, the three error envelopes, limits and their headers. Pure.
// Source: Zendesk API, "Rate limits", "Requests and responses"; `error` is a text or an object, newer endpoints have `errors`.
import type { Answer, Budget, Call, Json, JsonObject, LimitReading, Verdict } from "@bridge/http/Call"
import { listOf, objectOf, textOf } from "../Values.ts"

/** Endpoint classes are named as their headers: `zendesk-ratelimit-<name>: total=100; remaining=97; resets=14`. */
export const budgetOf = {
  incremental: "incremental-exports-cursor",
  listTickets: "tickets-index",
  search: "search-index"
} as const

/** Team's account figure and the documented 10 a minute for exports; headers bring the account's own. */
export const budgets: ReadonlyArray<Budget> = [
  { name: "account", limit: 200, windowMillis: 60_000, form: "fixed", told: true },
  { name: budgetOf.incremental, limit: 10, windowMillis: 60_000, form: "fixed", told: true },
  { name: budgetOf.listTickets, limit: 100, windowMillis: 60_000, form: "fixed", told: true },
  { name: budgetOf.search, limit: 100, windowMillis: 60_000, form: "fixed", told: true }
]

/** Counts jobs in flight, not calls in time. */
const noRate = new Set(["inflight-jobs"])

export const limits = (_call: Call, answer: Answer): ReadonlyArray<LimitReading> => {
  const { headers } = answer
  const account = reading(
    "account",
    headers["ratelimit-limit"] ?? headers["x-rate-limit"],
    headers["ratelimit-remaining"] ?? headers["x-rate-limit-remaining"],
    headers["ratelimit-reset"]
  )
  const named = Object.entries(headers).flatMap(([name, text]) => {
    const budget = /^zendesk-ratelimit-(.+)$/.exec(name)?.[1]
    if (budget === undefined || noRate.has(budget)) return []
    return reading(budget, part(text, "total"), part(text, "remaining"), part(text, "resets") ?? part(text, "reset"))
  })
  return [...account, ...named]
}

const part = (text: string, key: string): string | undefined =>
  new RegExp(`(?:^|[;,\\s])${key}\\s*=\\s*([\\d.]+)`, "i").exec(text)?.[1]

const reading = (
  budget: string,
  total: string | undefined,
  left: string | undefined,
  resets: string | undefined
): ReadonlyArray<LimitReading> => {
  const limit = figure(total)
  const remaining = figure(left)
  const seconds = figure(resets)
  if (limit === undefined && remaining === undefined) return []
  return [
    {
      budget,
      ...(limit !== undefined && { limit: Math.floor(limit) }),
      ...(remaining !== undefined && { remaining: Math.floor(remaining) }),
      ...(seconds !== undefined && { resetMillis: seconds * 1000 })
    }
  ]
}

const figure = (text: string | undefined): number | undefined => {
  const number = text === undefined ? Number.NaN : Number.parseFloat(text)
  return Number.isFinite(number) && number >= 0 ? number : undefined
}

export const verdict = (call: Call, answer: Answer): Verdict => {
  const { status } = answer
  if (status >= 200 && status < 300) return { _tag: "Ok" }
  const { code, message } = complaintOf(answer)
  if (status === 429) return throttled(answer, code)
  if (status >= 500 || status === 408) return { _tag: "Transient", message: `status ${status}` }
  if (status === 401) return { _tag: "AuthRejected", message }
  if (status === 403 && call.idempotent) return { _tag: "AuthRejected", message }
  if (status === 404 || status === 410) return { _tag: "Gone", message }
  // Two of ours, or somebody else's, met at one record: nothing was done, and it may work the next time.
  if (status === 409 && code !== "IdempotentRequestError")
    return { _tag: "Transient", message: `status 409: ${message}` }
  return { _tag: "Refused", code, message, hint: hintOf(status, code) }
}

/** Too many jobs hold back only what makes jobs; without `Retry-After` the account's reset says how long. */
const throttled = (answer: Answer, code: string): Verdict => {
  const reset = figure(answer.headers["ratelimit-reset"])
  const fromReset =
    answer.headers["retry-after"] === undefined && reset !== undefined ? { retryAfterMillis: reset * 1000 } : {}
  return code === "TooManyJobs" ? { _tag: "Throttled", scope: "call" } : { _tag: "Throttled", ...fromReset }
}

export interface Complaint {
  readonly code: string
  readonly message: string
}

/** Code and words of any error body; an HTML page or an empty body is told by its status. */
export const complaintOf = (answer: Answer): Complaint => complaintIn(bodyOf(answer), `status_${answer.status}`)

export const bodyOf = (answer: Answer): JsonObject => {
  try {
    return objectOf(JSON.parse(answer.body.toString("utf8")))
  } catch {
    return {}
  }
}

/** Reads `{error, description, details}`, `{error: {title, message}}` and `{errors: [{code, title, detail}]}`. */
export const complaintIn = (body: JsonObject, otherwise: string): Complaint => {
  const error = objectOf(body.error)
  const first = objectOf(listOf(body.errors)[0])
  const code =
    textOf(body.error) ??
    textOf(error.code) ??
    textOf(error.title) ??
    textOf(first.code) ??
    textOf(first.title) ??
    textOf(body.errors)
  const words = [
    textOf(body.description) ?? textOf(error.message) ?? textOf(first.detail) ?? textOf(first.title),
    detailsOf(body.details)
  ].filter((text) => text !== null && text !== "")
  const message = [...new Set(words)].join(": ")
  const known = code === null || code === "" ? otherwise : code
  return { code: duplicated(body.details) ? "DuplicateValue" : known, message: message === "" ? known : message }
}

/** `details` is a text, a list, or lists by field: `name: Name: has already been taken`. */
const detailsOf = (details: Json | undefined): string => {
  const text = textOf(details)
  if (text !== null) return text
  const faults = listOf(details).length > 0 ? [["", details] as const] : Object.entries(objectOf(details))
  return faults
    .flatMap(([field, list]) =>
      (listOf(list).length > 0 ? listOf(list) : [list ?? null]).map((fault) => {
        const said = textOf(fault) ?? textOf(objectOf(fault).description) ?? textOf(objectOf(fault).error) ?? ""
        return [field === "base" ? "" : field, said].filter((word) => word !== "").join(": ")
      })
    )
    .join("; ")
}

const duplicated = (details: Json | undefined): boolean =>
  Object.values(objectOf(details)).some((list) =>
    listOf(list).some((fault) => objectOf(fault).error === "DuplicateValue")
  )

export const hintOf = (status: number, code: string): string => {
  if (code === "DuplicateValue") return "A record with this value is already there; match it or change the value."
  if (status === 403)
    return "The token's owner must be an administrator, and bulk import of users may need Zendesk support."
  if (status === 413) return "The record is larger than Zendesk takes; shorten its texts."
  if (status === 409) return "The record changed at the same time; try again."
  if (status === 422 || status === 400)
    return "Zendesk does not accept these values; correct the named fields in source or mapping."
  return "See the message of Zendesk."
}
