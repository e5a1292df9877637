// The routes of review, approval, results and proof. For main.ts.
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import { problem } from "@bridge/contract/Problem"
import { type EntityId, entityNamed } from "@bridge/domain/Entities"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { allowed } from "../access/AccessLive.ts"
import { once } from "../http/Once.ts"
import { inTenant } from "../http/Rows.ts"
import { approve } from "./Approve.ts"
import { csvOf } from "./Download.ts"
import { reportOf, verificationOf } from "./Proof.ts"
import { type RecordsRequest, recordHistory, recordPage } from "./Records.ts"
import { resultsOf } from "./Results.ts"
import { summaryOf } from "./Summary.ts"

/** In a transaction of the caller's tenant: another tenant's job is not there. */
const mine = <A, E, R>(read: Effect.Effect<A, E, R>) =>
  Effect.flatMap(CurrentUser, ({ tenantId }) => inTenant(tenantId)(read))

export const reviewRoutes = HttpApiBuilder.group(Api, "review", (handlers) =>
  handlers.handleAll({
    summary: ({ params }) => mine(summaryOf(params.id)),
    records: Effect.fn(function* ({ params, query }) {
      const { entity: name, ...rest } = query
      const entity = name === undefined ? undefined : yield* entityFrom(name)
      const asked: RecordsRequest = { ...rest, ...(entity === undefined ? {} : { entity }) }
      return yield* mine(recordPage(params.id, asked))
    }),
    record: ({ params }) => mine(recordHistory(params.id, params.recordId)),
    csv: Effect.fn(function* ({ params, query }) {
      const { tenantId } = yield* CurrentUser
      return yield* csvOf(tenantId, params.id, params.entity_type, query.bom === "true")
    }),
    approve: Effect.fn(function* ({ headers, params, payload }) {
      const { email, tenantId } = yield* allowed("approve")
      const request = ["jobs", "approve-loading", params.id, payload]
      const attempt = { tenantId, key: headers["idempotency-key"], request, status: 200 } as const
      return yield* once(attempt, Effect.void, () => approve(params.id, email, payload))
    }),
    results: ({ params, query }) => mine(resultsOf(params.id, query)),
    report: Effect.fn(function* ({ params, query }) {
      const report = yield* mine(reportOf(params.id))
      const headers = { "x-content-hash": report.hash }
      if (query.format !== "html") return HttpServerResponse.jsonUnsafe(report.body, { headers })
      return HttpServerResponse.text(report.html ?? "", {
        contentType: "text/html; charset=utf-8",
        // The page needs its own styles and nothing else; words of vendors stand in it.
        headers: {
          ...headers,
          "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        }
      })
    }),
    verify: ({ params }) => mine(verificationOf(params.id))
  })
)

const entityFrom = (name: string): Effect.Effect<EntityId, ReturnType<typeof unknownEntity>> => {
  const id = entityNamed(name)?.id
  return id === undefined ? Effect.fail(unknownEntity(name)) : Effect.succeed(id)
}

const unknownEntity = (name: string) => problem("entity-unknown", `There is no entity ${name}.`)
