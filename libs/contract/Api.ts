// The whole REST interface as one value: the server, the typed client and OpenAPI come from it. For apps/api, apps/cli, console.
// What does not belong here: how anything is done (apps/api).
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionsGroup } from "./Connections.ts"
import { documented } from "./Documentation.ts"
import { JobsGroup, MigrationsGroup } from "./Jobs.ts"
import { LiveGroup } from "./Live.ts"
import { MappingsGroup } from "./Mappings.ts"
import { on } from "./Problem.ts"
import { ReviewGroup } from "./Review.ts"
import { ProfileGroup, SessionsGroup } from "./Sessions.ts"
import { TenantGroup, TenantsGroup } from "./Tenants.ts"

const Health = Schema.Struct({ status: Schema.Literal("ok") })

export class HealthGroup extends HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("live", "/live", { success: Health }),
    HttpApiEndpoint.get("ready", "/ready", { success: Health, error: [on[503]] })
  )
  .prefix("/health") {}

export class Api extends HttpApi.make("bridge")
  .add(SessionsGroup)
  .add(ProfileGroup)
  .add(TenantGroup)
  .add(TenantsGroup)
  .add(ConnectionsGroup)
  .add(MappingsGroup)
  .add(MigrationsGroup)
  .add(JobsGroup)
  .add(ReviewGroup)
  .add(LiveGroup)
  .add(HealthGroup)
  // A misspelt field is refused, and every fault is told at once.
  .annotate(HttpApi.PayloadParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotate(HttpApi.QueryParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Bridge",
      version: "1",
      description: [
        "Moves service-desk data between vendors, seen, approved and proved.",
        "A migration by hand: log in (`POST /api/login`, then `Authorization: Bearer` with the access token or an API token); connect both sides (`POST /api/connectors`); begin (`POST /api/migrations`); when its state is `validation_pending`, read `GET /api/jobs/{id}/extraction-summary` and the CSV files, and send the summary's `approval` to `POST /api/jobs/{id}/approve-loading`; when `auditComplete` is true, read the results and the audit report.",
        "Errors are `application/problem+json`: `code` is stable, `detail` says what is wrong, `hint` what to do, `errors` where."
      ].join("\n\n"),
      transform: documented
    })
  ) {}
