// What one client of /api/live is sent, as far as it reads: of a job a snapshot, numbered updates, and the end. For Socket.ts.
import type { JobProgress, LiveMessage } from "@bridge/contract/Live"
import { isFinal } from "@bridge/domain/Jobs"
import { Effect, Schedule, Stream } from "effect"

/** The sending half of a WebSocket. */
export interface Outlet {
  readonly readyState: number
  readonly OPEN: number
  readonly bufferedAmount: number
  send(text: string): void
}

/** Bytes that a client may leave unread before updates pass it by; each update is the whole state, so none is missed. */
export const mostUnread = 1024 * 1024

/** False when the client is gone or has too much unread: the message is left out. */
export const send = (outlet: Outlet, message: LiveMessage): boolean => {
  if (outlet.readyState !== outlet.OPEN || outlet.bufferedAmount > mostUnread) return false
  outlet.send(JSON.stringify(message))
  return true
}

/** Until the job has ended, or its progress is cut short: then there is no end. */
export const sendJob = (outlet: Outlet, progress: Stream.Stream<JobProgress>): Effect.Effect<void> =>
  Effect.gen(function* () {
    let n = 0
    let last: JobProgress | undefined
    yield* Stream.runForEach(progress, (job) =>
      Effect.sync(() => {
        last = job
        if (send(outlet, { type: n === 0 ? "snapshot" : "update", n: n + 1, job })) n++
      })
    )
    if (last === undefined || !isFinal(last.state)) return
    const end = { type: "end", n: n + 1, job: last } as const
    // Nothing that comes later says it again: it waits for the client to read.
    yield* Effect.sync(() => send(outlet, end) || outlet.readyState !== outlet.OPEN).pipe(
      Effect.repeat({ until: (done) => done, schedule: Schedule.spaced("250 millis") })
    )
  })
