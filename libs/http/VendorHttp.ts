// The one way to a vendor: authorise, pace, send, judge, retry, measure. For the connector engine, the loader and the auditor.
// Reads are retried by class; a write leaves at most once and its failure says whether it may have been done (Promise 4).
import { Cause, Clock, Context, Effect, Exit, Layer, Metric, Random, Result } from "effect"
import { Budgets } from "./Budgets.ts"
import type { Answer, Call, Connection } from "./Call.ts"
import { download, fileDeadline, type Wanted } from "./Download.ts"
import { type Attempt, decode, judge, lessonOf, lostRead, lostWrite, notJson, reasonOf } from "./Judge.ts"
import type { Lane, Lesson, Permit } from "./Lane.ts"
import { redirectOf, requestOf } from "./Prepare.ts"
import type { Received } from "./Receive.ts"
import { scrubbedReason, secretsOf } from "./Scrub.ts"
import { BadAddress, type BadAnswer, type Reason, Unknown, VendorError } from "./VendorError.ts"
import { monotonicMillis, Wire, WireError } from "./Wire.ts"

export type Mode = "bulk" | "live" | "trial" | "check"

export interface CallOptions {
  /**
   * How long a read is tried: `bulk` (default) 30 minutes; `live` 2 minutes; `trial` 30 seconds of faults, 429 for as long as
   * the vendor asks, 30 minutes at most; `check` 30 seconds of faults, one minute's window of 429.
   */
  readonly mode?: Mode
  /** For reads: a fault that is not to be tried again here, because the caller has a better way. */
  readonly giveUp?: (reason: Reason) => boolean
  /** For writes: monotonic milliseconds (`monotonicMillis`) after which nothing may leave; default in 60 s. */
  readonly deadline?: number
  /** For writes: the right to go, asked for with `ready` before the intent was written. */
  readonly permit?: Permit
}

export class VendorHttp extends Context.Service<
  VendorHttp,
  {
    /**
     * One call. A read gives an answer that the connector judges Ok. A write gives any whole answer that settles it (Ok,
     * Refused, Gone) for the sink to read; failures but `Unknown` are surely not done.
     */
    readonly call: (connection: Connection, call: Call, options?: CallOptions) => Effect.Effect<Answer, VendorError>
    /** A read with its reading: a body that `read` finds `Malformed` is asked for again, twice at most. */
    readonly read: <A>(
      connection: Connection,
      call: Call,
      read: (answer: Answer) => A,
      options?: CallOptions
    ) => Effect.Effect<A, VendorError>
    /** Waits for the right to make a call, so that a write's deadline does not run while it waits. */
    readonly ready: (connection: Connection, call: Call) => Effect.Effect<Permit>
    /**
     * One attempt at a file that a record names. By its address: on whatever public host, without credentials, outside the
     * budgets. By a call of the vendor's API: paced, with credentials, which no redirect takes along.
     */
    readonly download: (
      connection: Connection,
      from: string | Call,
      wanted: Wanted
    ) => Effect.Effect<Received, VendorError>
    /** Gives back a right that was not used. */
    readonly forgo: (connection: Connection, permit: Permit) => Effect.Effect<void>
  }
>()("bridge/http/VendorHttp") {
  static readonly layer = Layer.effect(
    VendorHttp,
    Effect.suspend(() => make)
  )
}

const patience = {
  bulk: { faultMillis: 30 * 60_000, throttleMillis: 30 * 60_000, attemptMillis: 120_000 },
  live: { faultMillis: 2 * 60_000, throttleMillis: 2 * 60_000, attemptMillis: 30_000 },
  trial: { faultMillis: 30_000, throttleMillis: 30 * 60_000, attemptMillis: 60_000 },
  check: { faultMillis: 30_000, throttleMillis: 65_000, attemptMillis: 20_000 }
} as const
/** A call refused this often, over this long and over this many of the longest waits it was told, is refused for good. */
const refusals = { times: 5, millis: 3 * 60_000, waits: 4 } as const
const writeMillis = 60_000
const firstBackoffMillis = 500
const longestBackoffMillis = 30_000
const badAnswerRetries = 2
const redirects = 3
const downloading: Call = { operation: "download", method: "GET", path: "/", idempotent: true }

const make = Effect.gen(function* () {
  const budgets = yield* Budgets
  const wire = yield* Wire

  /** One paced exchange. Never fails for what the vendor does; always settles its permit. */
  const attempt = Effect.fnUntraced(function* (
    connection: Connection,
    call: Call,
    within: number | { readonly until: number },
    given?: Permit
  ) {
    const lane = laneOf(connection)
    let end: Attempt = Result.fail(new WireError({ kind: "cut", message: "interrupted", sent: true }))
    const exchange = Effect.gen(function* () {
      const startedAt = monotonicMillis()
      const request = requestOf(connection, call, typeof within === "number" ? startedAt + within : within.until)
      const sent =
        typeof request === "string"
          ? Result.fail(new WireError({ kind: "address", message: request, sent: false }))
          : yield* Effect.result(wire.send(request))
      const now = yield* Clock.currentTimeMillis
      end = Result.map(sent, (answer) => ({ answer, verdict: judge(connection, call, answer, now) }))
      yield* measure(
        connection,
        call,
        Result.isSuccess(sent) ? String(sent.success.status) : sent.failure.kind,
        startedAt
      )
      return end
    })
    // The wait for a permit may last a minute and must end when the caller is interrupted (a cancel, a deploy).
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const permit = given ?? (yield* restore(budgets.acquire(lane, classesOf(call), call.cost)))
        return yield* restore(exchange).pipe(
          Effect.onExit(() => budgets.settle(lane, permit, lessonOf(connection, call, end)))
        )
      })
    )
  })

  const write = Effect.fnUntraced(function* (connection: Connection, call: Call, options: CallOptions) {
    const until = options.deadline ?? monotonicMillis() + writeMillis
    const end = yield* attempt(connection, call, { until }, options.permit)
    if (Result.isFailure(end)) return yield* failed(connection, call, lostWrite(end.failure))
    const { answer, verdict } = end.success
    const broken = verdict._tag === "Ok" ? notJson(answer) : undefined
    if (broken !== undefined)
      return yield* failed(connection, call, new Unknown({ status: answer.status, message: broken }))
    if (verdict._tag === "Ok" || verdict._tag === "Refused" || verdict._tag === "Gone") return answer
    return yield* failed(connection, call, reasonOf(verdict, answer, true))
  })

  const read = Effect.fnUntraced(function* <A>(
    connection: Connection,
    first: Call,
    reading: (answer: Answer) => A,
    options: CallOptions
  ) {
    const limits = patience[options.mode ?? "bulk"]
    const startedAt = yield* Clock.currentTimeMillis
    let call = first
    let hops = 0
    let faults = 0
    let badAnswers = 0
    let refused: Refusals = { times: 0, since: 0, longest: 0 }
    for (;;) {
      const end = yield* attempt(connection, call, limits.attemptMillis)
      const target = Result.isSuccess(end) ? redirectOf(connection, call, end.success.answer) : undefined
      if (target !== undefined && hops < redirects) {
        hops += 1
        call = { ...call, path: target, query: {} }
        continue
      }
      const step = stepOf(end, reading, first.file === true)
      if (step._tag === "Value") return step.value
      const { reason } = step
      if (reason._tag === "BadAnswer") badAnswers += 1
      if (!retried(reason) || options.giveUp?.(reason) === true || badAnswers > badAnswerRetries)
        return yield* failed(connection, first, reason)
      const elapsed = (yield* Clock.currentTimeMillis) - startedAt
      if (reason._tag === "Throttled") {
        refused = refusedAgain(refused, reason.retryAfterMillis, elapsed)
        if (elapsed + reason.retryAfterMillis > limits.throttleMillis || forGood(refused, elapsed))
          return yield* failed(connection, first, reason)
        // No attempt of ours: the lane is held, and the next turn waits there. One that asks for no wait is not believed twice.
        if (refused.times > 1 && reason.retryAfterMillis < firstBackoffMillis)
          yield* Effect.sleep(backoffMillis(refused.times - 1))
        continue
      }
      faults += 1
      const wait = Math.max(step.retryAfterMillis, (yield* jitter) * backoffMillis(faults))
      // A vendor that says how long it is away is waited for as long as one that is busy.
      const patienceMillis = step.retryAfterMillis > 0 ? limits.throttleMillis : limits.faultMillis
      if (elapsed + wait > patienceMillis) return yield* failed(connection, first, reason)
      yield* Effect.sleep(wait)
    }
  })

  /** A file by a call of the API, which leads elsewhere or gives its bytes itself. */
  const through = (connection: Connection, call: Call, wanted: Wanted): Effect.Effect<Received, Reason> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const permit = yield* restore(budgets.acquire(laneOf(connection), classesOf(call), call.cost))
        const request = requestOf(connection, call, fileDeadline())
        const file =
          typeof request === "string"
            ? Effect.fail(new BadAddress({ message: request }))
            : download(wire, request, wanted)
        return yield* restore(file).pipe(
          Effect.onExit((exit) => budgets.settle(laneOf(connection), permit, lessonOfFile(exit)))
        )
      })
    )

  return VendorHttp.of({
    call: (connection, call, options = {}) =>
      traced(
        connection,
        call,
        call.idempotent ? read(connection, call, whole, options) : write(connection, call, options)
      ),
    read: (connection, call, reading, options = {}) =>
      traced(connection, call, read(connection, call, reading, options)),
    download: (connection, from, wanted) =>
      typeof from === "string"
        ? Effect.catch(download(wire, from, wanted), (reason) => failed(connection, downloading, reason))
        : Effect.catch(through(connection, from, wanted), (reason) => failed(connection, from, reason)),
    ready: (connection, call) => budgets.acquire(laneOf(connection), classesOf(call), call.cost),
    forgo: (connection, permit) => budgets.settle(laneOf(connection), permit, { readings: [] })
  })
})

const lessonOfFile = (exit: Exit.Exit<Received, Reason>): Lesson => {
  const reason = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason)?.error : undefined
  return { readings: [], ...(reason?._tag === "Throttled" && { throttledMillis: reason.retryAfterMillis }) }
}

type Step<A> =
  | { readonly _tag: "Value"; readonly value: A }
  | { readonly _tag: "Fault"; readonly reason: Reason; readonly retryAfterMillis: number }

/** What one exchange of a read gave. */
const stepOf = <A>(end: Attempt, reading: (answer: Answer) => A, file: boolean): Step<A> => {
  if (Result.isFailure(end)) return { _tag: "Fault", reason: lostRead(end.failure), retryAfterMillis: 0 }
  const { answer, verdict } = end.success
  if (verdict._tag !== "Ok") {
    const retryAfterMillis = verdict._tag === "Transient" ? (verdict.retryAfterMillis ?? 0) : 0
    return { _tag: "Fault", reason: reasonOf(verdict, answer, false), retryAfterMillis }
  }
  return Result.match(decode(answer, reading, file), {
    onSuccess: (value): Step<A> => ({ _tag: "Value", value }),
    onFailure: (reason: BadAnswer): Step<A> => ({ _tag: "Fault", reason, retryAfterMillis: 0 })
  })
}

/** Refusals with 429 of one call. */
interface Refusals {
  readonly times: number
  readonly since: number
  readonly longest: number
}

const refusedAgain = ({ longest, since, times }: Refusals, wait: number, elapsed: number): Refusals => ({
  times: times + 1,
  since: times === 0 ? elapsed : since,
  longest: Math.max(longest, wait)
})

const forGood = ({ longest, since, times }: Refusals, elapsed: number): boolean =>
  times >= refusals.times && elapsed - since > Math.max(refusals.millis, refusals.waits * longest)

const backoffMillis = (times: number): number => Math.min(longestBackoffMillis, firstBackoffMillis * 2 ** (times - 1))

const retried = (reason: Reason): boolean => ["Throttled", "Unavailable", "BadAnswer"].includes(reason._tag)

const jitter = Effect.map(Random.next, (random) => 0.8 + random * 0.4)

const whole = (answer: Answer): Answer => answer

const classesOf = (call: Call): ReadonlyArray<string> =>
  call.budget === undefined || call.budget === "account" ? ["account"] : ["account", call.budget]

const laneOf = (connection: Connection): Lane => ({
  tenantId: connection.tenantId,
  connectionId: connection.connectionId,
  budgets: connection.connector.budgets(connection.config),
  share: connection.share
})

const failed = (connection: Connection, call: Call, reason: Reason) =>
  Effect.fail(
    new VendorError({
      vendor: connection.connector.vendor,
      operation: call.operation,
      reason: scrubbedReason(reason, secretsOf(connection))
    })
  )

const traced = <A>(connection: Connection, call: Call, effect: Effect.Effect<A, VendorError>) =>
  Effect.withSpan(effect, `${connection.connector.vendor}.${call.operation}`, {
    attributes: { tenant: connection.tenantId, connection: connection.connectionId }
  })

const answered = Metric.counter("bridge_vendor_calls_total", {
  description: "calls by vendor, operation and status",
  incremental: true
})
const took = Metric.histogram("bridge_vendor_call_seconds", {
  description: "time of one exchange, without waiting for its turn",
  boundaries: Metric.exponentialBoundaries({ start: 0.01, factor: 3, count: 9 })
})

const measure = (connection: Connection, call: Call, status: string, startedAt: number) => {
  const attributes = { vendor: connection.connector.vendor, operation: call.operation, status }
  return Effect.andThen(
    Metric.update(Metric.withAttributes(answered, attributes), 1),
    Metric.update(Metric.withAttributes(took, attributes), (monotonicMillis() - startedAt) / 1000)
  )
}
