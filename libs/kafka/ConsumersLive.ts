// Opens members of consumer groups through KafkaJS, one KafkaJS consumer each. For libs/flow.
// What does not belong here: handling records, offsets in Postgres, rebuilding a crashed member (libs/flow).
import { Effect, Layer } from "effect"
import { type ConsumerOptions, type ConsumerSession, Consumers } from "./Broker.ts"
import { Client } from "./Client.ts"
import { brokerError } from "./Failures.ts"
import { GroupMember } from "./GroupMember.ts"

type Connected = (typeof Client)["Service"]

export const consumersLayer: Layer.Layer<Consumers, never, Client> = Layer.effect(
  Consumers,
  Effect.map(Client, (client) => Consumers.of({ open: (options) => open(client, options) }))
)

const open = Effect.fnUntraced(function* (client: Connected, options: ConsumerOptions) {
  for (const topic of options.topics) {
    yield* Effect.tryPromise({ try: () => client.require("consume", topic), catch: brokerError("consume", { topic }) })
  }
  const member = yield* Effect.acquireRelease(
    Effect.sync(() => new GroupMember(client, options)),
    (opened) => Effect.promise(() => opened.close())
  )
  const crashed = Effect.promise(() => member.crashed).pipe(
    Effect.flatMap((cause) => Effect.fail(brokerError("consume")(cause)))
  )
  yield* Effect.raceFirst(Effect.tryPromise({ try: () => member.join(), catch: brokerError("consume") }), crashed)
  const session: ConsumerSession = {
    pause: (topic, partition) => member.pause(topic, partition),
    resume: (topic, partition) => member.resume(topic, partition),
    seek: (topic, partition, offset) => member.seek(topic, partition, offset),
    commit: (positions) => member.commit(positions),
    crashed
  }
  return session
})
