// What a client must do with topics, for BrokerSuite.ts.
// What does not belong here: records.
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Admin } from "../Broker.ts"
import { numbered, type Probes } from "./Probes.ts"

export const topicSuite = ({ run, failed, ensure, made, send }: Probes): void => {
  describe("topics", () => {
    it("are created once and verified ever after", async () => {
      const name = `suite.${randomUUID()}`
      expect(await run(ensure(name, 3, { "retention.ms": "86400000" }))).toEqual([name])
      expect(await run(ensure(name, 3, { "retention.ms": "86400000" }))).toEqual([])
      expect(await run(Admin.use((admin) => admin.listTopics))).toContain(name)
    })

    it("are created once when two processes do it at the same time", async () => {
      const name = `suite.${randomUUID()}`
      const both = await run(Effect.all([ensure(name, 2), ensure(name, 2)], { concurrency: 2 }))
      expect(both.flat().length).toBeGreaterThan(0)
      expect((await run(Admin.use((admin) => admin.offsets(name)))).length).toBe(2)
    })

    it("that differ from their declaration are told, and left as they are", async () => {
      const declared = { "retention.ms": "86400000", "cleanup.policy": "compact" }
      const name = await made(2, declared)
      const partitions = await failed(ensure(name, 4, declared))
      const setting = await failed(ensure(name, 2, { "retention.ms": "1000" }))
      expect([partitions.reason._tag, setting.reason._tag]).toEqual(["TopicMismatch", "TopicMismatch"])
      expect(setting.transient).toBe(false)
      expect(await run(ensure(name, 2, declared))).toEqual([])
    })

    it("tell their offsets; one that is not there is missing, within two seconds", async () => {
      const name = await made(2)
      await send(name, 1, numbered(0, 3))
      expect(await run(Admin.use((admin) => admin.offsets(name)))).toEqual([
        { partition: 0, low: 0n, high: 0n },
        { partition: 1, low: 0n, high: 3n }
      ])
      const error = await failed(
        Admin.use((admin) => admin.offsets("suite.none")).pipe(
          Effect.timeout("2 seconds"),
          Effect.catchTag("TimeoutError", Effect.die)
        )
      )
      expect(error.reason._tag).toBe("TopicMissing")
    })
  })
}
