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

/** A record that another one's form, a field or a record that was not made, or its own length may have changed. */
const maybeOtherwise = (state: Extract<Checked, { readonly _tag: "Approved" }>, most: number): boolean =>
  state.parts.length > most / 2 ||
  Object.values(state.root.element.refs).some(({ entity, inField }) => entity === "custom-field" || inField)

/** By source id, what is not as approved; `warned`: of those that were written just now. */
export const warningsOf = (
  desk: Desk,
  batch: Batch,
  checked: ReadonlyMap<string, Checked>,
  entries: Entries,
  warned: ReadonlyMap<string, ReadonlyArray<LoadWarning>>
): ReadonlyMap<string, ReadonlyArray<LoadWarning>> => {
  const out = new Map<string, ReadonlyArray<LoadWarning>>()
  const someone = [...entries.values()].some(({ adapted }) => adapted !== null)
  const destinations = destinationsOf(desk, entries)
  const most = desk.sink.mostComments ?? Number.POSITIVE_INFINITY
  for (const { sourceId } of batch.records) {
    const state = checked.get(sourceId)
    const now = warned.get(sourceId)
    if (now !== undefined && now.length > 0) out.set(sourceId, now)
    // A batch that is taken up again does not write what was written before: it is looked at once more.
    if (state?._tag !== "Approved" || (now !== undefined && !someone) || !(someone || maybeOtherwise(state, most)))
      continue
    const whole = assemble(state.root, state.parts, destinations)
    if (whole._tag === "Ready" && whole.warnings.length > 0) out.set(sourceId, whole.warnings)
  }
  return out
}
