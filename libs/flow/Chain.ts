// The order of one actor's sends while its runs work side by side: a turn goes from run to run. For Work.ts.
// What does not belong here: permits; a run gives its permit back before it waits for its turn.
import { Effect } from "effect"

/** A run's place in its actor's order. It passes once: when its ordered work succeeded, or when the run has ended. */
export class Turn {
  #before: Turn | undefined
  #passed = false
  #then: Array<() => void> = []

  constructor(before: Turn | undefined) {
    this.#before = before?.passed === true ? undefined : before
  }

  get passed(): boolean {
    return this.#passed
  }

  /** True when every run before has passed. */
  get come(): boolean {
    return this.#before === undefined || this.#before.passed
  }

  /** Passes the turn on; when it has not come yet, as soon as it comes. */
  pass(): void {
    if (this.#passed) return
    const before = this.#before
    if (before !== undefined && !before.passed) {
      before.#then.push(() => this.pass())
      return
    }
    this.#before = undefined
    this.#passed = true
    const then = this.#then
    this.#then = []
    for (const f of then) f()
  }

  /** Calls `then` once the turn has been passed on. */
  afterwards(then: () => void): void {
    if (this.#passed) then()
    else this.#then.push(then)
  }

  readonly arrives: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const before = this.#before
    if (before === undefined || before.passed) resume(Effect.void)
    else before.#then.push(() => resume(Effect.void))
  })
}

/** Runs `effect` when the turn has come and passes it on if it succeeds; later calls of the same run go straight on. */
export const inOrder =
  (turn: Turn, waiting: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => (turn.come ? effect : Effect.andThen(waiting(turn.arrives), effect))).pipe(
      Effect.tap(() => Effect.sync(() => turn.pass()))
    )

/** The last run of each actor, so that the next one knows whom it follows. */
export class Chains {
  readonly #last = new Map<string, Turn>()

  next(actor: string): Turn {
    const turn = new Turn(this.#last.get(actor))
    this.#last.set(actor, turn)
    return turn
  }

  /** The run has ended, whatever became of it. It is the last one until those before it have sent as well. */
  end(actor: string, turn: Turn): void {
    turn.pass()
    turn.afterwards(() => {
      if (this.#last.get(actor) === turn) this.#last.delete(actor)
    })
  }
}
