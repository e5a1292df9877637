// Reads the destination back: is every loaded record there, once, with what was approved? Streams the destination's own lists
// and compares what is ours; what a list does not show is asked for by itself. Begins anew when it was interrupted.
import type { OpenConnection } from "@bridge/connectors/Connections"
import type { Call, Row, Sink } from "@bridge/connectors/Connector"
import { readStream, streamOf } from "@bridge/connectors/Engine"
import { sha256 } from "@bridge/domain/Canonical"
import { type EntityId, partsOf } from "@bridge/domain/Entities"
import { sourceKey } from "@bridge/domain/Jobs"
import type { JsonObject } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { asTenant } from "@bridge/store/Postgres"
import { Clock, DateTime, Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { enter } from "../tally/Books.ts"
import type { Tally } from "../tally/Count.ts"
import { expected, type Scope } from "./Expected.ts"
import { changedFields, compareComments } from "./Fields.ts"

export interface ReadBack {
  readonly scope: Scope
  readonly connection: OpenConnection
  readonly sink: Sink<unknown>
  readonly entity: EntityId
  /** Tickets whose comments are read, a call each. */
  readonly comments: number
  /** In place of the sink's own lag; null: the sink's. */
  readonly lagMillis: number | null
  readonly waiting: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Records that a list did not show and that are asked for one by one. */
const mostAsked = 1_000
/** Before the first write, for clocks that differ. */
const sinceMarginMillis = 10 * 60_000

/** Fills the tallies of stage `destination`; how many tickets had their comments read. */
export const readBack = Effect.fn("Audit.readBack")(function* (r: ReadBack) {
  const span = yield* spanOf(r)
  if (span === undefined) return { commentsRead: 0, roots: 0 }
  const nowMillis = yield* Clock.currentTimeMillis
  yield* r.waiting(Effect.sleep(Math.max(0, span.lastMillis + (r.lagMillis ?? r.sink.readBack.lagMillis) - nowMillis)))
  yield* forget(r)
  let page = 0
  let commentsRead = 0
  const since = DateTime.formatIso(DateTime.makeUnsafe(span.firstMillis - sinceMarginMillis)).replace(/\.\d+Z$/, "Z")
  const now = DateTime.formatIso(yield* DateTime.now).replace(/\.\d+Z$/, "Z")
  const name = r.sink.readBack.stream
  yield* readStream(r.connection, name, { options: { since, now }, wanted: new Set([name]) }).pipe(
    Stream.runForEach((group) =>
      Effect.gen(function* () {
        commentsRead += yield* comparePage(r, page++, group.rows[name] ?? [], span.roots)
      })
    )
  )
  commentsRead += yield* askForMissing(r, page, span.roots)
  return { commentsRead, roots: span.roots }
})

/** When the records were written, and how many there are; undefined when none are. */
const spanOf = ({ entity, scope }: ReadBack) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* asTenant(scope.tenantId)(sql<{ first: number | null; last: number; roots: number }>`select
        (extract(epoch from min(least(l.created_at, o.at))) * 1000)::float8 as first,
        (extract(epoch from max(o.at)) * 1000)::float8 as last, count(*)::int as roots
      from job_record_outcomes o left join load_ledger l on l.tenant_id = o.tenant_id and l.entity = o.entity and l.source_id = o.source_id
        and l.destination_account = ${scope.destinationAccount} and l.source_account = ${scope.sourceAccount}
      where o.job_id = ${scope.jobId}::uuid and o.entity = ${entity} and o.outcome not in ('failed', 'unknown')`)
    return row === undefined || row.first === null
      ? undefined
      : { firstMillis: row.first, lastMillis: row.last, roots: row.roots }
  })

const forget = ({ entity, scope }: ReadBack) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    asTenant(scope.tenantId)(sql`delete from tallies where job_id = ${scope.jobId}::uuid and stage = 'destination'
      and entity = any(${[entity, ...partsOf(entity).map((e) => e.id)]}::text[])`)
  )

interface Ours {
  readonly source_id: string
  readonly destination_id: string | null
  readonly state: string | null
  readonly outcome: string
}

/** Records of the job that these destination records belong to: by source key, or by the id the ledger has. */
const oursAmong = (
  { entity, scope }: ReadBack,
  sourceIds: ReadonlyArray<string>,
  destinationIds: ReadonlyArray<string>
) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    asTenant(
      scope.tenantId
    )(sql<Ours>`select o.source_id, coalesce(o.destination_id, l.destination_id) as destination_id, l.state, o.outcome
      from job_record_outcomes o left join load_ledger l on l.tenant_id = o.tenant_id and l.entity = o.entity and l.source_id = o.source_id
        and l.destination_account = ${scope.destinationAccount} and l.source_account = ${scope.sourceAccount}
      where o.job_id = ${scope.jobId}::uuid and o.entity = ${entity} and o.outcome not in ('failed', 'unknown')
        and (o.source_id = any(${sourceIds}::text[]) or l.destination_id = any(${destinationIds}::text[])
          or o.destination_id = any(${destinationIds}::text[]))`)
  )

interface There {
  readonly id: string
  readonly key: string | null
  readonly row: JsonObject
}

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
    const ours = yield* oursAmong(
      r,
      [...keyed.values()],
      there.map((t) => t.id)
    )
    const bySource = new Map(ours.map((o) => [o.source_id, o]))
    const byDestination = Map.groupBy(ours, (o) => o.destination_id ?? "")
    const pairs = there.flatMap((t) => {
      const source = keyed.get(t.id)
      const own = source === undefined ? undefined : bySource.get(source)
      const owners = own === undefined ? (byDestination.get(t.id) ?? []) : [own]
      return owners.map((o) => ({ there: t, ours: o }))
    })
    return yield* enterPairs(r, page, pairs, roots)
  })

interface Pair {
  readonly there: There
  readonly ours: Ours
}

const enterPairs = (r: ReadBack, page: number, pairs: ReadonlyArray<Pair>, roots: number) =>
  Effect.gen(function* () {
    if (pairs.length === 0) return 0
    const { entity, scope } = r
    // What was matched is not ours to compare, and a merged record is its winner's.
    const mine = pairs.filter((p) => p.ours.state !== "matched" && p.ours.outcome !== "merged")
    const bodies = yield* expected(
      scope,
      entity,
      mine.map((p) => p.ours.source_id)
    )
    const root = { ids: [] as Array<string>, hashes: [] as Array<string>, notes: [] as Array<string> }
    for (const { ours, there } of pairs) {
      const body = mine.some((m) => m.ours === ours) ? bodies.get(ours.source_id)?.body : undefined
      root.ids.push(ours.source_id)
      root.hashes.push(there.id)
      root.notes.push(body === undefined ? "" : changedFields(body, there.row).join(","))
    }
    const tallies: Array<Tally> = [{ entity, batchKey: String(page), ...root }]
    const chosen = mine.filter((p) => isChosen(p.ours.source_id, r.comments, roots))
    const parts = partsOf(entity)[0]
    let read = 0
    if (parts !== undefined && chosen.length > 0) {
      const found = yield* Effect.forEach(
        chosen,
        (pair) => commentsOf(r, pair, parts.id).pipe(Effect.map((rows) => ({ pair, rows }))),
        { concurrency: 4 }
      )
      const comments = { ids: [] as Array<string>, hashes: [] as Array<string>, notes: [] as Array<string> }
      for (const { pair, rows } of found) {
        if (rows === undefined) continue
        read++
        const approved = bodies.get(pair.ours.source_id)?.comments ?? []
        const finding = compareComments(approved, rows)
        const note = (sourceId: string | null, text: string): void => {
          // The description belongs to the ticket.
          if (sourceId === null)
            root.notes[root.ids.indexOf(pair.ours.source_id)] = join(
              root.notes[root.ids.indexOf(pair.ours.source_id)] ?? "",
              "description"
            )
          else {
            comments.ids.push(sourceId)
            comments.hashes.push(pair.there.id)
            comments.notes.push(text)
          }
        }
        const seen = new Map<string | null, string>()
        for (const one of approved) seen.set(one.sourceId, "")
        for (const one of finding.changed)
          seen.set(one.sourceId, join(seen.get(one.sourceId) ?? "", one.fields.join(",")))
        for (const id of finding.missing) seen.set(id, "missing")
        for (const [sourceId, text] of seen) if (sourceId !== null || text !== "") note(sourceId, text)
        for (let i = 0; i < finding.extra; i++) note(`${pair.ours.source_id}#${i}`, "extra")
      }
      tallies.push({ entity: parts.id, batchKey: String(page), ...comments })
    }
    yield* asTenant(scope.tenantId)(enter(scope.tenantId, scope.jobId, "destination", tallies))
    return read
  })

const join = (a: string, b: string): string =>
  [...new Set([...a.split(","), ...b.split(",")])].filter((x) => x !== "").join(",")

/** All of them, or a sample that is the same on every run. */
const isChosen = (sourceId: string, limit: number, roots: number): boolean =>
  roots <= limit || Number.parseInt(sha256(sourceId).slice(0, 8), 16) % roots < limit

/** The comments of a ticket as the destination shows them; undefined where there is no such stream. */
const commentsOf = (r: ReadBack, { there }: Pair, part: EntityId) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { config, connector } = r.connection
    const stream = streamOf(connector, r.sink.readBack.stream)
    const child = connector.streams.find((s) => s.entity === part && s.parent === stream.name)
    if (child === undefined || stream.expand === undefined) return undefined
    const row: Row = { sourceId: there.id, version: "", op: "upsert", json: Buffer.from(JSON.stringify(there.row)) }
    const rows: Array<JsonObject> = []
    for (const first of stream.expand(config, row, new Set([child.name])).children) {
      let next: typeof first | null = first
      while (next !== null) {
        const now: typeof first = next
        const page: ReturnType<typeof first.read> = yield* http.read(r.connection, now.call, (answer) =>
          now.read(answer)
        )
        for (const one of page.rows) rows.push(JSON.parse(one.json.toString("utf8")) as JsonObject)
        next = page.next
      }
    }
    return rows
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
      missing.map((m) => m.source_id)
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
