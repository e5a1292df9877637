// Freshservice API v2 as one function from a call to an answer: authenticate, charge, route, add the vendor's headers.
// Source: Freshservice API v2 reference and rate limit article. What the vendor does not state is listed in docs/sandbox.md.
import { STATUS_CODES } from "node:http"
import { changeFields, departmentFields, problemFields, requesterFields, ticketFields } from "../corpus/Fields.ts"
import type { Row } from "../corpus/People.ts"
import { type Answered, type Call, empty, header, html, json, type Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { denied, notFound, unauthorized } from "./Answers.ts"
import {
  assetCredits,
  assignmentsOf,
  listAssets,
  ofAsset,
  relationshipsOf,
  requestsOf,
  viewAsset,
  viewTypeFields
} from "./Assets.ts"
import { belowTicket, listRequestedItems, viewSatisfaction } from "./BelowTickets.ts"
import { filterTickets } from "./Filter.ts"
import { listAgents, listRequesters, listRows, viewAgent, viewRequester, viewRow } from "./Lists.ts"
import { listMatters, listNotes, viewMatter, withModule } from "./Matters.ts"
import { narrow, overall } from "./Plans.ts"
import { listConversations, listCredits, listTickets, viewCredits, viewTicket } from "./Tickets.ts"

type Route = {
  readonly operation: string
  readonly pattern: RegExp
  readonly credits?: (call: Call) => number
  readonly answer: (account: FreshserviceAccount, call: Call, id: string) => Reply
}

const get = (operation: string, path: string, answer: Route["answer"], credits?: Route["credits"]): Route => ({
  operation,
  pattern: new RegExp(`^/api/v2/${path.replaceAll("{id}", "(\\d+)")}$`),
  answer,
  ...(credits !== undefined && { credits })
})

/** A list and its details that come with the assets. */
const inventory = (
  key: string,
  single: string,
  rows: (account: FreshserviceAccount) => ReadonlyArray<Row>
): ReadonlyArray<Route> => [
  get(
    `${key}.list`,
    key,
    withModule("assets", (account, call) => listRows(account, call, key, rows(account)))
  ),
  get(
    `${key}.view`,
    `${key}/{id}`,
    withModule("assets", (account, _, id) => viewRow(single, rows(account), id))
  )
]

/** The way to the bytes for who has only a number. */
const viewAttachment = (account: FreshserviceAccount, _: Call, id: string): Reply => {
  const { files } = account.corpus
  const index = files.index(Number(id))
  return index < 0 ? notFound() : empty(302, { location: account.links.signed(files.file(index)) })
}

const routes: ReadonlyArray<Route> = [
  get("tickets.list", "tickets", listTickets, listCredits),
  get("tickets.filter", "tickets/filter", filterTickets),
  get("tickets.view", "tickets/{id}", viewTicket, viewCredits),
  get("conversations.list", "tickets/{id}/conversations", listConversations),
  get("requested_items.list", "tickets/{id}/requested_items", listRequestedItems),
  get("tasks.list", "tickets/{id}/tasks", belowTicket("tasks")),
  get("time_entries.list", "tickets/{id}/time_entries", belowTicket("time_entries")),
  get("csat_response.view", "tickets/{id}/csat_response", viewSatisfaction),
  get("requesters.list", "requesters", listRequesters),
  get("requesters.view", "requesters/{id}", (account, _, id) => viewRequester(account, id)),
  get("agents.list", "agents", listAgents),
  get("agents.view", "agents/{id}", (account, _, id) => viewAgent(account, id)),
  get("groups.list", "groups", (account, call) => listRows(account, call, "groups", account.corpus.groups())),
  get("groups.view", "groups/{id}", (account, _, id) => viewRow("group", account.corpus.groups(), id)),
  get("departments.list", "departments", (account, call) =>
    listRows(account, call, "departments", account.corpus.departments())
  ),
  get("departments.view", "departments/{id}", (account, _, id) =>
    viewRow("department", account.corpus.departments(), id)
  ),
  get("locations.list", "locations", (account, call) => listRows(account, call, "locations", account.corpus.locations)),
  get("locations.view", "locations/{id}", (account, _, id) => viewRow("location", account.corpus.locations, id)),
  get("workspaces.list", "workspaces", (account, call) =>
    listRows(account, call, "workspaces", account.corpus.workspaces)
  ),
  get("workspaces.view", "workspaces/{id}", (account, _, id) => viewRow("workspace", account.corpus.workspaces, id)),
  get("roles.list", "roles", (account, call) => listRows(account, call, "roles", account.corpus.roles)),
  get("roles.view", "roles/{id}", (account, _, id) => viewRow("role", account.corpus.roles, id)),
  get(
    "releases.list",
    "releases",
    withModule("releases", (account, call) => listRows(account, call, "releases", []))
  ),
  get("problems.list", "problems", listMatters("problems")),
  get("problems.view", "problems/{id}", viewMatter("problems")),
  get("problem_notes.list", "problems/{id}/notes", listNotes("problems")),
  get("changes.list", "changes", listMatters("changes")),
  get("changes.view", "changes/{id}", viewMatter("changes")),
  get("change_notes.list", "changes/{id}/notes", listNotes("changes")),
  get("assets.list", "assets", listAssets, assetCredits),
  get("assets.view", "assets/{id}", viewAsset, assetCredits),
  get("assets.relationships", "assets/{id}/relationships", ofAsset("relationships", relationshipsOf)),
  get("assets.requests", "assets/{id}/requests", ofAsset("requests", requestsOf)),
  get(
    "assets.components",
    "assets/{id}/components",
    ofAsset("components", () => [])
  ),
  get(
    "assets.contracts",
    "assets/{id}/contracts",
    ofAsset("contracts", () => [])
  ),
  get("assets.assignments", "assets/{id}/assignment-history", ofAsset("assignment_history", assignmentsOf)),
  ...inventory("asset_types", "asset_type", ({ corpus }) => corpus.assets.types),
  get("asset_types.fields", "asset_types/{id}/fields", viewTypeFields),
  ...inventory("relationships", "relationship", ({ corpus }) => corpus.assets.relationships),
  ...inventory("relationship_types", "relationship_type", ({ corpus }) => corpus.assets.relationshipTypes),
  ...inventory("products", "product", ({ corpus }) => corpus.assets.products),
  ...inventory("vendors", "vendor", ({ corpus }) => corpus.assets.vendors),
  get("attachments.view", "attachments/{id}", viewAttachment),
  get("ticket_fields.list", "ticket_form_fields", () => json(200, { ticket_fields: ticketFields })),
  get("problem_fields.list", "problem_form_fields", () => json(200, { problem_fields: problemFields })),
  get("change_fields.list", "change_form_fields", () => json(200, { change_fields: changeFields })),
  get("requester_fields.list", "requester_fields", () => json(200, { requester_fields: requesterFields })),
  get("department_fields.list", "department_fields", () => json(200, { department_fields: departmentFields })),
  get("agent_fields.list", "agent_fields", () => json(200, { agent_fields: requesterFields }))
]

export const answerFreshservice = (account: FreshserviceAccount | undefined, call: Call): Answered => {
  if (account === undefined) return { reply: html(404, unknownDomain), operation: "unknown account", account: null }
  const found = findRoute(call)
  const operation = found?.route.operation ?? "unknown path"
  const answered = (reply: Reply): Answered => ({ reply, operation, account: account.options.domain })
  // Wrong calls are charged like right ones.
  const credits = Math.max(1, found?.route.credits?.(call) ?? 1)
  const charge = chargeCall(account, operation, credits)
  if (!charge.allowed) {
    return answered(empty(429, { ...standing(call, 429), ...charge.headers, "retry-after": String(charge.retryAfter) }))
  }
  const reply = route(account, call, found)
  return answered({ ...reply, headers: { ...standing(call, reply.status), ...charge.headers, ...reply.headers } })
}

const findRoute = (call: Call): { route: Route; id: string } | undefined => {
  for (const route of routes) {
    const match = route.pattern.exec(call.path)
    if (match !== null) return { route, id: match[1] ?? "" }
  }
  return undefined
}

const route = (account: FreshserviceAccount, call: Call, found: ReturnType<typeof findRoute>): Reply => {
  const key = apiKey(call)
  const { apiKey: owner, restrictedKey } = account.options
  if (key === undefined || (key !== owner && key !== restrictedKey)) return unauthorized()
  if (found === undefined) return notFound()
  if (call.method !== "GET") return empty(405, { allow: "GET" })
  const accept = header(call, "accept")
  if (accept !== undefined && !/json|\*\/\*|application\/\*/.test(accept)) return empty(406)
  if (key !== owner && !found.route.operation.startsWith("tickets.")) return denied()
  return found.route.answer(account, call, found.id)
}

/** Basic, and only the user part counts. */
const apiKey = (call: Call): string | undefined => {
  const match = /^Basic\s+(\S+)$/i.exec(header(call, "authorization") ?? "")
  return match === null
    ? undefined
    : Buffer.from(match[1] as string, "base64")
        .toString("utf8")
        .split(":")[0]
}

const chargeCall = (account: FreshserviceAccount, operation: string, credits: number) => {
  const { plan, limits } = account.options
  const wide = overall(plan)
  const own = narrow(operation, plan)
  const shown = own ?? wide
  const headers = (remaining: number, used: number) => ({
    "x-ratelimit-total": String(shown.total),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-used-currentrequest": String(used)
  })
  if (!limits) return { allowed: true, headers: headers(shown.total - credits, credits), retryAfter: 1 }
  const first = account.limits.charge(shown, credits)
  const refused = { allowed: false, headers: headers(0, credits), retryAfter: first.resetsSeconds }
  if (!first.allowed) return refused
  // A call with its own bucket drains the overall one as well.
  if (own !== null && !account.limits.charge(wide, credits).allowed) return refused
  return { allowed: true, headers: headers(first.remaining, credits), retryAfter: 1 }
}

const standing = (call: Call, status: number): Record<string, string> => ({
  status: `${status} ${STATUS_CODES[status] ?? ""}`.trim(),
  "x-freshservice-api-version": "latest=v2; requested=v2",
  "x-request-id": call.requestId,
  "x-fw-ratelimiting-managed": "true",
  "x-trace-id": `00-${call.requestId.replaceAll("-", "")}-0000000000000000-00`,
  "x-envoy-upstream-service-time": "12",
  "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
  server: "fwe"
})

const unknownDomain =
  "<!DOCTYPE html><html><head><title>Page not found</title></head><body><h1>There is no helpdesk here</h1></body></html>"
