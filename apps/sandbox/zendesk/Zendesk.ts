// Zendesk Support API v2 as one function from a call to an answer: who calls, what it costs, which route, which headers.
// Source: Zendesk API reference (introduction, rate limits, ticket import, incremental exports, job statuses).

import type { Charge } from "../Limits.ts"
import { type Answered, type Call, header, json, type Reply } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { answerContent, isContent } from "./Content.ts"
import type { Context, Route } from "./Context.ts"
import { customFieldRoutes } from "./CustomFields.ts"
import { customJobRoutes } from "./CustomJobs.ts"
import { customObjectRoutes } from "./CustomObjects.ts"
import { customRecordRoutes } from "./CustomRecords.ts"
import {
  couldNotAuthenticate,
  forbidden,
  invalidEndpoint,
  missingScope,
  noHelpDesk,
  tooManyRequests
} from "./Errors.ts"
import { groupRoutes } from "./Groups.ts"
import { incrementalRoutes } from "./Incremental.ts"
import type { User } from "./Model.ts"
import { organizationRoutes } from "./Organizations.ts"
import { personFieldRoutes } from "./PersonFields.ts"
import { accountBucket, namedBuckets, shownName } from "./Plans.ts"
import { anonymousRow, userRow } from "./Rows.ts"
import { searchRoutes } from "./Search.ts"
import { settingRoutes } from "./Settings.ts"
import { ticketFieldRoutes } from "./TicketFields.ts"
import { ticketListRoutes } from "./TicketLists.ts"
import { ticketRoutes } from "./Tickets.ts"
import { uploadRoutes } from "./Uploads.ts"
import { userRoutes } from "./Users.ts"

const routes: ReadonlyArray<Route> = [
  ...ticketListRoutes,
  ...ticketRoutes,
  ...uploadRoutes,
  ...userRoutes,
  ...organizationRoutes,
  ...groupRoutes,
  ...incrementalRoutes,
  ...searchRoutes,
  ...customObjectRoutes,
  ...customFieldRoutes,
  ...customRecordRoutes,
  ...customJobRoutes,
  ...ticketFieldRoutes,
  ...personFieldRoutes,
  ...settingRoutes
]

export const answerZendesk = (
  account: ZendeskAccount | undefined,
  call: Call,
  known: ReadonlyArray<string>
): Answered => {
  const available = /^\/api\/v2\/accounts\/available(?:\.json)?$/.test(call.path)
  if (available)
    return {
      reply: json(200, { success: !known.includes(call.query.get("subdomain") ?? "") }),
      operation: "accounts.available",
      account: null
    }
  if (account === undefined) return { reply: noHelpDesk(call.host), operation: "unknown account", account: null }
  account.jobs.advance()
  if (isContent(call)) {
    const reply = answerContent(account, call, typeof authenticate(account, call) === "object")
    return { reply, operation: "attachments.content", account: account.options.subdomain }
  }
  const found = findRoute(call)
  const me = /^\/api\/v2\/users\/me(?:\.json)?$/.test(call.path)
  const operation = me ? "users.me" : (found?.route.operation ?? "unknown path")
  const charges = charge(account, call, operation, found?.id ?? 0)
  const refused = charges.find((made) => !made.allowed)
  const reply = refused !== undefined ? tooManyRequests(refused.resetsSeconds) : answer(account, call, me, found)
  const headers = { ...standing(call), ...limitHeaders(account, charges), ...reply.headers }
  return { reply: { ...reply, headers }, operation, account: account.options.subdomain }
}

type Match = { readonly route: Route; readonly id: number; readonly parts: ReadonlyArray<string> }

/** `undefined` for a path nobody serves; the method counts. */
const findRoute = (call: Call): Match | undefined => {
  for (const route of routes) {
    if (route.method !== call.method) continue
    const match = route.pattern.exec(call.path)
    if (match !== null) {
      const parts = match.slice(1).map(decoded)
      return { route, id: Number(/^\d+$/.test(parts[0] ?? "") ? parts[0] : 0), parts }
    }
  }
  return undefined
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

type Caller = { readonly user: User; readonly role: "admin" | "agent"; readonly scopes: ReadonlyArray<string> | null }

const answer = (account: ZendeskAccount, call: Call, me: boolean, found: Match | undefined): Reply => {
  const caller = authenticate(account, call)
  // The health check that says yes to strangers.
  if (me && call.method === "GET" && caller === "anonymous") return json(200, { user: anonymousRow })
  if (caller === "anonymous" || caller === "refused") return couldNotAuthenticate()
  if (me && call.method === "GET") return json(200, { user: userRow(account, caller.user) })
  if (found === undefined) return invalidEndpoint()
  const scope = call.method === "GET" ? "read" : "write"
  if (caller.scopes !== null && !allows(caller.scopes, scope, call.path)) return missingScope(scope)
  if (found.route.adminOnly && caller.role !== "admin") return forbidden()
  const context: Context = { account, call, caller: caller.user, id: found.id, parts: found.parts }
  return found.route.answer(context)
}

/** `read`, `write`, or one of them for a resource: `tickets:read`. */
const allows = (scopes: ReadonlyArray<string>, scope: string, path: string): boolean =>
  scopes.some((given) => {
    const [resource, verb] = given.includes(":") ? given.split(":") : [null, given]
    return verb === scope && (resource === null || path.includes(`/${resource}`))
  })

const authenticate = (account: ZendeskAccount, call: Call): Caller | "anonymous" | "refused" => {
  const authorization = header(call, "authorization")
  if (authorization === undefined) return "anonymous"
  const bearer = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1]
  if (bearer !== undefined) {
    const token = account.options.oauth.find((known) => known.token === bearer)
    return token === undefined ? "refused" : { user: account.owner, role: token.role, scopes: token.scopes }
  }
  const basic = /^Basic\s+(\S+)$/i.exec(authorization)?.[1]
  const [user, ...rest] = Buffer.from(basic ?? "", "base64")
    .toString("utf8")
    .split(":")
  const email = /^(.+)\/token$/.exec(user ?? "")?.[1]
  // A password is no longer looked at, so its owner is a stranger.
  if (email === undefined) return "anonymous"
  const token = account.options.tokens.find(
    (known) => known.email.toLowerCase() === email.toLowerCase() && known.apiToken === rest.join(":")
  )
  return token === undefined ? "refused" : { user: account.owner, role: token.role, scopes: null }
}

const charge = (account: ZendeskAccount, call: Call, operation: string, id: number): ReadonlyArray<Charge> => {
  const { plan, limits } = account.options
  const whole = accountBucket(plan)
  if (!limits) return [{ bucket: whole, allowed: true, remaining: whole.total - 1, resetsSeconds: 1 }]
  const subject =
    id > 0 ? String(id) : operation === "users.create_or_update" ? call.body.toString("utf8").slice(0, 200) : ""
  const made: Array<Charge> = []
  for (const bucket of [whole, ...namedBuckets(operation, plan, subject, Number(call.query.get("page") ?? 1))]) {
    const taken = account.limits.charge(bucket, 1)
    made.push(taken)
    if (!taken.allowed) break
  }
  return made
}

const limitHeaders = (account: ZendeskAccount, charges: ReadonlyArray<Charge>): Record<string, string> => {
  const [whole, ...named] = charges as readonly [Charge, ...Array<Charge>]
  const headers: Record<string, string> = {
    "x-rate-limit": String(whole.bucket.total),
    "x-rate-limit-remaining": String(whole.remaining),
    "ratelimit-limit": String(whole.bucket.total),
    "ratelimit-remaining": String(whole.remaining),
    "ratelimit-reset": String(whole.resetsSeconds)
  }
  for (const { bucket, remaining, resetsSeconds } of named) {
    headers[`zendesk-ratelimit-${shownName(bucket.name)}`] =
      `total=${bucket.total}; remaining=${remaining}; resets=${resetsSeconds}`
  }
  const running = account.jobs.running().length
  if (running > 0) {
    const { limit } = account.jobs
    headers["zendesk-ratelimit-inflight-jobs"] = `total=${limit}; remaining=${Math.max(0, limit - running)}; resets=0`
  }
  return headers
}

const standing = (call: Call): Record<string, string> => ({
  "x-zendesk-api-version": "v2",
  "x-request-id": call.requestId,
  "cache-control": "max-age=0, private, must-revalidate",
  "x-runtime": "0.082",
  server: "cloudflare"
})
