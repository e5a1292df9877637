// How rows of a connection are read: the normalisers of its connector. For the refiner's shells.
// What does not belong here: connectors, stored connections (libs/connectors).
import { Connections } from "@bridge/connectors/Connections"
import type { AnyConnector } from "@bridge/connectors/Connector"
import type { EntityId } from "@bridge/domain/Entities"
import { Clock, Context, Effect, Layer } from "effect"
import { type Normalise, normaliserOf } from "./process/Process.ts"

/** How the rows of a connection are read. */
export interface Reader {
  /** The normaliser of a stream; null for one it does not have. */
  readonly normaliser: (rowStream: string) => Normalise | null
  /** The stream whose rows a driving stream brings for an entity: conversations for tickets and comments. */
  readonly rowStream: (stream: string, entity: EntityId) => string
}

type Failure = Effect.Error<ReturnType<Connections["Service"]["open"]>>

export class Sources extends Context.Service<
  Sources,
  { readonly reader: (tenantId: string, connectionId: string) => Effect.Effect<Reader, Failure> }
>()("bridge/refiner/Sources") {
  static readonly layer = Layer.effect(
    Sources,
    Effect.map(Connections, (connections) => make(connections))
  )
}

/** A changed connection is noticed after this. */
const keptMillis = 60_000

function make(connections: Connections["Service"]) {
  const known = new Map<string, { readonly reader: Reader; readonly until: number }>()
  return Sources.of({
    reader: (tenantId, connectionId) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const key = `${tenantId}/${connectionId}`
        const before = known.get(key)
        if (before !== undefined && before.until > now) return before.reader
        const { config, connector } = yield* connections.open(tenantId, connectionId)
        const reader = readerOf(connector, config)
        known.set(key, { reader, until: now + keptMillis })
        return reader
      })
  })
}

/** A connector's streams by name, each normaliser made once. */
export const readerOf = (connector: AnyConnector, config: unknown): Reader => {
  const made = new Map<string, Normalise | null>()
  return {
    normaliser: (rowStream) => {
      const before = made.get(rowStream)
      if (before !== undefined) return before
      const normalise = normaliserOf(connector, config, rowStream)
      made.set(rowStream, normalise)
      return normalise
    },
    rowStream: (stream, entity) =>
      connector.streams.find((one) => one.entity === entity && (one.name === stream || one.parent === stream))?.name ??
      stream
  }
}
