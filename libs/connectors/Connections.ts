// A tenant's connection as the stages use it: the connector with its configuration decoded and its secrets opened.
// For extractor, loader, auditor and api. What does not belong here: storing connections (apps/api).
import { account } from "@bridge/domain/Jobs"
import type { Connection } from "@bridge/http/Call"
import { asTenant } from "@bridge/store/Postgres"
import { Vault } from "@bridge/vault/Vault"
import type { VaultError } from "@bridge/vault/VaultError"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { AnyConnector, JsonObject } from "./Connector.ts"
import { connectorNamed } from "./Connectors.ts"

/** The connection was deleted, belongs to somebody else or was never there. The tenant acts: choose another. */
export class ConnectionMissing extends Schema.TaggedError<ConnectionMissing>()("ConnectionMissing", {
  connectionId: Schema.String
}) {}
/** Its stored configuration no longer fits the connector. The tenant acts: enter it again. */
export class ConnectionInvalid extends Schema.TaggedError<ConnectionInvalid>()("ConnectionInvalid", {
  connectionId: Schema.String,
  issue: Schema.String
}) {}

export class ConnectionError extends Schema.TaggedError<ConnectionError>()("ConnectionError", {
  operation: Schema.String,
  reason: Schema.Union([ConnectionMissing, ConnectionInvalid])
}) {}

/** A connection with the whole connector, not only what the HTTP path needs. */
export interface OpenConnection extends Connection {
  readonly connector: AnyConnector
  readonly vendor: string
  /** `vendor:instance` */
  readonly account: string
}

interface Row {
  readonly vendor: string
  readonly config: JsonObject
  readonly secrets: Uint8Array
  readonly share: number
}

export class Connections extends Context.Service<
  Connections,
  {
    /** Opens a connection, in a transaction of its own. Promise 6: secrets stay Redacted inside `config`. */
    readonly open: (
      tenantId: string,
      connectionId: string
    ) => Effect.Effect<OpenConnection, ConnectionError | VaultError | SqlError.SqlError>
  }
>()("bridge/connectors/Connections") {
  static readonly layer = Layer.effect(
    Connections,
    Effect.gen(function* () {
      const vault = yield* Vault
      const sql = yield* SqlClient.SqlClient
      const fault = (reason: ConnectionError["reason"]) =>
        new ConnectionError({ operation: "Connections.open", reason })
      const open = Effect.fn("Connections.open")(function* (tenantId: string, connectionId: string) {
        const [row] = yield* sql<Row>`select vendor, config, secrets, share from tenant_connectors
            where id = ${connectionId}::uuid and deleted_at is null`.pipe(
          asTenant(tenantId),
          Effect.provideService(SqlClient.SqlClient, sql)
        )
        const connector = row === undefined ? undefined : connectorNamed(row.vendor)
        if (row === undefined || connector === undefined) return yield* fault(new ConnectionMissing({ connectionId }))
        const secrets = JSON.parse(Redacted.value(yield* vault.openText(tenantId, row.secrets))) as JsonObject
        const config = yield* Schema.decodeUnknownEffect(connector.config)({ ...row.config, ...secrets }).pipe(
          Effect.mapError((e) => fault(new ConnectionInvalid({ connectionId, issue: e.message })))
        )
        const open: OpenConnection = {
          tenantId,
          connectionId,
          connector,
          config,
          share: row.share,
          vendor: connector.vendor,
          account: account(connector.vendor, connector.instance(config))
        }
        return open
      })
      return Connections.of({ open })
    })
  )
}
