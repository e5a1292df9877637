// The routes of mappings. For main.ts.
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import { changesBetween } from "@bridge/domain/MappingDiff"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { allowed } from "../access/AccessLive.ts"
import { once } from "../http/Once.ts"
import { inTenant } from "../http/Rows.ts"
import { previewOf } from "./Preview.ts"
import { insertMapping, mappingRow, mappingView, newestMappings, readMapping, versionsOf } from "./Stored.ts"

export const mappingRoutes = HttpApiBuilder.group(Api, "mappings", (handlers) =>
  handlers.handleAll({
    list: Effect.fn(function* () {
      const { tenantId } = yield* CurrentUser
      return yield* inTenant(tenantId)(newestMappings)
    }),
    create: Effect.fn(function* ({ headers, payload }) {
      const { email, tenantId } = yield* allowed("run")
      const attempt = {
        tenantId,
        key: headers["idempotency-key"],
        request: ["mappings", payload],
        status: 201
      } as const
      return yield* once(attempt, readMapping(payload.mapping), (mapping) =>
        Effect.gen(function* () {
          const { id } = payload
          if (id !== undefined) yield* mappingRow(id, undefined)
          const name = payload.name ?? mapping.name
          return mappingView(
            yield* insertMapping({ tenantId, actor: email, name, mapping, ...(id === undefined ? {} : { id }) })
          )
        })
      )
    }),
    get: Effect.fn(function* ({ params, query }) {
      const { tenantId } = yield* CurrentUser
      return mappingView(yield* inTenant(tenantId)(mappingRow(params.id, query.version)))
    }),
    versions: Effect.fn(function* ({ params }) {
      const { tenantId } = yield* CurrentUser
      return yield* inTenant(tenantId)(versionsOf(params.id))
    }),
    diff: Effect.fn(function* ({ params, query }) {
      const { tenantId } = yield* CurrentUser
      const [from, to] = yield* inTenant(tenantId)(
        Effect.all([mappingRow(params.id, query.from), mappingRow(params.id, query.to)])
      )
      const changes = changesBetween(mappingView(from).mapping, mappingView(to).mapping)
      return { id: from.id, from: from.version, to: to.version, changes }
    }),
    preview: Effect.fn(function* ({ params, payload }) {
      // One that is not stored is somebody's own rules: whoever may store them may try them.
      const { tenantId } = yield* payload.mapping === undefined ? CurrentUser : allowed("run")
      return yield* previewOf(tenantId, params.id, payload)
    })
  })
)
