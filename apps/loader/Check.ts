// Is what the archive holds exactly what was approved? Each element's hash was computed again from its content; any difference
// is a failure of that record, never a write. Promise 3. Pure.
import type { Piece } from "@bridge/domain/Assemble"
import type { EntityId } from "@bridge/domain/Entities"
import { elementKey, type Loaded } from "@bridge/review/Elements"
import type { Released } from "./Batches.ts"
import type { Failure } from "./Plan.ts"

export type Checked =
  | { readonly _tag: "Approved"; readonly root: Piece; readonly parts: ReadonlyArray<Piece> }
  | { readonly _tag: "Differs"; readonly failure: Failure }

const differs = (what: string, detail: string): Checked => ({
  _tag: "Differs",
  failure: {
    code: "not-as-approved",
    message: `${what} ${detail}.`,
    hint: "Nothing was written for this record. The archive was changed after the approval: migrate the record again in a new job."
  }
})

/** A root with all its parts, or why it must not be written. */
export const check = (entity: EntityId, released: Released, found: ReadonlyMap<string, Loaded>): Checked => {
  const pieces: Array<Piece> = []
  const wanted = [
    { entity, sourceId: released.sourceId, hash: released.hash, resolution: released.resolution },
    ...released.parts
  ]
  for (const want of wanted) {
    const loaded = found.get(elementKey(want.entity, want.sourceId))
    const what = `${want.entity} ${want.sourceId}`
    if (loaded === undefined) return differs(what, "is no longer in the archive")
    if (loaded.hash !== want.hash) return differs(what, "differs from what was approved")
    if (loaded.resolutionHash !== want.resolution) return differs(what, "was settled in another way than was approved")
    pieces.push({
      entity: want.entity,
      sourceId: want.sourceId,
      element: loaded.element,
      resolution: loaded.resolution
    })
  }
  const [root, ...parts] = pieces
  return root === undefined ? differs(entity, "is empty") : { _tag: "Approved", root, parts }
}
