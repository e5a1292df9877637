import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { packed, RawDataError, unpacked } from "./RawData.ts"

const array = Buffer.from(`[{"a":"ä\\u0000"},null, {"b":1.50} ,${JSON.stringify("x".repeat(100_000))}]`)

describe("packed rows", () => {
  it("come back byte for byte, and take less room", async () => {
    const stored = await Effect.runPromise(packed(array))
    expect(stored.length).toBeLessThan(array.length / 10)
    expect((await Effect.runPromise(unpacked(stored))).equals(array)).toBe(true)
    expect((await Effect.runPromise(unpacked(new Uint8Array(stored)))).equals(array)).toBe(true)
  })

  it("of an empty array are an empty array", async () => {
    const stored = await Effect.runPromise(packed(Buffer.from("[]")))
    expect((await Effect.runPromise(unpacked(stored))).toString()).toBe("[]")
  })

  it("from before packing are read as they are", async () =>
    expect((await Effect.runPromise(unpacked(array))).equals(array)).toBe(true))

  it("that are damaged are an error, never other rows", async () => {
    const stored = await Effect.runPromise(packed(array))
    for (let at = 8; at < stored.length; at++) {
      const damaged = Buffer.from(stored)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      const read = await Effect.runPromise(Effect.result(unpacked(damaged)))
      if (read._tag === "Failure") expect(read.failure).toBeInstanceOf(RawDataError)
      else expect(read.success.equals(array)).toBe(true)
    }
  })
})
