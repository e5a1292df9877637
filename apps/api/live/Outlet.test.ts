import type { JobProgress } from "@bridge/contract/Live"
import type { JobState } from "@bridge/domain/Jobs"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { mostUnread, sendJob } from "./Outlet.ts"

const told = (state: JobState): JobProgress => ({
  jobId: "00000000-0000-4000-8000-000000000001",
  state,
  paused: false,
  cancelRequested: false,
  revision: 1,
  auditComplete: false,
  error: null,
  at: "2026-06-01T00:00:00.000Z",
  secondsLeft: null,
  eta: null,
  entities: []
})

const client = () => {
  const got: Array<{ readonly type: string; readonly n: number; readonly job: JobProgress }> = []
  const outlet = { readyState: 1, OPEN: 1, bufferedAmount: 0, send: (text: string) => got.push(JSON.parse(text)) }
  return { outlet, short: () => got.map(({ job, n, type }) => `${n} ${type} ${job.state}`) }
}

describe("a client of the socket", () => {
  it("gets a snapshot, numbered updates and the end", async () => {
    const { outlet, short } = client()
    await Effect.runPromise(sendJob(outlet, Stream.make(told("extracting"), told("loading"), told("completed"))))
    expect(short()).toEqual(["1 snapshot extracting", "2 update loading", "3 update completed", "4 end completed"])
  })

  it("that does not read is passed by, and learns of the end when it reads again", () =>
    Effect.gen(function* () {
      const { outlet, short } = client()
      const states = Stream.make(told("extracting"), told("loading"), told("completed")).pipe(
        Stream.tap(({ state }) =>
          Effect.sync(() => (outlet.bufferedAmount = state === "extracting" ? 0 : mostUnread + 1))
        )
      )
      const sending = yield* Effect.forkChild(sendJob(outlet, states))
      yield* TestClock.adjust("1 minute")
      expect(short()).toEqual(["1 snapshot extracting"])
      outlet.bufferedAmount = 0
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(sending)
      expect(short()).toEqual(["1 snapshot extracting", "2 end completed"])
    }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise))

  it("that has gone is waited for no longer", () =>
    Effect.gen(function* () {
      const { outlet, short } = client()
      outlet.bufferedAmount = mostUnread + 1
      const sending = yield* Effect.forkChild(sendJob(outlet, Stream.make(told("completed"))))
      yield* TestClock.adjust("1 second")
      outlet.readyState = 3
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(sending)
      expect(short()).toEqual([])
    }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise))

  it("is told no end of a job that goes on: the service stops", async () => {
    const { outlet, short } = client()
    await Effect.runPromise(sendJob(outlet, Stream.make(told("loading"))))
    expect(short()).toEqual(["1 snapshot loading"])
  })
})
