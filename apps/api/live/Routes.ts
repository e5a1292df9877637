// The event stream of one job. For main.ts.
import { CurrentUser } from "@bridge/contract/Access"
import { Api } from "@bridge/contract/Api"
import type { JobProgress } from "@bridge/contract/Live"
import { Effect, Scope, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
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
    return handlers.handleAll({
      progress: Effect.fn(function* ({ headers, params }) {
        const { tenantId } = yield* CurrentUser
        const seen = headers["last-event-id"] ?? ""
        // The end was received: a browser that comes back by itself is told to stay away.
        if (seen.endsWith("-end")) return HttpServerResponse.empty({ status: 204 })
        const scope = yield* Scope.Scope
        const progress = yield* Scope.provide(watch.job(tenantId, params.id), scope)
        yield* answerHeader("cache-control", "no-cache, no-transform")
        yield* answerHeader("x-accel-buffering", "no")
        return events(progress, Number.parseInt(seen, 10) || 0)
      })
    })
  })
)

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
    last === undefined ? Stream.empty : Stream.succeed<Event>({ id: `${++n}-end`, event: "end", data: last })
  )
  return Stream.concat(told, end)
}
