// The routes of migrations and jobs. For main.ts.
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import type { JobView, Remap } from "@bridge/contract/Jobs"
import { problem } from "@bridge/contract/Problem"
import type { JsonObject } from "@bridge/contract/Shapes"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { allowed } from "../access/AccessLive.ts"
import { once } from "../http/Once.ts"
import { inTenant } from "../http/Rows.ts"
import { insertMapping, mappingRow, readMapping } from "../mappings/Stored.ts"
import { cancel, remapped, setPaused, stillReviewable } from "./Decisions.ts"
import { estimateOf } from "./Estimate.ts"
import { begin, prepare } from "./NewMigration.ts"
import { type JobRow, jobPage, jobRow, jobView } from "./Stored.ts"
import { surveyedEstimate } from "./Surveyed.ts"

const one = (id: string) =>
  Effect.gen(function* () {
    const { tenantId } = yield* CurrentUser
    return jobView(yield* inTenant(tenantId)(jobRow(id)))
  })

export const migrationRoutes = HttpApiBuilder.group(Api, "migrations", (handlers) =>
  handlers.handleAll({
    create: Effect.fn(function* ({ headers, payload }) {
      const { email, tenantId } = yield* allowed("run")
      const attempt = {
        tenantId,
        key: headers["idempotency-key"],
        request: ["migrations", payload],
        status: 201
      } as const
      return yield* once(attempt, prepare(tenantId, payload), (prepared) =>
        begin(tenantId, email, payload, prepared)
      ).pipe(
        // Removed while we looked: the body names a connection that is not there any more.
        Effect.catch((p) => Effect.fail(p.status === 404 ? problem("connection-unfit", p.detail) : p))
      )
    }),
    survey: Effect.fn(function* ({ payload }) {
      const { tenantId } = yield* allowed("run")
      return yield* surveyedEstimate(tenantId, payload)
    }),
    list: Effect.fn(function* ({ query }) {
      const { tenantId } = yield* CurrentUser
      return yield* inTenant(tenantId)(jobPage(query, true))
    }),
    get: ({ params }) => one(params.id),
    estimate: Effect.fn(function* ({ params }) {
      const { tenantId } = yield* CurrentUser
      return yield* inTenant(tenantId)(estimateOf(params.id))
    })
  })
)

interface Request {
  readonly params: { readonly id: string }
  readonly headers: { readonly "idempotency-key"?: string }
  readonly payload?: typeof Remap.Type
}

/** A decision, carried out once per Idempotency-Key, by somebody who may. */
const decide = <E, R>(
  r: Request,
  word: string,
  decision: (user: CurrentUser["Service"]) => Effect.Effect<JobView, E, R>
) =>
  Effect.gen(function* () {
    const user = yield* allowed("run")
    const request = ["jobs", word, r.params.id, r.payload ?? null]
    const attempt = { tenantId: user.tenantId, key: r.headers["idempotency-key"], request, status: 200 } as const
    return yield* once(attempt, Effect.void, () => decision(user))
  })

export const jobRoutes = HttpApiBuilder.group(Api, "jobs", (handlers) =>
  handlers.handleAll({
    list: Effect.fn(function* ({ query }) {
      const { tenantId } = yield* CurrentUser
      return yield* inTenant(tenantId)(jobPage(query, false))
    }),
    get: ({ params }) => one(params.id),
    pause: (r) => decide(r, "pause", (user) => setPaused(r.params.id, user.email, true)),
    resume: (r) => decide(r, "resume", (user) => setPaused(r.params.id, user.email, false)),
    cancel: (r) => decide(r, "cancel", (user) => cancel(r.params.id, user.email)),
    remap: (r) => decide(r, "remap", (user) => remap(r.params.id, user, r.payload))
  })
)

/** With a mapping of its own, which is stored as the next version of the job's, or with a stored one. */
const remap = (id: string, user: CurrentUser["Service"], asked: typeof Remap.Type) =>
  Effect.gen(function* () {
    const job = yield* jobRow(id, "for update")
    yield* stillReviewable(job)
    const mapping = "mapping" in asked ? yield* nextVersion(job, user, asked.mapping) : yield* named(asked)
    return yield* remapped(job, user.email, mapping)
  })

const nextVersion = (job: JobRow, user: CurrentUser["Service"], json: JsonObject) =>
  Effect.gen(function* () {
    const mapping = yield* readMapping(json)
    const { email, tenantId } = user
    const id = job.mapping_id === null ? {} : { id: job.mapping_id }
    return yield* insertMapping({ tenantId, actor: email, name: mapping.name, mapping, ...id })
  })

const named = (asked: { readonly mappingId: string; readonly version?: number }) =>
  mappingRow(asked.mappingId, asked.version)
