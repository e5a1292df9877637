// What is tried again, how long, and what is not: the classes of failure of a run. For stages and the runtime.
// What does not belong here: what a vendor refuses (its connector), where dead letters go (DeadLetters.ts).
import { BrokerError } from "@bridge/kafka/Broker"
import { Cause, type Duration, Effect, Schedule } from "effect"
import { SqlError } from "effect/sql"
import { Poison, StageError, Transient } from "./Stage.ts"

/** Waits between the tries of a run: from 200 ms, doubled, at most 30 s, +-20 %, until `total` has passed. */
export const inPlace = (total: Duration.Input) =>
  Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("30 seconds")]).pipe(
    Schedule.jittered,
    Schedule.setInputType<StageError>(),
    Schedule.while(({ input }) => input.reason._tag === "Transient"),
    Schedule.upTo({ duration: total })
  )

/** Waits between the rebuilds of a session: from 500 ms, doubled, at most 15 s. */
export const rebuilding = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("15 seconds")]).pipe(
  Schedule.jittered
)

/** SQLSTATE classes that only other input or other code changes: data, constraints, syntax and access, limits. */
const lasting = new Set(["22", "23", "42", "54"])

/** The SQLSTATE of a failed statement, or undefined when the server never answered. */
export const sqlState = (error: SqlError.SqlError): string | undefined => {
  const cause = error.reason.cause
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

const words = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Why a run failed, from what failed: databases and brokers that are away pass by themselves, the rest does not. */
export const reasonOf = (error: unknown): StageError["reason"] => {
  if (error instanceof StageError) return error.reason
  if (error instanceof SqlError.SqlError) {
    const state = sqlState(error)
    if (state === undefined || !lasting.has(state.slice(0, 2))) return new Transient({ cause: error })
    return new Poison({ errorClass: `SQL ${state}`, message: words(error.reason.cause) })
  }
  if (error instanceof BrokerError) {
    if (error.reason._tag === "MessageTooLarge") {
      return new Poison({
        errorClass: "MessageTooLarge",
        message: `${error.reason.bytes} bytes for ${error.reason.topic}`
      })
    }
    return new Transient({ cause: error })
  }
  return new Poison({ errorClass: error instanceof Error ? error.name : "Unknown", message: words(error) })
}

/** For a handler's last line: `.pipe(orStageError("refine"))` turns database and broker failures into their class. */
export const orStageError =
  (stage: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, StageError, R> =>
    Effect.mapError(self, (error) =>
      error instanceof StageError ? error : new StageError({ stage, reason: reasonOf(error) })
    )

/** A record that does not say where it belongs. */
export const unaddressable = (stage: string, defect: unknown): StageError =>
  new StageError({ stage, reason: new Poison({ errorClass: "Unaddressable", message: words(defect) }) })

/** A defect in a handler is poison; but what died of a database or broker that is away is tried again like what failed of it. */
export const defectOf = (stage: string, cause: Cause.Cause<unknown>): StageError => {
  const defect = Cause.squash(cause)
  if (defect instanceof SqlError.SqlError || defect instanceof BrokerError)
    return new StageError({ stage, reason: reasonOf(defect) })
  return new StageError({
    stage,
    reason: new Poison({
      errorClass: `Defect ${defect instanceof Error ? defect.name : typeof defect}`,
      message: words(defect)
    })
  })
}
