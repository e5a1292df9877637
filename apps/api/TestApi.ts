// The api on real servers with a database of its own and two small vendors, for *.integration.test.ts in this app.
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ProblemCode } from "@bridge/contract/Problem"
import { Commands } from "@bridge/flow/Commands"
import { deploy } from "@bridge/flow/Deploy"
import { Partitions } from "@bridge/flow/Partition"
import { freePort } from "@bridge/infra/Ports"
import { freshDatabase, testStack } from "@bridge/infra/TestStack"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { Schemas } from "@bridge/kafka/Schemas"
import { run } from "@bridge/platform/Platform"
import { asTenant, ownerLayer, layer as postgres } from "@bridge/store/Postgres"
import { ConfigProvider, Effect, Fiber, Layer, ManagedRuntime, References } from "effect"
import { SqlClient } from "effect/sql"
import { api } from "./main.ts"

export const operatorToken = "operator-of-the-tests"

export interface Reply<A = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: A
  readonly text: string
}

/** A user's hands: fetch and JSON. */
export class Caller {
  readonly origin: string
  readonly token: string | undefined
  readonly tenantId: string
  constructor(origin: string, token?: string, tenantId = "") {
    this.origin = origin
    this.token = token
    this.tenantId = tenantId
  }

  async ask<A = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<Reply<A>> {
    const answer = await fetch(this.origin + path, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    const text = await answer.text()
    const json = answer.headers.get("content-type")?.includes("json") === true && text !== ""
    return { status: answer.status, headers: answer.headers, text, body: (json ? JSON.parse(text) : {}) as A }
  }

  get<A = Record<string, unknown>>(path: string) {
    return this.ask<A>("GET", path)
  }
  post<A = Record<string, unknown>>(path: string, body: unknown, key?: string) {
    return this.ask<A>("POST", path, body, key === undefined ? {} : { "idempotency-key": key })
  }
}

export interface Refusal {
  readonly status: number
  readonly code: ProblemCode
}

/** A problem document of this status and code, complete. */
export const refusedAs = (reply: Reply, status: number, code: ProblemCode): void => {
  const { body } = reply
  const shown = `${reply.status} ${reply.text.slice(0, 400)}`
  if (reply.status !== status || body["code"] !== code) throw new Error(`wanted ${status} ${code}, got ${shown}`)
  if (reply.headers.get("content-type")?.startsWith("application/problem+json") !== true)
    throw new Error(`no problem document: ${reply.headers.get("content-type")}`)
  for (const field of ["type", "title", "detail", "hint"])
    if (typeof body[field] !== "string" || body[field] === "") throw new Error(`the problem has no ${field}: ${shown}`)
  if (body["status"] !== status) throw new Error(`the document says ${String(body["status"])}`)
}

export interface TestApi {
  readonly origin: string
  readonly anybody: Caller
  readonly vendors: Vendors
  /** A tenant of its own with its admin's token. */
  readonly tenant: (slug: string) => Promise<Caller>
  /** Both connections of a tenant, source first. */
  readonly connections: (caller: Caller) => Promise<readonly [string, string]>
  /** Statements as the tenant. */
  readonly sql: <A extends object>(
    tenantId: string,
    query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>
  ) => Promise<ReadonlyArray<A>>
  /** Statements as the owner of the tables, past row-level security. */
  readonly owner: <A extends object>(
    query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>
  ) => Promise<ReadonlyArray<A>>
  /** What a stage says after a page or batch of a job was stored. */
  readonly progress: (tenantId: string, jobId: string, rows: number) => Promise<void>
  readonly stop: () => Promise<void>
}

const messages = Commands.layer.pipe(
  Layer.provideMerge(Schemas.layer),
  Layer.provideMerge(Registry.layer),
  Layer.provideMerge(Partitions.layer),
  Layer.provideMerge(kafkaLayer),
  Layer.provideMerge(postgres)
)

/** `reach` may lead the api's own way to its database over a line that can be cut. */
export const startApi = async (
  settings: Readonly<Record<string, string>> = {},
  reach: (databaseUrl: string) => string = (url) => url
): Promise<TestApi> => {
  const stack = await testStack()
  const vendors = await startVendors()
  const dir = mkdtempSync(join(tmpdir(), "bridge-api-"))
  const port = await freePort()
  const databaseUrl = await freshDatabase(stack.databaseUrl)
  const envOf = (url: string) =>
    ConfigProvider.layer(
      ConfigProvider.fromEnvRecord({
        KAFKA_BROKERS: stack.kafkaBrokers,
        SCHEMA_REGISTRY_URL: stack.registryUrl,
        DATABASE_URL: url,
        BRIDGE_PORT: String(port),
        BRIDGE_OPERATOR_TOKEN: operatorToken,
        BRIDGE_KEK_FILE: join(dir, "kek"),
        BRIDGE_BLOB_DIR: join(dir, "blobs"),
        BRIDGE_HOST_MAP: vendors.hostMap,
        BRIDGE_LOG_LEVEL: "Error",
        ...settings
      })
    )
  const env = envOf(databaseUrl)
  const quiet = Layer.succeed(References.MinimumLogLevel, "Error")
  await Effect.runPromise(
    deploy.pipe(Effect.provide(Layer.merge(kafkaLayer, Registry.layer)), Effect.provide([env, quiet]), Effect.scoped)
  )
  const fiber = Effect.runFork(run("api", api).pipe(Effect.provide(envOf(reach(databaseUrl)))))
  const origin = `http://127.0.0.1:${port}`
  const died = Effect.runPromise(Fiber.join(fiber).pipe(Effect.andThen(Effect.die(new Error("the api ended")))))
  died.catch(() => {})
  await Promise.race([died, answering(origin)])
  const anybody = new Caller(origin)
  const services = ManagedRuntime.make(Layer.provide(postgres, env))
  const stages = ManagedRuntime.make(Layer.provide(messages, [env, quiet]))
  const owner = ManagedRuntime.make(Layer.provide(ownerLayer, env))
  return {
    origin,
    anybody,
    vendors,
    tenant: (slug) => newTenant(anybody, slug),
    connections: (caller) => bothConnections(caller),
    sql: (tenantId, ask) => services.runPromise(asTenant(tenantId)(Effect.flatMap(SqlClient.SqlClient, ask))),
    owner: (ask) => owner.runPromise(Effect.flatMap(SqlClient.SqlClient, ask)),
    progress: (tenantId, jobId, rows) =>
      stages.runPromise(
        Effect.flatMap(Commands, (c) => c.progress([{ tenantId, jobId, stage: "extract", entity: "ticket", rows }]))
      ),
    stop: async () => {
      await Effect.runPromise(Fiber.interrupt(fiber))
      await Promise.all([services.dispose(), owner.dispose(), stages.dispose()])
      await vendors.stop()
      rmSync(dir, { recursive: true, force: true })
      await stack.stop()
    }
  }
}

const answering = async (origin: string): Promise<void> => {
  for (let tries = 0; tries < 300; tries++) {
    const ok = await fetch(`${origin}/health/ready`).then(
      (r) => r.ok,
      () => false
    )
    if (ok) return
    await new Promise((later) => setTimeout(later, 100))
  }
  throw new Error("the api is not ready after 30 s")
}

const newTenant = async (anybody: Caller, slug: string): Promise<Caller> => {
  const admin = { email: `admin@${slug}.example`, password: `the password of ${slug}` }
  const made = await anybody.ask(
    "POST",
    "/api/tenants",
    { slug, name: slug, admin },
    {
      authorization: `Bearer ${operatorToken}`
    }
  )
  if (made.status !== 201) throw new Error(`tenant: ${made.status} ${made.text}`)
  const login = await anybody.post("/api/login", admin)
  if (login.status !== 200) throw new Error(`login: ${login.status} ${login.text}`)
  return new Caller(anybody.origin, String(login.body["accessToken"]), String(made.body["id"]))
}

export const freshserviceConfig = { domain: "acme.freshservice.com", api_key: "good-key" }
export const zendeskConfig = { subdomain: "acme", email: "admin@acme.example", api_token: "good-token" }

const bothConnections = async (caller: Caller): Promise<readonly [string, string]> => {
  const source = await caller.post("/api/connectors", { vendor: "freshservice", config: freshserviceConfig })
  const destination = await caller.post("/api/connectors", { vendor: "zendesk", config: zendeskConfig })
  if (source.status !== 201 || destination.status !== 201)
    throw new Error(`connections: ${source.status} ${source.text} ${destination.status} ${destination.text}`)
  return [String(source.body["id"]), String(destination.body["id"])]
}

export interface Vendors {
  readonly hostMap: string
  /** Requests seen so far: `GET acme.zendesk.com /api/v2/account/settings.json`. */
  readonly seen: Array<string>
  readonly stop: () => Promise<void>
}

/** Just enough of both vendors to be connected to: the credentials, one ticket, the fields. */
const startVendors = async (): Promise<Vendors> => {
  const seen: Array<string> = []
  const server = createServer((request, response) => {
    const host = request.headers.host ?? ""
    seen.push(`${request.method} ${host} ${request.url}`)
    if (host.endsWith("freshservice.com")) freshservice(host, request, response)
    else zendesk(host, request, response)
  })
  const port = await listening(server)
  const origin = `http://127.0.0.1:${port}`
  return {
    hostMap: JSON.stringify({ "*.freshservice.com": origin, "*.zendesk.com": origin }),
    seen,
    stop: () => new Promise((done) => server.close(() => done()))
  }
}

const listening = (server: Server): Promise<number> =>
  new Promise((ready) => server.listen(0, "127.0.0.1", () => ready((server.address() as AddressInfo).port)))

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`

const freshservice = (host: string, request: IncomingMessage, response: ServerResponse): void => {
  const known = request.headers.authorization === basic(freshserviceConfig.api_key, "X")
  if (host !== freshserviceConfig.domain) answer(response, 404, { message: "no such account" })
  else if (!known) answer(response, 401, { code: "invalid_credentials", message: "You have to be logged in." })
  else if (request.url?.startsWith("/api/v2/ticket_form_fields"))
    answer(response, 200, {
      ticket_fields: [{ id: 77, name: "site", label: "Site", field_type: "custom_text", default_field: false }]
    })
  else answer(response, 200, { tickets: [], [listIn(request.url ?? "")]: [] })
}

/** The last word of a path names the list in its answer. */
const listIn = (url: string): string => /([a-z_]+)(?:\?|$)/.exec(url)?.[1] ?? ""

const zendesk = (host: string, request: IncomingMessage, response: ServerResponse): void => {
  const known = request.headers.authorization === basic(`${zendeskConfig.email}/token`, zendeskConfig.api_token)
  if (host !== `${zendeskConfig.subdomain}.zendesk.com`) answer(response, 404, { error: "not found" })
  else if (!known) answer(response, 401, { error: "Couldn't authenticate you" })
  else if (/\/(?:ticket|user|organization)_fields/u.test(request.url ?? ""))
    answer(response, 200, {
      ticket_fields: [],
      user_fields: [],
      organization_fields: [],
      meta: { has_more: false },
      links: { next: null }
    })
  else answer(response, 200, { settings: { active_features: {} } })
}
