import { describe, expect, it } from "vitest"
import { makeStream } from "./Stream.ts"

const idsAfter = (
  stream: ReturnType<typeof makeStream>,
  at: number,
  id: number,
  until = 1e9,
  limit = 100
): ReadonlyArray<number> => stream.after(at, id, limit, until).map((entry) => entry.id)

describe("stream", () => {
  it("gives rows in the order of their last change, then of their ids", () => {
    const stream = makeStream()
    for (const [at, id] of [
      [5, 9],
      [5, 3],
      [6, 1],
      [5, 4]
    ] as const)
      stream.push(at, id)
    expect(idsAfter(stream, 0, -1)).toEqual([3, 4, 9, 1])
    expect(idsAfter(stream, 5, 4)).toEqual([9, 1])
    expect(idsAfter(stream, 5, -1, 5)).toEqual([3, 4, 9])
    expect(idsAfter(stream, 0, -1, 1e9, 2)).toEqual([3, 4])
  })

  it("moves a changed row to the end, be it new or from the past", () => {
    const stream = makeStream({ at: Int32Array.from([10, 10, 20]) })
    stream.push(30, 2)
    stream.push(40, 4)
    stream.push(50, 4)
    expect(idsAfter(stream, 0, -1)).toEqual([1, 3, 2, 4])
    expect(idsAfter(stream, 20, 3)).toEqual([2, 4])
  })
})
