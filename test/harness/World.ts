// A tenant with two connections in a fresh database, without the API: for tests of single services on the real servers.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connectorNamed } from "@bridge/connectors/Connectors"
import { account } from "@bridge/domain/Jobs"
import { deploy } from "@bridge/flow/Deploy"
import { reasonOf } from "@bridge/flow/Retry"
import { fromHere } from "@bridge/flow/testing/FromHere"
import { freshDatabase, type TestStack, testStack } from "@bridge/infra/TestStack"
import { kafkaLayer } from "@bridge/kafka/KafkaJs"
import { Registry } from "@bridge/kafka/Registry"
import { type Platform, platform, run } from "@bridge/platform/Platform"
import type { Sandbox } from "@bridge/sandbox/Sandbox"
import { asTenant } from "@bridge/store/Postgres"
import { Vault } from "@bridge/vault/Vault"
import { ConfigProvider, Effect, Fiber, Layer, ManagedRuntime, Redacted, References } from "effect"
import { SqlClient } from "effect/sql"

export type Rows = <A extends object>(
  query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<A>, unknown>
) => Promise<ReadonlyArray<A>>

export interface World {
  readonly env: Layer.Layer<never>
  /** The same as variables, for processes of their own. */
  readonly settings: Readonly<Record<string, string>>
  readonly tenantId: string
  readonly source: string
  readonly destination: string
  /** Runs an effect on a platform of the test's own. */
  readonly use: <A, E>(effect: Effect.Effect<A, E, Platform>) => Promise<A>
  /** Rows of a query as the tenant. */
  readonly rows: Rows
  readonly rowsOf: (tenantId: string) => Rows
  /** Starts services; the result ends them as SIGTERM would. */
  readonly start: <E>(name: string, service: Layer.Layer<never, E, Platform>) => () => Promise<void>
  readonly stop: () => Promise<void>
}

let worlds = 0

export const world = async (
  sandbox: Pick<Sandbox, "credentials" | "hostMap">,
  settings: Readonly<Record<string, string>> = {},
  own?: TestStack
): Promise<World> => {
  const stack = own ?? (await testStack())
  const dir = mkdtempSync(join(tmpdir(), "bridge-world-"))
  const all: Record<string, string> = {
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    DATABASE_URL: await freshDatabase(stack.databaseUrl),
    BRIDGE_DB_CONNECTIONS: "12",
    BRIDGE_HOST_MAP: JSON.stringify(sandbox.hostMap),
    BRIDGE_BLOB_DIR: join(dir, "blobs"),
    BRIDGE_KEK_FILE: join(dir, "kek"),
    BRIDGE_GROUP_PREFIX: `t${process.pid}-${worlds++}-${Date.now()}`,
    BRIDGE_LOG_LEVEL: "Warn",
    ...settings
  }
  const env = ConfigProvider.layer(ConfigProvider.fromUnknown(all))
  await Effect.runPromise(
    deploy.pipe(
      Effect.provide(Layer.succeed(References.MinimumLogLevel, "Warn")),
      Effect.provide(Layer.merge(kafkaLayer, Registry.layer)),
      Effect.provide(env),
      Effect.scoped
    )
  )
  const inside = ManagedRuntime.make(platform.pipe(Layer.provideMerge(env)))
  const use = <A, E>(effect: Effect.Effect<A, E, Platform>): Promise<A> => inside.runPromise(effect)
  const made = await use(tenantWithConnections(sandbox))
  // What other tests have sent is not for these services: they would take each message of it to the database.
  await use(fromHere((stage) => `${all.BRIDGE_GROUP_PREFIX}.${stage}`))
  const rowsOf = rowsThrough(use)
  return {
    env,
    settings: all,
    ...made,
    use,
    rows: rowsOf(made.tenantId),
    rowsOf,
    start: (name, service) => {
      const fiber = Effect.runFork(run(name, service).pipe(Effect.provide(env)))
      return () => Effect.runPromise(Fiber.interrupt(fiber)).then(() => {})
    },
    stop: async () => {
      await inside.dispose()
      rmSync(dir, { recursive: true, force: true })
      await stack.stop()
    }
  }
}

/** Another tenant in the same database, with connections of its own to the accounts named. */
export const neighbour = async (w: World, credentials: Sandbox["credentials"]): Promise<World> => {
  const made = await w.use(tenantWithConnections({ credentials }))
  return { ...w, ...made, rows: w.rowsOf(made.tenantId) }
}

/** A connection that a test has broken meanwhile is replaced by another. */
const rowsThrough =
  (use: World["use"]) =>
  (tenantId: string): Rows =>
  (query) =>
    use(
      asTenant(tenantId)(Effect.flatMap(SqlClient.SqlClient, query)).pipe(
        Effect.retry({ times: 12, while: (error) => reasonOf(error)._tag === "Transient" })
      )
    )

const tenantWithConnections = (sandbox: Pick<Sandbox, "credentials">) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const vault = yield* Vault
    const [id] = yield* sql<{ id: string }>`select uuidv7()::text as id`
    const tenantId = id?.id ?? ""
    yield* asTenant(tenantId)(
      sql`insert into tenants (id, slug, name) values (${tenantId}::uuid, ${`t-${tenantId}`}, 'Test')`
    )
    yield* vault.createTenantKey(tenantId)
    const { freshservice, zendesk } = sandbox.credentials
    const connect = (vendor: string, instance: string, config: object, secrets: object) =>
      Effect.gen(function* () {
        const sealed = yield* vault.seal(tenantId, Redacted.make(JSON.stringify(secrets)))
        const [row] = yield* asTenant(tenantId)(sql<{
          id: string
        }>`insert into tenant_connectors (tenant_id, vendor, name, instance, config, secrets, checked_at)
          values (${tenantId}::uuid, ${vendor}, ${vendor}, ${instance}, ${JSON.stringify(config)}::jsonb, ${sealed}, now()) returning id::text`)
        return row?.id ?? ""
      })
    return {
      tenantId,
      source: yield* connect(
        "freshservice",
        freshservice.domain.split(".")[0] ?? "",
        { domain: freshservice.domain },
        { api_key: freshservice.api_key }
      ),
      destination: yield* connect(
        "zendesk",
        zendesk.subdomain,
        { subdomain: zendesk.subdomain, email: zendesk.email },
        { api_token: zendesk.api_token }
      )
    }
  })

/** Gives a job the first version of a mapping of its own. */
export const giveMapping = (w: World, job: string, mapping: object) =>
  w.rows(
    (sql) => sql`with m as (insert into mappings (tenant_id, name, source_vendor, destination_vendor, body)
        values (${w.tenantId}::uuid, 'm', 'freshservice', 'zendesk', ${JSON.stringify(mapping)}::jsonb) returning id)
      update jobs set mapping_id = (select id from m), mapping_version = 1 where id = ${job}::uuid`
  )

/** Puts a job into the tables as the API does, without mapping. */
export const insertJob = (
  w: World,
  sandbox: Pick<Sandbox, "credentials">,
  entities: ReadonlyArray<string>,
  options: Readonly<Record<string, unknown>> = {}
) =>
  w.use(
    asTenant(w.tenantId)(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const streams =
          connectorNamed("freshservice")?.streams.filter(
            (s) => s.entity !== null && s.parent === undefined && entities.includes(s.entity)
          ) ?? []
        const [job] = yield* sql<{
          id: string
        }>`insert into jobs (tenant_id, source_connection, destination_connection, source_vendor, destination_vendor,
            source_account, destination_account, entities, options)
          values (${w.tenantId}::uuid, ${w.source}::uuid, ${w.destination}::uuid, 'freshservice', 'zendesk',
            ${account("freshservice", sandbox.credentials.freshservice.domain.split(".")[0] ?? "")}, ${account("zendesk", sandbox.credentials.zendesk.subdomain)},
            ${entities}::text[], ${JSON.stringify(options)}::jsonb) returning id::text`
        const id = job?.id ?? ""
        yield* sql`insert into job_streams (tenant_id, job_id, stream, entity)
          select ${w.tenantId}::uuid, ${id}::uuid, s, e from unnest(${streams.map((s) => s.name)}::text[], ${streams.map((s) => String(s.entity))}::text[]) as t(s, e)`
        yield* sql`insert into timers (kind, key, tenant_id, job_id, due) values ('sweep', ${id}, ${w.tenantId}::uuid, ${id}::uuid, now())`
        return id
      })
    )
  )

/** Asks until it is so; fails with what it was last. How long it may take is the test's to say where it promises a time. */
export const eventually = async <A>(
  ask: () => Promise<A>,
  done: (a: A) => boolean,
  withinMillis = 120_000
): Promise<A> => {
  const until = Date.now() + withinMillis
  for (;;) {
    const is = await ask()
    if (done(is)) return is
    if (Date.now() > until) throw new Error(`not within ${withinMillis} ms; it was ${JSON.stringify(is)}`)
    await new Promise((later) => setTimeout(later, 150))
  }
}
