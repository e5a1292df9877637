// Pages asked for before the answers to earlier ones are there: a bounded window in flight, delivered in order. For engines
// that read numbered pages; nothing of a vendor in here.
import { Effect, Fiber, Option, Stream } from "effect"

/** How pages follow each other. */
export interface Pages<C, P, E, R> {
  readonly fetch: (cursor: C) => Effect.Effect<P, E, R>
  /** Null at the end. */
  readonly next: (page: P) => C | null
  /** The cursor of the page after the one at `cursor`, without its answer; null where it cannot be known. */
  readonly guess: (cursor: C) => C | null
  readonly same: (a: C, b: C) => boolean
}

interface Flying<C, P, E> {
  readonly cursor: C
  readonly fiber: Fiber.Fiber<P, E>
}

/**
 * All pages from a cursor, in order, with up to `window` calls in flight. The first page goes alone, so that a stream of one
 * page is one call. It stops at the page that ends the stream: what was asked for beyond it is dropped, errors included.
 * Where a page names another next cursor than was guessed, the guesses are dropped and reading goes on from there.
 */
export const readAhead = <C, P, E, R>(pages: Pages<C, P, E, R>, from: C, window: number): Stream.Stream<P, E, R> =>
  Stream.unwrap(
    Effect.map(Effect.scope, (scope) => {
      let flying: ReadonlyArray<Flying<C, P, E>> = []
      const launch = (cursor: C) =>
        Effect.map(Effect.forkIn(pages.fetch(cursor), scope), (fiber) => {
          flying = [...flying, { cursor, fiber }]
        })
      const drop = Effect.suspend(() => {
        const dropped = flying
        flying = []
        return Fiber.interruptAll(dropped.map(({ fiber }) => fiber))
      })
      const step = Effect.fnUntraced(function* (at: { readonly cursor: C; readonly first: boolean }) {
        const expected = flying[0]
        if (expected !== undefined && !pages.same(expected.cursor, at.cursor)) yield* drop
        if (flying.length === 0) yield* launch(at.cursor)
        while (!at.first && flying.length < window) {
          const last = flying.at(-1)
          const guess = last === undefined ? null : pages.guess(last.cursor)
          if (guess === null) break
          yield* launch(guess)
        }
        const [head, ...rest] = flying
        if (head === undefined) return [[], Option.none()] as const
        flying = rest
        const page = yield* Fiber.join(head.fiber)
        const next = pages.next(page)
        if (next === null) yield* drop
        return [[page], next === null ? Option.none() : Option.some({ cursor: next, first: false })] as const
      })
      return Stream.paginate({ cursor: from, first: true }, step)
    })
  )
