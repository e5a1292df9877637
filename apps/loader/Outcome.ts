// What became of records: from the vendor's answer to the words of the results, for roots and for what was written with them.
// Pure. What does not belong here: reading a vendor's body (its sink), rows (Ledger.ts, Results.ts).
import type { WriteOutcome } from "@bridge/connectors/Connector"
import type { EntityId } from "@bridge/domain/Entities"
import type { Entry, Failure } from "./Plan.ts"

export type OutcomeWord = "created" | "matched" | "updated" | "skipped" | "merged" | "failed" | "unknown"

export interface Outcome {
  readonly word: OutcomeWord
  readonly destinationId: string | null
  /** Hash of what the destination now has of it; null when nothing was written or matched with other content. */
  readonly hash: string | null
  readonly error: Failure | null
}

export interface PartRef {
  readonly entity: EntityId
  readonly sourceId: string
  readonly hash: string
  /** It could not go along (a file that was refused): it fails, its root does not. */
  readonly error?: Failure
}

export interface PartOutcome extends Outcome {
  readonly entity: EntityId
  readonly sourceId: string
}

export const failed = (error: Failure): Outcome => ({ word: "failed", destinationId: null, hash: null, error })

/** The outcome of a write, once it is known. */
export const fromWrite = (o: Exclude<WriteOutcome, { readonly _tag: "Unknown" }>, hash: string): Outcome => {
  switch (o._tag) {
    case "Created":
      return { word: "created", destinationId: o.destinationId, hash, error: null }
    case "Updated":
      return { word: "updated", destinationId: o.destinationId, hash, error: null }
    case "Matched":
      return { word: "matched", destinationId: o.destinationId, hash: null, error: null }
    case "Failed":
      return failed({ code: o.code, message: o.message, hint: o.hint })
  }
}

const tooLate = (entity: EntityId): Failure => ({
  code: `${entity}-after-load`,
  message: `Its record was loaded before without this ${entity}, or with another content.`,
  hint: `A ${entity} keeps its author and time only when it is loaded with its record. Remove the record there and migrate it again.`
})

/**
 * Outcomes of the parts of a root. A part shares the fate of its root; where the root was there before, a part that is
 * new or has changed since cannot be added with its own time and author, and fails by itself.
 */
export const partOutcomes = (
  root: Outcome,
  parts: ReadonlyArray<PartRef>,
  entryOf: (part: PartRef) => Entry | undefined,
  jobId: string
): ReadonlyArray<PartOutcome> =>
  parts.map((part) => {
    const { entity, sourceId } = part
    const before = entryOf(part)
    if (root.word === "created" && before?.state === "failed" && before.lastJob === jobId && before.error !== null)
      return { entity, sourceId, ...failed(before.error) }
    if (root.word === "created")
      return { entity, sourceId, word: "created", destinationId: null, hash: part.hash, error: null }
    if (root.word !== "skipped" && root.word !== "updated" && root.word !== "matched")
      return { entity, sourceId, word: root.word, destinationId: null, hash: null, error: root.error }
    if (before?.createdJob === jobId && before.loadedHash === part.hash)
      return { entity, sourceId, word: "created", destinationId: null, hash: part.hash, error: null }
    const same = before !== undefined && before.state !== "failed" && before.loadedHash === part.hash
    return same
      ? { entity, sourceId, word: "skipped", destinationId: null, hash: part.hash, error: null }
      : { entity, sourceId, ...failed(tooLate(entity)) }
  })

/** Succeeded in the sense of `job_load_results`: the destination has it. */
export const succeeded = (word: OutcomeWord): boolean => word !== "failed" && word !== "unknown"
