// Looks after a session: runs without a tail, figures, and whether anything moves at all. For Session.ts.
// What does not belong here: building the session anew (Runtime.ts).
import { Admin } from "@bridge/kafka/Broker"
import { Clock, Effect, Metric, Schema } from "effect"
import type { Dispatch } from "./Dispatch.ts"
import type { TopicPartition } from "./Fences.ts"
import type { Held } from "./Held.ts"
import * as Metrics from "./Metrics.ts"

/** Records lie in the log and none of them moves. Nobody acts; the session is built anew. */
export class Stuck extends Schema.TaggedError<Stuck>()("Stuck", { message: Schema.String }) {}

/** First and next offset of `<topic>/<partition>`. */
export type Ranges = ReadonlyMap<string, { readonly low: bigint; readonly high: bigint }>

export const logRanges = (parts: ReadonlyArray<TopicPartition>) =>
  Effect.gen(function* () {
    const admin = yield* Admin
    const topics = [...new Set(parts.map((p) => p.topic))]
    const all = yield* Effect.forEach(
      topics,
      (topic) =>
        Effect.map(admin.offsets(topic), (o) => o.map((r) => [`${topic}/${r.partition}` as string, r] as const)),
      { concurrency: 4 }
    )
    const ranges: Ranges = new Map(all.flat())
    return ranges
  })

/** As above, or nothing when the broker does not answer: what is asked for here can wait for the next time. */
const glance = (parts: ReadonlyArray<TopicPartition>) =>
  logRanges(parts).pipe(
    Effect.timeout("5 seconds"),
    Effect.catch(() => Effect.succeed(new Map() as Ranges))
  )

/** Hands over the runs whose tail does not come: the partition was read to its end, or the log has gone past them. */
export const tend = <R>(dispatch: Dispatch<R>, quietMillis: number) =>
  Effect.gen(function* () {
    const now = (yield* Clock.Clock).currentTimeMillisUnsafe()
    const waiting = dispatch.helds.filter((h) => h.mail.assembling > 0 && !h.paused && now - h.readAt > quietMillis)
    const ranges = waiting.length === 0 ? (new Map() as Ranges) : yield* glance(waiting)
    for (const held of dispatch.helds) {
      const range = ranges.get(held.name)
      const ended = range !== undefined && held.tracker.next >= range.high
      held.mail.quiet(now - quietMillis, ended ? "end" : held.tracker.next)
    }
    dispatch.start()
  })

export interface Limits {
  readonly stuckMillis: number
  readonly hungMillis: number
}

/** Figures, and the watchdog: fails with Stuck when the session can only be built anew. */
export const measure = Effect.fnUntraced(function* <R>(dispatch: Dispatch<R>, stage: string, limits: Limits) {
  const now = (yield* Clock.Clock).currentTimeMillisUnsafe()
  const { helds } = dispatch
  const open = helds.reduce((n, held) => n + held.open, 0)
  yield* Metric.update(Metric.withAttributes(Metrics.openBytes, { stage }), dispatch.openBytes)
  yield* Metric.update(Metric.withAttributes(Metrics.openRuns, { stage }), open)
  const ranges = yield* glance(helds)
  for (const [topic, lag] of lagOf(helds, ranges)) {
    yield* Metric.update(Metric.withAttributes(Metrics.lag, { stage, topic }), lag)
  }
  if (dispatch.permits.held > 0 && now - dispatch.movedAt > limits.hungMillis) {
    return yield* new Stuck({ message: `runs of ${stage} show no sign of life` })
  }
  for (const held of helds) {
    const high = ranges.get(held.name)?.high
    if (high === undefined || held.paused || now - held.readAt <= limits.stuckMillis) continue
    if (held.tracker.next >= high) continue
    return yield* new Stuck({
      message: `${held.name} is not read on from ${held.tracker.next}, the log ends at ${high}`
    })
  }
})

const lagOf = (helds: ReadonlyArray<Held>, ranges: Ranges): ReadonlyMap<string, number> => {
  const out = new Map<string, number>()
  for (const held of helds) {
    const high = ranges.get(held.name)?.high ?? held.tracker.low
    out.set(held.topic, (out.get(held.topic) ?? 0) + Math.max(0, Number(high - held.tracker.low)))
  }
  return out
}
