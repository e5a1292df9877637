// One membership in a consumer group: partitions are claimed, restored, saved and given up. For Runtime.ts, which opens
// the next session when one has failed. What does not belong here: runs (Dispatch.ts, Work.ts).
import { type Admin, type ConsumerSession, Consumers, type Owned } from "@bridge/kafka/Broker"
import { Clock, Deferred, Effect, Fiber, Schedule } from "effect"
import type { SqlClient } from "effect/sql"
import { Dispatch } from "./Dispatch.ts"
import { type Claimed, claim, noCrash, save } from "./Fences.ts"
import { Held } from "./Held.ts"
import type { Stage } from "./Stage.ts"
import { logRanges, measure, type Ranges, tend } from "./Watch.ts"

export interface SessionOptions {
  readonly group: string
  readonly owner: string
  readonly gravePartition: (tenantId: string) => number
  /** How long runs in flight may go on when the session ends. */
  readonly drainMillis: number
  /** A run without its tail is handed over when nothing has come for so long. */
  readonly quietMillis: number
  /** Nothing read for so long, with records in the log: the client is stuck. */
  readonly stuckMillis: number
  /** Runs at work and no sign of life from any of them for so long. */
  readonly hungMillis: number
  readonly sessionTimeoutMillis?: number
}

/** Fails when the client gives up, a claim fails or nothing moves; never succeeds. Its scope drains and leaves the group. */
export const session = Effect.fnUntraced(function* <R>(stage: Stage<R>, options: SessionOptions) {
  const context = yield* Effect.context<R | SqlClient.SqlClient | Admin>()
  const clock = yield* Clock.Clock
  const dispatch = new Dispatch({
    stage,
    group: options.group,
    gravePartition: options.gravePartition,
    fork: Effect.runForkWith(context),
    now: () => clock.currentTimeMillisUnsafe()
  })
  const opened = yield* Deferred.make<ConsumerSession>()
  const promised = Effect.runPromiseWith(context)
  let assigning = Promise.resolve()
  const consumers = yield* Consumers
  const client = yield* consumers.open({
    groupId: options.group,
    topics: stage.topics,
    onAssigned: (owned) => {
      assigning = assigning.then(() => promised(assign(dispatch, options, stage, opened, owned)))
      return assigning
    },
    // The way to a clean hand-over; the next owner counts restarts that were not.
    onRebalancing: () => void promised(Effect.ignore(keep(dispatch, options.group, true))),
    onRecords: dispatch.onRecords,
    ...(options.sessionTimeoutMillis === undefined ? {} : { sessionTimeoutMillis: options.sessionTimeoutMillis })
  })
  dispatch.client = client
  yield* Effect.addFinalizer(() => drain(dispatch, options))
  yield* Deferred.succeed(opened, client)
  const saving = keep(dispatch, options.group, false).pipe(
    Effect.catchCause((cause) => Effect.logWarning("offsets not saved", { stage: stage.stage }, cause)),
    Effect.repeat(Schedule.spaced("1 second"))
  )
  const tending = Effect.repeat(tend(dispatch, options.quietMillis), Schedule.spaced("500 millis"))
  const measuring = Effect.repeat(
    measure(dispatch, stage.stage, options),
    Schedule.spaced(Math.min(10_000, options.stuckMillis / 3))
  )
  const loops = Effect.all([saving, tending, measuring], { concurrency: "unbounded", discard: true })
  return yield* Effect.raceFirst(client.crashed, Effect.andThen(loops, Effect.never))
})

/** Runs of lost partitions have ended before gained ones open. */
const assign = <R>(
  dispatch: Dispatch<R>,
  options: SessionOptions,
  stage: Stage<R>,
  opened: Deferred.Deferred<ConsumerSession>,
  owned: Owned
) =>
  Effect.gen(function* () {
    const now = new Set(Object.entries(owned).flatMap(([topic, ps]) => ps.map((p) => `${topic}/${p}`)))
    yield* lose(
      dispatch,
      options.group,
      dispatch.helds.filter((held) => !now.has(held.name))
    )
    const gained = Object.entries(owned).flatMap(([topic, ps]) =>
      ps.flatMap((partition) => (dispatch.has(topic, partition) ? [] : [{ topic, partition }]))
    )
    if (gained.length === 0) return
    const client = yield* Deferred.await(opened)
    const claimed = yield* claim(options.group, options.owner, gained)
    const ranges = yield* logRanges(gained)
    const clock = yield* Clock.Clock
    for (const c of claimed) {
      const start = yield* startOf(options.group, c, ranges)
      const ahead = start === c.low ? c.ahead : new Set<bigint>()
      dispatch.gain(new Held({ ...c, ahead }, start, stage.runsInFlight, clock.currentTimeMillisUnsafe()))
      client.seek(c.topic, c.partition, start)
    }
  })

const lose = <R>(dispatch: Dispatch<R>, group: string, parts: ReadonlyArray<Held>) =>
  Effect.gen(function* () {
    if (parts.length === 0) return
    for (const held of parts) dispatch.lose(held)
    yield* endFibers(parts)
    yield* Effect.ignore(noCrash(group, parts))
  })

const endFibers = (parts: ReadonlyArray<Held>) =>
  Effect.forEach(parts, (held) => Fiber.interruptAll(held.fibers), { concurrency: "unbounded", discard: true })

/** Where Postgres says; the log's first record where it knows nothing, or where the log was made anew. */
const startOf = (group: string, { attempts, low, partition, topic }: Claimed, ranges: Ranges) =>
  Effect.gen(function* () {
    const range = ranges.get(`${topic}/${partition}`) ?? { low: 0n, high: low ?? 0n }
    const where = { group, topic, partition, position: low, first: range.low, end: range.high }
    if (attempts >= 3) yield* Effect.logWarning("unclean restarts at the same position", { ...where, attempts })
    if (low === null) return range.low
    if (low < range.low || low > range.high) yield* Effect.logError("the position is no longer in the log", where)
    return low < range.low || low > range.high ? range.low : low
  })

/** Postgres first, it is the truth; then the commit in Kafka, a hint for tools. */
const keep = <R>(dispatch: Dispatch<R>, group: string, leaving: boolean) =>
  Effect.gen(function* () {
    const due = dispatch.helds.flatMap((held) => {
      const due = held.gone ? undefined : held.due(leaving)
      return due === undefined ? [] : [{ held, due }]
    })
    if (due.length === 0) return
    const rows = due.map(({ due: { row } }) => row)
    yield* save(group, rows)
    for (const one of due) one.held.saved(one.due)
    const hints = rows.map((r) => ({ topic: r.topic, partition: r.partition, offset: r.low, metadata: r.ahead }))
    yield* Effect.promise(() => dispatch.client?.commit(hints) ?? Promise.resolve())
  })

/** Who works may end well; who waits holds nothing and begins again elsewhere. */
const drain = <R>(dispatch: Dispatch<R>, options: SessionOptions) =>
  Effect.gen(function* () {
    dispatch.drain()
    yield* Effect.suspend(() => (dispatch.permits.held === 0 ? Effect.void : Effect.fail("working"))).pipe(
      Effect.retry(Schedule.spaced("20 millis")),
      Effect.timeoutOption(options.drainMillis),
      Effect.ignore
    )
    yield* endFibers(dispatch.helds)
    yield* keep(dispatch, options.group, true).pipe(
      Effect.timeout("5 seconds"),
      Effect.catchCause((cause) => Effect.logWarning("offsets not saved", { group: options.group }, cause))
    )
  })
