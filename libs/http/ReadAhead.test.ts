import { Effect, Exit, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { type Pages, readAhead } from "./ReadAhead.ts"

interface Page {
  readonly at: number
  readonly next: number | null
}

/** Pages 1 to `last`; notes what was asked for and how many were in flight. */
const numbered = (
  last: number,
  fetch: (at: number) => Effect.Effect<Page, string> = (at) => Effect.succeed({ at, next: at === last ? null : at + 1 })
) => {
  const asked: Array<number> = []
  let flying = 0
  let most = 0
  const pages: Pages<number, Page, string, never> = {
    fetch: (at) =>
      Effect.gen(function* () {
        asked.push(at)
        most = Math.max(most, ++flying)
        // Later pages answer first: the order must not come from luck.
        for (let i = 0; i < 20 - at; i++) yield* Effect.yieldNow
        return yield* fetch(at)
      }).pipe(Effect.ensuring(Effect.sync(() => flying--))),
    next: ({ next }) => next,
    guess: (at) => at + 1,
    same: (a, b) => a === b
  }
  const collect = (window: number) =>
    Effect.runPromiseExit(
      Stream.runCollect(readAhead(pages, 1, window)).pipe(Effect.map((all) => all.map(({ at }) => at)))
    )
  return { asked, collect, mostInFlight: () => most }
}

describe("readAhead", () => {
  it.each([1, 2, 4, 9])("delivers all pages in order with up to %i in flight", async (window) => {
    const run = numbered(10)
    expect(await run.collect(window)).toEqual(Exit.succeed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    expect(run.mostInFlight()).toBeLessThanOrEqual(window)
    if (window > 1) expect(run.mostInFlight()).toBeGreaterThan(1)
  })

  it("asks for the next page as soon as any answer has come, not only the first one's in line", async () => {
    // Page 2 takes ten times as long as the others: while it is out, the others' places are taken again.
    const run = numbered(12, (at) =>
      Effect.gen(function* () {
        for (let i = 0; i < (at === 2 ? 600 : 60); i++) yield* Effect.yieldNow
        if (at === 2) expect(Math.max(...run.asked)).toBe(9)
        return { at, next: at === 12 ? null : at + 1 }
      })
    )
    expect(await run.collect(4)).toEqual(Exit.succeed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]))
    expect(run.mostInFlight()).toBe(4)
  })

  it("makes one call for a stream of one page", async () => {
    const run = numbered(1)
    expect(await run.collect(4)).toEqual(Exit.succeed([1]))
    expect(run.asked).toEqual([1])
  })

  it("asks for no more than a window beyond the end, and drops what that gives, errors too", async () => {
    const run = numbered(5, (at) =>
      at > 5 ? Effect.fail("beyond the end") : Effect.succeed({ at, next: at === 5 ? null : at + 1 })
    )
    expect(await run.collect(3)).toEqual(Exit.succeed([1, 2, 3, 4, 5]))
    expect(Math.max(...run.asked)).toBeLessThanOrEqual(7)
  })

  it("goes where a page says, when that is not where it was guessed", async () => {
    const run = numbered(9, (at) => Effect.succeed({ at, next: at === 3 ? 7 : at === 9 ? null : at + 1 }))
    expect(await run.collect(4)).toEqual(Exit.succeed([1, 2, 3, 7, 8, 9]))
  })

  it("fails with the page that failed, after those before it", async () => {
    const run = numbered(9, (at) => (at === 3 ? Effect.fail("page 3") : Effect.succeed({ at, next: at + 1 })))
    expect(await run.collect(4)).toEqual(Exit.fail("page 3"))
  })

  it("goes through very many pages", async () => {
    const run = numbered(20_000, (at) => Effect.succeed({ at, next: at === 20_000 ? null : at + 1 }))
    const exit = await run.collect(1)
    expect(Exit.isSuccess(exit) && exit.value.length).toBe(20_000)
  })
})
