import { Effect, Queue } from "effect"
import { describe, expect, it } from "vitest"
import { type Group, rowCount } from "./Cut.ts"
import { takeGroup } from "./Take.ts"

const page = (rows: number, bytes: number, next: number | null): Group => ({
  rows: [
    {
      stream: "tickets",
      entity: "ticket",
      rows: Array.from({ length: rows }, (_, i) => ({
        sourceId: `${next}/${i}`,
        version: "",
        op: "upsert",
        json: Buffer.alloc(bytes)
      }))
    }
  ],
  poison: [],
  gaps: [],
  next: next === null ? null : { page: next },
  calls: 1,
  taken: rows,
  leftOut: 0
})

/** What groups of batches of 10 rows are made of pages that are all there, and where each goes on. */
const groups = (pages: ReadonlyArray<Group>, ended: boolean, crowded = false) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const queue = yield* Queue.unbounded<Group, never>()
      yield* Queue.offerAll(queue, pages)
      const out: Array<readonly [rows: number, calls: number, next: unknown]> = []
      while ((yield* Queue.size(queue)) > 0) {
        const group = yield* takeGroup(queue, 10, crowded)
        if (group !== null) out.push([rowCount(group), group.calls, group.next])
      }
      expect(ended).toBe(out.at(-1)?.[2] === null)
      return out
    })
  )

describe("pages that are there", () => {
  it("are taken together up to six batches, the page that is over it as a whole", async () => {
    const pages = [1, 2, 3, 4].map((n) => page(25, 1, n))
    expect(await groups(pages, false)).toEqual([
      [75, 3, { page: 3 }],
      [25, 1, { page: 4 }]
    ])
  })

  it("are taken up to one batch while others wait", async () => {
    const pages = [1, 2, 3].map((n) => page(6, 1, n))
    expect(await groups(pages, false, true)).toEqual([
      [12, 2, { page: 2 }],
      [6, 1, { page: 3 }]
    ])
  })

  it("are taken one by one where each is as large as a group may be", async () => {
    const large = 6 * 1024 * 1024
    expect(await groups([page(1, large, 1), page(1, large, 2)], false)).toEqual([
      [1, 1, { page: 1 }],
      [1, 1, { page: 2 }]
    ])
  })

  it("end with the last one", async () => {
    expect(await groups([page(1, 1, 1), page(0, 1, null), page(9, 1, 3)], false)).toEqual([
      [1, 2, null],
      [9, 1, { page: 3 }]
    ])
  })

  it("none: the first that comes is taken, and nothing is waited for behind it", async () => {
    const group = await Effect.runPromise(
      Effect.gen(function* () {
        const queue = yield* Queue.unbounded<Group, never>()
        yield* Effect.forkChild(Effect.andThen(Effect.sleep("10 millis"), Queue.offer(queue, page(1, 1, 1))))
        return yield* takeGroup(queue, 10, false)
      })
    )
    expect(group?.calls).toBe(1)
  })
})
