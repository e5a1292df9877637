// What can be connected, a tenant's connections, and what is found behind one. For apps/api and its clients.
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { on } from "./Problem.ts"
import { Id, Instant, JsonObject, Keyed, Label } from "./Shapes.ts"

const StreamKind = Schema.Struct({ stream: Schema.String, entity: Schema.String })

export const ConnectorType = Schema.Struct({
  vendor: Schema.String,
  title: Schema.String,
  /** Entities that can be read from it, and written to it. */
  source: Schema.Array(Schema.String),
  destination: Schema.Array(Schema.String),
  streams: Schema.Array(StreamKind),
  /** JSON Schema (draft-07) of `config`; secrets have `writeOnly`. */
  form: JsonObject
}).annotate({ identifier: "ConnectorType" })

/** `config` never holds a secret; `account` is the same for every connection to one vendor account. */
export const ConnectionView = Schema.Struct({
  id: Id,
  vendor: Schema.String,
  name: Schema.String,
  account: Schema.String,
  config: JsonObject,
  secrets: Schema.Array(Schema.String),
  share: Schema.Finite,
  checkedAt: Instant,
  createdAt: Instant
}).annotate({ identifier: "Connection" })
export type ConnectionView = typeof ConnectionView.Type

/** Less than a thousandth of a vendor's limit is standing still. */
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 1 }))

export const NewConnection = Schema.Struct({
  vendor: Label,
  name: Schema.optionalKey(Label),
  config: JsonObject,
  /** Part of the vendor's limits that Bridge may use; all of it when not given. */
  share: Schema.optionalKey(Share)
}).annotate({ identifier: "NewConnection" })

export const ConnectionChange = Schema.Struct({
  name: Schema.optionalKey(Label),
  share: Schema.optionalKey(Share),
  /** Keys that change; the others, secrets too, stay as they are. */
  config: Schema.optionalKey(JsonObject)
}).annotate({ identifier: "ConnectionChange" })

export const ConnectionTest = Schema.Struct({
  ok: Schema.Literal(true),
  vendor: Schema.String,
  account: Schema.String
}).annotate({ identifier: "ConnectionTest" })

export const DiscoveredStream = Schema.Struct({
  stream: Schema.String,
  entity: Schema.String,
  parent: Schema.NullOr(Schema.String),
  primaryKey: Schema.Array(Schema.String),
  cursorField: Schema.NullOr(Schema.String),
  deletions: Schema.String,
  schema: JsonObject,
  fields: Schema.Array(
    Schema.Struct({
      key: Schema.String,
      title: Schema.String,
      type: Schema.String,
      custom: Schema.Boolean,
      required: Schema.Boolean,
      options: Schema.optionalKey(Schema.Array(Schema.Struct({ value: Schema.String, label: Schema.String })))
    })
  ),
  /** What `options.filters` of a migration may ask of its rows; `values` are names for what the vendor writes. */
  filters: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      title: Schema.String,
      values: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
    })
  )
}).annotate({ identifier: "DiscoveredStream" })

const named = { params: { id: Schema.String } }

export class ConnectionsGroup extends HttpApiGroup.make("connectors")
  .add(
    HttpApiEndpoint.get("types", "/types", { success: Schema.Array(ConnectorType), error: [on[503]] }),
    HttpApiEndpoint.post("test", "/test", {
      payload: NewConnection,
      success: ConnectionTest,
      error: [on[403], on[422], on[502], on[503]]
    }),
    HttpApiEndpoint.get("list", "/", { success: Schema.Array(ConnectionView), error: [on[503]] }),
    /** Tests the connection first; one that does not work is not stored. */
    HttpApiEndpoint.post("create", "/", {
      headers: Keyed,
      payload: NewConnection,
      success: ConnectionView.pipe(HttpApiSchema.status(201)),
      error: [on[403], on[409], on[422], on[502], on[503]]
    }),
    HttpApiEndpoint.get("get", "/:id", { ...named, success: ConnectionView, error: [on[404], on[503]] }),
    HttpApiEndpoint.patch("change", "/:id", {
      ...named,
      payload: ConnectionChange,
      success: ConnectionView,
      error: [on[403], on[404], on[409], on[422], on[502], on[503]]
    }),
    HttpApiEndpoint.delete("remove", "/:id", {
      ...named,
      success: HttpApiSchema.NoContent,
      error: [on[403], on[404], on[409], on[503]]
    }),
    HttpApiEndpoint.get("streams", "/:id/streams", {
      ...named,
      success: Schema.Array(DiscoveredStream),
      error: [on[404], on[422], on[502], on[503]]
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/connectors") {}
