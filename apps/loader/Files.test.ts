// Files of many runs share the room in memory, and runs share permits: neither may hold up the other for good.
import { Effect, Semaphore } from "effect"
import { expect, it } from "vitest"
import { inRoom } from "./Files.ts"

it("lets a run take its permit again though others want room, and the others have room when it is done", async () => {
  const permit = Semaphore.makeUnsafe(1)
  const waiting = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.andThen(
      permit.release(1),
      Effect.onExit(effect, () => permit.take(1))
    )
  // All the room there is: one file at a time.
  const upload = inRoom(waiting, { size: 64 * 1024 * 1024 }, Effect.sleep("20 millis"))
  const runs = Array.from({ length: 3 }, () => permit.withPermits(1)(Effect.andThen(upload, upload)))
  const done = Effect.all(runs, { concurrency: "unbounded", discard: true }).pipe(Effect.timeoutOption("2 seconds"))
  expect((await Effect.runPromise(done))._tag).toBe("Some")
})
