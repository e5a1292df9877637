// Sends what transactions left in the outbox: one relay at a time per installation, in order, at least once. For any app.
// What does not belong here: what the messages mean; readers take each of them as a wake-up that may come twice.
import { type BrokerError, type Message, Producer, type Send } from "@bridge/kafka/Broker"
import { portions } from "@bridge/kafka/Portions"
import type { Held } from "@bridge/store/Outbox"
import { Effect, Metric, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import * as Metrics from "./Metrics.ts"
import { Wakeups } from "./Wakeups.ts"

interface Row {
  readonly seq: string
  readonly topic: string
  readonly part: number
  readonly messages: ReadonlyArray<Held>
  readonly payload: Uint8Array
  readonly age: number
}

/** Rows in one round; each holds a few hundred messages or 256 kB at most. */
const batch = 64

interface Round {
  readonly rows: number
  readonly messages: number
}

/** One round: takes the lock, sends the unsent prefix, marks it sent. Null when another relay has the lock. */
export const relayOnce: Effect.Effect<Round | null, unknown, SqlClient.SqlClient | Producer> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const producer = yield* Producer
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      const [lock] = yield* sql<{
        ok: boolean
      }>`select pg_try_advisory_xact_lock(hashtextextended('bridge/outbox', 0)) as ok`
      if (lock?.ok !== true) return null
      // Never past a transaction that may still be open: its rows have lower numbers and come first.
      const rows = yield* sql<Row>`select seq::text, topic, part, messages, payload,
          extract(epoch from now() - created_at)::float8 as age
        from outbox where sent_at is null and seq < coalesce((select min(seq) from outbox where sent_at is null
          and xid >= pg_snapshot_xmin(pg_current_snapshot())), 9223372036854775807)
        order by outbox.seq limit ${batch}`
      yield* Metric.update(Metrics.outboxAge, rows[0]?.age ?? 0)
      if (rows.length === 0) return { rows: 0, messages: 0 }
      const messages = yield* Effect.sync(() => rows.flatMap(messagesOf))
      yield* sendAll(producer, messages)
      yield* sql`update outbox set sent_at = now() where seq = any(${rows.map((r) => r.seq)}::text[]::bigint[])`
      yield* Metric.update(Metrics.published, messages.length)
      return { rows: rows.length, messages: messages.length }
    })
  )
})

/** A message with the place it goes to. */
interface Placed extends Message {
  readonly topic: string
  readonly part: number
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const messagesOf = ({ messages, part, payload, topic }: Row): ReadonlyArray<Placed> => {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  let at = 0
  return messages.map(({ bytes: size, headers, key }) => {
    const value = bytes.subarray(at, at + size)
    at += size
    return { topic, part, key, value, headers }
  })
}

const sizeOf = ({ headers, value }: Placed): number =>
  Object.values(headers).reduce((sum, header) => sum + header.length, value.length)

const sendsOf = (messages: ReadonlyArray<Placed>): ReadonlyArray<Send> => {
  const groups = Map.groupBy(messages, (m) => `${m.topic}/${m.part}`)
  return [...groups.values()].flatMap((group) =>
    portions(group, sizeOf).flatMap((portion) => {
      const [first] = portion
      if (first === undefined) return []
      const messages = portion.map(({ headers, key, value }) => ({ key, value, headers }))
      return [{ topic: first.topic, partition: first.part, messages }]
    })
  )
}

/** A message that the broker will never take (too large, no such topic) must not hold up the others: alarm, and go on. */
const sendAll = (producer: (typeof Producer)["Service"], messages: ReadonlyArray<Placed>) =>
  producer.sendAll(sendsOf(messages)).pipe(
    Effect.catchIf(
      (error) => !error.transient,
      () =>
        Effect.forEach(
          messages,
          (message) =>
            producer.sendAll(sendsOf([message])).pipe(
              Effect.catchIf(
                (error: BrokerError) => error.reason._tag === "MessageTooLarge",
                (error) =>
                  Effect.logError(
                    "a message of the outbox cannot be sent and is dropped",
                    { topic: message.topic, event: message.headers["ce_id"] },
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
    (round) => (round?.rows === batch ? emptied : Effect.succeedNone)
  )
  const look = Effect.catchCause(emptied, (cause) => Effect.as(Effect.logWarning("outbox relay", cause), Option.none()))
  yield* Effect.forkChild(purge)
  return yield* wakeups.until("outbox", look, "1 second")
})
