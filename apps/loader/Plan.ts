// What one approved record needs: the decision before every write. Pure: same record, same ledger entry, same answer.
// What does not belong here: bodies (libs/domain/Assemble.ts), what the vendor answered (Outcome.ts).
import type { Adapted } from "@bridge/domain/Adapted"
import type { EntityId } from "@bridge/domain/Entities"

/** The intent behind a call whose result is not in the ledger yet. Instants are UTC, ISO 8601. */
export interface Intent {
  readonly job: string
  readonly batch: number
  readonly op: "create" | "update"
  readonly hash: string
  /** What went with it in the same call. */
  readonly parts: ReadonlyArray<{
    readonly entity: EntityId
    readonly sourceId: string
    readonly hash: string
    /** It could not go along, and why. */
    readonly error?: Failure
  }>
  /** True when many were written at once: a vendor job may still be working on it. */
  readonly bulk: boolean
  /** The process that made the call (Owner.ts). */
  readonly owner?: string
  /** When it was written; a vendor job of this call is not older. */
  readonly at: string
  /** The call was not sent, or its socket was cut, at this instant. */
  readonly deadline: string
  /** Set by an operator where nobody can tell any more (docs/loading.md): it was, or was not, carried out. */
  readonly decided?: { readonly destinationId: string } | "absent"
}

export type LedgerState = "intended" | "created" | "matched" | "updated" | "unknown" | "failed" | "removed"

export interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** What the ledger knows of one source record at one destination account. */
export interface Entry {
  readonly state: LedgerState
  readonly destinationId: string | null
  readonly loadedHash: string | null
  readonly intent: Intent | null
  readonly error: Failure | null
  readonly createdJob: string | null
  /** What it was given in place of what was approved. */
  readonly adapted: Adapted | null
  readonly lastJob: string
}

/** One approved root of a load batch, as far as the plan looks at it. */
export interface Approved {
  readonly sourceId: string
  readonly hash: string
  /** The record that stands for this one: nothing is written for it. */
  readonly merged?: string
}

export type Action =
  | { readonly _tag: "Create" }
  | { readonly _tag: "Update"; readonly destinationId: string }
  /** The same content is there already, or what is there is not ours to change. */
  | { readonly _tag: "Skip"; readonly destinationId: string; readonly outcome: "skipped" | "matched" }
  | { readonly _tag: "Merge"; readonly into: string }
  /** A call of before may have been carried out: find out first. Promise 4. */
  | { readonly _tag: "LookUp"; readonly intent: Intent | null }
  /** This job has done it already (a batch taken up again). */
  | { readonly _tag: "Settled"; readonly outcome: "created" | "matched" | "updated"; readonly destinationId: string }
  | { readonly _tag: "Failed"; readonly failure: Failure }

export const plan = (record: Approved, entry: Entry | undefined, jobId: string, canUpdate: boolean): Action => {
  if (record.merged !== undefined) return { _tag: "Merge", into: record.merged }
  // `removed` and `failed` plan as absent; what failed in this very job has been told and is not tried again.
  if (entry === undefined || entry.state === "removed") return { _tag: "Create" }
  if (entry.state === "failed") {
    return entry.lastJob === jobId && entry.error !== null
      ? { _tag: "Failed", failure: entry.error }
      : { _tag: "Create" }
  }
  if (entry.state === "intended" || entry.state === "unknown") return { _tag: "LookUp", intent: entry.intent }
  return present(record, entry, jobId, canUpdate)
}

const present = (record: Approved, entry: Entry, jobId: string, canUpdate: boolean): Action => {
  const { destinationId, state } = entry
  if (destinationId === null) return { _tag: "LookUp", intent: entry.intent }
  if (entry.lastJob === jobId && entry.error !== null) return { _tag: "Failed", failure: entry.error }
  if (entry.lastJob === jobId && state === "matched") return { _tag: "Settled", outcome: state, destinationId }
  if (entry.lastJob === jobId && state === "updated" && entry.loadedHash === record.hash)
    return { _tag: "Settled", outcome: state, destinationId }
  if (entry.createdJob === jobId) return { _tag: "Settled", outcome: "created", destinationId }
  if (state === "matched") return { _tag: "Skip", destinationId, outcome: "matched" }
  if (entry.loadedHash === record.hash) return { _tag: "Skip", destinationId, outcome: "skipped" }
  return canUpdate ? { _tag: "Update", destinationId } : { _tag: "Failed", failure: cannotUpdate }
}

const cannotUpdate: Failure = {
  code: "changed-since-loaded",
  message: "The record was loaded before with other content, and this destination cannot change it.",
  hint: "Change it at the destination by hand, or remove it there and migrate it again."
}
