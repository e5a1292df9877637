// Records that the destination refused as approved and may take in another form: an agent for whom no seat is left. What to write
// in its place is the sink's to say, whether that may be is the approved mapping's. For Aggregate.ts.
import type { Adapted, LoadWarning } from "@bridge/domain/Adapted"
import { assemble } from "@bridge/domain/Assemble"
import { Effect } from "effect"
import type { Batch, Released } from "./Batches.ts"
import type { Checked } from "./Check.ts"
import { type Desk, stillOurs } from "./Desk.ts"
import { adapt, keyText } from "./Ledger.ts"
import type { Outcome } from "./Outcome.ts"
import { ensurePlaceholder, placeholderId } from "./Placeholder.ts"
import type { Entry, Failure } from "./Plan.ts"
import { destinationsOf, type Entries, readyOf } from "./Ready.ts"

export interface Instead {
  readonly sourceId: string
  readonly adapted: Adapted
}

/** The other form, where there is one, the approved mapping allows it, and this job has not tried it yet. Promise 3. */
export const insteadOf = (
  desk: Desk,
  record: Released,
  state: Checked,
  entries: Entries,
  failure: Failure
): Instead | undefined => {
  const { card, sink } = desk
  const entry = entries.get(keyText(sink.entity, record.sourceId))
  if (sink.instead === undefined || card.agentsOverSeats === "fail" || state._tag !== "Approved") return undefined
  if (entry?.state !== "failed" || entry.adapted?.job === card.id) return undefined
  const work = readyOf(desk, record, state, entries, undefined)
  const other = "_tag" in work ? null : sink.instead(work.write, failure)
  if (other === null) return undefined
  const adapted: Adapted = { job: card.id, ...other }
  return {
    sourceId: record.sourceId,
    adapted: card.agentsOverSeats === "end-user" ? adapted : { ...adapted, ...stoodFor(failure) }
  }
}

const stoodFor = ({ message }: Failure) => ({
  set: {},
  standIn: true as const,
  message: `the stand-in person in its place, since: ${message}`
})

/** Keeps the other form in the ledger; the next plan writes it. Crashes before and after lead to the same. */
export const writeInstead = (desk: Desk, others: ReadonlyArray<Instead>) =>
  Effect.gen(function* () {
    if (others.some(({ adapted }) => adapted.standIn)) yield* ensurePlaceholder({ ...desk, batch: null })
    yield* desk.transaction(Effect.andThen(stillOurs(desk), adapt(desk.book, desk.sink.entity, others)))
  })

/** A record whose place the stand-in takes has nothing to write: it is where the stand-in is. */
export const standInOf = (entries: Entries, entry: Entry | undefined, jobId: string): Outcome | undefined => {
  if (entry?.adapted?.standIn !== true || entry.adapted.job !== jobId || entry.state !== "removed") return undefined
  const destinationId = entries.get(keyText("person", placeholderId))?.destinationId ?? null
  return destinationId === null ? undefined : { word: "merged", destinationId, hash: null, error: null }
}

/** By source id, what is not as approved; nothing to do where nobody was given another form. */
export const warningsOf = (
  desk: Desk,
  batch: Batch,
  checked: ReadonlyMap<string, Checked>,
  entries: Entries
): ReadonlyMap<string, ReadonlyArray<LoadWarning>> => {
  const out = new Map<string, ReadonlyArray<LoadWarning>>()
  if (![...entries.values()].some(({ adapted }) => adapted !== null)) return out
  const destinations = destinationsOf(desk, entries)
  for (const { sourceId } of batch.records) {
    const state = checked.get(sourceId)
    if (state?._tag !== "Approved") continue
    const whole = assemble(state.root, state.parts, destinations)
    if (whole._tag === "Ready" && whole.warnings.length > 0) out.set(sourceId, whole.warnings)
  }
  return out
}
