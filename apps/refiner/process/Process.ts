// From the vendor's row to canonical records, or to the reason why it cannot be. Pure and total.
// For the refiner's shells. What does not belong here: repairs (resolve/), what a vendor's fields mean (its connector).
import { isUtf8 } from "node:buffer"
import type { AnyConnector, JsonObject, Normalised } from "@bridge/connectors/Connector"
import { parseExactBytes } from "@bridge/domain/ExactJson"
import type { JsonValue } from "@bridge/domain/Records"

/** What a row of one stream becomes; from the connector of the source. */
export type Normalise = (row: JsonObject, parentId: string | null) => ReadonlyArray<Normalised>

export type Processed =
  | { readonly _tag: "Records"; readonly records: ReadonlyArray<Normalised> }
  /** A row that nothing can be made of, whoever tries: dead letter. */
  | { readonly _tag: "Poison"; readonly code: string; readonly message: string }

/** The normaliser of a stream of a connector; null when the connector has no such stream. */
export const normaliserOf = (connector: AnyConnector, config: unknown, rowStream: string): Normalise | null => {
  const stream = connector.streams.find((one) => one.name === rowStream)
  return stream === undefined ? null : (row, parentId) => stream.normalise(config, row, parentId)
}

/** The first record must be the one the row was sent as. */
export const processRow = (
  normalise: Normalise | null,
  bytes: Uint8Array,
  sourceId: string,
  parentId: string | null = null
): Processed => {
  if (normalise === null) return poison("unknown-stream", "the connector has no stream of this name")
  // PostgreSQL would refuse the batch, and as text the row would be another one.
  if (!isUtf8(bytes)) return poison("not-utf8", "the row is not UTF-8")
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const row = parseExactBytes(buffer)
    if (typeof row !== "object" || row === null || Array.isArray(row))
      return poison("not-an-object", "the row is no JSON object")
    if (buffer.length > 2 * maxDepth && isDeep(row, maxDepth))
      return poison("too-deep", `nested deeper than ${maxDepth} levels`)
    return named(normalise(row as JsonObject, parentId), sourceId)
  } catch (fault) {
    const code = fault instanceof SyntaxError ? "not-json" : "normalise-failed"
    return poison(code, fault instanceof Error ? fault.message.slice(0, 500) : String(fault).slice(0, 500))
  }
}

/** Deeper rows are no data but an attack or a fault: whoever reads JSON by recursion (PostgreSQL, browsers) fails on them. */
const maxDepth = 2000

/** Looked at only where the row is long enough to be so deep. */
const isDeep = (value: JsonValue, left: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (left === 0 || Object.values(value).some((one) => isDeep(one, left - 1)))

const named = (records: ReadonlyArray<Normalised>, sourceId: string): Processed => {
  const [first] = records
  if (first === undefined) return poison("no-record", "the connector makes no record of this row")
  if (first.sourceId !== sourceId)
    return poison("other-record", `the row was sent as ${sourceId} and reads as ${first.sourceId}`)
  return { _tag: "Records", records }
}

const poison = (code: string, message: string): Processed => ({ _tag: "Poison", code, message })
