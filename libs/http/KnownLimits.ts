// What is known of a connection's limits just now, for those who tell people how long something takes: read from the shared
// budgets without touching them. What does not belong here: taking from them (BudgetsPostgres.ts).
import { Clock, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Budget } from "./Call.ts"
import type { Paces } from "./Lane.ts"
import { boundless } from "./PaceGuess.ts"

export interface KnownLimit {
  readonly budget: string
  /** Ours, of the share the tenant configures. */
  readonly limit: number
  readonly windowMillis: number
  /** Of a window that has begun: what is left in it and for how long; null where windows do not begin all at once. */
  readonly window: { readonly left: number; readonly millis: number } | null
}

/** As learnt from the vendor's answers, else as the connector declares them. Those without a limit are not among them. */
export const knownLimits = (
  tenantId: string,
  connectionId: string,
  declared: ReadonlyArray<Budget>,
  share: number
): Effect.Effect<ReadonlyArray<KnownLimit>, SqlError.SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ paces: Paces | null }>`select state -> 'paces' as paces from rate_budgets
      where key = ${`${tenantId}/${connectionId}`}`
    return limitsIn(row?.paces ?? {}, declared, share, yield* Clock.currentTimeMillis)
  })

/** Pure. */
export const limitsIn = (
  paces: Paces,
  declared: ReadonlyArray<Budget>,
  share: number,
  now: number
): ReadonlyArray<KnownLimit> => {
  const names = new Set([...declared.map(({ name }) => name), ...Object.keys(paces)])
  return [...names].flatMap((budget): ReadonlyArray<KnownLimit> => {
    const pace = paces[budget]
    const known = pace ?? declared.find(({ name }) => name === budget)
    if (known === undefined || known.limit >= boundless) return []
    const limit = Math.max(1, Math.floor(known.limit * share))
    const { end = null, free = null, used = 0 } = pace?.form === "fixed" ? pace.fixed : {}
    const left = Math.max(0, Math.min(limit - used, free ?? limit))
    const window = end === null || end <= now ? null : { left, millis: end - now }
    return [{ budget, limit, windowMillis: known.windowMillis, window }]
  })
}
