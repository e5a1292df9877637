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

/** Messages of one partition, in order: what a row holds. */
interface Bundle {
  readonly topic: string
  readonly partition: number
  readonly messages: Array<Outgoing>
  bytes: number
}

/** A message of a row; its bytes stand in the row's payload behind those of the messages before it. */
export interface Held {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: number
}

/** What the relay takes into memory at a time is a number of rows. A larger message has a row of its own. */
const mostMessages = 500
const mostBytes = 256 * 1024

/** Adds messages in order, inside the caller's transaction, and wakes the relay at commit. */
export const enqueue = (messages: ReadonlyArray<Outgoing>) =>
  Effect.gen(function* () {
    if (messages.length === 0) return
    const sql = yield* SqlClient.SqlClient
    const rows = bundles(messages)
    yield* sql`insert into outbox (topic, part, messages, payload)
      select t, p, m::json, decode(b, 'base64')
      from unnest(${rows.map((r) => r.topic)}::text[], ${rows.map((r) => r.partition)}::int[],
        ${rows.map((r) => JSON.stringify(r.messages.map(held)))}::text[],
        ${rows.map((r) => Buffer.concat(r.messages.map((m) => m.payload)).toString("base64"))}::text[])
        with ordinality as u(t, p, m, b, n)
      order by n`
    yield* sql`select pg_notify('bridge', 'outbox')`
  })

const held = ({ headers, key, payload }: Outgoing): Held => ({ key, headers: headers ?? {}, bytes: payload.length })

/** Order is kept within a partition; across partitions there is none to keep. */
const bundles = (messages: ReadonlyArray<Outgoing>): ReadonlyArray<Bundle> => {
  const out: Array<Bundle> = []
  const open = new Map<string, Bundle>()
  for (const message of messages) {
    const { partition, payload, topic } = message
    const place = `${topic}/${partition}`
    const last = open.get(place)
    if (last !== undefined && last.messages.length < mostMessages && last.bytes + payload.length <= mostBytes) {
      last.messages.push(message)
      last.bytes += payload.length
    } else {
      const bundle = { topic, partition, messages: [message], bytes: payload.length }
      open.set(place, bundle)
      out.push(bundle)
    }
  }
  return out
}
