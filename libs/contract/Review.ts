// Seeing, approving and proving: what a job holds, record by record, before and after it is loaded. For apps/api and clients.
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Access, Readable } from "./Access.ts"
import { JobState, JobView } from "./Jobs.ts"
import { on } from "./Problem.ts"
import { Cursor, Id, Instant, JsonObject, Keyed, Limit } from "./Shapes.ts"

const Count = Schema.Int

/** `hash` covers the approved records; null until the job is settled. */
export const EntitySummary = Schema.Struct({
  entity: Schema.String,
  /** Looked at in the source's lists and not taken: the job's options do not ask for them. They are in no other count. */
  leftOut: Count,
  archived: Count,
  excluded: Count,
  approved: Count,
  dead: Count,
  withWarnings: Count,
  warnings: Schema.Array(Schema.Struct({ code: Schema.String, count: Count })),
  exclusions: Schema.Array(Schema.Struct({ reason: Schema.String, count: Count })),
  hash: Schema.NullOr(Schema.String),
  csv: Schema.String
}).annotate({ identifier: "EntitySummary" })

/** What `approve-loading` takes: copy it from the summary that was reviewed. */
export const ApprovalRequest = Schema.Struct({
  hashes: Schema.Record(Schema.String, Schema.String),
  mapping: Schema.Struct({ id: Id, version: Schema.Int }),
  destination: Schema.String,
  /** Hash of what is left out. */
  exclusions: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Approval" })

export const Summary = Schema.Struct({
  jobId: Id,
  state: JobState,
  revision: Schema.Int,
  /** True when every stream is sealed and references are settled: hashes are final for this revision. */
  settled: Schema.Boolean,
  entities: Schema.Array(EntitySummary),
  /** Records that could not be handled, the first hundred: they are in no count but `dead`. */
  deadLetters: Schema.Array(
    Schema.Struct({
      entity: Schema.NullOr(Schema.String),
      sourceId: Schema.NullOr(Schema.String),
      stage: Schema.String,
      code: Schema.String,
      message: Schema.String
    })
  ),
  /** Fields and values without a counterpart at the destination, and what is not moved at all, found when the job began. */
  fieldWarnings: Schema.Array(
    Schema.Struct({ entity: Schema.String, field: Schema.String, code: Schema.String, message: Schema.String })
  ),
  /** Modules and rows that the source does not have or may not show: nothing of them was read. */
  streamWarnings: Schema.Array(
    Schema.Struct({ stream: Schema.String, entity: Schema.String, code: Schema.String, message: Schema.String })
  ),
  approval: Schema.NullOr(ApprovalRequest)
}).annotate({ identifier: "ExtractionSummary" })
export type Summary = typeof Summary.Type

export const RecordView = Schema.Struct({
  id: Schema.String,
  entity: Schema.String,
  sourceId: Schema.String,
  parentId: Schema.NullOr(Schema.String),
  title: Schema.String,
  status: Schema.NullOr(Schema.String),
  state: Schema.String,
  reason: Schema.NullOr(Schema.String),
  warnings: Schema.Array(Schema.Struct({ code: Schema.String, message: Schema.String })),
  hash: Schema.NullOr(Schema.String),
  outcome: Schema.NullOr(Schema.String),
  destinationId: Schema.NullOr(Schema.String)
}).annotate({ identifier: "Record" })

export const RecordPage = Schema.Struct({
  records: Schema.Array(RecordView),
  next: Schema.NullOr(Schema.String)
}).annotate({ identifier: "RecordPage" })

/** Everything known of one record, from the vendor's row to the destination. */
export const RecordHistory = Schema.Struct({
  ...RecordView.fields,
  version: Schema.String,
  revision: Schema.Int,
  rawHash: Schema.String,
  archived: Schema.Struct({ stream: Schema.String, batch: Schema.Int, position: Schema.Int, extractedAt: Instant }),
  raw: Schema.NullOr(Schema.Json),
  transformed: Schema.NullOr(Schema.Json),
  resolution: Schema.NullOr(Schema.Json),
  load: Schema.NullOr(
    Schema.Struct({
      outcome: Schema.String,
      destinationId: Schema.NullOr(Schema.String),
      hash: Schema.NullOr(Schema.String),
      error: Schema.NullOr(Schema.Json),
      /** What is there otherwise than approved, and why. */
      warnings: Schema.Array(Schema.Json),
      at: Instant
    })
  ),
  ledger: Schema.NullOr(
    Schema.Struct({
      state: Schema.String,
      destinationId: Schema.NullOr(Schema.String),
      createdByJob: Schema.NullOr(Schema.String),
      lastJob: Schema.String,
      updatedAt: Instant
    })
  ),
  parts: Schema.Array(RecordView)
}).annotate({ identifier: "RecordHistory" })

export const Failure = Schema.Struct({
  entity: Schema.String,
  sourceId: Schema.String,
  code: Schema.String,
  message: Schema.String,
  hint: Schema.String
})

export const LoadingResults = Schema.Struct({
  jobId: Id,
  state: JobState,
  entities: Schema.Array(
    Schema.Struct({
      entity: Schema.String,
      approved: Count,
      created: Count,
      matched: Count,
      updated: Count,
      skipped: Count,
      merged: Count,
      failed: Count,
      unknown: Count,
      open: Count
    })
  ),
  failures: Schema.Array(Failure),
  next: Schema.NullOr(Schema.String),
  /** Written in another form than the approved one, as the mapping allows: how many, and the first of them. */
  warnings: Schema.Array(
    Schema.Struct({
      entity: Schema.String,
      code: Schema.String,
      count: Count,
      message: Schema.String,
      sourceIds: Schema.Array(Schema.String)
    })
  ),
  /** The auditor's comparison, when it has been made. */
  results: Schema.Array(JsonObject)
}).annotate({ identifier: "LoadingResults" })

export const AuditVerification = Schema.Struct({
  ok: Schema.Boolean,
  entries: Count,
  head: Schema.NullOr(Schema.String),
  firstBroken: Schema.NullOr(Schema.Int),
  problem: Schema.NullOr(Schema.String),
  /** Entries of this job in the tenant's chain, and events that are not chained yet. */
  jobEntries: Count,
  unchained: Count,
  report: Schema.NullOr(Schema.Struct({ hash: Schema.String, ok: Schema.Boolean }))
}).annotate({ identifier: "AuditVerification" })

const named = { params: { id: Schema.String } }

export class ReviewGroup extends HttpApiGroup.make("review")
  .add(
    HttpApiEndpoint.get("summary", "/:id/extraction-summary", {
      ...named,
      success: Summary,
      error: [on[404], on[410], on[503]]
    }),
    HttpApiEndpoint.get("records", "/:id/records", {
      ...named,
      query: {
        entity: Schema.optionalKey(Schema.String),
        state: Schema.optionalKey(Schema.Literals(["approved", "excluded", "deleted", "warned", "failed"])),
        cursor: Cursor,
        limit: Limit
      },
      success: RecordPage,
      error: [on[404], on[410], on[422], on[503]]
    }),
    HttpApiEndpoint.get("record", "/:id/records/:recordId", {
      params: { id: Schema.String, recordId: Schema.String },
      success: RecordHistory,
      error: [on[404], on[410], on[503]]
    }),
    HttpApiEndpoint.get("csv", "/:id/download/csv/:entity_type", {
      params: { id: Schema.String, entity_type: Schema.String },
      query: { bom: Schema.optionalKey(Schema.Literals(["true", "false"])) },
      success: HttpApiSchema.StreamUint8Array({ contentType: "text/csv" }),
      error: [on[404], on[410], on[422], on[503]]
    }),
    HttpApiEndpoint.post("approve", "/:id/approve-loading", {
      ...named,
      headers: Keyed,
      payload: ApprovalRequest,
      success: JobView,
      error: [on[403], on[404], on[409], on[422], on[503]]
    }),
    HttpApiEndpoint.get("results", "/:id/loading-results", {
      ...named,
      query: { cursor: Cursor, limit: Limit },
      success: LoadingResults,
      error: [on[404], on[410], on[503]]
    }),
    HttpApiEndpoint.get("report", "/:id/download/audit-report", {
      ...named,
      query: { format: Schema.optionalKey(Schema.Literals(["json", "html"])) },
      success: [Schema.Json, Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html" }))],
      error: [on[404], on[410], on[503]]
    }),
    HttpApiEndpoint.get("verify", "/:id/audit/verify", {
      ...named,
      success: AuditVerification,
      error: [on[404], on[503]]
    })
  )
  .middleware(Access)
  .middleware(Readable)
  .prefix("/api/jobs") {}
