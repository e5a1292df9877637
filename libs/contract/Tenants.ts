// What a tenant is given and how long its records are kept: seen and changed by its admins, and by whoever runs the
// installation. For apps/api and its clients. What does not belong here: making one (Sessions.ts).
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { on } from "./Problem.ts"
import { Id, Label } from "./Shapes.ts"

export const tiers = ["standard", "premium", "enterprise"] as const
export const Tier = Schema.Literals(tiers)

/** Days that records are kept after a job has ended; 30 to 90. */
const RetentionDays = Schema.Int.check(Schema.isBetween({ minimum: 30, maximum: 90 }))
const Weight = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))

export const TenantSettings = Schema.Struct({
  id: Id,
  slug: Schema.String,
  name: Schema.String,
  tier: Tier,
  /** Its part of the work where others wait, for each part of a standard tenant: what the tier gives, or was set. */
  weight: Schema.Int,
  weightSet: Schema.Boolean,
  retentionDays: Schema.Int
}).annotate({ identifier: "TenantSettings" })

/** What a tenant's own admin may change: nothing that takes from others. */
export const TenantChange = Schema.Struct({
  name: Schema.optionalKey(Label),
  retentionDays: Schema.optionalKey(RetentionDays)
}).annotate({ identifier: "TenantChange" })

/** What whoever runs the installation may change; `weight: null` gives that of the tier again. */
export const TenantTerms = Schema.Struct({
  ...TenantChange.fields,
  tier: Schema.optionalKey(Tier),
  weight: Schema.optionalKey(Schema.NullOr(Weight))
}).annotate({ identifier: "TenantTerms" })

export class TenantGroup extends HttpApiGroup.make("tenant")
  .add(
    HttpApiEndpoint.get("settings", "/tenant", { success: TenantSettings, error: [on[404], on[503]] }),
    HttpApiEndpoint.patch("change", "/tenant", {
      payload: TenantChange,
      success: TenantSettings,
      error: [on[403], on[404], on[503]]
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api") {}

/** With the operator's token as bearer. */
export class TenantsGroup extends HttpApiGroup.make("tenants")
  .add(
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: Schema.String },
      success: TenantSettings,
      error: [on[401], on[404], on[503]]
    }),
    HttpApiEndpoint.patch("change", "/:id", {
      params: { id: Schema.String },
      payload: TenantTerms,
      success: TenantSettings,
      error: [on[401], on[404], on[503]]
    })
  )
  .middleware(Readable)
  .prefix("/api/tenants") {}
