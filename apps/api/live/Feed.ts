// Listens to progress and job events from now on, and tells Watch which jobs have moved. For main.ts.
// A group of its own per instance; nothing is committed. Without the broker progress is only slower (Watch's slow round).
import { randomUUID } from "node:crypto"
import { header } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import { Admin, type ConsumerSession, Consumers, type Owned, type Rec } from "@bridge/kafka/Broker"
import { Deferred, Effect, Layer, Schedule } from "effect"
import { Watch } from "./Watch.ts"

const topics = [controlTopic("progress"), controlTopic("job-events")]

const listen = Effect.gen(function* () {
  const watch = yield* Watch
  const consumers = yield* Consumers
  const admin = yield* Admin
  const opened = yield* Deferred.make<ConsumerSession>()
  const run = Effect.runPromiseWith(yield* Effect.context<never>())

  const fromNowOn = (owned: Owned) =>
    Effect.gen(function* () {
      const client = yield* Deferred.await(opened)
      for (const topic of Object.keys(owned))
        for (const { high, partition } of yield* admin.offsets(topic))
          if (owned[topic]?.includes(partition) === true) client.seek(topic, partition, high)
    })

  const client = yield* consumers.open({
    groupId: `bridge.live.${randomUUID()}`,
    topics,
    onAssigned: (owned) => run(Effect.ignore(fromNowOn(owned))),
    onRebalancing: () => {},
    onRecords: (_topic, _partition, records) => {
      for (const rec of records) {
        const jobId = jobOf(rec)
        if (jobId !== undefined) watch.touch(jobId)
      }
    }
  })
  yield* Deferred.succeed(opened, client)
  return yield* client.crashed
})

/** `ce_subject` is `<job>/<key>`: no value is decoded. */
const jobOf = (rec: Rec): string | undefined => header(rec, "ce_subject")?.split("/")[0]

export const feed = Layer.effectDiscard(
  listen.pipe(
    Effect.scoped,
    Effect.catchCause((cause) => Effect.logWarning("progress is read from the tables only, the broker is away", cause)),
    Effect.repeat(Schedule.spaced("5 seconds")),
    Effect.forkScoped
  )
)
