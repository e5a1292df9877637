// What a sample holds: the tickets that were read and everything they lead to, by references and as parts; the rest is left
// out with a reason. For Settler.ts, before references settle. Again changes nothing; it may be cut off between two steps.
import { type EntityId, entities } from "@bridge/domain/Entities"
import { sampledEntity } from "@bridge/domain/Jobs"
import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

type InTransaction<A> = Effect.Effect<A, SqlError.SqlError, SqlClient.SqlClient>
type Transact<E, R> = <A>(body: InTransaction<A>) => Effect.Effect<A, E, R>

interface Key {
  readonly entity: EntityId
  readonly id: string
}

interface Found extends Key {
  /** What it refers to. */
  readonly refs: ReadonlyArray<{ readonly entity: string; readonly native: string }>
  readonly match: string | null
}

/** Why a record is left out. */
export const unreferred = "nothing in the sample refers to it"

/** Ties between records: they come with what they tie together, and lead to nothing. */
const ties: ReadonlyArray<EntityId> = ["group-member", "relation"]
/** Describe others rather than being referred to: never left out here. */
const definitions: ReadonlyArray<EntityId> = ["custom-field"]
/** Records in one step. */
const slice = 2000

const open = `(state = 'ready' or (state = 'excluded' and reason = '${unreferred}'))`
const keyOf = ({ entity, id }: Key): string => `${entity}\n${id}`

/** Leaves out what no ticket of the sample leads to. */
export const holdToSample = <E, R>(jobId: string, transact: Transact<E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    const inside = new Map<string, Key>()
    let edge: ReadonlyArray<Key> = yield* transact(roots(jobId))
    while (edge.length > 0) {
      const next = new Map<string, Key>()
      for (const key of edge) inside.set(keyOf(key), key)
      for (let at = 0; at < edge.length; at += slice)
        for (const key of yield* transact(ledTo(jobId, edge.slice(at, at + slice))))
          if (!inside.has(keyOf(key))) next.set(keyOf(key), key)
      edge = [...next.values()]
    }
    const natives = yield* transact(nativesOf(jobId, [...inside.values()]))
    for (const entity of ties)
      for (const tie of yield* transact(found(jobId, entity)))
        if (tie.refs.length > 0 && tie.refs.every((ref) => natives.has(`${ref.entity}\n${ref.native}`)))
          inside.set(keyOf(tie), tie)
    for (const { id } of entities)
      if (id !== sampledEntity && !definitions.includes(id))
        yield* transact(
          divide(
            jobId,
            id,
            [...inside.values()].filter((key) => key.entity === id).map((key) => key.id)
          )
        )
  })

const roots = (jobId: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Key>`select entity, source_id as id from job_records
      where job_id = ${jobId}::uuid and entity = ${sampledEntity} and ${sql.literal(open)}`
  )

/** What these refer to, their parts, and the other records of the same people. */
const ledTo = (jobId: string, keys: ReadonlyArray<Key>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [kinds, ids] = [keys.map((key) => key.entity), keys.map((key) => key.id)]
    const rows =
      yield* sql<Found>`select r.entity, r.source_id as id, ${sql.literal(refsOf)} as refs, r.match_key as match
      from unnest(${kinds}::text[], ${ids}::text[]) as k(e, i)
      join job_records r on r.job_id = ${jobId}::uuid and r.entity = k.e and r.source_id = k.i`
    const refs = rows.flatMap((row) => row.refs)
    const people = rows.flatMap(({ entity, match }) => (entity === "person" && match !== null ? [match] : []))
    const referred = yield* sql<Key>`select r.entity, r.source_id as id
      from (select distinct e, n from unnest(${refs.map((ref) => ref.entity)}::text[], ${refs.map((ref) => ref.native)}::text[]) as t(e, n)) k
      join job_records r on r.job_id = ${jobId}::uuid and r.entity = k.e and r.native_id = k.n
      where ${sql.literal(open)}`
    const parts = yield* sql<Key>`select r.entity, r.source_id as id
      from unnest(${kinds}::text[], ${ids}::text[]) as k(e, i) cross join unnest(${partIds}::text[]) as p(entity)
      join job_records r on r.job_id = ${jobId}::uuid and r.entity = p.entity and r.parent_id = k.i and r.parent_entity = k.e
      where ${sql.literal(open)}`
    const same = yield* sql<Key>`select r.entity, r.source_id as id from job_records r
      where r.job_id = ${jobId}::uuid and r.entity = 'person' and r.match_key = any(${people}::text[])
        and ${sql.literal(open)}`
    return [...referred, ...parts, ...same]
  })

const partIds = entities.filter((e) => e.writtenWith.length > 0).map((e) => e.id)

const refsOf = `coalesce((select jsonb_agg(jsonb_build_object('entity', v ->> 'entity', 'native', v ->> 'nativeId'))
  from jsonb_each(coalesce(r.refs, '{}')) as o(k, v)), '[]')`

const found = (jobId: string, entity: EntityId) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Found>`select r.entity, r.source_id as id, ${sql.literal(refsOf)} as refs, r.match_key as match
      from job_records r where r.job_id = ${jobId}::uuid and r.entity = ${entity} and ${sql.literal(open)}`
  )

/** The vendor's ids of records: what references name. */
const nativesOf = (jobId: string, keys: ReadonlyArray<Key>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ name: string }>`select r.entity || E'\n' || r.native_id as name
      from unnest(${keys.map((key) => key.entity)}::text[], ${keys.map((key) => key.id)}::text[]) as k(e, i)
      join job_records r on r.job_id = ${jobId}::uuid and r.entity = k.e and r.source_id = k.i`
    return new Set(rows.map(({ name }) => name))
  })

const divide = (jobId: string, entity: EntityId, ids: ReadonlyArray<string>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`with mine as materialized (select i from unnest(${ids}::text[]) as k(i))
      update job_records r set state = case when r.source_id in (select i from mine) then 'ready' else 'excluded' end,
        reason = case when r.source_id in (select i from mine) then null else ${unreferred} end, updated_at = now()
      where r.job_id = ${jobId}::uuid and r.entity = ${entity} and ${sql.literal(open)}
        and (r.state = 'ready') <> (r.source_id in (select i from mine))`
  )
