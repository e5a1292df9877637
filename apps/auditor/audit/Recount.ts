// The archive counted again from its bytes: the hash of every vendor row computed anew, whatever the records claim. An archive
// row that was counted is not counted again. For Audit.ts.
import { Connections } from "@bridge/connectors/Connections"
import { sha256 } from "@bridge/domain/Canonical"
import { type EntityId, entities } from "@bridge/domain/Entities"
import { cutPage } from "@bridge/http/Rows"
import { Blobs } from "@bridge/store/Blobs"
import { asTenant } from "@bridge/store/Postgres"
import { unpacked } from "@bridge/store/RawData"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { enter } from "../tally/Books.ts"
import type { Derive, Tally } from "../tally/Count.ts"
import { deriver } from "../tally/Derived.ts"

interface ArchiveKey {
  readonly id: string
  readonly entity: EntityId
  readonly stream: string
  readonly batch: number
}

interface RecordRow {
  readonly entity: EntityId
  readonly source_id: string
  readonly position: number
}

const stageOf = (key: ArchiveKey): string => `${key.stream}/${key.batch}`

/** Tallies of stage `archive` for every row of the archive that has none. */
export const recount = (tenantId: string, jobId: string, sourceConnection: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const open = yield* asTenant(
      tenantId
    )(sql<ArchiveKey>`select d.id::text, d.entity_type as entity, d.stream, d.batch_number as batch
        from job_extracted_data d where d.job_id = ${jobId}::uuid and d.raw_data is not null and not exists (select 1 from tallies t
          where t.job_id = d.job_id and t.stage = 'archive' and t.entity = d.entity_type
            and t.batch_key = d.stream || '/' || d.batch_number)
        order by d.entity_type, d.stream, d.batch_number`)
    for (const key of open) yield* recountRow(tenantId, jobId, sourceConnection, key)
    return open.length
  })

const recountRow = (tenantId: string, jobId: string, sourceConnection: string, key: ArchiveKey) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const derived = entities.filter((e) => e.derivedFrom === key.entity).map((e) => e.id)
    const read = Effect.gen(function* () {
      const [row] = yield* sql<{
        raw: Uint8Array
      }>`select raw_data as raw from job_extracted_data where id = ${key.id}::uuid`
      const records =
        yield* sql<RecordRow>`select entity, source_id, position from job_records where job_id = ${jobId}::uuid
        and entity = any(${[key.entity, ...derived]}::text[]) and stream = ${key.stream} and batch = ${key.batch}`
      return { raw: row?.raw ?? Buffer.from("[]"), records }
    })
    const { raw, records } = yield* asTenant(tenantId)(read)
    const bodies = yield* bodiesOf(
      tenantId,
      yield* unpacked(raw).pipe(Effect.catch(() => Effect.succeed(Buffer.from("[]"))))
    )
    const derive = derived.length === 0 ? null : yield* deriveOf(tenantId, sourceConnection, key)
    const tallies = tallyArchive(key.entity, stageOf(key), bodies, records, derive)
    yield* asTenant(tenantId)(enter(tenantId, jobId, "archive", tallies))
  })

/** The rows' own bytes by position; null for a row that is not there (dead), or whose blob is gone or damaged. */
const bodiesOf = (tenantId: string, raw: Buffer) =>
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const bodies: Array<Buffer | null> = []
    for (const { isObject, json } of cutPage(raw, "", []).rows) {
      const blob = isObject
        ? /^\{"\$blob":"([0-9a-f]{64})","bytes":\d+\}$/.exec(json.length < 120 ? json.toString("latin1") : "")
        : null
      if (blob === null) bodies.push(isObject ? json : null)
      else
        bodies.push(
          yield* blobs.get(tenantId, blob[1] ?? "").pipe(
            Effect.catchIf(
              (e) => e._tag === "BlobError" && !e.transient,
              () => Effect.succeed(null)
            )
          )
        )
    }
    return bodies
  })

const deriveOf = (tenantId: string, connectionId: string, key: ArchiveKey) =>
  Effect.gen(function* () {
    const connection = yield* (yield* Connections).open(tenantId, connectionId)
    const stream = connection.connector.streams.find(
      (s) => s.entity === key.entity && (s.name === key.stream || s.parent === key.stream)
    )
    return deriver(connection, stream?.name ?? key.stream)
  })

/** Which hash each record has according to the bytes it lies in. Pure. */
export const tallyArchive = (
  entity: EntityId,
  batchKey: string,
  bodies: ReadonlyArray<Buffer | null>,
  records: ReadonlyArray<RecordRow>,
  derive: Derive | null
): ReadonlyArray<Tally> => {
  const hashes = bodies.map((body) => (body === null ? "" : sha256(body)))
  const byDerived = new Map<string, string>()
  if (derive !== null) {
    bodies.forEach((body, i) => {
      if (body === null) return
      for (const one of derive(body)) byDerived.set(`${one.entity}\n${one.sourceId}`, hashes[i] ?? "")
    })
  }
  const columns = new Map<EntityId, { ids: Array<string>; hashes: Array<string>; notes: Array<string> }>([
    [entity, { ids: [], hashes: [], notes: [] }]
  ])
  for (const r of records) {
    const hash = r.entity === entity ? (hashes[r.position] ?? "") : (byDerived.get(`${r.entity}\n${r.source_id}`) ?? "")
    const into = columns.get(r.entity) ?? { ids: [], hashes: [], notes: [] }
    columns.set(r.entity, into)
    into.ids.push(r.source_id)
    into.hashes.push(hash)
    into.notes.push("")
  }
  return [...columns].map(([id, c]) => ({ entity: id, batchKey, ...c }))
}
