// Opens members of consumer groups through KafkaJS, one KafkaJS consumer each. For libs/flow.
// What does not belong here: handling records, offsets in Postgres, rebuilding a crashed member (libs/flow).
import { Effect, Layer, Schedule } from "effect"
import { type BrokerError, type ConsumerOptions, type ConsumerSession, Consumers } from "./Broker.ts"
import { Client } from "./Client.ts"
import { brokerError, isOfKafkaJs } from "./Failures.ts"
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
  const member = yield* joined(client, options).pipe(Effect.retry({ while: stillStarting, schedule: patience }))
  const session: ConsumerSession = {
    pause: (topic, partition) => member.pause(topic, partition),
    resume: (topic, partition) => member.resume(topic, partition),
    seek: (topic, partition, offset) => member.seek(topic, partition, offset),
    commit: (positions) => member.commit(positions),
    crashed: crashed(member)
  }
  return session
})

/** KafkaJS gives up its first join at once when the group's coordinator is not ready, as it is on a cluster just started. */
const stillStarting = (error: BrokerError): boolean =>
  error.transient && error.reason._tag === "BrokerUnavailable" && isOfKafkaJs(error.reason.cause)
const patience = Schedule.spaced("300 millis").pipe(Schedule.upTo({ duration: "20 seconds" }))

/** The scope closes a member that has joined; one that fails or is interrupted before closes itself. */
const joined = (client: Connected, options: ConsumerOptions) =>
  Effect.uninterruptibleMask((restore) => {
    const member = new GroupMember(client, options)
    const close = Effect.promise(() => member.close())
    const join = Effect.tryPromise({ try: () => member.join(), catch: brokerError("consume") })
    return restore(Effect.raceFirst(join, crashed(member))).pipe(
      Effect.onError(() => close),
      Effect.andThen(Effect.addFinalizer(() => close)),
      Effect.as(member)
    )
  })

const crashed = (member: GroupMember): Effect.Effect<never, BrokerError> =>
  Effect.flatMap(
    Effect.promise(() => member.crashed),
    (cause) => Effect.fail(brokerError("consume")(cause))
  )
