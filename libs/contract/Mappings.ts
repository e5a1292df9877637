// Mappings and their versions. For apps/api and its clients.
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { on } from "./Problem.ts"
import { Id, Instant, JsonObject, Keyed, Label, Version, VersionFromString } from "./Shapes.ts"

const head = {
  id: Id,
  version: Schema.Int,
  name: Schema.String,
  source: Schema.String,
  destination: Schema.String,
  createdBy: Schema.String,
  createdAt: Instant
}
export const MappingHead = Schema.Struct(head).annotate({ identifier: "MappingHead" })
export const MappingView = Schema.Struct({ ...head, hash: Schema.String, mapping: JsonObject }).annotate({
  identifier: "Mapping"
})
export type MappingView = typeof MappingView.Type

export const NewMapping = Schema.Struct({
  /** A new version of this mapping; a new mapping when absent. */
  id: Schema.optionalKey(Id),
  name: Schema.optionalKey(Label),
  /** As libs/domain/Mapping.ts says; GET /api/mappings/{id} shows one. */
  mapping: JsonObject
}).annotate({ identifier: "NewMapping" })

export const MappingDiff = Schema.Struct({
  id: Id,
  from: Schema.Int,
  to: Schema.Int,
  /** Rules are told apart by what they write: `entities.ticket.fields[subject].from`. */
  changes: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      before: Schema.optionalKey(Schema.Json),
      after: Schema.optionalKey(Schema.Json)
    })
  )
}).annotate({ identifier: "MappingDiff" })

export const PreviewRequest = Schema.Struct({
  /** Its archive is what the mapping is tried on. */
  job: Id,
  /** Tickets when not given. */
  entity: Schema.optionalKey(Schema.String),
  /** Source ids; the first ones of the archive when not given. */
  records: Schema.optionalKey(Schema.NonEmptyArray(Schema.String).check(Schema.isMaxLength(50))),
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 }))),
  version: Schema.optionalKey(Version),
  /** Not stored yet: tried instead of the stored one. */
  mapping: Schema.optionalKey(JsonObject)
}).annotate({ identifier: "PreviewRequest" })

const Preview = Schema.Struct({
  sourceId: Schema.String,
  title: Schema.String,
  /** Why it would be left out; `before` and `after` are null where there is nothing to write. */
  excluded: Schema.NullOr(Schema.String),
  warnings: Schema.Array(Schema.Struct({ code: Schema.String, message: Schema.String })),
  before: Schema.NullOr(JsonObject),
  after: Schema.NullOr(JsonObject),
  /** Where they differ: `body.subject`. */
  changed: Schema.Array(Schema.String)
})

/** References are settled over the whole job only: `refs` shows the source's ids. */
export const MappingPreview = Schema.Struct({
  job: Id,
  entity: Schema.String,
  records: Schema.Array(Preview)
}).annotate({ identifier: "MappingPreview" })

const version = { version: Schema.optionalKey(VersionFromString) }

export class MappingsGroup extends HttpApiGroup.make("mappings")
  .add(
    /** The newest version of each. */
    HttpApiEndpoint.get("list", "/", { success: Schema.Array(MappingHead), error: [on[503]] }),
    HttpApiEndpoint.post("create", "/", {
      headers: Keyed,
      payload: NewMapping,
      success: MappingView.pipe(HttpApiSchema.status(201)),
      error: [on[403], on[404], on[409], on[422], on[503]]
    }),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: Schema.String },
      query: version,
      success: MappingView,
      error: [on[404], on[503]]
    }),
    HttpApiEndpoint.get("versions", "/:id/versions", {
      params: { id: Schema.String },
      success: Schema.Array(MappingHead),
      error: [on[404], on[503]]
    }),
    HttpApiEndpoint.get("diff", "/:id/diff", {
      params: { id: Schema.String },
      query: { from: VersionFromString, to: VersionFromString },
      success: MappingDiff,
      error: [on[404], on[503]]
    }),
    /** Changes nothing; whoever may see a job may try a mapping on it. */
    HttpApiEndpoint.post("preview", "/:id/preview", {
      params: { id: Schema.String },
      payload: PreviewRequest,
      success: MappingPreview,
      error: [on[404], on[410], on[422], on[503]]
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/mappings") {}
