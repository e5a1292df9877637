// The state machine of a job: one pure function from facts to the next state and what to wake. For the scheduler.
// Facts are sets read from tables, so any order of messages with any repeats ends in the same state.

import type { EntityId } from "@bridge/domain/Entities"
import { isFinal, type JobState, readAsReferred } from "@bridge/domain/Jobs"
import type { CommandType } from "@bridge/flow/Messages"

export interface StreamFact {
  readonly stream: string
  readonly entity: EntityId
  readonly slice: number
  readonly started: boolean
  readonly ended: boolean
  readonly sealed: boolean
  /** Set when the stream cannot go on without a person (credentials refused, endpoint gone). */
  readonly error: { readonly code: string; readonly message: string } | null
  /** Milliseconds since the row last moved. */
  readonly idleMillis: number
}

export interface PhaseFact {
  readonly entity: string
  readonly phase: number
  readonly slice: number
  readonly ended: boolean
  readonly done: boolean
  readonly idleMillis: number
}

export interface Facts {
  readonly state: JobState
  readonly paused: boolean
  readonly cancelRequested: boolean
  readonly revision: number
  readonly settledRevision: number | null
  readonly approvedRevision: number | null
  readonly requireApproval: boolean
  /** Some streams of a sample wait until what may refer to them was read. */
  readonly sample: boolean
  readonly hasDestination: boolean
  readonly auditComplete: boolean
  readonly streams: ReadonlyArray<StreamFact>
  /** There are refined batches that do not carry the job's revision yet. */
  readonly batchesBehind: boolean
  readonly phases: ReadonlyArray<PhaseFact>
  /** There are load batches at work or with an outcome that is not known. */
  readonly batchesOpen: boolean
  /** The auditor has compared the books. */
  readonly balanced: boolean
  /** This job holds the lease, or it is free to take. */
  readonly sourceFree: boolean
  readonly destinationFree: boolean
  /** Milliseconds since a wake-up of this name was last sent; infinite when never. */
  readonly sentAgo: (name: string) => number
}

export interface Wake {
  readonly name: string
  readonly type: CommandType
  readonly key: string
  readonly slice: number
}

export interface Decision {
  readonly state: JobState
  readonly takeSource: boolean
  readonly takeDestination: boolean
  /** Leases given back. */
  readonly dropSource: boolean
  readonly dropDestination: boolean
  readonly createPhases: boolean
  /** Approve by itself, with the hashes as they are (requireApproval false). */
  readonly approve: boolean
  readonly withdraw: boolean
  readonly error: { readonly code: string; readonly message: string } | null
  readonly wake: ReadonlyArray<Wake>
  /** Nothing more will ever happen: the sweep can stop. */
  readonly over: boolean
}

/** A wake-up is repeated when what it was for has not moved for this long (promise 8: on within 10 s). */
export const staleMillis = 4_000

/**
 * How soon to look again unasked. What waits for a person is told of by events; that one of them is lost is noticed all the
 * same. What waits for another job's account is told of by nobody.
 */
export const lookAgainMillis = (f: Facts, d: Pick<Decision, "state">): number => {
  if (f.paused || (d.state === "validation_pending" && f.approvedRevision !== f.revision)) return 5_000
  return d.state === "queued" || d.state === "validation_pending" ? 2_000 : 1_000
}

const quiet: Omit<Decision, "state"> = {
  takeSource: false,
  takeDestination: false,
  dropSource: false,
  dropDestination: false,
  createPhases: false,
  approve: false,
  withdraw: false,
  error: null,
  wake: [],
  over: false
}

const due = (f: Facts, wake: Wake, idleMillis: number): ReadonlyArray<Wake> =>
  idleMillis >= staleMillis && f.sentAgo(wake.name) >= staleMillis ? [wake] : []

/** First time at once, then only when it does not move. */
const wakeUp = (f: Facts, type: CommandType, key: string, slice: number, idleMillis: number): ReadonlyArray<Wake> => {
  const wake: Wake = { name: `${type}/${key}/${slice}`, type, key, slice }
  return f.sentAgo(wake.name) === Number.POSITIVE_INFINITY ? [wake] : due(f, wake, idleMillis)
}

/** One step; the shell repeats it until the state no longer changes. */
export const decide = (f: Facts): Decision => {
  if (isFinal(f.state)) return ended(f)
  if (f.cancelRequested) return cancel(f)
  if (f.paused) return { ...quiet, state: f.state }
  switch (f.state) {
    case "queued":
      return f.sourceFree ? { ...quiet, state: "running", takeSource: true } : { ...quiet, state: "queued" }
    case "running":
    case "extracting":
      return extracting(f)
    case "data_ready":
    case "validation_pending":
      return reviewed(f)
    case "loading":
      return loading(f)
    default:
      return { ...quiet, state: f.state }
  }
}

const extracting = (f: Facts): Decision => {
  const broken = f.streams.find((s) => s.error !== null && !s.ended)
  if (broken?.error != null) {
    return {
      ...quiet,
      state: "failed",
      error: { code: broken.error.code, message: `${broken.stream}: ${broken.error.message}` },
      dropSource: true
    }
  }
  if (f.streams.every((s) => s.sealed)) {
    const next = settling(f)
    return next.length > 0 || f.settledRevision !== f.revision
      ? { ...quiet, state: "extracting", wake: next }
      : { ...quiet, state: "data_ready", dropSource: true }
  }
  return {
    ...quiet,
    state: f.streams.some((s) => s.started) ? "extracting" : f.state,
    wake: f.streams
      .filter((s) => !s.ended && !waits(f, s))
      .flatMap((s) => wakeUp(f, "extract", s.stream, s.slice, s.idleMillis))
  }
}

const waits = (f: Facts, { entity }: StreamFact): boolean => {
  const before = f.sample ? (readAsReferred[entity] ?? []) : []
  return f.streams.some((s) => before.includes(s.entity) && !s.sealed)
}

/** Remap what is behind, then settle; nothing when both are done for this revision. */
const settling = (f: Facts): ReadonlyArray<Wake> => {
  const never = Number.POSITIVE_INFINITY
  if (f.batchesBehind) return wakeUp(f, "remap", "", f.revision, never)
  return f.settledRevision === f.revision ? [] : wakeUp(f, "settle", "", f.revision, never)
}

const reviewed = (f: Facts): Decision => {
  const next = settling(f)
  if (next.length > 0 || f.settledRevision !== f.revision) return { ...quiet, state: "data_ready", wake: next }
  if (!f.hasDestination) return { ...quiet, state: "completed" }
  // Promise 3: an approval of an earlier revision is none.
  if (f.approvedRevision === f.revision) {
    return f.destinationFree
      ? { ...quiet, state: "loading", takeDestination: true, createPhases: true }
      : { ...quiet, state: f.state }
  }
  if (!f.requireApproval) return { ...quiet, state: "data_ready", approve: true }
  return { ...quiet, state: "validation_pending" }
}

const loading = (f: Facts): Decision => {
  const phase = f.phases.toSorted((a, b) => a.phase - b.phase).find((p) => !p.done)
  if (phase !== undefined) {
    // Also when its release has ended: the loader closes a phase without batches, and looks after what hangs.
    return { ...quiet, state: "loading", wake: wakeUp(f, "release", phase.entity, phase.slice, phase.idleMillis) }
  }
  if (!f.balanced)
    return { ...quiet, state: "loading", wake: wakeUp(f, "audit", "", f.revision, Number.POSITIVE_INFINITY) }
  return { ...quiet, state: "completed", dropDestination: true }
}

const cancel = (f: Facts): Decision => {
  if (f.state === "loading" && f.batchesOpen) return { ...quiet, state: f.state, withdraw: true }
  return { ...quiet, state: "cancelled", withdraw: f.state === "loading", dropSource: true, dropDestination: true }
}

const ended = (f: Facts): Decision => {
  const audits = f.state === "completed" && f.hasDestination && !f.auditComplete
  return {
    ...quiet,
    state: f.state,
    over: !audits,
    wake: audits ? wakeUp(f, "audit", "", f.revision, Number.POSITIVE_INFINITY) : []
  }
}
