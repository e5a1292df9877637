// Reads the destination back: is every loaded record there, once, with what was approved? Streams the destination's own lists
// and compares what is ours; what a list does not show is asked for by itself. Begins anew when it was interrupted.
import type { Call, Sink } from "@bridge/connectors/Connector"
import { readStream } from "@bridge/connectors/Engine"
import type { Row } from "@bridge/connectors/Row"
import { sourceKey } from "@bridge/domain/Jobs"
import { isConversation } from "@bridge/domain/Records"
import type { JsonObject } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { asTenant } from "@bridge/store/Postgres"
import { Clock, DateTime, Effect, Stream } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { expected } from "./Expected.ts"
import { enterPairs } from "./Pairs.ts"
import type { Ours, Pair, ReadBack, There } from "./There.ts"

/** Records that a list did not show and that are asked for one by one. */
const mostAsked = 1_000
/** Before the first write, for clocks that differ. */
const sinceMarginMillis = 10 * 60_000

/**
 * Fills the tallies of stage `destination` for records whose sinks read back the same list, in one pass over it. `talks`: how
 * many of them have comments; `commentsRead`: of how many these were read.
 */
export const readBack = Effect.fn("Audit.readBack")(function* (all: ReadonlyArray<ReadBack>) {
  const spans = yield* Effect.forEach(all, (r) => Effect.map(spanOf(r), (span) => ({ r, span })))
  const targets = spans.flatMap(({ r, span }) => (span === undefined ? [] : [{ r, span }]))
  const [first] = targets
  if (first === undefined) return { commentsRead: 0, talks: 0 }
  const { connection, sink, waiting } = first.r
  const nowMillis = yield* Clock.currentTimeMillis
  const readyMillis = Math.max(
    ...targets.map(({ r, span }) => span.lastMillis + (r.lagMillis ?? r.sink.readBack.lagMillis))
  )
  yield* waiting(Effect.sleep(Math.max(0, readyMillis - nowMillis)))
  for (const { r } of targets) yield* forget(r)
  let page = 0
  let commentsRead = 0
  const firstMillis = Math.min(...targets.map(({ span }) => span.firstMillis))
  const since = DateTime.formatIso(DateTime.makeUnsafe(firstMillis - sinceMarginMillis)).replace(/\.\d+Z$/, "Z")
  const now = DateTime.formatIso(yield* DateTime.now).replace(/\.\d+Z$/, "Z")
  const name = sink.readBack.stream
  yield* readStream(connection, name, { options: { since, now }, wanted: new Set([name]) }).pipe(
    Stream.runForEach((group) =>
      Effect.gen(function* () {
        const number = page++
        for (const { r, span } of targets)
          commentsRead += yield* comparePage(r, number, group.rows[name] ?? [], span.roots)
      })
    )
  )
  for (const { r, span } of targets) commentsRead += yield* askForMissing(r, page, span.roots)
  const talks = targets.reduce((n, { r, span }) => n + (isConversation(r.entity) ? span.roots : 0), 0)
  return { commentsRead, talks }
})

/** When the records were written, and how many there are; undefined when none are. */
const spanOf = ({ entity, scope }: ReadBack) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* asTenant(scope.tenantId)(sql<{ first: number | null; last: number; roots: number }>`select
        (extract(epoch from min(least(l.created_at, o.at))) * 1000)::float8 as first,
        (extract(epoch from max(o.at)) * 1000)::float8 as last, count(*)::int as roots
      from job_record_outcomes o left join lateral (select created_at from load_ledger b where b.tenant_id = o.tenant_id and b.entity = o.entity
        and b.source_id = o.source_id and b.destination_account = ${scope.destinationAccount} and b.source_account = ${scope.sourceAccount}
        limit 1) l on true
      where o.job_id = ${scope.jobId}::uuid and o.entity = ${entity} and o.outcome not in ('failed', 'unknown')`)
    return row === undefined || row.first === null
      ? undefined
      : { firstMillis: row.first, lastMillis: row.last, roots: row.roots }
  })

const forget = ({ entity, scope }: ReadBack) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    asTenant(scope.tenantId)(sql`delete from tallies where job_id = ${scope.jobId}::uuid and stage = 'destination'
      and batch_key like ${`${entity}/%`}`)
  )

/** Records of the job by their ids at the source: what a destination record's source key names. */
const bySourceId = (r: ReadBack, ids: ReadonlyArray<string>) =>
  oursAmong(r, ids, (sql) => sql`o.source_id = any(${ids}::text[])`)

/** Records of the job by the id at the destination that their outcome or the ledger has. Looks through all of the job. */
const byDestinationId = (r: ReadBack, ids: ReadonlyArray<string>) =>
  oursAmong(r, ids, (sql) => sql`(l.destination_id = any(${ids}::text[]) or o.destination_id = any(${ids}::text[]))`)

const oursAmong = (
  { entity, scope }: ReadBack,
  ids: ReadonlyArray<string>,
  those: (sql: SqlClient.SqlClient) => Statement.Fragment
): Effect.Effect<ReadonlyArray<Ours>, SqlError.SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    if (ids.length === 0) return []
    const sql = yield* SqlClient.SqlClient
    return yield* asTenant(
      scope.tenantId
    )(sql<Ours>`select o.source_id, coalesce(o.destination_id, l.destination_id) as destination_id, l.state, o.outcome
      from job_record_outcomes o left join load_ledger l on l.tenant_id = o.tenant_id and l.entity = o.entity and l.source_id = o.source_id
        and l.destination_account = ${scope.destinationAccount} and l.source_account = ${scope.sourceAccount}
      where o.job_id = ${scope.jobId}::uuid and o.entity = ${entity} and o.outcome not in ('failed', 'unknown') and ${those(sql)}`)
  })

const thereOf = (sink: Sink<unknown>, row: Row): ReadonlyArray<There> => {
  const json: JsonObject = JSON.parse(row.json.toString("utf8"))
  const gone =
    row.op === "delete" || json["status"] === "deleted" || json["active"] === false || json["deleted"] === true
  return gone ? [] : [{ id: row.sourceId, key: sink.readBack.sourceKey(json), row: json }]
}

/** Compares one page; tickets whose comments were read. */
const comparePage = (r: ReadBack, page: number, rows: ReadonlyArray<Row>, roots: number) =>
  Effect.gen(function* () {
    const { entity, scope, sink } = r
    const there = rows.flatMap((row) => thereOf(sink, row))
    const prefix = sourceKey(scope.sourceAccount, entity, "")
    const keyed = new Map(
      there.flatMap((t) => (t.key?.startsWith(prefix) === true ? [[t.id, t.key.slice(prefix.length)] as const] : []))
    )
    const bySource = new Map((yield* bySourceId(r, [...keyed.values()])).map((o) => [o.source_id, o]))
    const ownOf = (t: There): Ours | undefined => bySource.get(keyed.get(t.id) ?? "")
    const others = there.filter((t) => ownOf(t) === undefined).map((t) => t.id)
    const byDestination = Map.groupBy(yield* byDestinationId(r, others), (o) => o.destination_id ?? "")
    const pairs = there.flatMap((t) => {
      const own = ownOf(t)
      const owners = own === undefined ? (byDestination.get(t.id) ?? []) : [own]
      return owners.map((o) => ({ there: t, ours: o }))
    })
    return yield* enterPairs(r, page, pairs, roots)
  })

/** What no list has shown is asked for by its key: a list may leave out what is old or was matched. */
const askForMissing = (r: ReadBack, page: number, roots: number) =>
  Effect.gen(function* () {
    const { entity, scope } = r
    const sql = yield* SqlClient.SqlClient
    const missing = yield* asTenant(
      scope.tenantId
    )(sql<Ours>`select o.source_id, coalesce(o.destination_id, l.destination_id) as destination_id,
        l.state, o.outcome
      from job_record_outcomes o left join load_ledger l on l.tenant_id = o.tenant_id and l.entity = o.entity and l.source_id = o.source_id
        and l.destination_account = ${scope.destinationAccount} and l.source_account = ${scope.sourceAccount}
      where o.job_id = ${scope.jobId}::uuid and o.entity = ${entity} and o.outcome not in ('failed', 'unknown', 'merged')
        and o.source_id not in (select u.id from tallies t, unnest(t.ids) as u(id) where t.job_id = ${scope.jobId}::uuid
          and t.stage = 'destination' and t.entity = ${entity})
      order by o.source_id collate "C" limit ${mostAsked}`)
    if (missing.length === 0) return 0
    const bodies = yield* expected(
      scope,
      entity,
      missing.map((m) => m.source_id),
      r.sink
    )
    const pairs: Array<Pair> = []
    for (const ours of missing) {
      const write = {
        entity,
        sourceId: ours.source_id,
        sourceKey: sourceKey(scope.sourceAccount, entity, ours.source_id),
        body: bodies.get(ours.source_id)?.body ?? {}
      }
      const looks = [...r.sink.lookup, ...(r.sink.match ?? [])]
      for (const look of looks) {
        const call: Call | null = look.call(r.connection.config, write)
        if (call === null) continue
        const ids = yield* found(r, call, (answer) => look.read(write, answer))
        if (ours.destination_id === null || !ids.includes(ours.destination_id)) continue
        // It exists; its fields were not in any list, so nothing is claimed about them.
        pairs.push({ there: { id: ours.destination_id, key: null, row: {} }, ours: { ...ours, state: "matched" } })
        break
      }
    }
    return yield* enterPairs(r, page, pairs, roots)
  })

const found = (r: ReadBack, call: Call, read: Parameters<VendorHttp["Service"]["read"]>[2]) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const gone = (e: VendorError): boolean => e.reason._tag === "Gone" || e.reason._tag === "Refused"
    const ids = yield* http.read(r.connection, call, read).pipe(Effect.catchIf(gone, () => Effect.succeed([])))
    return ids as ReadonlyArray<string>
  })
