// What is behind a connection: its streams, and the fields that the vendor tells at run time. For Routes and new migrations.

import type { Call, DiscoveredField, JsonObject } from "@bridge/connectors/Connector"
import type { DiscoveredStream } from "@bridge/contract/Connections"
import { problem } from "@bridge/contract/Problem"
import { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect } from "effect"
import { type Configured, vendorProblem } from "./Check.ts"

const mostPages = 50

/** Fields by stream. A vendor that refuses or is away is a problem in its words. */
export const discoveredFields = (tenantId: string, connectionId: string, share: number, c: Configured) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const connection = { tenantId, connectionId, connector: c.connector, config: c.config, share }
    const found: Record<string, Array<DiscoveredField>> = {}
    for (const discovery of c.connector.discover) {
      const fields = found[discovery.stream] ?? []
      found[discovery.stream] = fields
      let call: Call | null = discovery.call(c.config)
      for (let page = 0; call !== null && page < mostPages; page++) {
        const now: Call = call
        const answer: ReturnType<typeof discovery.read> = yield* http.read(connection, now, (a) => discovery.read(a), {
          mode: "live"
        })
        fields.push(...answer.fields)
        call = answer.next
      }
    }
    return found as Readonly<Record<string, ReadonlyArray<DiscoveredField>>>
  }).pipe(
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.fail(problem("vendor-unavailable", `${c.connector.title} did not answer within a minute.`))
    }),
    Effect.mapError((error) => (error instanceof VendorError ? vendorProblem(c, error) : error))
  )

export const streamViews = (
  c: Configured,
  fields: Readonly<Record<string, ReadonlyArray<DiscoveredField>>>
): ReadonlyArray<typeof DiscoveredStream.Type> =>
  c.connector.streams.map((s) => ({
    stream: s.name,
    entity: s.entity ?? "",
    parent: s.parent ?? null,
    primaryKey: s.primaryKey,
    cursorField: s.cursorField,
    deletions: s.deletions,
    schema: s.schema as JsonObject,
    fields: fields[s.name] ?? []
  }))
