// One run from its permit to its end: handled, tried again, given up or shut out. For Session.ts.
// What does not belong here: which run is next (Mailboxes.ts, Permits.ts), where its records came from.
import { connectionLossFails } from "@bridge/store/Postgres"
import { Cause, Effect, Exit, Metric, Schedule } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { inOrder, type Turn } from "./Chain.ts"
import { bury, isTenant, nobody } from "./DeadLetters.ts"
import { isOwner } from "./Fences.ts"
import type { Held } from "./Held.ts"
import type { Parcel } from "./Mailboxes.ts"
import * as Metrics from "./Metrics.ts"
import type { Permits } from "./Permits.ts"
import { defectOf, inPlace, orStageError, reasonOf } from "./Retry.ts"
import { Fenced, Poison, type Run, type Stage, StageError, Transient } from "./Stage.ts"
import type { Tiers } from "./Tiers.ts"

export interface Desk<R> {
  readonly stage: Stage<R>
  readonly group: string
  readonly permits: Permits
  readonly tiers: Tiers
  /** Partition of the dead-letter topic for a tenant. */
  readonly gravePartition: (tenantId: string) => number
  /** Something moved: the watchdog need not worry. */
  readonly alive: () => void
  readonly draining: () => boolean
}

/** `finished`: its offsets are done. `dropped`: another owner has it; the offsets stay as they are. */
export type Fate = "finished" | "dropped"

/** A large run takes more of its tenant's account than a small one. */
const costOf = (parcel: Parcel): number => 1 + parcel.bytes / 262_144

/** Works on one run until it is finished or somebody else's. Interrupted when the partition is lost or the drain is over. */
export const work = <R>(desk: Desk<R>, held: Held, parcel: Parcel, turn: Turn) =>
  Effect.suspend(() => {
    const { group, stage } = desk
    const permit = permitOf(desk, held, parcel)
    let attempt = 0
    const runOf = (): Run => {
      const transaction: Run["transaction"] = (body) => fencedTransaction(desk, held, parcel.tenantId, body)
      const grave = () => ({ ...graveOf(desk, parcel.tenantId), attempts: attempt })
      return {
        stage: stage.stage,
        topic: held.topic,
        partition: held.partition,
        tenantId: parcel.tenantId,
        actor: parcel.actor,
        id: parcel.id,
        records: parcel.records,
        complete: parcel.complete,
        attempt,
        transaction,
        inOrder: inOrder(turn, permit.waiting),
        waiting: permit.waiting,
        crowded: Effect.sync(() => {
          desk.alive()
          return desk.draining() || desk.permits.crowded(`${held.topic}/${parcel.actor}`)
        }),
        deadLetter: (dead) => bury(grave(), dead)
      }
    }
    const handleOnce = desk.tiers.learn(parcel.tenantId).pipe(
      Effect.andThen(permit.acquire),
      Effect.andThen(
        Effect.suspend(() => {
          if (attempt++ > 0) desk.alive()
          return stage.handle(runOf())
        })
      ),
      Effect.catchCause((cause) => Effect.fail(errorOf(stage.stage, cause))),
      Effect.tapError((error) => (error.reason._tag === "Transient" ? again(stage.stage, attempt) : Effect.void)),
      Effect.ensuring(Effect.sync(permit.giveBack))
    )
    const giveUp = (error: Poison): Effect.Effect<void, StageError | SqlError.SqlError, R | SqlClient.SqlClient> => {
      const run = runOf()
      const dead = parcel.records.map((rec) => ({ rec, error }))
      const tenantId = isTenant(parcel.tenantId) ? parcel.tenantId : nobody
      const grave = { ...graveOf(desk, tenantId), attempts: attempt }
      const hook = stage.onPoison?.(run, error) ?? Effect.void
      return fencedTransaction(desk, held, tenantId, Effect.andThen(bury(grave, dead), hook))
    }
    const settle = (error: StageError): Effect.Effect<Fate, StageError, R | SqlClient.SqlClient> => {
      switch (error.reason._tag) {
        case "Fenced":
          return shutOut(group, held)
        case "Poison": {
          const reason = error.reason
          return giveUp(reason).pipe(
            orStageError(stage.stage),
            Effect.tap(() => logPoison(held, parcel, reason, attempt)),
            Effect.as("finished" as const),
            Effect.catchIf(
              (e) => e.reason._tag === "Fenced",
              () => shutOut(group, held)
            ),
            Effect.tapError((e) =>
              Effect.logError("a dead letter could not be written", { run: parcel.id }, Cause.fail(e))
            ),
            Effect.retry(Schedule.spaced("5 seconds"))
          )
        }
        case "Transient": {
          // The total time is over. When the dead letter cannot be written either, it is not this run that is at fault.
          const reason = new Poison({
            errorClass: "TransientExhausted",
            message: String(reasonText(error.reason.cause))
          })
          return giveUp(reason).pipe(
            orStageError(stage.stage),
            Effect.tap(() => logPoison(held, parcel, reason, attempt)),
            Effect.as("finished" as const),
            Effect.catch((e) => (e.reason._tag === "Fenced" ? shutOut(group, held) : tried))
          )
        }
      }
    }
    const tried: Effect.Effect<Fate, StageError, R | SqlClient.SqlClient> = handleOnce.pipe(
      Effect.retry(inPlace(stage.retryFor ?? "30 minutes")),
      Effect.andThen(ended(stage.stage, parcel.records.length)),
      Effect.as("finished" as const),
      Effect.catch(settle)
    )
    return held.attempts >= 4 ? settle(crashLoop(stage.stage, held)) : tried
  })

/** A run's permit: taken and given back as often as it waits. */
const permitOf = <R>({ alive, permits }: Desk<R>, held: Held, parcel: Parcel) => {
  let holding = false
  let waits = 0
  const acquire = Effect.callback<void>((resume) => {
    const giveUp = permits.request(parcel.tenantId, `${held.topic}/${parcel.actor}`, costOf(parcel), () => {
      holding = true
      resume(Effect.void)
    })
    return Effect.sync(giveUp)
  })
  const giveBack = (): void => {
    if (!holding) return
    holding = false
    permits.release()
  }
  const waiting: Run["waiting"] = (effect) =>
    Effect.suspend(() => {
      waits++
      alive()
      giveBack()
      return effect
    }).pipe(
      Effect.ensuring(Effect.sync(() => void waits--)),
      Effect.exit,
      Effect.flatMap((exit) => (waits > 0 || holding ? exit : Effect.andThen(acquire, exit)))
    )
  return { acquire, giveBack, waiting }
}

/** The fence, first and in share mode, and the tenant; then the body; then the commit. */
const fencedTransaction = <A, E, R, RS>(
  desk: Desk<RS>,
  held: Held,
  tenantId: string,
  body: Effect.Effect<A, E, R>
): Effect.Effect<A, E | StageError | SqlError.SqlError, R | SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const rows = yield* sql`select set_config('app.tenant', ${tenantId}, true) from fences where grp = ${desk.group}
          and topic = ${held.topic} and part = ${held.partition} and epoch = ${held.epoch} for share`
        if (rows.length === 0) {
          held.gone = true
          return yield* new StageError({ stage: desk.stage.stage, reason: new Fenced({ what: held.name }) })
        }
        return yield* body
      })
    )
  ).pipe(
    connectionLossFails,
    Effect.tap(() => Effect.sync(desk.alive))
  )

const graveOf = <R>(desk: Desk<R>, tenantId: string) => ({
  stage: desk.stage.stage,
  group: desk.group,
  tenantId,
  partition: desk.gravePartition(tenantId)
})

/** Of the partition: everything stops. Of a stream or batch, while the partition is ours: only this run has ended. */
const shutOut = (group: string, held: Held): Effect.Effect<Fate, never, SqlClient.SqlClient> =>
  Metric.update(Metrics.fenced, 1).pipe(
    Effect.andThen(held.gone ? Effect.succeed(false) : isOwner(group, held)),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.orDie,
    Effect.map((ours): Fate => {
      if (!ours) held.gone = true
      return ours ? "finished" : "dropped"
    })
  )

const errorOf = (stage: string, cause: Cause.Cause<StageError>): StageError => {
  if (Cause.hasDies(cause)) return defectOf(stage, cause)
  const failure = Exit.findErrorOption(Exit.failCause(cause))
  if (failure._tag === "Some") {
    return failure.value instanceof StageError
      ? failure.value
      : new StageError({ stage, reason: reasonOf(failure.value) })
  }
  return new StageError({ stage, reason: new Transient({ cause: new Error("interrupted inside the handler") }) })
}

const crashLoop = (stage: string, held: Held): StageError =>
  new StageError({
    stage,
    reason: new Poison({ errorClass: "CrashLoop", message: `the process died while it worked alone, in ${held.name}` })
  })

const ended = (stage: string, records: number) =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(Metrics.runs, { stage }), 1),
    Metric.update(Metric.withAttributes(Metrics.records, { stage }), records)
  )

const again = (stage: string, attempt: number) =>
  Metric.update(Metric.withAttributes(Metrics.retries, { stage }), attempt > 0 ? 1 : 0)

const reasonText = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const logPoison = (held: Held, parcel: Parcel, reason: Poison, attempt: number) =>
  Effect.logError("dead letter", {
    topic: held.topic,
    partition: held.partition,
    tenant: parcel.tenantId,
    actor: parcel.actor,
    run: parcel.id,
    records: parcel.records.length,
    errorClass: reason.errorClass,
    message: reason.message,
    attempt
  })
