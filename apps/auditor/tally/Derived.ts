// Records that come out of another record's row, found with the connector's own reading of the row. For tallies of topic
// and archive, so that derived records are counted on both sides.
import type { OpenConnection } from "@bridge/connectors/Connections"
import type { JsonObject } from "@bridge/http/Call"
import { Result } from "effect"
import type { Derive } from "./Count.ts"

/** Null for a stream the connector does not have. A row that cannot be read yields nothing: its own tally shows it. */
export const deriver = ({ config, connector }: OpenConnection, rowStream: string): Derive | null => {
  const stream = connector.streams.find((s) => s.name === rowStream)
  if (stream === undefined) return null
  return (body) => {
    const row = Result.try((): unknown => JSON.parse(body.toString("utf8")))
    if (Result.isFailure(row) || typeof row.success !== "object" || row.success === null || Array.isArray(row.success))
      return []
    return stream.normalise(config, row.success as JsonObject)
  }
}
