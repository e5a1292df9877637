// What is behind a connection: its streams, and the fields that the vendor tells at run time. For Routes and new migrations.

import { discoverFields, schemaWith } from "@bridge/connectors/Account"
import type { Filter } from "@bridge/connectors/Conditions"
import type { DiscoveredField } from "@bridge/connectors/Connector"
import type { DiscoveredStream } from "@bridge/contract/Connections"
import { problem } from "@bridge/contract/Problem"
import { VendorError } from "@bridge/http/VendorError"
import { Effect } from "effect"
import { type Configured, vendorProblem } from "./Check.ts"

/** Fields by stream. A vendor that refuses or is away is a problem in its words. */
export const discoveredFields = (tenantId: string, connectionId: string, share: number, c: Configured) =>
  discoverFields({ tenantId, connectionId, connector: c.connector, config: c.config, share }).pipe(
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.fail(problem("vendor-unavailable", `${c.connector.title} did not answer within a minute.`))
    }),
    Effect.mapError((error) => (error instanceof VendorError ? vendorProblem(c, error) : error))
  )

export const streamViews = (
  c: Configured,
  fields: ReadonlyMap<string, ReadonlyArray<DiscoveredField>>
): ReadonlyArray<typeof DiscoveredStream.Type> =>
  c.connector.streams.map((s) => ({
    stream: s.name,
    entity: s.entity ?? "",
    parent: s.parent ?? null,
    primaryKey: s.primaryKey,
    cursorField: s.cursorField,
    deletions: s.deletions,
    schema: schemaWith(s.schema, fields.get(s.name) ?? []),
    fields: fields.get(s.name) ?? [],
    filters: s.parent === undefined ? (s.filters ?? []).map(filterView) : []
  }))

const filterView = ({ name, title, values }: Filter) => ({ name, title, ...(values !== undefined && { values }) })
