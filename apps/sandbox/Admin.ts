// The administration of the sandbox under /_admin, at any host name: truth, ledger, fault orders, changes, accounts.

import { type DestinationEntity, destinationEntities, destinationLines } from "./DestinationTruth.ts"
import { faultProblem } from "./Faults.ts"
import { type FreshserviceOptions, freshserviceHost } from "./freshservice/Account.ts"
import { type MutateOrder, mutate, mutateDefaults, mutateProblem } from "./Mutate.ts"
import { type Call, empty, isObject, json, jsonBody, type Reply } from "./Reply.ts"
import { type CorpusEntity, corpusCounts, corpusEntities, corpusLines, expectedFailures } from "./Truth.ts"
import { freshserviceDefaults, freshserviceNamed, type World, zendeskDefaults, zendeskNamed } from "./World.ts"
import { type Refusal, ticketCount, type ZendeskOptions } from "./zendesk/Account.ts"

/** Lines are sent one by one as the reader takes them. */
export type AdminAnswer = { readonly reply: Reply } | { readonly lines: Iterable<object> }

const said = (status: number, value: unknown): AdminAnswer => ({ reply: json(status, value) })
const problem = (status: number, message: string): AdminAnswer => said(status, { error: message })

export const answerAdmin = (world: World, call: Call): AdminAnswer => {
  for (const account of world.zendesk.values()) account.jobs.advance()
  const what = `${call.method} ${call.path.replace(/^\/_admin\/?/, "").replace(/\/$/, "")}`
  switch (what) {
    case "GET ":
    case "GET health":
      return said(200, health(world))
    case "GET corpus":
      return corpus(world, call)
    case "GET destination":
      return destination(world, call)
    case "GET ledger":
      return { lines: since(world.ledger.writes(), call) }
    case "GET calls":
      return call.query.get("full") === "true"
        ? { lines: since(world.ledger.calls(), call) }
        : said(200, { counts: world.ledger.counts() })
    case "GET expected-failures":
      return failures(world, call)
    case "GET faults":
      return said(200, { faults: world.faults.list() })
    case "POST faults":
      return addFaults(world, call)
    case "DELETE faults":
      world.faults.clear()
      return { reply: empty(204) }
    case "POST mutate":
      return change(world, call)
    case "GET refusals":
    case "POST refusals":
    case "DELETE refusals":
      return refusals(world, call)
    case "POST accounts":
      return addAccount(world, call)
    case "POST reset":
      world.reset()
      return { reply: empty(204) }
    default:
      return problem(404, `no such address: ${what}`)
  }
}

const health = (world: World): object => ({
  ok: true,
  anchor: new Date(world.anchor * 1000).toISOString(),
  timeFactor: world.clock.factor,
  freshservice: [...world.freshservice.values()].map((account) => ({
    host: account.host,
    plan: account.options.plan,
    counts: corpusCounts(account)
  })),
  zendesk: [...world.zendesk.values()].map((account) => ({
    host: account.host,
    plan: account.options.plan,
    tickets: ticketCount(account),
    users: account.users.size
  }))
})

const oneOf = <A extends string>(values: ReadonlyArray<A>, wanted: string | null): ReadonlyArray<A> | null =>
  wanted === null
    ? values
    : values.some((value) => value === wanted)
      ? values.filter((value) => value === wanted)
      : null

const corpus = (world: World, call: Call): AdminAnswer => {
  const account = freshserviceNamed(world, call.query.get("account"))
  const entities = oneOf<CorpusEntity>(corpusEntities, call.query.get("entity"))
  if (account === undefined) return problem(404, "no such Freshservice account")
  if (entities === null) return problem(400, `entity must be one of ${corpusEntities.join(", ")}`)
  return { lines: chained(entities.map((entity) => corpusLines(account, entity))) }
}

const destination = (world: World, call: Call): AdminAnswer => {
  const account = zendeskNamed(world, call.query.get("account"))
  const entities = oneOf<DestinationEntity>(destinationEntities, call.query.get("entity"))
  if (account === undefined) return problem(404, "no such Zendesk account")
  if (entities === null) return problem(400, `entity must be one of ${destinationEntities.join(", ")}`)
  return { lines: chained(entities.map((entity) => destinationLines(account, entity))) }
}

const chained = function* (parts: ReadonlyArray<Iterable<object>>): Iterable<object> {
  for (const part of parts) yield* part
}

/** `?since=SEQ`: only what came after. */
const since = function* <A extends { readonly seq: number }>(entries: ReadonlyArray<A>, call: Call): Iterable<A> {
  const from = Number(call.query.get("since") ?? 0)
  for (let k = Math.max(0, from); k < entries.length; k++) yield entries[k] as A
}

const failures = (world: World, call: Call): AdminAnswer => {
  const account = freshserviceNamed(world, call.query.get("account"))
  return account === undefined
    ? problem(404, "no such Freshservice account")
    : said(200, { expectedFailures: expectedFailures(account) })
}

const addFaults = (world: World, call: Call): AdminAnswer => {
  const body: unknown = parsed(call)
  const orders = Array.isArray(body) ? body : [body]
  for (const order of orders) {
    const wrong = isObject(order) ? faultProblem(order) : "an order is an object"
    if (wrong !== null) return problem(400, wrong)
  }
  return said(201, { faults: orders.map((order) => world.faults.add(order)) })
}

const parsed = (call: Call): unknown => {
  try {
    return JSON.parse(call.body.toString("utf8"))
  } catch {
    return null
  }
}

const change = (world: World, call: Call): AdminAnswer => {
  const body = jsonBody(call)
  if (body === undefined) return problem(400, "the body must be a JSON object")
  const account = freshserviceNamed(world, typeof body.account === "string" ? body.account : null)
  if (account === undefined) return problem(404, "no such Freshservice account")
  const wrong = mutateProblem(body)
  return wrong === null
    ? said(200, mutate(account, { ...mutateDefaults, ...(body as Partial<MutateOrder>) }))
    : problem(400, wrong)
}

const refusals = (world: World, call: Call): AdminAnswer => {
  const account = zendeskNamed(world, call.query.get("account"))
  if (account === undefined) return problem(404, "no such Zendesk account")
  if (call.method === "DELETE") account.refusals = []
  if (call.method === "POST") {
    const body = jsonBody(call)
    if (
      typeof body?.pattern !== "string" ||
      typeof body.description !== "string" ||
      (body.field !== "subject" && body.field !== "external_id")
    ) {
      return problem(400, "a refusal has field (subject or external_id), pattern and description")
    }
    const refusal: Refusal = { field: body.field, pattern: body.pattern, description: body.description }
    account.refusals = [...account.refusals, refusal]
  }
  return said(200, { refusals: account.refusals })
}

/** `{"vendor":"freshservice","domain":"beta","tickets":50}`: what is absent is as in the first account's defaults. */
const addAccount = (world: World, call: Call): AdminAnswer => {
  const body = jsonBody(call)
  const { vendor, ...given } = body ?? {}
  if (vendor === "freshservice" && typeof given.domain === "string") {
    if (world.freshservice.has(freshserviceHost(given.domain))) return problem(409, "this account exists")
    const account = world.addFreshservice({ ...freshserviceDefaults, ...given } as FreshserviceOptions)
    return said(201, { vendor, host: account.host, domain: account.host, api_key: account.options.apiKey })
  }
  if (vendor === "zendesk" && typeof given.subdomain === "string") {
    if (world.zendesk.has(`${given.subdomain}.zendesk.com`)) return problem(409, "this account exists")
    const account = world.addZendesk({ ...zendeskDefaults, ...given } as ZendeskOptions)
    const token = account.options.tokens[0]
    return said(201, {
      vendor,
      host: account.host,
      subdomain: given.subdomain,
      email: token?.email,
      api_token: token?.apiToken
    })
  }
  return problem(400, "an account has vendor freshservice with domain, or vendor zendesk with subdomain")
}
