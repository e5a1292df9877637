// What a stage supplies to the runtime, and what the runtime hands to it: a run. For the apps' shells.
// What does not belong here: how runs are fed, fenced and committed (Runtime.ts), anything of one entity.
import type { Rec } from "@bridge/kafka/Broker"
import { type Duration, type Effect, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Passed by itself: network, database, broker, registry away. Nobody acts; the run is tried again in place. */
export class Transient extends Schema.TaggedError<Transient>()("Transient", { cause: Schema.Defect() }) {}
/** The input cannot be handled, whoever tries. We act; it becomes a dead letter and the actor goes on. */
export class Poison extends Schema.TaggedError<Poison>()("Poison", {
  errorClass: Schema.String,
  message: Schema.String,
  entity: Schema.optionalKey(Schema.String),
  sourceId: Schema.optionalKey(Schema.String),
  jobId: Schema.optionalKey(Schema.String)
}) {}
/** Another owner has the partition, stream or batch. Nobody acts; this run stops without any effect. */
export class Fenced extends Schema.TaggedError<Fenced>()("Fenced", { what: Schema.String }) {}

export class StageError extends Schema.TaggedError<StageError>()("StageError", {
  stage: Schema.String,
  reason: Schema.Union([Transient, Poison, Fenced])
}) {
  override get message(): string {
    const { reason } = this
    if (reason._tag === "Transient") return `${this.stage}: for now ${words(reason.cause)}`
    if (reason._tag === "Poison") return `${this.stage}: ${reason.errorClass}: ${reason.message}`
    return `${this.stage}: ${reason.what} is somebody else's`
  }
}

/** What went wrong, with what it was caused by: a failed statement names itself only one level down. */
const words = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const below = "reason" in cause && cause.reason instanceof Error ? cause.reason : cause
  return below.cause instanceof Error ? below.cause.message : below.message
}

/** How a record addresses its actor and its run. Computed from headers and key where possible, without decoding. */
export interface Address {
  /** Fairness and row-level security. */
  readonly tenantId: string
  /** The ordering domain inside the topic: `job/stream`, `job`, `job/entity/batch`. */
  readonly actor: string
  /** Records with the same run id travel together: one manifest batch. Null: the record is a run of its own. */
  readonly run: { readonly id: string; readonly position: number; readonly size: number } | null
  /** Event id for the inbox and dead letters (`ce_id`). */
  readonly eventId: string
}

/** A unit of work: the records of one batch, in order, of one actor. */
export interface Run {
  readonly stage: string
  readonly topic: string
  readonly partition: number
  readonly tenantId: string
  readonly actor: string
  readonly id: string
  readonly records: ReadonlyArray<Rec>
  /** False when the batch's tail never came (the next batch began, or the partition went quiet): manifest decides. */
  readonly complete: boolean
  readonly attempt: number
  /**
   * Runs one transaction under this partition's fence (`FOR SHARE`, first statement) with the tenant set. Fails with
   * Fenced when the partition is somebody else's by now. Promise 1: the offset is finished only after the handler ended.
   */
  readonly transaction: <A, E, R>(
    body: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | StageError | SqlError.SqlError, R | SqlClient.SqlClient>
  /** Chains effects (sends) of one actor's runs in the order of the runs; everything outside runs side by side. */
  readonly inOrder: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Gives the permit back while waiting (for a manifest row, a window, a vendor job) and takes it again afterwards. */
  readonly waiting: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * True when other actors wait for a permit, or the service stops: a slice should end and send its own continuation.
   * Asking it (like a transaction, or waiting) is a sign of life; a run without any for 30 minutes is taken for hung.
   */
  readonly crowded: Effect.Effect<boolean>
  /** Writes dead letters for single records of the run, inside the given transaction; the run goes on without them. */
  readonly deadLetter: (
    records: ReadonlyArray<{ readonly rec: Rec; readonly error: Poison }>
  ) => Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>
}

export interface Stage<R> {
  /** Name in the map (Flow.ts); the consumer group is `bridge.<stage>`. */
  readonly stage: string
  readonly topics: ReadonlyArray<string>
  /** Null: not for this stage (a command for another), finished at once. Throws for what is not addressable: dead letter. */
  readonly address: (rec: Rec) => Address | null
  /** Runs of one actor in flight at once; 1 keeps an actor strictly serial. */
  readonly runsInFlight: number
  /** Permits of the stage: runs that work at the same time, handed round the tenants, by the weight of their tier. */
  readonly permits: number
  /** Bytes of undone records held in memory over all partitions, and per partition. */
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  /** Does the work of a run. Every effect in it is idempotent or fenced; it may be called again for the same run. */
  readonly handle: (run: Run) => Effect.Effect<void, StageError, R>
  /** How long a transient failure is tried again in place; 30 minutes when not given. Then it is a dead letter. */
  readonly retryFor?: Duration.Input
  /**
   * The whole run becomes dead letters: called in their transaction, so that what the run would have moved on (its
   * manifest batch) moves on without it.
   */
  readonly onPoison?: (run: Run, error: Poison) => Effect.Effect<void, SqlError.SqlError, R | SqlClient.SqlClient>
}
