// The proof of a migration: Bridge's own books beside what the sandbox's corpus, ledger and destination say.
// What does not belong here: anything computed by Bridge's code; the comparison is in Compare.ts, by a reading of its own.
import type { Rest } from "../harness/Rest.ts"

export const entityNames = ["ticket", "comment", "person", "group", "group-member", "department"] as const
export type EntityName = (typeof entityNames)[number]

export interface EntityProof {
  readonly source: number
  readonly topic: number
  readonly archived: number
  readonly dead: number
  readonly excluded: number
  readonly approved: number
  readonly loaded: number
  readonly matched: number
  readonly failed: number
  readonly missing: number
  readonly doubled: number
  readonly changed: number
}

export interface Proof {
  readonly json: {
    readonly ok: boolean
    readonly hashes: {
      readonly topic: string
      readonly archive: string
      readonly approved: string
      readonly loaded: string
    }
    readonly entities: Readonly<Record<string, EntityProof>>
  }
  /** Seeded ids that the destination refuses, with its words. */
  readonly failedOnPurpose: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
}

export declare const prove: (rest: Rest, jobId: string, adminUrl: string) => Promise<Proof>
