// Where stages begin to read in a test whose broker has the topics of other tests already. For tests that run stages.
// What does not belong here: what is sent, what is read.
import { Admin } from "@bridge/kafka/Broker"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { chainOf, refineCuts } from "../Cuts.ts"
import { flow, topics } from "../Flow.ts"

/** In a fresh database: all stages, in the groups named, read what is sent from now on. After the deploy step. */
export const fromHere = (groupOf: (stage: string) => string) =>
  Effect.gen(function* () {
    const admin = yield* Admin
    const sql = yield* SqlClient.SqlClient
    const cuts = yield* refineCuts
    const stages = [...flow, ...chainOf(cuts).links].map(({ stage }) => groupOf(stage))
    const endsOf = (topic: string) =>
      Effect.map(admin.offsets(topic), (log) => log.map(({ high, partition }) => ({ topic, partition, high })))
    const ends = yield* Effect.forEach(topics(true, cuts), ({ name }) => endsOf(name), { concurrency: 8 })
    const all = ends.flat()
    yield* sql`insert into consumer_offsets (grp, topic, part, epoch, low, clean)
      select g, t, p, 0, o::bigint, true from unnest(${stages}::text[]) as n(g),
        unnest(${all.map((e) => e.topic)}::text[], ${all.map((e) => e.partition)}::int[],
          ${all.map((e) => e.high.toString())}::text[]) as u(t, p, o)`
  })
