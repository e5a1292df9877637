// How a batch is named on its way: `<job>/<driving stream>/<entity>#<epoch>.<number>` and back. Pure. For the shells.
import { type EntityId, entityIds } from "@bridge/domain/Entities"
import { batchOf } from "@bridge/flow/Envelope"
import type { Run } from "@bridge/flow/Stage"
import type { BatchKey } from "./Archive.ts"

export const isEntityId = (text: string): text is EntityId => entityIds.some((id) => id === text)

/** The manifest batch of a run, with the epoch that sent it; undefined when the run is not a batch. */
export const batchKeyOf = (
  run: Pick<Run, "id" | "tenantId">
): { readonly key: BatchKey; readonly epoch: bigint } | undefined => {
  const named = batchOf(run.id)
  if (named === undefined) return undefined
  const [jobId, stream, entity, more] = named.actor.split("/")
  if (jobId === undefined || stream === undefined || entity === undefined || more !== undefined) return undefined
  if (!isEntityId(entity)) return undefined
  return { key: { tenantId: run.tenantId, jobId, stream, entity, number: named.batch }, epoch: named.epoch }
}
