// Transactions of one tenant as handlers use them: what the database cannot do becomes a problem, a bug stays a defect.
import { type Problem, problem } from "@bridge/contract/Problem"
import { asTenant, connectionLossFails } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import { inTurn } from "./Turns.ts"

/** A database that is away is `service-unavailable`; a statement that is wrong is ours, and a defect. */
export const orUnavailable = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, SqlError.SqlError> | Problem<503>, R> => Effect.catch(connectionLossFails(self), refusal)

const refusal = <E>(error: E): Effect.Effect<never, Exclude<E, SqlError.SqlError> | Problem<503>> => {
  if (isOther(error)) return Effect.fail(error)
  const fault: unknown = error
  return Effect.andThen(
    Effect.logWarning("database", fault),
    SqlError.isSqlError(fault) && fault.isRetryable
      ? Effect.fail(problem("service-unavailable", "The database does not answer."))
      : Effect.die(fault)
  )
}

const isOther = <E>(error: E): error is Exclude<E, SqlError.SqlError> => !SqlError.isSqlError(error)

/** One transaction under the tenant's row-level security, in the tenant's turn (Promise 5). */
export const inTenant =
  (tenantId: string) =>
  <A, E, R>(
    self: Effect.Effect<A, E, R>
  ): Effect.Effect<A, Exclude<E, SqlError.SqlError> | Problem<503>, R | SqlClient.SqlClient> =>
    orUnavailable(inTurn(tenantId)(asTenant(tenantId)(self)))

/** ISO 8601 in UTC, as the contract speaks. */
export const instant = (date: Date): string => date.toISOString()
export const instantOrNull = (date: Date | null): string | null => (date === null ? null : date.toISOString())

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Anything else cannot be the id of a row: the caller answers 404 without asking the database. */
export const isId = (text: string): boolean => uuid.test(text)
