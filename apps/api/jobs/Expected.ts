// How many records of each entity there will be: by the count of streams, and by what came with each row so far. Pure. For
// estimates before and while a job runs.
import { connectorNamed } from "@bridge/connectors/Connectors"
import type { EntityId } from "@bridge/domain/Entities"
import { aheadOf, type StreamFacts } from "./Ahead.ts"

/** Rows that a stream has brought, of its own entity and of those that come with it. */
export interface BroughtRow {
  readonly stream: string
  readonly entity: EntityId
  readonly rows: number
}

/** Whether a stream brings an entity's records as rows; others are made of rows (memberships): nobody can count them beforehand. */
export const bringing =
  (vendor: string, streams: ReadonlyArray<{ readonly stream: string; readonly entity: EntityId }>) =>
  (entity: EntityId): boolean =>
    streams.some((s) => feeds(vendor, s, entity))

const feeds = (
  vendor: string,
  { entity: own, stream }: { readonly stream: string; readonly entity: EntityId },
  entity: EntityId
): boolean =>
  own === entity ||
  (connectorNamed(vendor)?.streams ?? []).some((one) => one.parent === stream && one.entity === entity)

/** Of a stream's own entity by its count, of what comes with it by how much came with each row so far. */
export const expecting = (
  vendor: string,
  streams: ReadonlyArray<StreamFacts & { readonly entity: EntityId }>,
  brought: ReadonlyArray<BroughtRow>
) => {
  const rowsOf = (stream: string, entity: EntityId) =>
    brought.find((b) => b.stream === stream && b.entity === entity)?.rows ?? 0
  return (entity: EntityId): number | null => {
    let [sum, feeding] = [0, 0]
    for (const s of streams) {
      if (!feeds(vendor, s, entity)) continue
      feeding += 1
      const here = rowsOf(s.stream, entity)
      const { rows } = aheadOf(s)
      if (rows === null) return null
      if (rows > 0 && s.entity !== entity && s.taken === 0) {
        const each = s.survey?.children?.[entity]
        if (each === undefined) return null
        sum += each * rows
      } else sum += s.entity === entity ? Math.max(here, s.taken) + rows : here + (here / Math.max(1, s.taken)) * rows
    }
    return feeding === 0 ? null : Math.round(sum)
  }
}
