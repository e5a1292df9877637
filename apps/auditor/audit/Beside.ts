// What was written behind a record by calls of its own (further addresses of a person, the fields of a custom object), looked
// for at the destination. For Pairs.ts. What does not belong here: the record's own fields (Fields.ts).
import type { Call, Write } from "@bridge/connectors/Connector"
import type { Aggregate } from "@bridge/domain/Assemble"
import { sourceKey } from "@bridge/domain/Jobs"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Pair, ReadBack } from "./There.ts"

/** Lists asked for at one time. */
const atOnce = 4

/** Source ids of records that lack something they were given; what the vendor refused was told when it did, and is no fault. */
export const lacking = (r: ReadBack, pairs: ReadonlyArray<Pair>, aggregates: ReadonlyMap<string, Aggregate>) =>
  Effect.gen(function* () {
    const out = new Set<string>()
    const { entity, scope, sink } = r
    const { further } = sink
    if (further === undefined) return out
    const wanted = pairs.flatMap(({ ours, there }) => {
      const aggregate = aggregates.get(ours.source_id)
      if (aggregate === undefined || Object.keys(there.row).length === 0) return []
      const write: Write = {
        entity,
        sourceId: ours.source_id,
        sourceKey: sourceKey(scope.sourceAccount, entity, ours.source_id),
        body: aggregate.body,
        destinationId: there.id
      }
      const names = further.of(write)
      return names.length === 0 ? [] : [{ write, names }]
    })
    if (wanted.length === 0) return out
    const refused = yield* refusedOf(
      r,
      wanted.map(({ write }) => write.sourceId)
    )
    yield* Effect.forEach(
      wanted,
      ({ names, write }) =>
        Effect.gen(function* () {
          const there = yield* listed(r, write)
          const missing = names.some((name) => !there.has(name) && !refused.has(`${write.sourceId}\n${name}`))
          if (missing) out.add(write.sourceId)
        }),
      { concurrency: atOnce, discard: true }
    )
    return out
  })

const listed = ({ connection, sink: { further } }: ReadBack, write: Write) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const names = new Set<string>()
    if (further === undefined) return names
    for (let call: Call | null = further.list(connection.config, write, write.destinationId ?? ""); call !== null; ) {
      const asked: Call = call
      const page: ReturnType<typeof further.readList> = yield* http.read(connection, asked, (answer) =>
        further.readList(answer)
      )
      for (const name of page.names) names.add(name)
      call = page.next
    }
    return names
  })

/** What the loader told as refused, by `<source id>` and name. */
const refusedOf = ({ entity, scope }: ReadBack, sourceIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* asTenant(scope.tenantId)(sql<{ id: string; name: string }>`select distinct r->>'sourceId' as id,
        r->>'name' as name
      from job_events, jsonb_array_elements(detail->'records') r where job_id = ${scope.jobId}::uuid and type = 'partly-loaded'
        and coalesce(detail->>'entity', ${entity}) = ${entity} and r->>'sourceId' = any(${sourceIds}::text[])`)
    return new Set(rows.map(({ id, name }) => `${id}\n${name}`))
  })
