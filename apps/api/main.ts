// The api: REST, event stream and socket over one server. `npm run service -- api` runs it alone; apps/all merges it.
import { createServer } from "node:http"
import { Api } from "@bridge/contract/Api"
import { launch } from "@bridge/platform/Platform"
import { Kek } from "@bridge/vault/Kek"
import { NodeHttpServer } from "@effect/platform-node"
import { ByteSize, Config, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"
import { access, WhoIs } from "./access/AccessLive.ts"
import { AccessTokens } from "./access/AccessTokens.ts"
import { Passwords } from "./access/Passwords.ts"
import { profileRoutes, sessionRoutes, tenantRoutes, tenantsRoutes } from "./access/Routes.ts"
import { Sessions } from "./access/Sessions.ts"
import { connectionRoutes } from "./connections/Routes.ts"
import { healthRoutes } from "./Health.ts"
import { maxBodyBytes, readable, refusing } from "./http/Refusals.ts"
import { patience, refusingUnparsed } from "./http/Unparsed.ts"
import { jobRoutes, migrationRoutes } from "./jobs/Routes.ts"
import { feed } from "./live/Feed.ts"
import { liveRoutes } from "./live/Routes.ts"
import { socket } from "./live/Socket.ts"
import { Watch } from "./live/Watch.ts"
import { mappingRoutes } from "./mappings/Routes.ts"
import { reviewRoutes } from "./review/Routes.ts"

const groups = Layer.mergeAll(
  sessionRoutes,
  profileRoutes,
  tenantRoutes,
  tenantsRoutes,
  connectionRoutes,
  mappingRoutes,
  migrationRoutes,
  jobRoutes,
  reviewRoutes,
  liveRoutes,
  healthRoutes
)

const routes = Layer.mergeAll(
  HttpApiBuilder.layer(Api, { openapiPath: "/api/openapi.json" }).pipe(
    Layer.provide(groups),
    Layer.provide([access, readable])
  ),
  HttpApiScalar.layer(Api, { path: "/api/docs" }),
  PrometheusMetrics.layerHttp({ path: "/metrics" })
)

/** Who is who, and which jobs are watched: shared by REST and the socket. */
const rooms = Layer.mergeAll(WhoIs.layer, Watch.layer).pipe(
  Layer.provideMerge(Sessions.layer),
  Layer.provideMerge(Layer.mergeAll(Passwords.layer, AccessTokens.layer)),
  Layer.provideMerge(Kek.layer)
)

const settings = Config.all({
  port: Config.Port("BRIDGE_PORT").pipe(Config.withDefault(8080)),
  /** All addresses of the machine only when somebody says so. */
  host: Config.String("BRIDGE_HOST").pipe(Config.withDefault("127.0.0.1"))
})

const serving = Layer.unwrap(
  Effect.map(settings, ({ host, port }) => {
    const server = refusingUnparsed(createServer(patience))
    const http = NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout: "3 seconds" })
    const app = Layer.unwrap(
      Effect.map(HttpRouter.toHttpEffect(routes), (app) => HttpServer.serve(refusing(app)))
    ).pipe(
      // Record ids stand in addresses, and vendors' ids may be long.
      Layer.provide(Layer.succeed(HttpRouter.RouterConfig, { maxParamLength: 2_000 }))
    )
    return Layer.mergeAll(socket(server), said, draining).pipe(Layer.provide(app), Layer.provide(http))
  })
)

/** Built above the server, so that it ends first. */
const draining = Layer.effectDiscard(Effect.flatMap(Watch, (watch) => Effect.addFinalizer(() => watch.close)))

const said = HttpServer.addressFormattedWith((at) => Effect.logInfo(`api listens: ${at}/api/docs`)).pipe(
  Layer.effectDiscard
)

/** The whole api; needs what libs/platform provides. */
export const api = Layer.merge(serving, feed).pipe(
  Layer.provide(rooms),
  Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBodyBytes)))
)

if (import.meta.main) launch("api", api)
