// A changed mapping over what is archived: the transform runs again, batch by batch, until all carry the job's revision.
// For Settler.ts. What does not belong here: the topics (canonical records do not change), settling.
import { Commands } from "@bridge/flow/Commands"
import { type Run, StageError, Transient } from "@bridge/flow/Stage"
import { withRules } from "@bridge/mapping/rules/Rules"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Archive from "./Archive.ts"
import { type RawRow, refineRows } from "./Batch.ts"
import type { RawRecord } from "./Envelopes.ts"
import { isEntityId } from "./Keys.ts"
import { elementArray } from "./Layout.ts"
import { Mappings } from "./Mappings.ts"
import { largeElements, withBodies } from "./Rows.ts"
import { type Reader, Sources } from "./Sources.ts"

/** Works until nothing is behind ("ended"), nothing may be written any more ("stopped") or others wait ("slice"). */
export const remap = (run: Run, jobId: string) =>
  Effect.gen(function* () {
    for (;;) {
      const next = yield* run.transaction(behind(jobId))
      if (next === undefined) return "stopped" as const
      if (next.key === undefined) return "ended" as const
      yield* remapBatch(run, { ...next.key, tenantId: run.tenantId }, next.job)
      if (yield* run.crowded) return "slice" as const
    }
  })

/** The next batch that carries an older revision. */
const behind = (jobId: string) =>
  Effect.gen(function* () {
    const job = yield* Archive.jobFacts(jobId, "none")
    if (job === undefined || !job.writable) return undefined
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ stream: string; entity: string; number: number }>`select stream, entity, number
      from job_batches where job_id = ${jobId}::uuid and state = 'refined' and revision < ${job.revision}
      order by stream, entity, number limit 1`
    const [row] = rows
    const key = row !== undefined && isEntityId(row.entity) ? { jobId, ...row, entity: row.entity } : undefined
    return { job, key }
  })

const remapBatch = (run: Run, key: Archive.BatchKey, job: Archive.JobFacts) =>
  Effect.gen(function* () {
    const mappings = yield* Mappings
    const sources = yield* Sources
    const compiled = yield* run.transaction(mappings.of(job)).pipe(Effect.catchTag("MappingUnusable", wait))
    const reader = yield* sources.reader(run.tenantId, job.sourceConnection).pipe(Effect.catch(wait))
    const archived = yield* run.transaction(
      Effect.all({ bodies: Archive.archivedRows(key), records: Archive.archivedRecords(key) })
    )
    const { lost, rows } = yield* withBodies(run.tenantId, rowsOf(key, reader, archived))
    const wanted = new Set(job.entities)
    const batch = yield* withRules(compiled.mapping, compiled.transforms, (transforms) =>
      refineRows(key.entity, rows, { normaliser: reader.normaliser, transforms, wanted, tell: null })
    )
    const stored = yield* largeElements(run.tenantId, batch.records)
    const entities = [...new Set([key.entity, ...batch.records.map((record) => record.entity)])]
    const elements = entities.map((entity) => {
      const mine = batch.records.filter((record) => record.entity === entity)
      const size = entity === key.entity ? archived.bodies.length : 0
      return { entity, transformed: elementArray(size, mine, stored), count: mine.length }
    })
    const gone = [
      ...batch.dead.map(({ message, row }) => ({ sourceId: row.sourceId, reason: `cannot be read: ${message}` })),
      ...lost.map((row) => ({ sourceId: row.sourceId, reason: "the body is not in the blob store any more" }))
    ]
    yield* run.transaction(
      Effect.gen(function* () {
        const now = yield* Archive.jobFacts(key.jobId, "share")
        // Changed again meanwhile: the next round takes the newer mapping. Promise 3: approved is frozen.
        if (now === undefined || !now.writable || now.revision !== job.revision) return
        yield* Archive.retransform(key, elements)
        yield* Archive.records(key, job.revision, batch.records)
        yield* Archive.unreadable(key, job.revision, gone)
        yield* Archive.refined(key, job.revision)
        yield* announce(run, key.jobId, job.revision)
      })
    )
  })

const wait = (cause: unknown) => Effect.fail(new StageError({ stage: "settle", reason: new Transient({ cause }) }))

/** With the last batch, in its transaction. */
const announce = (run: Run, jobId: string, revision: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const left = yield* sql`select 1 from job_batches where job_id = ${jobId}::uuid and state = 'refined'
      and revision < ${revision} limit 1`
    if (left.length > 0) return
    const commands = yield* Commands
    yield* commands.emit([{ type: "remapped", tenantId: run.tenantId, jobId, detail: { revision } }])
  })

/** The rows that count, as they came, with what the records keep of their envelopes. */
const rowsOf = (
  key: Archive.BatchKey,
  reader: Reader,
  archived: {
    readonly bodies: ReadonlyArray<Buffer>
    readonly records: ReadonlyArray<Archive.ArchivedRecord>
  }
): ReadonlyArray<RawRecord> => {
  const rowStream = reader.rowStream(key.stream, key.entity)
  return archived.records.flatMap((record): ReadonlyArray<RawRecord> => {
    const body = archived.bodies[record.position]
    if (body === undefined || body.equals(nothing)) return []
    const blob = blobOf(body)
    const shared: Omit<RawRow, "bytes" | "blob"> = {
      position: record.position,
      sourceId: record.sourceId,
      parentId: record.parentId,
      rowStream,
      version: record.version,
      op: record.deleted ? "delete" : "upsert",
      contentHash: record.rawHash,
      eventId: ""
    }
    return [{ ...shared, blob, bytes: blob === null ? body : null }]
  })
}

const nothing = Buffer.from("null")

/** The hash in a pointer (Layout.ts); null for a row that is here itself. */
const blobOf = (body: Buffer): string | null =>
  body.length > 120 ? null : (/^\{"\$blob":"([0-9a-f]{64})","bytes":\d+\}$/.exec(body.toString("latin1"))?.[1] ?? null)
