// The mapping a new job starts with: the pair's default, with the custom fields that both accounts have. For new migrations.

import type { AnyConnector, DiscoveredField } from "@bridge/connectors/Connector"
import { problem } from "@bridge/contract/Problem"
import { type FieldDefinition, type FieldsByEntity, withCustomFields } from "@bridge/domain/CustomFields"
import { defaultMapping } from "@bridge/domain/DefaultMapping"
import type { EntityId } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { discoveredFields } from "../connections/Discover.ts"
import type { openedConnection } from "../connections/Routes.ts"
import { inTenant } from "../http/Rows.ts"

export type Opened = Effect.Success<ReturnType<typeof openedConnection>>

/** Asks both vendors for their fields; what has no counterpart comes back as warnings. */
export const startingMapping = Effect.fn("Mappings.startingMapping")(function* (
  tenantId: string,
  source: Opened,
  destination: Opened,
  makeMissing = false
) {
  const [from, to] = [source.c.connector, destination.c.connector]
  const mapping = defaultMapping(from.vendor, to.vendor)
  if (mapping === undefined)
    return yield* Effect.fail(
      problem(
        "mapping-invalid",
        `There is no default mapping from ${from.title} to ${to.title}: store one and name it.`
      )
    )
  const [here, there] = yield* Effect.all([fieldsOf(tenantId, source), fieldsOf(tenantId, destination)], {
    concurrency: 2
  })
  const before = yield* inTenant(tenantId)(madeBefore(source.c.account, destination.c.account))
  return withCustomFields(mapping, here, there, { missing: makeMissing, before })
})

/** Fields that earlier migrations between the accounts have made: the source's id of each, and its key at the destination. */
export const madeBefore = (sourceAccount: string, destinationAccount: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{
      id: string
      key: string
    }>`select substring(source_id from '[^/]+$') as id, destination_id as key
      from load_ledger where entity = 'custom-field' and source_account = ${sourceAccount}
        and destination_account = ${destinationAccount} and destination_id is not null and source_id not like '$%'
        and state in ('created', 'matched', 'updated')`
    return new Map(rows.map(({ id, key }) => [id, key]))
  })

const fieldsOf = (tenantId: string, { c, row }: Opened) =>
  Effect.map(discoveredFields(tenantId, row.id, row.share, c), (found) => byEntity(c.connector, found))

/** By entity; what two streams of one have (agents and requesters) once. */
export const byEntity = (
  connector: AnyConnector,
  found: ReadonlyMap<string, ReadonlyArray<DiscoveredField>>
): FieldsByEntity => {
  const fields: Partial<Record<EntityId, ReadonlyArray<FieldDefinition>>> = {}
  for (const stream of connector.streams) {
    const own = found.get(stream.name)
    if (stream.entity === null || own === undefined) continue
    const before = fields[stream.entity] ?? []
    fields[stream.entity] = [...before, ...own.filter(({ key }) => !before.some((field) => field.key === key))]
  }
  return fields
}
