// What a benchmark job needs in the tables: a tenant, a connection to the sandbox's Zendesk, a mapping, and one job at a time.
// Written as the API writes them; it would refuse one account as source and destination, and nothing is loaded here.
import { account } from "@bridge/domain/Jobs"
import { freshserviceToZendesk } from "@bridge/domain/mappings/FreshserviceToZendesk"
import { recordTopic, type TopicKind } from "@bridge/flow/Flow"
import { Admin } from "@bridge/kafka/Broker"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { asTenant, layer as postgres } from "@bridge/store/Postgres"
import { Vault } from "@bridge/vault/Vault"
import { ConfigProvider, Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import type { Install } from "../../test/harness/Install.ts"

export interface TenantSource {
  /** A new job that reads all tickets, to be loaded into another account where one is named; the scheduler takes it from here. */
  readonly newJob: (destination?: string) => Promise<string>
  readonly rows: <A extends object>(
    query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>
  ) => Promise<ReadonlyArray<A>>
  /** Records ever written to a topic of tickets. */
  readonly written: (kind: TopicKind) => Promise<number>
}

export interface Source extends TenantSource {
  readonly close: () => Promise<void>
}

export interface Sources {
  readonly sources: ReadonlyArray<TenantSource>
  readonly close: () => Promise<void>
}

/** The tables must be there: a service has been started. */
export const makeSource = async (bridge: Install): Promise<Source> => {
  const { close, sources } = await makeSources(bridge, 1)
  return { ...(sources[0] as TenantSource), close }
}

/** The same of as many tenants, each with an account of its own. */
export const makeSources = async (bridge: Install, count: number): Promise<Sources> => {
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown({ ...bridge.env, BRIDGE_SERVICE: "bench" }))
  const layer = Layer.mergeAll(kafkaLayer, Vault.layer.pipe(Layer.provideMerge(postgres))).pipe(Layer.provide(env))
  const runtime = ManagedRuntime.make(layer)
  const sources: Array<TenantSource> = []
  for (let i = 1; i <= count; i++) sources.push(await tenantSource(bridge, runtime, i))
  return { sources, close: () => runtime.dispose() }
}

type Runtime = ManagedRuntime.ManagedRuntime<Admin | SqlClient.SqlClient | Vault, unknown>

const tenantSource = async (bridge: Install, runtime: Runtime, number: number): Promise<TenantSource> => {
  const subdomain = `${bridge.sandbox.credentials.zendesk.subdomain}${number === 1 ? "" : `-${number}`}`
  const slug = `bench${number === 1 ? "" : `-${number}`}`
  const { tenantId, connect, connection, mapping } = await runtime.runPromise(
    tenantWithConnection(bridge, slug, subdomain)
  )
  const newJob = (destination: string) =>
    asTenant(tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const other = destination === subdomain ? connection : yield* connect(destination)
        const [job] = yield* sql<{ id: string }>`insert into jobs (tenant_id, source_connection, destination_connection,
            source_vendor, destination_vendor, source_account, destination_account, entities, mapping_id, mapping_version)
          values (${tenantId}::uuid, ${connection}::uuid, ${other}::uuid, 'zendesk', 'zendesk',
            ${account("zendesk", subdomain)}, ${account("zendesk", destination)}, '{ticket}', ${mapping}::uuid, 1) returning id::text`
        const id = job?.id ?? ""
        yield* sql`insert into job_streams (tenant_id, job_id, stream, entity)
          values (${tenantId}::uuid, ${id}::uuid, 'tickets', 'ticket')`
        yield* sql`insert into timers (kind, key, tenant_id, job_id, due)
          values ('sweep', ${id}, ${tenantId}::uuid, ${id}::uuid, now())`
        return id
      })
    )
  return {
    newJob: (destination = subdomain) => runtime.runPromise(newJob(destination)),
    rows: (query) => runtime.runPromise(asTenant(tenantId)(Effect.flatMap(SqlClient.SqlClient, query))),
    written: (kind) =>
      runtime.runPromise(
        Effect.map(
          Admin.use((admin) => admin.offsets(recordTopic(kind, "ticket"))),
          (parts) => parts.reduce((sum, { high }) => sum + Number(high), 0)
        )
      )
  }
}

const tenantWithConnection = ({ sandbox }: Install, slug: string, subdomain: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const vault = yield* Vault
    const [made] = yield* sql<{ id: string }>`select uuidv7()::text as id`
    const tenantId = made?.id ?? ""
    yield* asTenant(tenantId)(
      sql`insert into tenants (id, slug, name) values (${tenantId}::uuid, ${slug}, 'Benchmark')`
    )
    yield* vault.createTenantKey(tenantId)
    const { api_token, email } = sandbox.credentials.zendesk
    const secrets = yield* vault.seal(tenantId, Redacted.make(JSON.stringify({ api_token })))
    const connect = (instance: string) =>
      Effect.map(
        sql<{
          id: string
        }>`insert into tenant_connectors (tenant_id, vendor, name, instance, config, secrets, checked_at)
          values (${tenantId}::uuid, 'zendesk', ${instance}, ${instance},
            ${JSON.stringify({ subdomain: instance, email })}::jsonb, ${secrets}, now()) returning id::text`,
        ([made]) => made?.id ?? ""
      )
    return yield* asTenant(tenantId)(
      Effect.gen(function* () {
        const connection = yield* connect(subdomain)
        const body = JSON.stringify({ ...freshserviceToZendesk, name: "Benchmark", source: "zendesk" })
        const [mapping] = yield* sql<{ id: string }>`insert into mappings (tenant_id, name, source_vendor,
            destination_vendor, body)
          values (${tenantId}::uuid, 'Benchmark', 'zendesk', 'zendesk', ${body}::jsonb) returning id::text`
        return { tenantId, connect, connection, mapping: mapping?.id ?? "" }
      })
    )
  })
