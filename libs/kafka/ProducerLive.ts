// Writes records through KafkaJS so that what is acknowledged is durable, in order, whatever the brokers do (rule 0).
// What does not belong here: choosing partitions or keys, the outbox, retries of a stage (libs/flow).
import { Effect, Layer } from "effect"
import kafkajs from "kafkajs"
import { type BrokerError, Producer, type Send } from "./Broker.ts"
import { Client, retry } from "./Client.ts"
import { brokerError } from "./Failures.ts"
import { compression, Writer } from "./Writer.ts"

type Connected = (typeof Client)["Service"]

/** Only the fault test switches a cure off, to show that the other one is enough and that none is not. */
export interface Cures {
  readonly patch: boolean
  readonly guard: boolean
}

export const producerLayer = (
  cures: Cures = { patch: true, guard: true }
): Layer.Layer<Producer, BrokerError, Client> =>
  Layer.effect(
    Producer,
    Effect.gen(function* () {
      const writer = over(yield* Client, cures)
      yield* Effect.acquireRelease(
        Effect.tryPromise({ try: () => writer.connect(), catch: brokerError("connect") }),
        () => Effect.promise(() => writer.close()).pipe(Effect.timeout("10 seconds"), Effect.ignore)
      )
      const sendAll = (sends: ReadonlyArray<Send>) =>
        Effect.tryPromise({ try: () => writer.send(sends), catch: brokerError("send") })
      return Producer.of({ send: (send) => sendAll([send]), sendAll })
    })
  )

const over = (client: Connected, cures: Cures): Writer =>
  new Writer({
    require: client.require,
    forget: client.forget,
    log: client.log,
    guard: cures.guard,
    prepare,
    producer: () => {
      stockSends(!cures.patch)
      return client.kafka.producer({
        allowAutoTopicCreation: false,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
        idempotent: true,
        metadataMaxAge: 10_000,
        retry
      })
    }
  })

type Prepare = (compression: number, messages: ReadonlyArray<kafkajs.Message>) => Promise<void>

/** The patched KafkaJS leaves it here (patches/kafkajs). */
const prepare = async (messages: ReadonlyArray<kafkajs.Message>): Promise<void> => {
  const patched: Prepare | undefined = Reflect.get(globalThis, Symbol.for("bridge/kafkajs/prepare"))
  await patched?.(compression, messages)
}

/** The patched KafkaJS looks here when a producer is made (patches/kafkajs). */
const stockSends = (on: boolean): void => {
  Reflect.set(globalThis, Symbol.for("bridge/kafkajs/stockSends"), on)
}
