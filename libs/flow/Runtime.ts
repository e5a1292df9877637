// Runs a stage for good: the only consumer loop of Bridge. For the main.ts of every app.
// What does not belong here: the session itself (Session.ts), anything of one stage.
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { BrokerError } from "@bridge/kafka/Broker"
import { Cause, Clock, Config, Duration, Effect, Metric, Ref } from "effect"
import { controlTopic } from "./Flow.ts"
import * as Metrics from "./Metrics.ts"
import { embedded, placement } from "./Partition.ts"
import { rebuilding } from "./Retry.ts"
import { session } from "./Session.ts"
import type { Stage } from "./Stage.ts"
import { Stuck } from "./Watch.ts"

export interface RuntimeOptions {
  /** Consumer group; `<BRIDGE_GROUP_PREFIX>.<stage>`, by default `bridge.<stage>`. */
  readonly group?: string
  readonly drain?: Duration.Input
  readonly quiet?: Duration.Input
  readonly stuck?: Duration.Input
  readonly hung?: Duration.Input
  readonly sessionTimeoutMillis?: number
}

const groupPrefix = Config.String("BRIDGE_GROUP_PREFIX").pipe(Config.withDefault("bridge"))
const stuckAfter = Config.Duration("BRIDGE_STUCK_AFTER").pipe(Config.withDefault(Duration.seconds(60)))

/**
 * Joins the stage's group and works until it is interrupted; then it drains, at most for `drain` (20 s). A session that
 * crashes or is stuck is built anew. Fails only when the broker refuses this service for good.
 */
export const runStage = <R>(stage: Stage<R>, options: RuntimeOptions = {}) =>
  Effect.gen(function* () {
    const place = placement(yield* embedded)
    const group = options.group ?? `${yield* groupPrefix}.${stage.stage}`
    const millis = (given: Duration.Input | undefined, otherwise: Duration.Input) =>
      Duration.toMillis(given ?? otherwise)
    const stuck = millis(options.stuck, yield* stuckAfter)
    // Offsets that no reader ever gets (markers of foreign transactions) look like a stuck client: ask less and less often.
    const patience = yield* Ref.make(stuck)
    const once = Effect.flatMap(Ref.get(patience), (stuckMillis) =>
      Effect.scoped(
        session(stage, {
          group,
          owner: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
          gravePartition: (tenantId) => place(controlTopic("dead-letters"), tenantId),
          drainMillis: millis(options.drain, "20 seconds"),
          quietMillis: millis(options.quiet, "2 seconds"),
          hungMillis: millis(options.hung, "30 minutes"),
          stuckMillis,
          ...(options.sessionTimeoutMillis === undefined ? {} : { sessionTimeoutMillis: options.sessionTimeoutMillis })
        })
      )
    )
    const attempt = Effect.gen(function* () {
      const began = yield* Clock.currentTimeMillis
      const cause = yield* Effect.flip(Effect.sandbox(once))
      const error = Cause.squash(cause)
      if (refused(error)) return yield* Effect.fail(error)
      const log = error instanceof BrokerError && error.transient ? Effect.logWarning : Effect.logError
      yield* log("consumer session ended, another begins", { group }, cause)
      yield* Metric.update(Metric.withAttributes(Metrics.rebuilds, { stage: stage.stage }), 1)
      yield* Ref.update(patience, (ms) => (error instanceof Stuck ? Math.min(ms * 2, 3_600_000) : stuck))
      // One that lived a while is followed at once; those that fail at the start wait longer and longer.
      if ((yield* Clock.currentTimeMillis) - began < 30_000) return yield* Effect.fail("again" as const)
    })
    const kept = Effect.retry(attempt, { schedule: rebuilding, while: (error) => error === "again" })
    return yield* Effect.forever(
      Effect.catchIf(
        kept,
        (error) => error === "again",
        () => Effect.void
      )
    )
  }).pipe(Effect.annotateLogs({ stage: stage.stage }))

/** The operator acts: credentials or access. */
const refused = (error: unknown): error is BrokerError =>
  error instanceof BrokerError && error.reason._tag === "BrokerRefused"
