// The outbox of transitions: messages written in the transaction that makes them true, sent by the relay (libs/flow).
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export interface Outgoing {
  readonly topic: string
  readonly key: string
  readonly partition: number
  readonly payload: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Adds messages in order, inside the caller's transaction, and wakes the relay at commit. */
export const enqueue = (messages: ReadonlyArray<Outgoing>) =>
  Effect.gen(function* () {
    if (messages.length === 0) return
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into outbox (topic, key, part, headers, payload)
      select t, k, p, h::jsonb, decode(b, 'base64')
      from unnest(${messages.map((m) => m.topic)}::text[], ${messages.map((m) => m.key)}::text[],
        ${messages.map((m) => m.partition)}::int[], ${messages.map((m) => JSON.stringify(m.headers ?? {}))}::text[],
        ${messages.map((m) => m.payload.toString("base64"))}::text[]) with ordinality as u(t, k, p, h, b, n)
      order by n`
    yield* sql`select pg_notify('bridge', 'outbox')`
  })
