// Wakes what waits for rows to change: one LISTEN connection per process, and a poll for what it misses. For the relay,
// windows (`window:<job>`) and the sweeper. What does not belong here: the condition that is waited for.
import { PgClient } from "@effect/sql-pg"
import { Context, type Duration, Effect, Layer, Option, Queue, Schedule } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

const channel = "bridge"

export class Wakeups extends Context.Service<
  Wakeups,
  {
    /** Asks `check` now, at every wake-up of `name` and at least every `poll` (1 s) until it gives a value. */
    readonly until: <A, E, R>(
      name: string,
      check: Effect.Effect<Option.Option<A>, E, R>,
      poll?: Duration.Input
    ) => Effect.Effect<A, E, R>
  }
>()("bridge/flow/Wakeups") {
  static readonly layer: Layer.Layer<Wakeups, never, PgClient.PgClient> = Layer.effect(
    Wakeups,
    Effect.suspend(() => make())
  )
}

/** Wakes `name` in every process when the current transaction commits. */
export const wake = (name: string): Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.asVoid(sql`select pg_notify(${channel}, ${name})`))

interface Bell {
  rung: boolean
  ring: () => void
}

const make = Effect.fnUntraced(function* () {
  const pg = yield* PgClient.PgClient
  const bells = new Map<string, Set<Bell>>()
  const ring = (name: string) => {
    for (const bell of bells.get(name) ?? []) {
      bell.rung = true
      bell.ring()
    }
  }
  const listen = Effect.scoped(
    Effect.gen(function* () {
      const heard = yield* pg.listen(channel)
      // What was said before we listened is not heard: everybody looks once.
      for (const name of bells.keys()) ring(name)
      return yield* Effect.forever(Effect.map(Queue.take(heard), ({ payload }) => ring(payload)))
    })
  )
  yield* listen.pipe(
    Effect.tapCause((cause) => Effect.logWarning("not listening to Postgres for a moment; polling goes on", cause)),
    Effect.retry(Schedule.spaced("2 seconds")),
    Effect.forkScoped
  )

  const withBell = <A, E, R>(name: string, use: (bell: Bell) => Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const bell: Bell = { rung: false, ring: () => {} }
        const all = bells.get(name) ?? new Set()
        bells.set(name, all.add(bell))
        return bell
      }),
      use,
      (bell) =>
        Effect.sync(() => {
          const all = bells.get(name)
          all?.delete(bell)
          if (all?.size === 0) bells.delete(name)
        })
    )
  const rings = (bell: Bell, poll: Duration.Input) =>
    Effect.callback<void>((resume) => {
      if (bell.rung) resume(Effect.void)
      bell.ring = () => resume(Effect.void)
      return Effect.sync(() => {
        bell.ring = () => {}
      })
    }).pipe(Effect.timeoutOption(poll), Effect.asVoid)

  return Wakeups.of({
    until: <A, E, R>(name: string, check: Effect.Effect<Option.Option<A>, E, R>, poll: Duration.Input = "1 second") =>
      withBell(name, (bell) => {
        // Silent before it asks: what rings meanwhile is not missed.
        const ask = Effect.suspend(() => {
          bell.rung = false
          return check
        })
        const loop: Effect.Effect<A, E, R> = Effect.flatMap(ask, (found) =>
          Option.isSome(found) ? Effect.succeed(found.value) : Effect.andThen(rings(bell, poll), loop)
        )
        return loop
      })
  })
})
