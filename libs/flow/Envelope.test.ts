import type { Rec } from "@bridge/kafka/Broker"
import { assert, describe, it } from "vitest"
import { batchAddress, batchOf, controlAddress, eventHeaders, header, runHeader, runId } from "./Envelope.ts"

const rec = (headers: Rec["headers"]): Rec => ({
  topic: "t",
  partition: 0,
  offset: 1n,
  key: null,
  value: null,
  headers,
  timestamp: 0
})
const event = {
  id: "e1",
  type: "bridge.command.extract",
  source: "bridge/scheduler",
  subject: "job-1/tickets",
  tenantId: "acme",
  atMillis: 0
}

describe("Envelope", () => {
  it("addresses a record of a batch without decoding it", () => {
    const id = runId("job-1/tickets", 3n, 17)
    const headers = { ...eventHeaders(event), bridge_run: Buffer.from(runHeader(id, 4, 500)) }
    assert.deepStrictEqual(batchAddress(rec(headers)), {
      tenantId: "acme",
      actor: "job-1/tickets",
      run: { id: "job-1/tickets#3.17", position: 4, size: 500 },
      eventId: "e1"
    })
    assert.deepStrictEqual(batchOf(id), { actor: "job-1/tickets", epoch: 3n, batch: 17 })
  })

  it("leaves what is written for taps alone and refuses a damaged run", () => {
    assert.isNull(batchAddress(rec(eventHeaders(event))))
    assert.throws(() => batchAddress(rec({ ...eventHeaders(event), bridge_run: "nonsense" })))
    assert.throws(() => batchAddress(rec({ bridge_run: "j/s#1.1 0 1" })))
  })

  it("addresses only the commands of the stage", () => {
    assert.strictEqual(controlAddress(["extract"], "job, key")(rec(eventHeaders(event)))?.actor, "job-1/tickets")
    assert.strictEqual(controlAddress(null, "job")(rec(eventHeaders(event)))?.actor, "job-1")
    assert.isNull(controlAddress(["release"], "job")(rec(eventHeaders(event))))
    assert.throws(() => controlAddress(null, "job")(rec({})))
  })

  it("reads the first of a repeated header", () => {
    assert.strictEqual(header(rec({ a: [Buffer.from("x"), "y"] }), "a"), "x")
    assert.isUndefined(header(rec({ a: [] }), "a"))
  })
})
