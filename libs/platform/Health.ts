// A small listener for supervisors and Prometheus: does this process live, can it work, what has it counted. In every service.
// What does not belong here: the api's routes of the same names on its own port (apps/api/Health.ts).
import { createServer } from "node:http"
import { Admin } from "@bridge/kafka/Broker"
import { NodeHttpServer } from "@effect/platform-node"
import { Config, Effect, Layer, Option, Schema } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { SqlClient } from "effect/sql"

/** What every service needs does not answer. It comes back by itself; until then supervisors send no work here. */
export class Away extends Schema.TaggedError<Away>()("Away", { what: Schema.String }) {}

/** Database and broker answer, each within 3 seconds. */
export const ready = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const admin = yield* Admin
  const away = (what: string) => () => new Away({ what })
  yield* sql`select 1`.pipe(Effect.timeout("3 seconds"), Effect.mapError(away("The database")))
  yield* admin.ping.pipe(Effect.timeout("3 seconds"), Effect.mapError(away("The broker")))
})

const json = (status: number, body: Readonly<Record<string, string>>) =>
  Effect.orDie(HttpServerResponse.json(body, { status }))

const routes = Layer.mergeAll(
  HttpRouter.add("GET", "/health/live", json(200, { status: "ok" })),
  HttpRouter.add(
    "GET",
    "/health/ready",
    Effect.matchEffect(ready, {
      onSuccess: () => json(200, { status: "ok" }),
      onFailure: ({ what }) => json(503, { status: "away", detail: `${what} does not answer.` })
    })
  ),
  PrometheusMetrics.layerHttp({ path: "/metrics" })
)

const settings = Config.all({
  port: Config.option(Config.Port("BRIDGE_HEALTH_PORT")),
  host: Config.String("BRIDGE_HOST").pipe(Config.withDefault("127.0.0.1"))
})

/** Listens where BRIDGE_HEALTH_PORT says (0: any free port, named in the log); without it, nowhere. */
export const health = Layer.unwrap(
  Effect.map(settings, ({ host, port }) => {
    if (Option.isNone(port)) return Layer.empty
    const http = NodeHttpServer.layer(() => createServer({ requestTimeout: 10_000 }), { host, port: port.value })
    const said = HttpServer.addressFormattedWith((at) => Effect.logInfo(`health and metrics: ${at}`))
    return Layer.merge(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }),
      Layer.effectDiscard(said)
    ).pipe(Layer.provide(http))
  })
)
