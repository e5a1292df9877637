// One batch brought to its end, record by record: what is checked and planned, looked up, sent and matched, until every outcome
// is known. The ledger is read again on every round: it is the truth, also for a batch taken up after a crash.
import type { LoadWarning } from "@bridge/domain/Adapted"
import { referencesOf } from "@bridge/domain/Assemble"
import type { EntityId } from "@bridge/domain/Entities"
import { Elements } from "@bridge/review/Elements"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import type { Batch, Released } from "./Batches.ts"
import { type Checked, check } from "./Check.ts"
import { type Desk, tell, type Work } from "./Desk.ts"
import { type Instead, insteadOf, standInOf, warningsOf, writeInstead } from "./Instead.ts"
import { entriesOf, type Key, keyText } from "./Ledger.ts"
import { matchBefore, matchRefused } from "./Match.ts"
import { failed, type Outcome } from "./Outcome.ts"
import { placeholderId } from "./Placeholder.ts"
import { plan } from "./Plan.ts"
import { destinationsOf, type Entries, readyOf, workOf } from "./Ready.ts"
import { awaitJob, type SentMap, send } from "./Send.ts"
import { type Doubt, resolve } from "./Unknown.ts"

/** Outcomes by source id. Those that no call settled are for the caller to write into the ledger. */
export interface Loaded {
  readonly outcomes: ReadonlyMap<string, Outcome>
  readonly unsettled: ReadonlySet<string>
  /** What is not as approved, since the destination could not take it so. */
  readonly warnings: ReadonlyMap<string, ReadonlyArray<LoadWarning>>
  /** The job was cancelled or stopped: records without an outcome were not sent. */
  readonly stopped: boolean
}

/** After so many lost answers of one record, each followed by a look that did not find it, it fails. */
const mostTries = 5

export const load = Effect.fn("Loader.load")(function* (desk: Desk, batch: Batch) {
  const elements = yield* Elements
  const { entity } = batch
  const found = yield* elements.of(
    { tenantId: batch.tenantId, jobId: batch.jobId, revision: desk.card.revision },
    batch.records.flatMap((r) => [{ entity, sourceId: r.sourceId }, ...r.parts])
  )
  const checked = new Map(batch.records.map((r) => [r.sourceId, check(entity, r, found)]))
  const byId = new Map(batch.records.map((r) => [r.sourceId, r]))
  const keys = keysOf(entity, batch.records, checked)
  const outcomes = new Map<string, Outcome>()
  const unsettled = new Set<string>()
  const tries = new Map<string, number>()
  const warned = new Map<string, ReadonlyArray<LoadWarning>>()
  const ended = new Set<string>()
  let stopped = false
  let told = false
  const local = (sourceId: string, outcome: Outcome): void => {
    outcomes.set(sourceId, outcome)
    unsettled.add(sourceId)
  }
  const take = (sent: SentMap): void => {
    for (const [sourceId, s] of sent) {
      // A refusal is final only when no other form may be taken: the next plan says.
      if (s._tag === "Known" && s.outcome.word === "failed" && desk.sink.instead !== undefined) continue
      if (s._tag === "Known") outcomes.set(sourceId, s.outcome)
      else if (s._tag === "Unknown") ended.add(sourceId)
      else stopped = true
    }
  }

  const read = asTenant(batch.tenantId)(entriesOf(desk.book, keys))
  let known: Entries | undefined = yield* read
  if (batch.vendorJobs.length > 0) {
    yield* followOldJobs(desk, batch, known, checked, byId, take)
    known = undefined
  }
  while (batch.records.some(({ sourceId }) => !outcomes.has(sourceId))) {
    const entries = known ?? (yield* read)
    known = undefined
    const works: Array<Work> = []
    const doubts: Array<Doubt> = []
    const others: Array<Instead> = []
    for (const record of batch.records) {
      const { sourceId } = record
      const state = checked.get(sourceId)
      if (outcomes.has(sourceId) || state === undefined) continue
      const stoodFor = standInOf(entries, entries.get(keyText(entity, sourceId)), batch.jobId)
      if (stoodFor !== undefined) {
        local(sourceId, stoodFor)
        continue
      }
      const action = plan(record, entries.get(keyText(entity, sourceId)), batch.jobId, desk.sink.update !== undefined)
      switch (action._tag) {
        case "Settled":
          outcomes.set(sourceId, {
            word: action.outcome,
            destinationId: action.destinationId,
            hash: settledHash(action.outcome, record),
            error: null
          })
          break
        case "Skip":
          outcomes.set(sourceId, {
            word: action.outcome,
            destinationId: action.destinationId,
            hash: settledHash(action.outcome, record),
            error: null
          })
          break
        case "Merge":
          local(sourceId, mergedOutcome(desk, action.into, entries))
          break
        case "Failed": {
          const instead = stopped ? undefined : insteadOf(desk, record, state, entries, action.failure)
          if (instead === undefined) local(sourceId, failed(action.failure))
          else others.push(instead)
          break
        }
        case "LookUp":
          doubts.push({
            work: doubtful(desk, record, state, entries),
            intent: action.intent,
            ended: ended.has(sourceId)
          })
          break
        default: {
          if (stopped) break
          if (state._tag === "Differs") local(sourceId, failed(state.failure))
          else if ((tries.get(sourceId) ?? 0) >= mostTries) local(sourceId, failed(neverAnswered))
          else {
            const destinationId = action._tag === "Update" ? action.destinationId : undefined
            const ready = readyOf(desk, record, state, entries, destinationId)
            if ("_tag" in ready) local(sourceId, failed(ready))
            else {
              works.push(ready)
              warned.set(sourceId, ready.warnings)
            }
          }
        }
      }
    }
    if (doubts.length > 0) {
      const findings = yield* resolve(desk, doubts)
      let open = 0
      for (const [sourceId, finding] of findings) {
        ended.delete(sourceId)
        if (finding._tag === "absent") tries.set(sourceId, (tries.get(sourceId) ?? 0) + 1)
        if (finding._tag === "undecided") open++
      }
      if (open > 0) {
        if (!told) yield* tell(desk, "outcome-unknown", { batch: batch.number, records: open })
        told = true
        yield* Effect.logError("the vendor cannot tell what became of a call; a person must decide (docs/loading.md)", {
          job: batch.jobId,
          entity,
          batch: batch.number,
          records: open
        })
        yield* desk.waiting(Effect.sleep(desk.timing.undecidedMillis))
      }
      continue
    }
    if (others.length > 0) yield* writeInstead(desk, others)
    if (works.length === 0 && others.length > 0) continue
    if (works.length === 0) break
    const there = yield* matchBefore(desk, works)
    for (const [sourceId, outcome] of there) outcomes.set(sourceId, outcome)
    const rest = works.filter((w) => !there.has(w.sourceId))
    if (rest.length === 0) continue
    const sent = yield* send(
      desk,
      rest,
      rest.some((w) => (tries.get(w.sourceId) ?? 0) > 1)
    )
    yield* matchRefused(desk, rest, sent)
    take(sent)
  }
  const warnings = warningsOf(desk, batch, checked, yield* read, warned)
  const result: Loaded = { outcomes, unsettled, stopped, warnings }
  return result
})

const neverAnswered = {
  code: "no-answer",
  message: `The destination did not answer ${mostTries} times, and each time the record was not there afterwards.`,
  hint: "Look at the record in the destination's own interface; migrate again when the destination is well."
}

const settledHash = (outcome: string, record: Released): string | null => (outcome === "matched" ? null : record.hash)

/** Ledger entries that the batch's records, their references and their winners need. */
const keysOf = (
  entity: EntityId,
  records: ReadonlyArray<Released>,
  checked: ReadonlyMap<string, Checked>
): ReadonlyArray<Key> => {
  const keys = new Map<string, Key>()
  const add = (key: Key): void => void keys.set(keyText(key.entity, key.sourceId), key)
  add({ entity: "person", sourceId: placeholderId })
  for (const r of records) {
    add({ entity, sourceId: r.sourceId })
    if (r.merged !== undefined) add({ entity, sourceId: r.merged })
    const state = checked.get(r.sourceId)
    if (state?._tag === "Approved")
      for (const p of [state.root, ...state.parts]) for (const ref of referencesOf(p)) add(ref)
  }
  return [...keys.values()]
}

/** For a look-up a body helps (a membership is found by its two ids) but is not needed: the source key is enough. */
const doubtful = (desk: Desk, record: Released, state: Checked, entries: Entries): Work => {
  const ready = state._tag === "Approved" ? readyOf(desk, record, state, entries, undefined) : state
  return "_tag" in ready ? workOf(desk, record, { body: {} }, undefined) : ready
}

/** A merged record is where the one is that stands for it. */
const mergedOutcome = (desk: Desk, into: string, entries: Entries): Outcome => {
  const { entity } = desk.sink
  const destinationId = destinationsOf(desk, entries).idOf(entity, into)
  if (destinationId !== undefined) return { word: "merged", destinationId, hash: null, error: null }
  return failed({
    code: "merged-into-missing",
    message: `It is the same ${entity} as ${into}, which could not be loaded.`,
    hint: `See the failure of ${into}; when that is corrected, migrate again.`
  })
}

/** Jobs of the vendor that were at work when the batch was taken over: their results first, before any doubt. */
const followOldJobs = (
  desk: Desk,
  batch: Batch,
  entries: Entries,
  checked: ReadonlyMap<string, Checked>,
  byId: ReadonlyMap<string, Released>,
  take: (sent: SentMap) => void
) =>
  Effect.gen(function* () {
    for (const job of batch.vendorJobs) {
      const works = job.sourceIds.flatMap((id) => {
        const record = byId.get(id)
        const state = checked.get(id)
        if (record === undefined || state === undefined) return []
        const work = doubtful(desk, record, state, entries)
        // As they were sent: a file that was refused then is not there now.
        const parts = entries.get(keyText(batch.entity, id))?.intent?.parts ?? work.parts
        return [{ ...work, parts }]
      })
      const sent: SentMap = new Map()
      yield* awaitJob(desk, job.id, works, sent)
      yield* matchRefused(desk, works, sent)
      take(sent)
    }
  })
