// Whether this process lives, and whether it can serve: for supervisors and load balancers. For main.ts.
import { Api } from "@bridge/contract/Api"
import { problem } from "@bridge/contract/Problem"
import { Admin } from "@bridge/kafka/Broker"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { SqlClient } from "effect/sql"

const ok = { status: "ok" } as const

export const healthRoutes = HttpApiBuilder.group(
  Api,
  "health",
  Effect.fn(function* (handlers) {
    const sql = yield* SqlClient.SqlClient
    const admin = yield* Admin
    const away = (what: string) => () => Effect.fail(problem("service-unavailable", `${what} does not answer.`))
    return handlers.handleAll({
      live: () => Effect.succeed(ok),
      ready: () =>
        Effect.gen(function* () {
          yield* sql`select 1`.pipe(Effect.timeout("3 seconds"), Effect.catch(away("The database")))
          yield* admin.ping.pipe(Effect.timeout("3 seconds"), Effect.catch(away("The broker")))
          return ok
        })
    })
  })
)
