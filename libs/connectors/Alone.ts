// Tells what a vendor cannot give of one row from a vendor that is away: what it gave of another row is asked for again, beside
// it. For Whole.ts. What does not belong here: retries (libs/http), what becomes of the row.
import type { Answer, Call } from "@bridge/http/Call"
import type { Reason, VendorError } from "@bridge/http/VendorError"
import { Effect, Result } from "effect"

/** How often both are asked for, and how long after each other. */
export interface Doubt {
  readonly rounds: number
  readonly pauseMillis: number
}

/** A body that stays malformed or a 5xx that stays. Of a network fault or a limit no row is to blame. */
export const isOfRow = (reason: Reason): boolean =>
  reason._tag === "BadAnswer" || (reason._tag === "Unavailable" && (reason.status ?? 0) >= 500)

interface Question<A> {
  readonly call: Call
  readonly read: (answer: Answer) => A
}

/** Many in one reading are no fault of the rows: 3, and one more for each hundred answers, up to 20. */
const few = 3
const most = 20

/** What a reading has been given of its rows: answers that can be had again, a few of each operation. */
export class Witnesses {
  readonly #last = new Map<string, ReadonlyArray<Question<unknown>>>()
  #answers = 0
  #leftOut = 0

  saw(call: Call, read: (answer: Answer) => unknown): void {
    const others = (this.#last.get(call.operation) ?? []).filter((one) => one.call.path !== call.path)
    this.#last.set(call.operation, [{ call, read }, ...others].slice(0, 2))
    this.#answers += 1
  }

  /** The same question about another row. */
  beside({ operation, path }: Call): Question<unknown> | undefined {
    return this.#last.get(operation)?.find((one) => one.call.path !== path)
  }

  /** Whether one more may be left out; it is counted. */
  admits(): boolean {
    if (this.#leftOut >= Math.min(most, few + Math.floor(this.#answers / 100))) return false
    this.#leftOut += 1
    return true
  }
}

/**
 * After its retries: the answer where it comes all the same, null where it does not while another row's comes each time. Else
 * the failure: the vendor may be away, and then no row is left out.
 */
export const unlessAlone = <A, R>(
  question: Question<A>,
  failure: VendorError,
  witnesses: Witnesses,
  { pauseMillis, rounds }: Doubt,
  /** One attempt. */
  ask: <B>(question: Question<B>) => Effect.Effect<B, VendorError, R>
): Effect.Effect<A | null, VendorError, R> =>
  Effect.gen(function* () {
    for (let round = 0; round < rounds; round++) {
      const witness = witnesses.beside(question.call)
      if (witness === undefined) return yield* Effect.fail(failure)
      yield* Effect.sleep(pauseMillis)
      const before = yield* Effect.result(ask(question))
      if (Result.isSuccess(before)) return before.success
      if (!isOfRow(before.failure.reason)) return yield* Effect.fail(before.failure)
      if (Result.isFailure(yield* Effect.result(ask(witness)))) return yield* Effect.fail(failure)
    }
    return witnesses.admits() ? null : yield* Effect.fail(failure)
  })
