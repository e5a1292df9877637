// Lets a stage read a bounded part of its topics again: of one tenant or job, in a group of its own, to a fixed end.
// For operators (api) and tools. What does not belong here: what the log no longer has (it is read from the archive).
import { Admin, Producer } from "@bridge/kafka/Broker"
import { Data, Deferred, Effect, Ref, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { header } from "./Envelope.ts"
import { runStage } from "./Runtime.ts"
import type { Run, Stage } from "./Stage.ts"

export interface Range {
  /** Names the replay's group: a replay with the same id goes on where it was stopped. */
  readonly id: string
  readonly tenantId?: string
  readonly jobId?: string
  /** First offset and the one after the last, by partition of a topic; the whole log when not given. */
  readonly between?: (topic: string, partition: number) => { readonly from: bigint; readonly to: bigint } | undefined
  /** False: nothing the stage writes is kept and nothing it sends is sent; it only shows what would fail. */
  readonly write: boolean
}

export interface Replayed {
  readonly runs: number
  readonly records: number
  /** Runs that did not end well; only counted when nothing is written, else they are dead letters as always. */
  readonly failed: number
}

interface End {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** Ends when every partition has been read to its end. Handlers are idempotent, so that a replay of what is done is a no-op. */
export const replay = <R>(stage: Stage<R>, range: Range) =>
  Effect.gen(function* () {
    const group = `replay.${range.id}`
    const ends = yield* endsOf(stage.topics, range)
    yield* begin(group, ends)
    const seen = yield* Ref.make<Replayed>({ runs: 0, records: 0, failed: 0 })
    const bounded = {
      ...stage,
      address: addressWithin(stage, range, ends),
      handle: handlerOf(stage, range.write, seen)
    }
    yield* Effect.raceFirst(runStage(bounded, { group }), until(group, ends))
    yield* forget(group)
    return yield* Ref.get(seen)
  })

const endsOf = Effect.fnUntraced(function* (topics: ReadonlyArray<string>, range: Range) {
  const admin = yield* Admin
  const all = yield* Effect.forEach(topics, (topic) =>
    Effect.map(admin.offsets(topic), (log) =>
      log.map(({ high, low, partition }): End => {
        const asked = range.between?.(topic, partition) ?? { from: low, to: high }
        const within = (offset: bigint) => (offset < low ? low : offset < high ? offset : high)
        return { topic, partition, from: within(asked.from), to: within(asked.to) }
      })
    )
  )
  return all.flat()
})

/** The first position of each partition; what an earlier start has got to stays. */
const begin = (group: string, ends: ReadonlyArray<End>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`insert into consumer_offsets (grp, topic, part, epoch, low, clean)
      select ${group}, t, p, 0, o::bigint, true from unnest(${ends.map((e) => e.topic)}::text[],
        ${ends.map((e) => e.partition)}::int[], ${ends.map((e) => e.from.toString())}::text[]) as u(t, p, o)
      on conflict (grp, topic, part) do nothing`
  )

/** Once a second, as often as positions are kept. */
const until = (group: string, ends: ReadonlyArray<End>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ topic: string; part: number; low: string }>`
      select topic, part, low::text from consumer_offsets where grp = ${group}`
    const lows = new Map(rows.map((r) => [`${r.topic}/${r.part}`, BigInt(r.low)]))
    return ends.every((e) => (lows.get(`${e.topic}/${e.partition}`) ?? -1n) >= e.to)
  }).pipe(Effect.repeat({ schedule: Schedule.spaced("500 millis"), until: (done) => done }))

const forget = (group: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.andThen(sql`delete from consumer_offsets where grp = ${group}`, sql`delete from fences where grp = ${group}`)
  )

const addressWithin = <R>(stage: Stage<R>, range: Range, ends: ReadonlyArray<End>): Stage<R>["address"] => {
  const last = new Map(ends.map((e) => [`${e.topic}/${e.partition}`, e.to]))
  return (rec) => {
    if (rec.offset >= (last.get(`${rec.topic}/${rec.partition}`) ?? 0n)) return null
    if (range.tenantId !== undefined && header(rec, "bridge_tenant") !== range.tenantId) return null
    if (range.jobId !== undefined && header(rec, "ce_subject")?.startsWith(range.jobId) !== true) return null
    return stage.address(rec)
  }
}

const silent = Producer.of({ send: () => Effect.void, sendAll: () => Effect.void })

const handlerOf =
  <R>(stage: Stage<R>, write: boolean, seen: Ref.Ref<Replayed>): Stage<R>["handle"] =>
  (run) => {
    const count = (failed: number) =>
      Ref.update(seen, (s) => ({
        runs: s.runs + 1,
        records: s.records + run.records.length,
        failed: s.failed + failed
      }))
    if (write) return Effect.tap(stage.handle(run), () => count(0))
    return stage.handle({ ...run, transaction: undone(run) }).pipe(
      Effect.provideService(Producer, silent),
      Effect.andThen(count(0)),
      Effect.catchIf(
        (error) => error.reason._tag === "Poison",
        () => count(1)
      )
    )
  }

class Undone extends Data.TaggedError("Undone") {}

/** Does the work and takes it back: the transaction always ends with a rollback. */
const undone =
  (run: Run): Run["transaction"] =>
  <A, E, R>(body: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const result = yield* Deferred.make<A, E>()
      const work = Effect.andThen(Deferred.into(body, result), Effect.fail(new Undone()))
      yield* Effect.catchTag(run.transaction(work), "Undone", () => Effect.void)
      return yield* Deferred.await(result)
    })
