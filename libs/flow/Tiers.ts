// How large a tenant's part of a service's work is when others wait: by the tier it is in. For Dispatch.ts and Work.ts.
// What does not belong here: whose turn it is (Permits.ts), which tenant has which tier (apps/api).
import { asTenant } from "@bridge/store/Postgres"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { isTenant } from "./DeadLetters.ts"

/** Runs of a tenant for each of a standard one's, both waiting. */
const weights: Readonly<Record<string, number>> = { standard: 1, premium: 2, enterprise: 4 }

/** What was set for the tenant, or what its tier gives. */
export const weightOf = (tier: string, set: number | null): number => set ?? weights[tier] ?? 1

/** A changed tier counts after this. */
const keptMillis = 60_000

export class Tiers {
  readonly #known = new Map<string, { readonly weight: number; readonly until: number }>()

  /** As far as is known: that of a standard tenant until it was asked for. */
  readonly weight = (tenantId: string): number => this.#known.get(tenantId)?.weight ?? 1

  /** Asks for a tenant's tier where it is not known, or not any more. Never fails: what is not told changes nothing. */
  learn(tenantId: string): Effect.Effect<void, never, SqlClient.SqlClient> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const before = this.#known.get(tenantId)
      if ((before !== undefined && before.until > now) || !isTenant(tenantId)) return Effect.void
      if (this.#known.size > 10_000) this.#known.clear()
      const keep = (weight: number) => this.#known.set(tenantId, { weight, until: now + keptMillis })
      // Who comes meanwhile does not ask too.
      keep(before?.weight ?? 1)
      return Effect.ignore(Effect.map(termsOf(tenantId), ({ tier, weight }) => keep(weightOf(tier, weight))))
    })
  }
}

const termsOf = (tenantId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ tier: string; weight: number | null }>`select tier, weight from tenants
      where id = ${tenantId}::uuid`
    return row ?? { tier: "", weight: null }
  }).pipe(asTenant(tenantId))
