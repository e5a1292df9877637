// What a read-back goes by: whose records, in which list of the destination, and a destination record beside the one it comes
// from. For ReadBack.ts, Pairs.ts, Beside.ts.
import type { OpenConnection } from "@bridge/connectors/Connections"
import type { Sink } from "@bridge/connectors/Connector"
import type { EntityId } from "@bridge/domain/Entities"
import type { JsonObject } from "@bridge/http/Call"
import type { Effect } from "effect"
import type { Scope } from "./Expected.ts"

export interface ReadBack {
  readonly scope: Scope
  readonly connection: OpenConnection
  readonly sink: Sink<unknown>
  readonly entity: EntityId
  /** Tickets whose comments, people whose addresses are read, a call each. */
  readonly comments: number
  /** In place of the sink's own lag; null: the sink's. */
  readonly lagMillis: number | null
  readonly waiting: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** A record of the job that should be at the destination; `state` is the ledger's. */
export interface Ours {
  readonly source_id: string
  readonly destination_id: string | null
  readonly state: string | null
  readonly outcome: string
}

/** A destination record; `row` is empty where it is only known to exist. */
export interface There {
  readonly id: string
  readonly key: string | null
  readonly row: JsonObject
}

export interface Pair {
  readonly there: There
  readonly ours: Ours
}
