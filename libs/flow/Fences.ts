// Who owns a partition, and how far it is done: epochs and offsets in Postgres, the truth after a restart (Promise 8).
// For the runtime. What does not belong here: fences of streams and batches, which are columns of their own rows.
import { Deferred, Duration, Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { decodeAhead } from "./Tracker.ts"

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface Claimed extends TopicPartition {
  readonly epoch: bigint
  /** Null: nothing was ever finished here. */
  readonly low: bigint | null
  readonly ahead: ReadonlySet<bigint>
  /** Unclean restarts with this low: 3 means that its next run works alone, 4 that it crashed while it did. */
  readonly attempts: number
}

export interface Saved extends TopicPartition {
  readonly epoch: bigint
  readonly low: bigint
  readonly ahead: string
  /** Nothing was in work, or its owner left in order. */
  readonly clean: boolean
}

/** A claim that waits this long ends the sessions that hold the row: their owner hangs, or is gone without a word. */
const patience = Duration.seconds(2)

/**
 * Takes partitions over: waits for transactions of the old owner that hold the fence, then shuts it out. Says where to
 * read on. Restarts that were not clean are counted until the low moves.
 */
export const claim = Effect.fnUntraced(function* (group: string, owner: string, parts: ReadonlyArray<TopicPartition>) {
  if (parts.length === 0) return []
  const sql = yield* SqlClient.SqlClient
  const backend = yield* Deferred.make<number>()
  const topics = parts.map((p) => p.topic)
  const numbers = parts.map((p) => p.partition)
  const take = sql.withTransaction(
    Effect.gen(function* () {
      const [own] = yield* sql<{ pid: number }>`select pg_backend_pid() as pid`
      yield* Deferred.succeed(backend, own?.pid ?? 0)
      const fences = yield* sql<{ topic: string; part: number; epoch: string }>`
        insert into fences as f (grp, topic, part, epoch, owner)
        select ${group}, t, p, 1, ${owner} from unnest(${topics}::text[], ${numbers}::int[]) as u(t, p) order by t, p
        on conflict (grp, topic, part) do update set epoch = f.epoch + 1, owner = excluded.owner, claimed_at = now()
        returning topic, part, epoch::text`
      return yield* sql<{ topic: string; part: number; epoch: string; low: string; ahead: string; attempts: number }>`
        insert into consumer_offsets as o (grp, topic, part, epoch, low)
        select ${group}, t, p, e::bigint, -1
        from unnest(${fences.map((f) => f.topic)}::text[], ${fences.map((f) => f.part)}::int[],
          ${fences.map((f) => f.epoch)}::text[]) as u(t, p, e) order by t, p
        on conflict (grp, topic, part) do update set epoch = excluded.epoch, clean = false, updated_at = now(),
          attempts = case when o.clean then 0 when o.attempts >= 4 then 4 else least(o.attempts + 1, 3) end
        returning topic, part, epoch::text, low::text, ahead, attempts`
    })
  )
  const rows = yield* Effect.raceFirst(take, Effect.andThen(Deferred.await(backend), endHolders))
  return rows.map((r): Claimed => {
    const low = BigInt(r.low)
    return {
      topic: r.topic,
      partition: r.part,
      epoch: BigInt(r.epoch),
      low: low < 0n ? null : low,
      ahead: low < 0n ? new Set() : decodeAhead(low, r.ahead),
      attempts: r.attempts
    }
  })
})

/** Ends, after a while and again and again, the sessions that block `pid`. Never returns. */
const endHolders = (pid: number): Effect.Effect<never, never, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql
      .withTransaction(
        Effect.andThen(
          // The login may end its own sessions; the tenant role may not end those of a login above it.
          sql`set local role none`,
          sql<{ pid: number }>`select b as pid, pg_terminate_backend(b) from unnest(pg_blocking_pids(${pid}::int)) as b`
        )
      )
      .pipe(
        Effect.tap((ended) =>
          ended.length === 0
            ? Effect.void
            : Effect.logWarning("ended sessions that held a fence", { pids: ended.map((r) => r.pid) })
        ),
        Effect.catch((error) => Effect.logWarning("could not end the sessions that hold a fence", error)),
        Effect.delay(patience),
        Effect.repeat(Schedule.forever),
        Effect.andThen(Effect.never)
      )
  )

/** True while the epoch is the partition's current one. */
export const isOwner = (group: string, { topic, partition, epoch }: TopicPartition & { readonly epoch: bigint }) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql`select 1 from fences where grp = ${group} and topic = ${topic} and part = ${partition} and epoch = ${epoch}`,
      (rows) => rows.length > 0
    )
  )

/** Writes how far partitions are done, under their epochs; what another owner has by now stays as it is. */
export const save = (group: string, rows: ReadonlyArray<Saved>) =>
  rows.length === 0
    ? Effect.void
    : Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`
          update consumer_offsets o set low = u.l::bigint, ahead = u.a, clean = u.c, updated_at = now(),
            attempts = case when u.l::bigint > o.low then 0 else o.attempts end
          from unnest(${rows.map((r) => r.topic)}::text[], ${rows.map((r) => r.partition)}::int[],
            ${rows.map((r) => r.epoch.toString())}::text[], ${rows.map((r) => r.low.toString())}::text[],
            ${rows.map((r) => r.ahead)}::text[], ${rows.map((r) => r.clean)}::bool[]) as u(t, p, e, l, a, c)
          where o.grp = ${group} and o.topic = u.t and o.part = u.p and o.epoch = u.e::bigint`
      )

/** The partition's next run is about to work alone: should the process die now, it was that one. */
export const markAlone = (group: string, { topic, partition, epoch }: TopicPartition & { readonly epoch: bigint }) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update consumer_offsets set attempts = 4, clean = false
      where grp = ${group} and topic = ${topic} and part = ${partition} and epoch = ${epoch}`
  )

/** An owner that lost partitions is alive to tell: the change was no crash. */
export const noCrash = (group: string, parts: ReadonlyArray<TopicPartition>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update consumer_offsets o set attempts = 0
      from unnest(${parts.map((p) => p.topic)}::text[], ${parts.map((p) => p.partition)}::int[]) as u(t, p)
      where o.grp = ${group} and o.topic = u.t and o.part = u.p`
  )
