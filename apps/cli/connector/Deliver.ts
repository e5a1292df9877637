// What becomes of writes: looked for, sent, followed to the end of the vendor's jobs, and looked for again where an answer was
// lost, so that a source key is not written twice (Promise 4). For Write.ts.
import type { Sink, SinkAnswer, Write, WriteOutcome } from "@bridge/connectors/Connector"
import type { Source } from "@bridge/connectors/Reading"
import type { Call } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { monotonicMillis } from "@bridge/http/Wire"
import { Clock, Effect, Result } from "effect"
import { complete, uploaded } from "./Complete.ts"
import { find, findWithin, mode } from "./Find.ts"

/** A call that is not answered by then is given up, and looked for. */
const deadlineMillis = 30_000
/** Times a call that surely was not made is made again. */
const unsentRetries = 5
/** A vendor that goes on saying "later" is believed for so long, and a job that goes on working. */
const busyMillis = 15 * 60_000
const jobMillis = 60 * 60_000
/** After a lost answer the vendor may still be at work: when to look again. */
const lookAgainMillis = [1_000, 2_000, 4_000, 8_000]
const atOneTime = 8

export type Outcome = WriteOutcome | { readonly _tag: "Skipped"; readonly destinationId: string }

/** One run of the command. */
export interface Deliveries {
  readonly source: Source
  readonly sink: Sink<unknown>
  /** Destination ids by source key, of this run: a look-up may lag behind. */
  readonly written: Map<string, string>
  /** Keys of writes of this run that stayed unknown: not sent again by a later line. */
  readonly doubtful: Set<string>
  /** A write of this run whose answer named its record: shows whether look-ups see what was written just now. */
  direct: Write | undefined
  /** What of a write that was made could not be: words by write. */
  readonly partly: Map<Write, string>
  /** Why nothing is sent any more. */
  down: VendorError | undefined
}

/** An outcome for each write. Never fails: a vendor that is away is remembered in `run.down`. */
export const deliver = (run: Deliveries, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    const outcomes = new Map<Write, Outcome>()
    // Of two with one key the second sees what became of the first.
    for (let left = writes; left.length > 0; ) {
      const keys = new Map(left.toReversed().map((one) => [keyOf(run.sink, one), one]))
      const round = left.filter((one) => keys.get(keyOf(run.sink, one)) === one)
      for (const [one, outcome] of yield* deliverRound(run, round)) outcomes.set(one, outcome)
      left = left.filter((one) => !outcomes.has(one))
    }
    return outcomes
  })

/** What has no place for a key is told apart by what it says. */
const keyOf = (sink: Sink<unknown>, one: Write): string =>
  sink.naturalKeyOnly === true ? JSON.stringify(one.body) : one.sourceKey

const deliverRound = (run: Deliveries, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    const outcomes = new Map<Write, Outcome>()
    const byKey = run.sink.naturalKeyOnly !== true
    const looked = yield* each(run, writes, (one) =>
      Effect.gen(function* () {
        const known = byKey ? run.written.get(one.sourceKey) : undefined
        const there = known ?? (byKey ? yield* find(run, one, "key") : undefined)
        if (there !== undefined) return { _tag: "Skipped", destinationId: there } as const
        const like = run.sink.createMany === undefined ? yield* find(run, one, "like") : undefined
        if (like !== undefined) return { _tag: "Matched", destinationId: like } as const
        return run.doubtful.has(keyOf(run.sink, one))
          ? unknown("what became of an earlier line with its key is unknown")
          : undefined
      })
    )
    for (const [one, seen] of looked) if (seen !== undefined) outcomes.set(one, seen)
    const fresh = writes.filter((one) => !outcomes.has(one))
    for (const [one, outcome] of yield* create(run, fresh)) outcomes.set(one, outcome)
    for (const [one, outcome] of yield* settle(run, unknownOf(outcomes, fresh))) outcomes.set(one, outcome)
    if (run.sink.createMany !== undefined && run.down === undefined) {
      const failed = fresh.filter((one) => outcomes.get(one)?._tag === "Failed")
      const likes = yield* each(run, failed, (one) =>
        Effect.map(find(run, one, "like"), (like) =>
          like === undefined ? undefined : ({ _tag: "Matched", destinationId: like } as const)
        )
      )
      // Where nobody can look, what the vendor said stands.
      for (const [one, like] of likes) if (like?._tag === "Matched") outcomes.set(one, like)
    }
    yield* completeAll(run, outcomes)
    for (const [one, outcome] of outcomes)
      if (outcome._tag === "Unknown") run.doubtful.add(keyOf(run.sink, one))
      else if (byKey && outcome._tag !== "Failed") run.written.set(one.sourceKey, outcome.destinationId)
    return outcomes
  })

/** What follows records that are there: also those of an earlier run, which may have ended in between. */
const completeAll = (run: Deliveries, outcomes: ReadonlyMap<Write, Outcome>) =>
  Effect.gen(function* () {
    const { further } = run.sink
    if (further === undefined) return
    for (const [one, outcome] of outcomes) {
      if (run.down !== undefined || outcome._tag === "Failed" || outcome._tag === "Unknown") continue
      if (outcome._tag === "Matched" && !further.ofMatched) continue
      const end = yield* Effect.result(complete(run, one, outcome.destinationId))
      if (Result.isFailure(end)) run.down ??= end.failure
      else if (end.success.length > 0) run.partly.set(one, end.success.join("; "))
    }
  })

const unknownOf = (outcomes: ReadonlyMap<Write, Outcome>, writes: ReadonlyArray<Write>): ReadonlyArray<Write> =>
  writes.filter((one) => outcomes.get(one)?._tag === "Unknown")

/** Looks for each of some; those that could not be looked for are not written, and nothing else is. */
const each = <A>(
  run: Deliveries,
  writes: ReadonlyArray<Write>,
  look: (one: Write) => Effect.Effect<A, VendorError, VendorHttp>
) =>
  Effect.forEach(
    writes,
    (one) =>
      Effect.gen(function* () {
        if (run.down !== undefined) return [one, unsent(run.down)] as const
        const end = yield* Effect.result(look(one))
        if (Result.isSuccess(end)) return [one, end.success] as const
        run.down ??= end.failure
        return [one, unsent(end.failure)] as const
      }),
    { concurrency: atOneTime }
  )

const unsent = (error: VendorError): WriteOutcome => ({
  _tag: "Failed",
  code: "not-sent",
  message: error.message,
  hint: ""
})

const unsentFile = (message: string): WriteOutcome => ({ _tag: "Failed", code: "file-refused", message, hint: "" })

type Outcomes = ReadonlyArray<readonly [Write, WriteOutcome]>

const all = (writes: ReadonlyArray<Write>, outcome: WriteOutcome): Outcomes => writes.map((one) => [one, outcome])

const unknown = (message: string): WriteOutcome => ({ _tag: "Unknown", message })

/** Sends what fits into one call; a batch that is refused whole goes one by one. */
const create = (run: Deliveries, writes: ReadonlyArray<Write>): Effect.Effect<Outcomes, never, VendorHttp> =>
  Effect.gen(function* () {
    const { down, sink, source } = run
    const [first] = writes
    if (first === undefined) return []
    if (down !== undefined) return all(writes, unsent(down))
    const kinds = Map.groupBy(writes, (one) => sink.together?.(one) ?? "")
    if (kinds.size > 1) return (yield* Effect.forEach(kinds.values(), (kind) => create(run, kind))).flat()
    const together = sink.createMany !== undefined && writes.length > 1
    if (writes.length > 1 && (!together || bytesOf(writes) > sink.batchBytes)) {
      const middle = Math.ceil(writes.length / 2)
      const left = yield* create(run, writes.slice(0, middle))
      return [...left, ...(yield* create(run, writes.slice(middle)))]
    }
    const ready = yield* Effect.forEach(writes, (one) => uploaded(run, one))
    if (ready.some((one) => typeof one === "string")) {
      const fit = writes.filter((_one, i) => typeof ready[i] !== "string")
      const refused = writes.flatMap((one, i): Outcomes => {
        const words = ready[i]
        return typeof words === "string" ? [[one, unsentFile(words)]] : []
      })
      return [...refused, ...(yield* create(run, fit))]
    }
    const sendable = ready.filter((one) => typeof one !== "string")
    const call =
      together && sink.createMany !== undefined
        ? sink.createMany(source.config, sendable)
        : sink.createOne(source.config, sendable[0] ?? first)
    const answer = yield* send(run, call, writes)
    if (answer._tag === "BatchRefused") {
      if (writes.length > 1) return (yield* Effect.forEach(writes, (one) => create(run, [one]))).flat()
      return all(writes, { ...answer, _tag: "Failed" })
    }
    const outcomes =
      answer._tag === "Results"
        ? writes.map(
            (one, i) => [one, answer.outcomes[i] ?? unknown("the answer does not speak of this record")] as const
          )
        : yield* follow(run, answer.jobId, writes)
    run.direct = outcomes.find(([, { _tag }]) => _tag === "Created")?.[0] ?? run.direct
    return outcomes
  })

const bytesOf = (writes: ReadonlyArray<Write>): number =>
  writes.reduce((sum, { body }) => sum + Buffer.byteLength(JSON.stringify(body)), 0)

/** One call until it was surely made: waits while the vendor is busy, goes again only when it surely was not. */
const send = (
  run: Deliveries,
  call: Call,
  writes: ReadonlyArray<Write>
): Effect.Effect<Exclude<SinkAnswer, { _tag: "Busy" }>, never, VendorHttp> =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { sink, source } = run
    const startedAt = yield* Clock.currentTimeMillis
    for (let unsentTimes = 0; ; ) {
      const end = yield* Effect.result(http.call(source, call, { deadline: monotonicMillis() + deadlineMillis }))
      const answer = Result.isSuccess(end) ? sink.readAnswer(source.config, writes, end.success) : undefined
      if (answer !== undefined && answer._tag !== "Busy") return answer
      const waited = (yield* Clock.currentTimeMillis) - startedAt
      const reason = Result.isFailure(end) ? end.failure.reason : undefined
      const wait =
        answer?.retryAfterMillis ?? (reason?._tag === "Throttled" ? Math.max(500, reason.retryAfterMillis) : undefined)
      if (wait !== undefined && waited + wait <= busyMillis) yield* Effect.sleep(wait)
      else if (reason?._tag === "NotSent" && ++unsentTimes <= unsentRetries) yield* Effect.sleep(500 * 2 ** unsentTimes)
      else if (reason?._tag === "Unknown")
        return { _tag: "Results", outcomes: writes.map(() => unknown(reason.message)) }
      else if (Result.isFailure(end)) {
        run.down ??= end.failure
        return { _tag: "Results", outcomes: writes.map(() => unsent(end.failure)) }
      } else {
        const late = {
          _tag: "Failed",
          code: "busy",
          message: "the vendor stayed too busy to take it",
          hint: ""
        } as const
        return { _tag: "Results", outcomes: writes.map(() => late) }
      }
    }
  })

/** Polls a vendor's job to its end. What it does not tell is unknown. */
const follow = (run: Deliveries, jobId: string, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { sink, source } = run
    const call = sink.jobStatus?.(source.config, jobId)
    if (call === undefined) return all(writes, unknown("the sink cannot follow its jobs"))
    const startedAt = yield* Clock.currentTimeMillis
    for (;;) {
      const end = yield* Effect.result(
        http.read(source, call, (answer) => sink.readJob?.(source.config, writes, answer), mode)
      )
      if (Result.isFailure(end)) return all(writes, unknown(`its job cannot be followed: ${end.failure.message}`))
      const seen = end.success
      if (seen === undefined || seen._tag === "Lost")
        return all(writes, unknown(seen?.message ?? "the sink cannot read its jobs"))
      if (seen._tag === "Done")
        return writes.map((one, i) => [one, seen.outcomes[i] ?? unknown("no result for this record")] as const)
      if ((yield* Clock.currentTimeMillis) - startedAt > jobMillis)
        return all(writes, unknown("its job has been working for too long"))
      yield* Effect.sleep(seen.pollAfterMillis)
    }
  })

/**
 * What became of writes that may or may not have been done: waits for the vendor's jobs, looks for them, several times, since
 * the vendor may still be at work, and sends once more what surely is not there.
 */
const settle = (run: Deliveries, writes: ReadonlyArray<Write>): Effect.Effect<Outcomes, never, VendorHttp> =>
  Effect.gen(function* () {
    if (writes.length === 0) return []
    const looked = yield* lookFor(run, writes)
    if (!looked.sure || looked.absent.length === 0) return looked.found
    const again = yield* create(run, looked.absent)
    const lost = unknownOf(new Map(again), looked.absent)
    const last = lost.length === 0 ? [] : (yield* lookFor(run, lost)).found
    return [...looked.found, ...again, ...last]
  })

/** `sure`: what is absent has not been written and will not be. */
const lookFor = Effect.fnUntraced(function* (run: Deliveries, writes: ReadonlyArray<Write>) {
  const found: Array<readonly [Write, WriteOutcome]> = []
  let absent = writes
  let ended = true
  const look = Effect.fnUntraced(function* (how: "key" | "anywhere") {
    for (const one of absent) {
      const there = yield* find(run, one, how)
      if (there !== undefined) found.push([one, { _tag: "Created", destinationId: there }])
    }
    const known = new Set(found.map(([one]) => one))
    absent = absent.filter((one) => !known.has(one))
  })
  const end = yield* Effect.result(
    Effect.gen(function* () {
      for (const wait of [0, ...lookAgainMillis]) {
        if (absent.length === 0) return true
        yield* Effect.sleep(wait)
        ended = yield* jobsEnded(run)
        yield* look("key")
      }
      yield* look("anywhere")
      if (absent.length === 0) return true
      const strong = run.sink.lookup.some((lookup) => lookup.strong)
      const seen = run.direct === undefined || (yield* find(run, run.direct, "key")) !== undefined
      return ended && strong && seen
    })
  )
  if (Result.isFailure(end)) run.down ??= end.failure
  return { found, absent, sure: Result.isSuccess(end) && end.success }
})

/** Waits until every job that is open now has ended, each asked for by itself; false when the vendor cannot tell. */
const jobsEnded = (run: Deliveries) =>
  Effect.gen(function* () {
    const { openJobs } = run.sink
    if (openJobs === undefined) return true
    const http = yield* VendorHttp
    const listed = yield* findWithin(
      http.read(run.source, openJobs.call(run.source.config), (answer) => openJobs.read(answer), mode)
    )
    if (listed === undefined) return false
    for (const jobId of listed.open) yield* follow(run, jobId, [])
    return listed.known
  })
