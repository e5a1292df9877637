// What any client behind the port of Broker.ts must do, as tests on a real broker. A second client passes this or is none.
// What does not belong here: how a client does it; faults of the cluster (test/faults).
import type { Layer } from "effect"
import { describe } from "vitest"
import { memberSuite } from "./testing/MemberSuite.ts"
import { makeProbes, type Services } from "./testing/Probes.ts"
import { sendSuite } from "./testing/SendSuite.ts"
import { topicSuite } from "./testing/TopicSuite.ts"

export const brokerSuite = (client: string, layer: () => Layer.Layer<Services, unknown>): void => {
  describe(`the broker through ${client}`, () => {
    const probes = makeProbes(layer)
    topicSuite(probes)
    sendSuite(probes)
    memberSuite(probes)
  })
}
