// A tenant's tier, weight and retention: read and changed, with an entry in its audit log. For Routes.
// What does not belong here: what they do (libs/flow/Tiers.ts, apps/auditor/retention).
import { problem } from "@bridge/contract/Problem"
import type { TenantSettings, TenantTerms, tiers } from "@bridge/contract/Tenants"
import { weightOf } from "@bridge/flow/Tiers"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { note } from "../http/Event.ts"
import { inTenant, isId } from "../http/Rows.ts"

interface Row {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly tier: (typeof tiers)[number]
  readonly weight: number | null
  readonly retention_days: number
}

const viewOf = (r: Row): typeof TenantSettings.Type => ({
  id: r.id,
  slug: r.slug,
  name: r.name,
  tier: r.tier,
  weight: weightOf(r.tier, r.weight),
  weightSet: r.weight !== null,
  retentionDays: r.retention_days
})

const rowOf = (id: string, lock: "" | "for update" = "") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<Row>`select id::text, slug, name, tier, weight, retention_days from tenants
      where id = ${id}::uuid and deleted_at is null ${sql.literal(lock)}`
    return row ?? (yield* unknown(id))
  })

const unknown = (id: string) => Effect.fail(problem("tenant-unknown", `There is no tenant ${id}.`))

export const settingsOf = (tenantId: string) =>
  isId(tenantId) ? Effect.map(rowOf(tenantId), viewOf).pipe(inTenant(tenantId)) : unknown(tenantId)

/** Counts for what is done from now on: batches that are archived already keep the day they were given. */
export const changeSettings = (tenantId: string, actor: string, asked: typeof TenantTerms.Type) =>
  isId(tenantId)
    ? Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const before = yield* rowOf(tenantId, "for update")
        const after: Row = {
          ...before,
          name: asked.name ?? before.name,
          tier: asked.tier ?? before.tier,
          weight: asked.weight === undefined ? before.weight : asked.weight,
          retention_days: asked.retentionDays ?? before.retention_days
        }
        const { name, retention_days, tier, weight } = after
        yield* sql`update tenants set name = ${name}, tier = ${tier}, weight = ${weight}::int,
          retention_days = ${retention_days} where id = ${tenantId}::uuid`
        yield* note({ tenantId, type: "tenant-changed", actor, detail: { from: viewOf(before), to: viewOf(after) } })
        return viewOf(after)
      }).pipe(inTenant(tenantId))
    : unknown(tenantId)
