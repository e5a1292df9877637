// PostgreSQL for every service: a small pool under the role that cannot bypass row-level security, and transactions
// of one tenant. What does not belong here: any table (each app owns its own), anything of Kafka.
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, type Redacted } from "effect"
import { SqlClient, SqlError } from "effect/sql"

const settings = Config.all({
  url: Config.Redacted("DATABASE_URL"),
  appUrl: Config.option(Config.Redacted("DATABASE_APP_URL")),
  connections: Config.Int("BRIDGE_DB_CONNECTIONS").pipe(Config.withDefault(5)),
  name: Config.String("BRIDGE_SERVICE").pipe(Config.withDefault("bridge"))
})

/** Guards against zombies (docs/runtime.md): a session that hangs is ended by the server, and its row locks with it. */
const guards = {
  idle_in_transaction_session_timeout: "5s",
  transaction_timeout: "30s",
  tcp_user_timeout: "10s"
}

const pool = (url: Redacted.Redacted, connections: number, name: string, extra: Readonly<Record<string, string>>) =>
  PgClient.layer({
    url,
    maxConnections: connections,
    applicationName: name,
    startupParameters: { ...guards, ...extra }
  })

/**
 * The services' pool: at most BRIDGE_DB_CONNECTIONS (5) connections as `bridge_app`. With DATABASE_APP_URL the login is
 * the tenant role itself; else the session of DATABASE_URL takes the role at its start.
 */
export const layer = Layer.unwrap(
  Effect.map(settings, ({ appUrl, connections, name, url }) =>
    appUrl._tag === "Some"
      ? pool(appUrl.value, connections, name, {})
      : pool(url, connections, name, { role: "bridge_app" })
  )
)

/** The owner's pool: migrations only. */
export const ownerLayer = Layer.unwrap(
  Effect.map(settings, ({ name, url }) =>
    PgClient.layer({ url, maxConnections: 2, applicationName: `${name}-migrate` })
  )
)

/**
 * On a connection that breaks, the client's own rollback fails and dies, and its defect hides what happened. What broke is
 * the database, which may come back: it fails again as what it is. Promise 2: no batch is given up for it.
 */
export const connectionLossFails = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  Effect.catchDefect(self, (defect) => (defect instanceof SqlError.SqlError ? Effect.fail(defect) : Effect.die(defect)))

/** One transaction with the tenant set for its duration. Promise 5: without it no tenant table shows a row. */
export const asTenant =
  (tenantId: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R | SqlClient.SqlClient> =>
    Effect.flatMap(SqlClient.SqlClient, (sql) =>
      sql.withTransaction(Effect.andThen(sql`select set_config('app.tenant', ${tenantId}, true)`, self))
    ).pipe(connectionLossFails)
