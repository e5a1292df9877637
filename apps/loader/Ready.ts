// An approved record as work: its body with references filled in as the ledger has them now. Pure. For Aggregate.ts and
// Instead.ts. What does not belong here: whether it is written (Plan.ts).
import type { Write } from "@bridge/connectors/Connector"
import { assemble, type Destinations, type Piece } from "@bridge/domain/Assemble"
import type { EntityId } from "@bridge/domain/Entities"
import type { Released } from "./Batches.ts"
import { type Desk, type Work, writeOf } from "./Desk.ts"
import { keyText } from "./Ledger.ts"
import { placeholderId } from "./Placeholder.ts"
import type { Entry } from "./Plan.ts"

export type Entries = ReadonlyMap<string, Entry>

/** Where references lead now: what the ledger says is there. */
export const destinationsOf = ({ card, sink }: Pick<Desk, "card" | "sink">, entries: Entries): Destinations => {
  const idOf = (entity: EntityId, sourceId: string): string | undefined => {
    const entry = entries.get(keyText(entity, sourceId))
    const there = entry?.state === "created" || entry?.state === "matched" || entry?.state === "updated"
    return there ? (entry.destinationId ?? undefined) : undefined
  }
  const adapted = (entity: EntityId, sourceId: string) => entries.get(keyText(entity, sourceId))?.adapted ?? undefined
  const { mostComments } = sink
  return {
    idOf,
    placeholder: idOf("person", placeholderId),
    adapted,
    agentPaths: card.agentPaths,
    ...(mostComments !== undefined && { mostComments })
  }
}

export const workOf = (
  desk: Desk,
  record: Released,
  { body, files, warnings }: Pick<Write, "body" | "files"> & { readonly warnings?: Work["warnings"] },
  destinationId: string | undefined
): Work => ({
  sourceId: record.sourceId,
  hash: record.hash,
  parts: record.parts,
  op: destinationId === undefined ? "create" : "update",
  warnings: warnings ?? [],
  write: {
    ...writeOf(desk, desk.sink.entity, record.sourceId, body, destinationId),
    ...(files !== undefined && files.length > 0 && { files })
  }
})

export const readyOf = (
  desk: Desk,
  record: Released,
  state: { readonly root: Piece; readonly parts: ReadonlyArray<Piece> },
  entries: Entries,
  destinationId: string | undefined
) => {
  const assembled = assemble(state.root, state.parts, destinationsOf(desk, entries))
  return assembled._tag === "Dangling" ? assembled : workOf(desk, record, assembled, destinationId)
}
