// The event stream of one job. For main.ts.
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import type { JobProgress } from "@bridge/contract/Live"
import { isFinal } from "@bridge/domain/Jobs"
import { Effect, Scope, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { WhoIs } from "../access/AccessLive.ts"
import { answerHeader } from "../http/Refusals.ts"
import { Watch } from "./Watch.ts"

interface Event {
  readonly id: string
  readonly event: "snapshot" | "progress" | "end"
  readonly data: JobProgress
}

export const liveRoutes = HttpApiBuilder.group(
  Api,
  "live",
  Effect.fn(function* (handlers) {
    const watch = yield* Watch
    const whoIs = yield* WhoIs
    return handlers.handleAll({
      progress: Effect.fn(function* ({ headers, params }) {
        const user = yield* CurrentUser
        const seen = headers["last-event-id"] ?? ""
        // The end was received: a browser that comes back by itself is told to stay away.
        if (seen.endsWith("-end")) return HttpServerResponse.empty({ status: 204 })
        const scope = yield* Scope.Scope
        const progress = yield* Scope.provide(watch.job(user.tenantId, params.id), scope)
        yield* answerHeader("cache-control", "no-cache, no-transform")
        yield* answerHeader("x-accel-buffering", "no")
        const mine = Stream.interruptWhen(progress, whoIs.gone(user))
        return events(mine, numberIn(seen))
      })
    })
  })
)

/** What is no number of ours counts as nothing seen. */
const numberIn = (seen: string): number => (/^\d{1,15}$/.test(seen) ? Number(seen) : 0)

/** Numbered on from what was seen; the last one says so in its id. */
export const events = (progress: Stream.Stream<JobProgress>, seen: number): Stream.Stream<Event> => {
  let n = seen
  let last: JobProgress | undefined
  const told = progress.pipe(
    Stream.map((data): Event => {
      const event = last === undefined ? "snapshot" : "progress"
      last = data
      return { id: String(++n), event, data }
    })
  )
  const end = Stream.suspend(() =>
    // A stream that was cut short (the session ended, the service stops) has no end.
    last === undefined || !isFinal(last.state)
      ? Stream.empty
      : Stream.succeed<Event>({ id: `${++n}-end`, event: "end", data: last })
  )
  return Stream.concat(told, end)
}
