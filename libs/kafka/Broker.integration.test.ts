// KafkaJS behind the port, on the real broker.
import { testStack } from "@bridge/infra/TestStack"
import { Option } from "effect"
import { afterAll, beforeAll } from "vitest"
import { brokerSuite } from "./BrokerSuite.ts"
import { kafkaLayerWith } from "./KafkaJs.ts"

let stack: Awaited<ReturnType<typeof testStack>>
beforeAll(async () => {
  stack = await testStack()
})
afterAll(() => stack.stop())

brokerSuite("KafkaJS", () =>
  kafkaLayerWith({ brokers: stack.kafkaBrokers.split(","), tls: false, sasl: Option.none() })
)
