// Mappings and their versions. For apps/api and its clients.
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { on } from "./Problem.ts"
import { Id, Instant, JsonObject, Keyed, Label, VersionFromString } from "./Shapes.ts"

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
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/mappings") {}
