// The mapping a new job starts with: the pair's default, with the custom fields that both accounts have. For new migrations.

import type { AnyConnector, DiscoveredField } from "@bridge/connectors/Connector"
import { problem } from "@bridge/contract/Problem"
import { type FieldDefinition, type FieldsByEntity, withCustomFields } from "@bridge/domain/CustomFields"
import { defaultMapping } from "@bridge/domain/DefaultMapping"
import type { EntityId } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { discoveredFields } from "../connections/Discover.ts"
import type { openedConnection } from "../connections/Routes.ts"

export type Opened = Effect.Success<ReturnType<typeof openedConnection>>

/** Asks both vendors for their fields; what has no counterpart comes back as warnings. */
export const startingMapping = Effect.fn("Mappings.startingMapping")(function* (
  tenantId: string,
  source: Opened,
  destination: Opened
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
  return withCustomFields(mapping, here, there)
})

const fieldsOf = (tenantId: string, { c, row }: Opened) =>
  Effect.map(discoveredFields(tenantId, row.id, row.share, c), (found) => byEntity(c.connector, found))

const byEntity = (
  connector: AnyConnector,
  found: ReadonlyMap<string, ReadonlyArray<DiscoveredField>>
): FieldsByEntity => {
  const fields: Partial<Record<EntityId, ReadonlyArray<FieldDefinition>>> = {}
  for (const stream of connector.streams) {
    const own = found.get(stream.name)
    if (stream.entity !== null && own !== undefined) fields[stream.entity] = [...(fields[stream.entity] ?? []), ...own]
  }
  return fields
}
