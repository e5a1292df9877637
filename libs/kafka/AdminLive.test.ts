// A declared topic against a found one.
import { describe, expect, it } from "vitest"
import { mismatch } from "./AdminLive.ts"

const declared = {
  name: "t",
  partitions: 6,
  replicationFactor: 3,
  config: { "retention.ms": "1", "cleanup.policy": "delete" }
}
const actual = new Map([...Object.entries(declared.config), ["segment.bytes", "7"]])

describe("mismatch", () => {
  it("is nothing when all that is declared is there, whatever else is", () =>
    expect(mismatch(declared, { partitions: 6, replicas: 3, actual })).toBeUndefined())

  it("names the first difference and both values", () => {
    expect(mismatch(declared, { partitions: 3, replicas: 3, actual })).toBe("3 partitions, declared 6")
    expect(mismatch(declared, { partitions: 6, replicas: 1, actual })).toBe("1 replicas, declared 3")
    expect(mismatch(declared, { partitions: 6, replicas: 3, actual: new Map([["retention.ms", "2"]]) })).toBe(
      "retention.ms is 2, declared 1"
    )
    expect(mismatch(declared, { partitions: 6, replicas: 3, actual: new Map([["retention.ms", "1"]]) })).toBe(
      "cleanup.policy is not set, declared delete"
    )
  })
})
