import { BrokerError, BrokerUnavailable } from "@bridge/kafka/Broker"
import { Cause } from "effect"
import { expect, it } from "vitest"
import { whyEnded } from "./Words.ts"

it("tells what was expected in one sentence, down to the machine's own words", () => {
  const refused = new Error("connect ECONNREFUSED 127.0.0.1:9092")
  const error = new BrokerError({ operation: "connect", reason: new BrokerUnavailable({ cause: refused }) })
  expect(whyEnded(Cause.fail(error))).toBe("BrokerError: BrokerUnavailable: connect ECONNREFUSED 127.0.0.1:9092")
})

it("shows where a bug is", () => {
  expect(whyEnded(Cause.die(new Error("two ledgers")))).toMatch(/two ledgers\n.* at .*Words\.test\.ts/)
})
