// Whether this process lives, and whether it can serve: for supervisors and load balancers. For main.ts.
import { Api } from "@bridge/contract/Api"
import { problem } from "@bridge/contract/Problem"
import type { Admin } from "@bridge/kafka/Broker"
import { ready } from "@bridge/platform/Health"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { SqlClient } from "effect/sql"

const ok = { status: "ok" } as const

export const healthRoutes = HttpApiBuilder.group(
  Api,
  "health",
  Effect.fn(function* (handlers) {
    const needs = yield* Effect.context<SqlClient.SqlClient | Admin>()
    return handlers.handleAll({
      live: () => Effect.succeed(ok),
      ready: () =>
        ready.pipe(
          Effect.provide(needs),
          Effect.mapError(({ what }) => problem("service-unavailable", `${what} does not answer.`)),
          Effect.as(ok)
        )
    })
  })
)
