// Progress as it happens: the snapshot of a job, the event stream, and the messages of the socket. For apps/api and clients.
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { JobState } from "./Jobs.ts"
import { on } from "./Problem.ts"
import { Id, Instant } from "./Shapes.ts"

/** Counts of one entity, computed from the tables. `rate` is records per second of what moves now. */
export const EntityProgress = Schema.Struct({
  entity: Schema.String,
  expected: Schema.NullOr(Schema.Int),
  extracted: Schema.Int,
  archived: Schema.Int,
  excluded: Schema.Int,
  approved: Schema.Int,
  loaded: Schema.Int,
  failed: Schema.Int,
  rate: Schema.Finite,
  secondsLeft: Schema.NullOr(Schema.Int)
}).annotate({ identifier: "EntityProgress" })
export type EntityProgress = typeof EntityProgress.Type

export const JobProgress = Schema.Struct({
  jobId: Id,
  state: JobState,
  paused: Schema.Boolean,
  cancelRequested: Schema.Boolean,
  revision: Schema.Int,
  auditComplete: Schema.Boolean,
  error: Schema.NullOr(Schema.Json),
  at: Instant,
  /** Of what runs now: until the review where one is asked for and the source is being read, else to the end. */
  secondsLeft: Schema.NullOr(Schema.Int),
  /** When that is. */
  eta: Schema.NullOr(Instant),
  entities: Schema.Array(EntityProgress)
}).annotate({ identifier: "JobProgress" })
export type JobProgress = typeof JobProgress.Type

/** `event: snapshot` first, then `progress`, and `end` last; `id` counts up by one from Last-Event-ID. */
export const ProgressEvent = Schema.Struct({
  id: Schema.optional(Schema.String),
  event: Schema.Literals(["snapshot", "progress", "end"]),
  data: Schema.fromJsonString(JobProgress)
})

export class LiveGroup extends HttpApiGroup.make("live")
  .add(
    HttpApiEndpoint.get("progress", "/:id/progress-stream", {
      params: { id: Schema.String },
      headers: { "last-event-id": Schema.optionalKey(Schema.String) },
      success: HttpApiSchema.StreamSse({ events: ProgressEvent }),
      error: [on[404], on[503]]
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/jobs") {}

/** Jobs on one socket. */
export const mostJobs = 200

/** What a client sends over /api/live. `auth` is needed only without a bearer header or cookie, and then first. */
export const LiveRequest = Schema.Union([
  Schema.Struct({ type: Schema.Literal("auth"), token: Schema.String }),
  Schema.Struct({
    type: Schema.Literals(["subscribe", "unsubscribe"]),
    jobs: Schema.optionalKey(Schema.Array(Id).check(Schema.isMaxLength(mostJobs))),
    /** All jobs of the tenant that live. */
    tenant: Schema.optionalKey(Schema.Literal(true))
  })
])
export type LiveRequest = typeof LiveRequest.Type

/** What the server sends. `n` counts the messages of one job on one socket from 1, without gaps. */
export type LiveMessage =
  | { readonly type: "ready"; readonly tenantId: string }
  | { readonly type: "snapshot" | "update" | "end"; readonly n: number; readonly job: JobProgress }
  | {
      readonly type: "problem"
      readonly code: string
      readonly title: string
      readonly detail: string
      readonly hint: string
    }
