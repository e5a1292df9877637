// Passwords: argon2id, at most two at a time, and the same time for somebody who does not exist. For Sessions and Tenants.

import { argon2id, hash, verify } from "argon2"
import { Context, Effect, Layer, Redacted, Semaphore } from "effect"

/** OWASP's second choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { type: argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const

export class Passwords extends Context.Service<
  Passwords,
  {
    readonly hash: (password: Redacted.Redacted<string>) => Effect.Effect<string>
    /** False after the same work for a missing hash, so that the time does not tell who exists. */
    readonly matches: (stored: string | undefined, password: Redacted.Redacted<string>) => Effect.Effect<boolean>
  }
>()("bridge/api/Passwords") {
  static readonly layer = Layer.effect(
    Passwords,
    Effect.gen(function* () {
      const turns = yield* Semaphore.make(2)
      const work = <A>(run: () => Promise<A>) => turns.withPermits(1)(Effect.promise(run))
      const nobody = yield* work(() => hash("nobody has this password", cost))
      return Passwords.of({
        hash: (password) => work(() => hash(Redacted.value(password), cost)),
        matches: (stored, password) =>
          Effect.map(
            work(() => verify(stored ?? nobody, Redacted.value(password)).catch(() => false)),
            (ok) => ok && stored !== undefined
          )
      })
    })
  )
}
