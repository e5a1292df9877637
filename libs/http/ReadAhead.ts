// Pages asked for before the answers to earlier ones are there: a bounded window in flight, delivered in order. For engines
// that read numbered pages; nothing of a vendor in here.
import { Effect, Exit, Fiber, Option, Stream } from "effect"

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
 * All pages from a cursor, in order, with up to `window` calls in flight, and as many answers that wait for an earlier one. The
 * first page goes alone, so that a stream of one page is one call. It stops at the page that ends the stream: what was asked
 * for beyond it is dropped, errors included. Where a page names another next cursor than was guessed, the guesses are dropped
 * and reading goes on from there.
 */
export const readAhead = <C, P, E, R>(pages: Pages<C, P, E, R>, from: C, window: number): Stream.Stream<P, E, R> =>
  Stream.unwrap(
    Effect.map(Effect.scope, (scope) => {
      let flying: ReadonlyArray<Flying<C, P, E>> = []
      let calling = 0
      /** The first page has answered. */
      let open = false
      /** A page has failed, ends the stream or leads elsewhere than guessed: nothing more is asked for behind it. */
      let stopped = false
      let reading = 0

      const leadsOn = (cursor: C, page: P): boolean => {
        const [next, guess] = [pages.next(page), pages.guess(cursor)]
        return next !== null && guess !== null && pages.same(next, guess)
      }
      /** An answer makes room for the next call at once, whoever reads the pages. */
      const ended = (cursor: C, number: number) => (exit: Exit.Exit<P, E>) =>
        Effect.suspend(() => {
          if (number !== reading) return Effect.void
          calling -= 1
          if (!Exit.isSuccess(exit) || !leadsOn(cursor, exit.value)) stopped = true
          return fill
        })
      const launch = (cursor: C): Effect.Effect<void, never, R> =>
        Effect.suspend(() => {
          calling += 1
          const call = Effect.onExit(pages.fetch(cursor), ended(cursor, reading))
          return Effect.map(Effect.forkIn(call, scope), (fiber) => {
            flying = [...flying, { cursor, fiber }]
          })
        })
      const fill: Effect.Effect<void, never, R> = Effect.suspend(() => {
        const last = flying.at(-1)
        if (!open || stopped || last === undefined || calling >= window || flying.length >= 2 * window)
          return Effect.void
        const guess = pages.guess(last.cursor)
        return guess === null ? Effect.void : Effect.andThen(launch(guess), fill)
      })
      const drop = Effect.suspend(() => {
        const dropped = flying
        flying = []
        calling = 0
        stopped = false
        reading += 1
        return Fiber.interruptAll(dropped.map(({ fiber }) => fiber))
      })
      const step = Effect.fnUntraced(function* (at: { readonly cursor: C; readonly first: boolean }) {
        const expected = flying[0]
        if (expected !== undefined && !pages.same(expected.cursor, at.cursor)) yield* drop
        if (flying.length === 0) yield* launch(at.cursor)
        open = !at.first
        yield* fill
        const head = flying[0]
        if (head === undefined) return [[], Option.none()] as const
        const page = yield* Fiber.join(head.fiber)
        flying = flying.slice(1)
        const next = pages.next(page)
        if (next === null) yield* drop
        return [[page], next === null ? Option.none() : Option.some({ cursor: next, first: false })] as const
      })
      return Stream.paginate({ cursor: from, first: true }, step)
    })
  )
