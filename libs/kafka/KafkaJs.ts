// The port of Broker.ts on KafkaJS: the layers a service needs. The only entry to the adapter.
// What does not belong here: the parts themselves (Client, ProducerLive, ConsumersLive, AdminLive).
import { type Config, Effect, Layer } from "effect"
import { adminLayer } from "./AdminLive.ts"
import type { Admin, BrokerError, Consumers, Producer } from "./Broker.ts"
import { Client, type KafkaSettings, kafkaSettings } from "./Client.ts"
import { consumersLayer } from "./ConsumersLive.ts"
import { type Cures, producerLayer } from "./ProducerLive.ts"

/** With settings at hand; `cures` is for the fault test alone. */
export const kafkaLayerWith = (
  settings: KafkaSettings,
  cures?: Cures
): Layer.Layer<Producer | Admin | Consumers, BrokerError> =>
  Layer.mergeAll(producerLayer(cures), adminLayer, consumersLayer).pipe(Layer.provide(Client.layer(settings)))

/** Reads KAFKA_BROKERS, KAFKA_TLS and KAFKA_SASL_*. One per process. */
export const kafkaLayer: Layer.Layer<Producer | Admin | Consumers, BrokerError | Config.ConfigError> = Layer.unwrap(
  Effect.map(kafkaSettings, (settings) => kafkaLayerWith(settings))
)
