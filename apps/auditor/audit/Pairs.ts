// Destination records paired with the records of the job that they come from: compared, and entered as tallies of stage
// `destination`. For ReadBack.ts, which finds the pairs.
import { streamOf } from "@bridge/connectors/Engine"
import type { Row } from "@bridge/connectors/Row"
import type { AssembledFile } from "@bridge/domain/Assemble"
import { sha256 } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import type { AssembledComment } from "@bridge/domain/Folded"
import { isConversation } from "@bridge/domain/Records"
import type { JsonObject } from "@bridge/http/Call"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { enter } from "../tally/Books.ts"
import type { Tally } from "../tally/Count.ts"
import { lacking } from "./Beside.ts"
import { expected } from "./Expected.ts"
import { changedFields, compareComments } from "./Fields.ts"
import { hashOf } from "./FileHash.ts"
import { pairFiles } from "./FilePairs.ts"
import type { Pair, ReadBack } from "./There.ts"

interface Column {
  readonly id: string
  readonly destinationId: string
  readonly note: string
}

/** Enters one page of pairs; tickets whose comments were read. `roots` is how many the job has in all. */
export const enterPairs = (r: ReadBack, page: number, pairs: ReadonlyArray<Pair>, roots: number) =>
  Effect.gen(function* () {
    if (pairs.length === 0) return 0
    const { entity, scope } = r
    // What was matched is not ours to compare, and a merged record is its winner's.
    const mine = pairs.filter((p) => p.ours.state !== "matched" && p.ours.outcome !== "merged")
    const aggregates = yield* expected(
      scope,
      entity,
      mine.map((p) => p.ours.source_id),
      r.sink
    )
    const ofComments = yield* Effect.forEach(
      !isConversation(entity) ? [] : mine.filter((p) => isChosen(p.ours.source_id, r.comments, roots)),
      (pair) =>
        Effect.gen(function* () {
          const rows = yield* commentsOf(r, pair)
          if (rows === undefined) return []
          const aggregate = aggregates.get(pair.ours.source_id)
          const columns = commentColumns(pair, aggregate?.comments ?? [], rows)
          return [{ ...columns, files: yield* fileColumns(r, pair, aggregate?.files ?? [], rows) }]
        }),
      { concurrency: 4 }
    )
    const read = ofComments.flat()
    const described = new Set(read.filter((c) => c.description).map((c) => c.sourceId))
    const own = new Set(mine)
    const chosen = mine.filter((p) => isChosen(p.ours.source_id, r.comments, roots))
    const lacks = yield* lacking(r, chosen, aggregates)
    const rootColumns = pairs.map((pair): Column => {
      const { ours, there } = pair
      const aggregate = own.has(pair) ? aggregates.get(ours.source_id) : undefined
      const { derived } = r.sink
      const fields =
        aggregate === undefined
          ? []
          : changedFields(aggregate.body, there.row).map((field) =>
              // Somebody who was there before keeps what they had: what follows from it is told, and is no fault.
              field === derived?.field && aggregate.toMatched.has(derived.by) ? `${notOurs}${field}` : field
            )
      const all = [
        ...fields,
        ...(described.has(ours.source_id) ? ["description"] : []),
        ...(lacks.has(ours.source_id) && own.has(pair) ? [r.sink.further?.field ?? ""] : [])
      ]
      return { id: ours.source_id, destinationId: there.id, note: all.join(",") }
    })
    const tally = (id: EntityId, columns: ReadonlyArray<Column>) => tallyOf(id, `${entity}/${page}`, columns)
    const tallies = [
      tally(entity, rootColumns),
      ...(isConversation(entity)
        ? [
            tally(
              "comment",
              read.flatMap((c) => c.columns)
            ),
            tally(
              "attachment",
              read.flatMap((c) => c.files)
            )
          ]
        : [])
    ]
    yield* asTenant(scope.tenantId)(enter(scope.tenantId, scope.jobId, "destination", tallies))
    return read.length
  })

/** Before the name of a field whose difference is not ours. */
const notOurs = "~"

const tallyOf = (entity: EntityId, batchKey: string, columns: ReadonlyArray<Column>): Tally => ({
  entity,
  batchKey,
  ids: columns.map((c) => c.id),
  hashes: columns.map((c) => c.destinationId),
  notes: columns.map((c) => c.note)
})

/** All of them, or a sample that is the same on every run. */
const isChosen = (sourceId: string, limit: number, roots: number): boolean =>
  roots <= limit || Number.parseInt(sha256(sourceId).slice(0, 8), 16) % roots < limit

/** The comments of a ticket as the destination shows them; undefined where there is no such stream. */
const commentsOf = (r: ReadBack, { there }: Pair) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { config, connector } = r.connection
    const stream = streamOf(connector, r.sink.readBack.stream)
    const child = connector.streams.find((s) => s.entity === "comment" && s.parent === stream.name)
    if (child === undefined || stream.expand === undefined || Object.keys(there.row).length === 0) return undefined
    const row: Row = { sourceId: there.id, version: "", op: "upsert", json: Buffer.from(JSON.stringify(there.row)) }
    const rows: Array<JsonObject> = []
    for (const first of stream.expand(config, row, new Set([child.name])).children) {
      let next: typeof first | null = first
      while (next !== null) {
        const now: typeof first = next
        const call = r.sink.uploads?.listing(now.call) ?? now.call
        const page: ReturnType<typeof first.read> = yield* http.read(r.connection, call, (answer) => now.read(answer))
        for (const one of page.rows) rows.push(compared(JSON.parse(one.json.toString("utf8")) as JsonObject))
        next = page.next
      }
    }
    return rows
  })

/** A destination may give a text of 10 MB three times, and there are thousands: only the one that is compared is kept. */
const compared = (comment: JsonObject): JsonObject => {
  const { body, plain_body: _same, ...rest } = comment
  return typeof rest["html_body"] === "string" || body === undefined ? rest : { ...rest, body }
}

interface TicketComments {
  readonly sourceId: string
  /** True when the first comment, the ticket's own text, is missing or differs. */
  readonly description: boolean
  readonly columns: ReadonlyArray<Column>
}

/** A column per comment of the source: its differences, `missing`, or nothing; and one per comment too many, `extra`. */
export const commentColumns = (
  { ours, there }: Pair,
  approved: ReadonlyArray<AssembledComment>,
  rows: ReadonlyArray<JsonObject>
): TicketComments => {
  const finding = compareComments(approved, rows)
  const notes = new Map<string | null, ReadonlyArray<string>>(approved.map((c) => [c.sourceId, []]))
  for (const { fields, sourceId } of finding.changed) notes.set(sourceId, [...(notes.get(sourceId) ?? []), ...fields])
  for (const sourceId of finding.missing) notes.set(sourceId, ["missing"])
  const column = (id: string, note: string): Column => ({ id, destinationId: there.id, note })
  return {
    sourceId: ours.source_id,
    description: (notes.get(null) ?? []).length > 0,
    columns: [
      ...[...notes].flatMap(([id, words]) => (id === null ? [] : [column(id, [...new Set(words)].join(","))])),
      ...Array.from({ length: finding.extra }, (_, i) => column(`${ours.source_id}#${i}`, "extra"))
    ]
  }
}

/** A column per file of the source: `missing`, `bytes` where its hash is another one, or nothing; one per file too many, `extra`. */
const fileColumns = (
  r: ReadBack,
  { ours, there }: Pair,
  approved: ReadonlyArray<AssembledFile>,
  rows: ReadonlyArray<JsonObject>
) =>
  Effect.gen(function* () {
    const { uploads } = r.sink
    if (uploads === undefined) return []
    const { extra, pairs } = pairFiles(
      approved,
      rows.map((row) => uploads.files(row))
    )
    const columns: Array<Column> = []
    for (const { approved: file, there: one } of pairs) {
      const same = one !== null && one.url !== null && (yield* hashOf(r.connection, one.url)) === file.sha256
      const note = one === null ? "missing" : same ? "" : "bytes"
      columns.push({ id: file.sourceId, destinationId: one?.id ?? there.id, note })
    }
    return [
      ...columns,
      ...Array.from(
        { length: extra },
        (_, i): Column => ({ id: `${ours.source_id}#${i}`, destinationId: there.id, note: "extra" })
      )
    ]
  })
