// What an approval names: hashes over exactly the data, mapping and destination that were reviewed. Pure.
// For review (computes and checks), loader (refuses anything else), auditor (computes again by itself).
import { createHash } from "node:crypto"
import { canonicalJson, type Json } from "./Canonical.ts"
import type { EntityId } from "./Entities.ts"

/** One approved record. `resolution` is what settling decided (references, merges, renames); null when nothing. */
export interface Approved {
  readonly sourceId: string
  readonly transformedHash: string
  readonly resolution: Json
}

/** Hash of one entity: feed the records sorted by source id in byte order (`collate "C"`), then take the hash. */
export const entityHasher = () => {
  const hash = createHash("sha256")
  let count = 0
  return {
    add: (r: Approved): void => {
      count++
      hash.update(`${JSON.stringify(r.sourceId)}\t${r.transformedHash}\t${canonicalJson(r.resolution)}\n`)
    },
    result: (): { readonly count: number; readonly hash: string } => ({ count, hash: hash.digest("hex") })
  }
}

/** What was approved, by whom; kept in `jobs.approval`. */
export interface Approval {
  readonly revision: number
  readonly hashes: Readonly<Partial<Record<EntityId, string>>>
  readonly counts: Readonly<Partial<Record<EntityId, number>>>
  /** Hash over the sorted (entity, source id, reason) of what is left out. */
  readonly exclusions: string
  readonly mapping: { readonly id: string; readonly version: number; readonly hash: string }
  /** `vendor:instance` */
  readonly destination: string
  readonly approvedBy: string
  readonly approvedAt: string
}
