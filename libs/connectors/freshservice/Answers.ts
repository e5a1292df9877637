// What Freshservice's answers mean: statuses, both error envelopes, limits and their headers. Pure.
// Source: Freshservice API v2, "Errors" and "Rate limit"; "What is the rate limit for APIs across all plans".
import type { Answer, Budget, Call, JsonObject, LimitReading, Verdict } from "@bridge/http/Call"
import { listOf, objectOf, textOf } from "../Values.ts"

/** Endpoint classes with a limit of their own beside the account's. Every view, create and update of a ticket has its own. */
export const budgetOf = {
  listTickets: "tickets.list",
  viewTicket: "tickets.view",
  listAgents: "agents.list",
  listRequesters: "requesters.list",
  listAssets: "assets.list"
} as const

const told = { windowMillis: 60_000, form: "fixed", told: true } as const

/**
 * Figures of the smallest plan (Starter, per minute); the first answer of each class brings the account's own. Accounts of
 * before 2020-09-01 may be limited by the hour: the headers and `Retry-After` tell.
 */
export const budgets: ReadonlyArray<Budget> = [
  { name: "account", limit: 100, ...told },
  { name: budgetOf.listTickets, limit: 40, ...told },
  { name: budgetOf.viewTicket, limit: 50, ...told },
  { name: budgetOf.listAgents, limit: 40, ...told },
  { name: budgetOf.listRequesters, limit: 40, ...told },
  { name: budgetOf.listAssets, limit: 40, ...told }
]

/** Sub-limit of a class and the account's limit in the same plan: Starter, Growth, Pro, Enterprise. */
const plans: Readonly<Record<number, number>> = { 40: 100, 50: 100, 70: 200, 80: 200, 120: 400, 140: 400, 160: 500 }

/** No class has more than half of its account's limit; 140 is a list of Enterprise or a view of Pro. */
const accountOf = (budget: string | undefined, limit: number): number =>
  limit === 140 && budget !== budgetOf.viewTicket ? 500 : (plans[limit] ?? limit * 2)

/** The headers speak of the bucket that applies to the call: the class's own where it has one. Seen as `140` and as `100.0`. */
export const limits = (call: Call, answer: Answer): ReadonlyArray<LimitReading> => {
  const limit = figure(answer.headers["x-ratelimit-total"] ?? answer.headers["x-ratelimit-limit"])
  const remaining = figure(answer.headers["x-ratelimit-remaining"])
  const used = figure(answer.headers["x-ratelimit-used-currentrequest"])
  if (limit === undefined && remaining === undefined) return []
  const account =
    call.budget === undefined || limit === undefined
      ? []
      : [{ budget: "account", atLeast: accountOf(call.budget, limit) }]
  return [
    ...account,
    {
      budget: call.budget ?? "account",
      ...(limit !== undefined && { limit }),
      ...(remaining !== undefined && { remaining }),
      ...(used !== undefined && { used })
    }
  ]
}

const figure = (text: string | undefined): number | undefined => {
  const number = text === undefined ? Number.NaN : Number.parseFloat(text)
  return Number.isFinite(number) && number >= 0 ? Math.floor(number) : undefined
}

export const verdict = (call: Call, answer: Answer): Verdict => {
  const { status } = answer
  if (status >= 200 && status < 300) return { _tag: "Ok" }
  if (status === 429) return { _tag: "Throttled" }
  if (status >= 500 || status === 408) return { _tag: "Transient", message: `status ${status}` }
  const { code, message } = complaintOf(answer)
  if (status === 401) return { _tag: "AuthRejected", message }
  // A module that the account's plan lacks: no key would show it.
  if (status === 403 && call.idempotent && code === "require_feature") return { _tag: "Gone", message }
  if (status === 403 && call.idempotent) return { _tag: "AuthRejected", message }
  if (status === 404 || status === 410) return { _tag: "Gone", message }
  return { _tag: "Refused", code, message, hint: hintOf(status, code) }
}

/** Both envelopes: `{description, errors: [{field, message, code}]}` and `{code, message}`; anything else is told by status. */
const complaintOf = (answer: Answer): { readonly code: string; readonly message: string } => {
  const body = bodyOf(answer)
  const errors = listOf(body.errors).map(objectOf)
  const parts = errors.map((error) => [textOf(error.field), textOf(error.message)].filter(Boolean).join(": "))
  const first = errors[0] ?? {}
  const message = [textOf(body.message) ?? textOf(body.description), parts.filter(Boolean).join("; ")]
    .filter(Boolean)
    .join(": ")
  return {
    code: textOf(body.code) ?? textOf(first.code) ?? `status_${answer.status}`,
    message: message === "" ? `status ${answer.status}` : message
  }
}

const bodyOf = (answer: Answer): JsonObject => {
  try {
    return objectOf(JSON.parse(answer.body.toString("utf8")))
  } catch {
    return {}
  }
}

const hintOf = (status: number, code: string): string => {
  if (code === "require_feature") return "The account's plan does not have this module; leave the entity out."
  if (status === 403) return "The key's owner lacks the role for this; use the key of an account administrator."
  if (status === 400) return "Freshservice does not accept these values; correct the named fields."
  return "See the message of Freshservice."
}
