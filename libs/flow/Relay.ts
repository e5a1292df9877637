// Sends what transactions left in the outbox: one relay at a time per installation, in order, at least once. For any app.
// What does not belong here: what the messages mean; readers take each of them as a wake-up that may come twice.
import { type BrokerError, Producer, type Send } from "@bridge/kafka/Broker"
import { Effect, Metric, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import * as Metrics from "./Metrics.ts"
import { Wakeups } from "./Wakeups.ts"

interface Row {
  readonly seq: string
  readonly topic: string
  readonly key: string
  readonly part: number
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Uint8Array
  readonly age: number
}

const batch = 500

/** One round: takes the lock, sends the unsent prefix, marks it sent. Null when another relay has the lock. */
export const relayOnce: Effect.Effect<number | null, unknown, SqlClient.SqlClient | Producer> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const producer = yield* Producer
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        const [lock] = yield* sql<{
          ok: boolean
        }>`select pg_try_advisory_xact_lock(hashtextextended('bridge/outbox', 0)) as ok`
        if (lock?.ok !== true) return null
        // Never past a transaction that may still be open: its rows have lower numbers and come first.
        const rows = yield* sql<Row>`select seq::text, topic, key, part, headers, payload,
          extract(epoch from now() - created_at)::float8 as age
        from outbox where sent_at is null and seq < coalesce((select min(seq) from outbox where sent_at is null
          and xid >= pg_snapshot_xmin(pg_current_snapshot())), 9223372036854775807)
        order by outbox.seq limit ${batch}`
        yield* Metric.update(Metrics.outboxAge, rows[0]?.age ?? 0)
        if (rows.length === 0) return 0
        yield* sendAll(producer, rows)
        yield* sql`update outbox set sent_at = now() where seq = any(${rows.map((r) => r.seq)}::text[]::bigint[])`
        yield* Metric.update(Metrics.published, rows.length)
        return rows.length
      })
    )
  }
)

const sendsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Send> => {
  const groups = Map.groupBy(rows, (r) => `${r.topic}/${r.part}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const messages = group.map((r) => ({ key: r.key, value: Buffer.from(r.payload), headers: r.headers }))
    return [{ topic: first.topic, partition: first.part, messages }]
  })
}

/** A message that the broker will never take (too large, no such topic) must not hold up the others: alarm, and go on. */
const sendAll = (producer: (typeof Producer)["Service"], rows: ReadonlyArray<Row>) =>
  producer.sendAll(sendsOf(rows)).pipe(
    Effect.catchIf(
      (error) => !error.transient,
      () =>
        Effect.forEach(
          rows,
          (row) =>
            producer.sendAll(sendsOf([row])).pipe(
              Effect.catchIf(
                (error: BrokerError) => error.reason._tag === "MessageTooLarge",
                (error) =>
                  Effect.logError(
                    "a message of the outbox cannot be sent and is dropped",
                    { seq: row.seq, topic: row.topic },
                    error
                  )
              )
            ),
          { discard: true }
        )
    )
  )

/** Sent rows are of no use any more; kept for a while for whoever looks. */
const purge = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`delete from outbox where seq in (
    select seq from outbox where sent_at < now() - interval '1 hour' order by seq limit 5000)`
).pipe(
  Effect.catch((error) => Effect.logWarning("outbox not purged", error)),
  Effect.repeat(Schedule.spaced("1 minute"))
)

/** Runs for good: woken by every commit that enqueues, and once a second. */
export const relay: Effect.Effect<never, never, SqlClient.SqlClient | Producer | Wakeups> = Effect.gen(function* () {
  const wakeups = yield* Wakeups
  const emptied: Effect.Effect<Option.Option<never>, unknown, SqlClient.SqlClient | Producer> = Effect.flatMap(
    relayOnce,
    (sent) => (sent === batch ? emptied : Effect.succeedNone)
  )
  const look = Effect.catchCause(emptied, (cause) => Effect.as(Effect.logWarning("outbox relay", cause), Option.none()))
  yield* Effect.forkChild(purge)
  return yield* wakeups.until("outbox", look, "1 second")
})
