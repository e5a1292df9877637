// The fields by which tickets lead to assets: one for each kind of them, as its approved body defines it. Made before the first asset,
// when the kinds are there, each once per pair of accounts. One that is refused costs tickets the link, and nothing else.
import type { JsonObject } from "@bridge/connectors/Connector"
import { linkFieldStart } from "@bridge/domain/Mapping"
import { Elements, elementKey } from "@bridge/review/Elements"
import { approvedOnly } from "@bridge/review/Reviewed"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Desk, tell } from "../Desk.ts"
import { ensure } from "../Ensure.ts"
import { entriesOf } from "../Ledger.ts"
import { destinationsOf } from "../Ready.ts"

const kind = "asset-type"

const kindsOf = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{
      sourceId: string
      hash: string
    }>`select source_id as "sourceId", transformed_hash as hash from job_records
      where job_id = ${jobId}::uuid and entity = ${kind} and ${sql.literal(approvedOnly)} order by source_id collate "C"`
  )

/** Makes them exist; `desk` is one of the fields' sink, without a batch. A kind that is not there has none. */
export const ensureLinkFields = (desk: Desk, field: string) =>
  Effect.gen(function* () {
    const { id: jobId, revision, tenantId } = desk.card
    const elements = yield* Elements
    const kinds = yield* asTenant(tenantId)(kindsOf(jobId))
    const keys = kinds.map(({ sourceId }) => ({ entity: kind, sourceId }) as const)
    const found = yield* elements.of({ tenantId, jobId, revision }, keys)
    const entries = yield* asTenant(tenantId)(entriesOf(desk.book, keys))
    const { idOf } = destinationsOf(desk, entries)
    const refused: Array<{ readonly sourceId: string; readonly name: string; readonly message: string }> = []
    for (const { hash, sourceId } of kinds) {
      const loaded = found.get(elementKey(kind, sourceId))
      const body = loaded?.element.body[field]
      // Promise 3: never anything that was not approved.
      if (loaded?.hash !== hash || idOf(kind, sourceId) === undefined || !isObject(body)) continue
      const failure = yield* ensure(desk, `${linkFieldStart}${sourceId}`, body, `the field of ${kind} ${sourceId}`)
      if (failure !== null) refused.push({ sourceId, name: field, message: failure.message })
    }
    if (refused.length > 0)
      yield* tell(desk, "partly-loaded", { entity: kind, refused: refused.length, records: refused })
  })

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
