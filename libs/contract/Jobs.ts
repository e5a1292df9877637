// Migrations and jobs: begin one, see it, hold it, end it. For apps/api and its clients.
import { jobStates } from "@bridge/domain/Jobs"
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { on } from "./Problem.ts"
import { Cursor, Id, Instant, InstantInput, JsonObject, Keyed, Label, Limit, Version } from "./Shapes.ts"

/** Values of one filter, and tickets of a sample. */
const mostValues = 100
const mostSampled = 10_000

export const JobState = Schema.Literals(jobStates)

const Side = Schema.Struct({ connection: Id, vendor: Schema.String, account: Schema.String })

export const JobView = Schema.Struct({
  id: Id,
  kind: Schema.String,
  name: Schema.String,
  state: JobState,
  paused: Schema.Boolean,
  cancelRequested: Schema.Boolean,
  source: Side,
  destination: Schema.NullOr(Side),
  entities: Schema.Array(Schema.String),
  options: JsonObject,
  mapping: Schema.NullOr(Schema.Struct({ id: Id, version: Schema.Int })),
  revision: Schema.Int,
  approved: Schema.NullOr(Schema.Struct({ by: Schema.String, at: Instant })),
  auditComplete: Schema.Boolean,
  error: Schema.NullOr(JsonObject),
  createdBy: Schema.String,
  createdAt: Instant,
  startedAt: Schema.NullOr(Instant),
  endedAt: Schema.NullOr(Instant),
  /** When the records (`data`) and what proves the migration (`results`) were removed, their time being over. */
  expired: Schema.Struct({ data: Schema.NullOr(Instant), results: Schema.NullOr(Instant) })
}).annotate({ identifier: "Job" })
export type JobView = typeof JobView.Type

export const JobPage = Schema.Struct({ jobs: Schema.Array(JobView), next: Schema.NullOr(Schema.String) }).annotate({
  identifier: "JobPage"
})

const FilterValue = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])

/** By entity, then by the names that GET /api/connectors/{id}/streams gives; a list means any of them. */
const Filters = Schema.Record(
  Schema.String,
  Schema.Record(
    Schema.String,
    Schema.Union([FilterValue, Schema.Array(FilterValue).check(Schema.isMaxLength(mostValues))])
  )
)

export const MigrationOptions = Schema.Struct({
  batchSize: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 500 }))),
  /** Only rows changed in between. */
  since: Schema.optionalKey(InstantInput),
  until: Schema.optionalKey(InstantInput),
  filters: Schema.optionalKey(Filters),
  /** So many tickets, with everything they refer to and nothing else. */
  sampleSize: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostSampled }))),
  /** True when not given: nothing is written before somebody approves. */
  requireApproval: Schema.optionalKey(Schema.Boolean),
  /** Ticket fields that the destination lacks are made there when the load begins; else their values are not moved. */
  createMissingFields: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "MigrationOptions" })

export const NewMigration = Schema.Struct({
  name: Schema.optionalKey(Label),
  /** Connections. */
  source: Id,
  destination: Id,
  /** Ids, plurals or aliases; all that both sides can do when not given. Parents come along. */
  entities: Schema.optionalKey(Schema.NonEmptyArray(Schema.String)),
  options: Schema.optionalKey(MigrationOptions),
  /** A stored mapping; the default of the pair, with the custom fields found on both sides, when not given. */
  mapping: Schema.optionalKey(Schema.Struct({ id: Id, version: Schema.optionalKey(Version) }))
}).annotate({ identifier: "NewMigration" })

const Known = Schema.NullOr(Schema.Int)

/** What is still to be asked of one vendor, how long that takes, and which of its limits makes it as long. */
const Leg = Schema.Struct({ calls: Known, secondsLeft: Known, limitedBy: Schema.NullOr(Schema.String) }).annotate({
  identifier: "Leg"
})

/** Null wherever it is not known. */
export const Estimate = Schema.Struct({
  /** None before a job has begun. */
  jobId: Schema.NullOr(Id),
  entities: Schema.Array(
    Schema.Struct({ entity: Schema.String, expected: Known, extracted: Schema.Int, loaded: Schema.Int })
  ),
  /** Rows of the source's lists, and calls to read what is asked for of them. */
  streams: Schema.Array(
    Schema.Struct({
      stream: Schema.String,
      entity: Schema.String,
      rows: Known,
      read: Schema.Int,
      calls: Known,
      called: Schema.Int
    })
  ),
  extraction: Leg,
  loading: Leg,
  /** Until the review where one is asked for and the source is being read, else to the end. */
  secondsLeft: Known,
  eta: Schema.NullOr(Instant),
  basis: Schema.String
}).annotate({ identifier: "Estimate" })

export const Remap = Schema.Union([
  Schema.Struct({ mapping: JsonObject }),
  Schema.Struct({ mappingId: Id, version: Schema.optionalKey(Version) })
]).annotate({ identifier: "Remap" })

const named = { params: { id: Schema.String } }
const page = { state: Schema.optionalKey(JobState), cursor: Cursor, limit: Limit }
const moved = {
  ...named,
  headers: Keyed,
  success: JobView,
  error: [on[403], on[404], on[409], on[422], on[503]]
} as const

export class MigrationsGroup extends HttpApiGroup.make("migrations")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: Keyed,
      payload: NewMigration,
      success: JobView.pipe(HttpApiSchema.status(201)),
      error: [on[403], on[409], on[422], on[502], on[503]]
    }),
    HttpApiEndpoint.post("survey", "/estimate", {
      payload: NewMigration,
      success: Estimate,
      error: [on[403], on[409], on[422], on[502], on[503]]
    }),
    HttpApiEndpoint.get("list", "/", { query: page, success: JobPage, error: [on[503]] }),
    HttpApiEndpoint.get("get", "/:id", { ...named, success: JobView, error: [on[404], on[503]] }),
    HttpApiEndpoint.get("estimate", "/:id/estimate", { ...named, success: Estimate, error: [on[404], on[503]] })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/migrations") {}

export class JobsGroup extends HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.get("list", "/", { query: page, success: JobPage, error: [on[503]] }),
    HttpApiEndpoint.get("get", "/:id", { ...named, success: JobView, error: [on[404], on[503]] }),
    HttpApiEndpoint.post("pause", "/:id/pause", moved),
    HttpApiEndpoint.post("resume", "/:id/resume", moved),
    HttpApiEndpoint.post("cancel", "/:id/cancel", moved),
    /** Runs the transform again from the archive; hashes change and an approval is void. Only while a job waits for review. */
    HttpApiEndpoint.post("remap", "/:id/remap", { ...moved, payload: Remap })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/jobs") {}
