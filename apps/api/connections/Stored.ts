// The tenant's connections as rows: configuration in the open, secrets sealed in the vault. Owns the table tenant_connectors.

import type { JsonObject } from "@bridge/connectors/Connector"
import { connectorNamed } from "@bridge/connectors/Connectors"
import type { ConnectionView } from "@bridge/contract/Connections"
import { problem } from "@bridge/contract/Problem"
import { account } from "@bridge/domain/Jobs"
import { holdShare } from "@bridge/http/BudgetsPostgres"
import { Vault } from "@bridge/vault/Vault"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { note } from "../http/Event.ts"
import { instant, isId } from "../http/Rows.ts"
import type { Configured } from "./Check.ts"

export interface ConnectionRow {
  readonly id: string
  readonly vendor: string
  readonly name: string
  readonly instance: string
  readonly config: JsonObject
  readonly secrets: Uint8Array
  readonly share: number
  readonly checked_at: Date
  readonly created_at: Date
}

export const viewOf = (r: ConnectionRow): ConnectionView => ({
  id: r.id,
  vendor: r.vendor,
  name: r.name,
  account: account(r.vendor, r.instance),
  config: r.config,
  secrets: [...(connectorNamed(r.vendor)?.secrets ?? [])],
  share: r.share,
  checkedAt: instant(r.checked_at),
  createdAt: instant(r.created_at)
})

const columns = "id, vendor, name, instance, config, secrets, share, checked_at, created_at"

export const allConnections = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql<ConnectionRow>`select ${sql.literal(columns)} from tenant_connectors where deleted_at is null
    order by created_at, id`
)

/** Another tenant's is as unknown as none (Promise 5). `lock` keeps it from being removed until the transaction ends. */
export const connectionRow = (id: string, lock: "" | "for share" | "for update" = "") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = isId(id)
      ? yield* sql<ConnectionRow>`select ${sql.literal(columns)} from tenant_connectors
          where id = ${id}::uuid and deleted_at is null ${sql.literal(lock)}`
      : []
    return row ?? (yield* Effect.fail(problem("connection-unknown", `There is no connection ${id}.`)))
  })

/** The whole configuration, secrets opened: only to be decoded at once. */
export const wholeConfig = (tenantId: string, row: ConnectionRow) =>
  Effect.gen(function* () {
    const opened = yield* (yield* Vault).openText(tenantId, row.secrets)
    return { ...row.config, ...(JSON.parse(Redacted.value(opened)) as JsonObject) } satisfies JsonObject
  }).pipe(Effect.catch(vaultProblem))

export const sealed = (tenantId: string, secrets: JsonObject) =>
  Effect.flatMap(Vault, (vault) => vault.seal(tenantId, Redacted.make(JSON.stringify(secrets)))).pipe(
    Effect.catch(vaultProblem)
  )

const vaultProblem = (error: { readonly transient: boolean }) =>
  error.transient ? Effect.fail(problem("service-unavailable", "The vault does not answer.")) : Effect.die(error)

export const insertConnection = (
  tenantId: string,
  actor: string,
  c: Configured,
  row: { readonly id: string; readonly name: string; readonly share: number; readonly sealed: Buffer }
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [made] = yield* sql<ConnectionRow>`insert into tenant_connectors
        (id, tenant_id, vendor, name, instance, config, secrets, share, checked_at)
      values (${row.id}::uuid, ${tenantId}::uuid, ${c.connector.vendor}, ${row.name}, ${c.connector.instance(c.config)},
        ${JSON.stringify(c.plain)}::jsonb, ${row.sealed}, ${row.share}, now())
      returning ${sql.literal(columns)}`
    yield* holdShare(tenantId, row.id, row.share)
    const detail = { connection: row.id, account: c.account, name: row.name }
    yield* note({ tenantId, type: "connection-created", actor, detail })
    return viewOf(made as ConnectionRow)
  })

export const updateConnection = (
  tenantId: string,
  actor: string,
  id: string,
  change: {
    readonly name?: string
    readonly share?: number
    readonly renewed?: { readonly configured: Configured; readonly sealed: Buffer }
  }
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { name, renewed, share } = change
    if (renewed !== undefined)
      yield* sql`update tenant_connectors set config = ${JSON.stringify(renewed.configured.plain)}::jsonb,
        secrets = ${renewed.sealed}, checked_at = now() where id = ${id}::uuid`
    const [row] = yield* sql<ConnectionRow>`update tenant_connectors set name = coalesce(${name ?? null}, name),
        share = coalesce(${share ?? null}::real, share), updated_at = now()
      where id = ${id}::uuid and deleted_at is null returning ${sql.literal(columns)}`
    if (row === undefined) return yield* Effect.fail(problem("connection-unknown", `There is no connection ${id}.`))
    if (share !== undefined) yield* holdShare(tenantId, id, share)
    const changed = Object.keys({ ...change, ...renewed?.configured.plain }).filter((k) => k !== "renewed")
    yield* note({ tenantId, type: "connection-changed", actor, detail: { connection: id, changed } })
    return viewOf(row)
  })

/** The row stays for the jobs that name it; its secrets do not. */
export const removeConnection = (tenantId: string, actor: string, id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* connectionRow(id, "for update")
    const [job] = yield* sql<{ id: string }>`select id from jobs
      where (source_connection = ${id}::uuid or destination_connection = ${id}::uuid)
        and (state not in ('completed', 'failed', 'cancelled')
          or (state = 'completed' and not audit_complete and destination_connection is not null)) limit 1`
    if (job !== undefined)
      return yield* Effect.fail(problem("connection-in-use", `Job ${job.id} uses this connection.`))
    yield* sql`update tenant_connectors set deleted_at = now(), updated_at = now(), secrets = ''::bytea where id = ${id}::uuid`
    yield* note({ tenantId, type: "connection-removed", actor, detail: { connection: id } })
  })
