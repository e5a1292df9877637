// The routes of connections. A connection whose test fails is not stored. For main.ts.
import { randomUUID } from "node:crypto"
import type { AnyConnector } from "@bridge/connectors/Connector"
import { connectors, formOf } from "@bridge/connectors/Connectors"
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import type { ConnectorType, NewConnection } from "@bridge/contract/Connections"
import { problem } from "@bridge/contract/Problem"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { allowed } from "../access/AccessLive.ts"
import { once } from "../http/Once.ts"
import { inTenant } from "../http/Rows.ts"
import { configured, tested, vendorNamed } from "./Check.ts"
import { discoveredFields, streamViews } from "./Discover.ts"
import {
  allConnections,
  connectionRow,
  insertConnection,
  removeConnection,
  sealed,
  updateConnection,
  viewOf,
  wholeConfig
} from "./Stored.ts"

export const connectionRoutes = HttpApiBuilder.group(Api, "connectors", (handlers) =>
  handlers.handleAll({
    types: () => Effect.succeed(connectors.map(typeOf)),
    test: Effect.fn(function* ({ payload }) {
      const user = yield* allowed("connect")
      const c = yield* working(user.tenantId, randomUUID(), payload)
      return { ok: true as const, vendor: c.connector.vendor, account: c.account }
    }),
    list: Effect.fn(function* () {
      const { tenantId } = yield* CurrentUser
      return (yield* inTenant(tenantId)(allConnections)).map(viewOf)
    }),
    create: Effect.fn(function* ({ headers, payload }) {
      const { email, tenantId } = yield* allowed("connect")
      const id = randomUUID()
      const prepare = Effect.gen(function* () {
        const c = yield* working(tenantId, id, payload)
        return { c, sealed: yield* sealed(tenantId, c.secrets) }
      })
      const attempt = {
        tenantId,
        key: headers["idempotency-key"],
        request: ["connectors", payload],
        status: 201
      } as const
      return yield* once(attempt, prepare, ({ c, sealed }) =>
        insertConnection(tenantId, email, c, { id, name: payload.name ?? c.account, share: payload.share ?? 1, sealed })
      )
    }),
    get: Effect.fn(function* ({ params }) {
      const { tenantId } = yield* CurrentUser
      return viewOf(yield* inTenant(tenantId)(connectionRow(params.id)))
    }),
    change: Effect.fn(function* ({ params, payload }) {
      const { email, tenantId } = yield* allowed("connect")
      const { config, ...plain } = payload
      const row = yield* inTenant(tenantId)(connectionRow(params.id))
      if (config === undefined) return yield* inTenant(tenantId)(updateConnection(tenantId, email, row.id, plain))
      const whole = { ...(yield* wholeConfig(tenantId, row)), ...config }
      const c = yield* configured(yield* vendorNamed(row.vendor), whole)
      if (c.connector.instance(c.config) !== row.instance)
        return yield* Effect.fail(problem("account-changed", `This connection is to ${viewOf(row).account}.`))
      yield* tested(tenantId, row.id, c)
      const renewed = { configured: c, sealed: yield* sealed(tenantId, c.secrets) }
      return yield* inTenant(tenantId)(updateConnection(tenantId, email, row.id, { ...plain, renewed }))
    }),
    remove: Effect.fn(function* ({ params }) {
      const { email, tenantId } = yield* allowed("connect")
      yield* inTenant(tenantId)(removeConnection(tenantId, email, params.id))
    }),
    streams: Effect.fn(function* ({ params }) {
      const { tenantId } = yield* CurrentUser
      const { c, row } = yield* openedConnection(tenantId, params.id)
      return streamViews(c, yield* discoveredFields(tenantId, row.id, row.share, c))
    })
  })
)

/** A stored connection with its configuration decoded. */
export const openedConnection = (tenantId: string, id: string) =>
  Effect.gen(function* () {
    const row = yield* inTenant(tenantId)(connectionRow(id))
    const c = yield* configured(yield* vendorNamed(row.vendor), yield* wholeConfig(tenantId, row))
    return { row, c }
  })

/** Decodes and tests. */
const working = (tenantId: string, connectionId: string, asked: typeof NewConnection.Type) =>
  Effect.gen(function* () {
    const c = yield* configured(yield* vendorNamed(asked.vendor), asked.config)
    yield* tested(tenantId, connectionId, c)
    return c
  })

const typeOf = (connector: AnyConnector): typeof ConnectorType.Type => {
  const streams = connector.streams.flatMap((s) => (s.entity === null ? [] : [{ stream: s.name, entity: s.entity }]))
  return {
    vendor: connector.vendor,
    title: connector.title,
    source: [...new Set(streams.map((s) => s.entity))],
    destination: [...new Set(connector.sinks.flatMap((s) => [s.entity, ...s.parts]))],
    streams,
    form: formOf(connector)
  }
}
