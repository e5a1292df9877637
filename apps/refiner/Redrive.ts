// Dead letters of a job, worked on once more: rows that can be read by now take the places they were sent for.
// For Settler.ts. What does not belong here: who asks for it (apps/api), letters of other stages.
import type { EntityId } from "@bridge/domain/Entities"
import { type Run, StageError, Transient } from "@bridge/flow/Stage"
import { Producer } from "@bridge/kafka/Broker"
import { withRules } from "@bridge/mapping/rules/Rules"
import { packed } from "@bridge/store/RawData"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Archive from "./Archive.ts"
import { type RawRow, type RefinedRecord, refineRows } from "./Batch.ts"
import { Envelopes, type Opened } from "./Envelopes.ts"
import { isEntityId } from "./Keys.ts"
import { patched } from "./Layout.ts"
import { Mappings } from "./Mappings.ts"
import { Normalized } from "./Normalized.ts"
import { largeElements, withBodies } from "./Rows.ts"
import { Sources } from "./Sources.ts"

interface Letter {
  readonly id: string
  readonly entity: string | null
  readonly event_id: string
  readonly payload: Uint8Array
}

interface Reopened {
  readonly letter: Letter
  readonly opened: Opened
}

/** How many letters are taken up at once. */
const atOnce = 500

const wait = (cause: unknown) => Effect.fail(new StageError({ stage: "settle", reason: new Transient({ cause }) }))

/** All open letters of the job, or the one named; what fails again is dead again, under the next number. */
export const redrive = (run: Run, jobId: string, letterId: string) =>
  Effect.gen(function* () {
    const until = yield* run.transaction(now)
    let after = "00000000-0000-0000-0000-000000000000"
    for (;;) {
      const letters = yield* run.transaction(openLetters(jobId, letterId, after, until))
      if (letters === undefined || letters.length === 0) return
      const reopened = yield* Effect.forEach(letters, reopen)
      for (const group of byBatch(reopened.flatMap((one) => (one === null ? [] : [one])))) yield* again(run, group)
      after = letters.at(-1)?.id ?? after
    }
  })

/** Letters written from here on are those that this pass writes itself. */
const now = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ now: string }>`select now()::text as now`, ([row]) => row?.now ?? "")
)

const openLetters = (jobId: string, letterId: string, after: string, until: string) =>
  Effect.gen(function* () {
    const job = yield* Archive.jobFacts(jobId, "none")
    if (job === undefined || !job.writable) return undefined
    const sql = yield* SqlClient.SqlClient
    return yield* sql<Letter>`select id::text, entity, event_id, payload from dead_letters
      where job_id = ${jobId}::uuid and stage = 'refine' and state = 'open' and payload is not null and id > ${after}::uuid
        and created_at <= ${until}::timestamptz
        and (${letterId} = '' or id::text = ${letterId}) order by id limit ${atOnce}`
  })

/** Null for what is still no raw record. */
const reopen = (letter: Letter) =>
  Effect.gen(function* () {
    if (letter.entity === null || !isEntityId(letter.entity)) return null
    const envelopes = yield* Envelopes
    const value = Buffer.from(letter.payload)
    const reader = yield* envelopes.reader(letter.entity, [value]).pipe(Effect.catch(wait))
    return yield* Effect.try(() => ({ letter, opened: reader(value, letter.event_id) })).pipe(
      Effect.catch(() => Effect.succeed(null))
    )
  })

const byBatch = (letters: ReadonlyArray<Reopened>): ReadonlyArray<ReadonlyArray<Reopened>> => {
  const groups = new Map<string, Array<Reopened>>()
  for (const one of letters) {
    const { entity, epoch, number, stream } = one.opened.head
    const key = `${stream}/${entity}/${number}/${epoch}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups.values()]
}

/** The letters of one batch. */
const again = (run: Run, letters: ReadonlyArray<Reopened>) =>
  Effect.gen(function* () {
    const [first] = letters
    if (first === undefined) return
    const { batch: raw, entity, epoch, jobId, number, stream } = first.opened.head
    const key: Archive.BatchKey = { tenantId: run.tenantId, jobId, stream, entity, number }
    const mappings = yield* Mappings
    const sources = yield* Sources
    const job = yield* run.transaction(Archive.jobFacts(jobId, "none"))
    if (job === undefined) return
    const compiled = yield* run.transaction(mappings.of(job)).pipe(Effect.catchTag("MappingUnusable", wait))
    const reader = yield* sources.reader(run.tenantId, job.sourceConnection).pipe(Effect.catch(wait))
    const { rows } = yield* withBodies(
      run.tenantId,
      letters.map((one) => one.opened.row)
    )
    const free = yield* run.transaction(lengths(key))
    const wanted = new Set(job.entities)
    const normalized = yield* Normalized
    const nowMillis = yield* Clock.currentTimeMillis
    const tell = yield* normalized.teller(key, raw, job.revision, nowMillis).pipe(Effect.catch(wait))
    const { normaliser } = reader
    const firstFree = (id: EntityId) => free.get(id) ?? 0
    const batch = yield* withRules(compiled.mapping, compiled.transforms, (transforms, asking) =>
      refineRows(entity, rows, { normaliser, transforms, wanted, tell: asking ? null : tell, firstFree })
    )
    const stored = yield* largeElements(run.tenantId, batch.records)
    const alive = new Set(batch.records.map((record) => record.row))
    const producer = yield* Producer
    yield* producer.sendAll(normalized.sends(run.tenantId, batch.records))
    yield* run.transaction(
      Effect.gen(function* () {
        // The records change: what was settled is void. Promise 3: approved is frozen.
        const locked = yield* Archive.jobFacts(jobId, "update")
        if (locked === undefined || !locked.writable || locked.revision !== job.revision) return
        if ((yield* Archive.standing(key, epoch, true)).state !== "refined") return
        yield* patch(
          key,
          [...alive],
          batch.records,
          stored,
          new Map(letters.map((one) => [one.opened.row.position, one]))
        )
        yield* Archive.records(key, job.revision, batch.records)
        const sql = yield* SqlClient.SqlClient
        yield* sql`update jobs set settled_revision = null, updated_at = now() where id = ${jobId}::uuid`
        const positions = new Set([...alive].map((row) => row.position))
        yield* close(letters.filter((one) => positions.has(one.opened.row.position)))
        yield* deadAgain(letters.filter((one) => !positions.has(one.opened.row.position)))
      })
    )
  })

/** How many elements each archive row of the batch has by now. */
const lengths = (key: Archive.BatchKey) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ entity: EntityId; n: number }>`select entity_type as entity,
        json_array_length(transformed_data) as n from job_extracted_data
      where job_id = ${key.jobId}::uuid and stream = ${key.stream} and batch_number = ${key.number}`
    return new Map(rows.map(({ entity, n }) => [entity, n]))
  })

/** Puts rows and elements where the archive has `null` for them. */
const patch = (
  key: Archive.BatchKey,
  rows: ReadonlyArray<RawRow>,
  records: ReadonlyArray<RefinedRecord>,
  stored: ReadonlyMap<RefinedRecord, string>,
  letters: ReadonlyMap<number, Reopened>
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const mine = rows.filter((row) => letters.has(row.position))
    const raw = yield* packed(patched(yield* Archive.archivedRows(key), mine))
    yield* sql`update job_extracted_data set record_count = record_count + ${mine.length}, updated_at = now(), raw_data = ${raw}
      where job_id = ${key.jobId}::uuid and entity_type = ${key.entity} and stream = ${key.stream}
        and batch_number = ${key.number}`
    for (const entity of new Set(records.map((record) => record.entity))) {
      if (entity === key.entity) continue
      // All rows with such records may have been dead.
      yield* sql`insert into job_extracted_data (job_id, tenant_id, entity_type, stream, batch_number, source_system,
          transformed_data, record_count, extraction_timestamp, expires_at)
        select job_id, tenant_id, ${entity}, stream, batch_number, source_system, '[]', 0, extraction_timestamp, expires_at
        from job_extracted_data where job_id = ${key.jobId}::uuid and entity_type = ${key.entity}
          and stream = ${key.stream} and batch_number = ${key.number} on conflict do nothing`
    }
    for (const entity of new Set(records.map((record) => record.entity))) {
      const list = records.filter((record) => record.entity === entity)
      const size = Math.max(...list.map((record) => record.position)) + 1
      // The rows of the batch's own entity were counted above.
      const counted = entity === key.entity ? 0 : list.length
      yield* sql`update job_extracted_data d set record_count = record_count + ${counted}, updated_at = now(),
          transformed_data = (select json_agg(coalesce(u.e::json, d.transformed_data -> g.n, 'null') order by g.n)
            from generate_series(0, greatest(json_array_length(d.transformed_data), ${size}::int) - 1) as g(n)
              left join unnest(${list.map((record) => record.position)}::int[],
                ${list.map((record) => stored.get(record) ?? record.element?.toString("utf8") ?? "null")}::text[]) as u(n, e) on u.n = g.n)
        where job_id = ${key.jobId}::uuid and entity_type = ${entity} and stream = ${key.stream}
          and batch_number = ${key.number}`
    }
  })

const close = (letters: ReadonlyArray<Reopened>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) =>
      sql`update dead_letters set state = 'resolved' where id = any(${letters.map((one) => one.letter.id)}::uuid[])`
  )

/** The same letter under the next number; the old one says that it was tried. */
const deadAgain = (letters: ReadonlyArray<Reopened>) =>
  Effect.gen(function* () {
    if (letters.length === 0) return
    const sql = yield* SqlClient.SqlClient
    const ids = letters.map((one) => one.letter.id)
    yield* sql`insert into dead_letters (tenant_id, job_id, stage, entity, source_id, event_id, topic, part, position,
        error_class, error, payload, redrive)
      select tenant_id, job_id, stage, entity, source_id, event_id, topic, part, position, error_class, error, payload,
        redrive + 1 from dead_letters where id = any(${ids}::uuid[]) on conflict do nothing`
    yield* sql`update dead_letters set state = 'redriven' where id = any(${ids}::uuid[])`
  })
