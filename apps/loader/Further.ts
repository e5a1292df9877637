// What is written after a record with its id (addresses of a person, fields of a custom object), before the record counts as
// done: after a crash it is listed and completed. Refusals are told and do not fail the record. For Send.ts, Match.ts, Unknown.ts.
import type { Call, WriteOutcome } from "@bridge/connectors/Connector"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { monotonicMillis } from "@bridge/http/Wire"
import { Effect, Result } from "effect"
import { type Desk, patiently, refusedConnection, restful, tell, type Work, whilePaused } from "./Desk.ts"

/** Lost answers of one call; each is followed by a look at what is there. */
const mostTries = 5
/** Refusals named in one event, which a call's records do not exceed: the read-back looks for all that is not among them. */
const named = 1_000

type Refusal = { readonly sourceId: string; readonly name: string; readonly message: string }

/** A record that is at the destination by now, under this id. */
export interface There {
  readonly work: Work
  readonly destinationId: string
  readonly matched: boolean
}

/** Those of some outcomes that are there now. */
export const thereOf = (works: ReadonlyArray<Work>, outcomes: ReadonlyArray<WriteOutcome>): ReadonlyArray<There> =>
  works.flatMap((work, i) => {
    const outcome = outcomes[i]
    return outcome?._tag === "Created" || outcome?._tag === "Matched" || outcome?._tag === "Updated"
      ? [{ work, destinationId: outcome.destinationId, matched: outcome._tag === "Matched" }]
      : []
  })

/** Completes records; ends early, and leaves the rest to the next plan, when the job is cancelled. */
export const complete = (desk: Desk, there: ReadonlyArray<There>) =>
  Effect.gen(function* () {
    const { further } = desk.sink
    if (further === undefined) return
    const refusals: Array<Refusal> = []
    for (const one of there) {
      if ((one.matched && !further.ofMatched) || further.of(one.work.write).length === 0) continue
      refusals.push(...(yield* completeOne(desk, one)))
    }
    if (refusals.length === 0) return
    yield* tell(desk, "partly-loaded", {
      entity: desk.sink.entity,
      refused: refusals.length,
      records: refusals.slice(0, named)
    })
  })

const completeOne = (desk: Desk, { destinationId, work }: There) =>
  Effect.gen(function* () {
    const { further } = desk.sink
    const refusals: Array<Refusal> = []
    if (further === undefined) return refusals
    const http = yield* VendorHttp
    const { config } = desk.connection
    const refusedNames = new Set<string>()
    let told = false
    for (let lost = 0; lost < mostTries; ) {
      const present = yield* listed(desk, further.list(config, work.write, destinationId))
      const missing = further.of(work.write).filter((name) => !present.has(name) && !refusedNames.has(name))
      if (missing.length === 0) break
      let unsure = false
      for (const name of missing) {
        if ((yield* whilePaused(desk)) !== "go") return refusals
        const call = further.create(config, work.write, destinationId, name)
        const deadline = monotonicMillis() + desk.timing.deadlineMillis
        const end = yield* Effect.result(desk.waiting(http.call(desk.connection, call, { deadline })))
        if (Result.isSuccess(end)) {
          const refusal = further.readCreate(end.success)
          if (refusal === null) continue
          refusedNames.add(name)
          refusals.push({ sourceId: work.sourceId, name, message: refusal.message })
          continue
        }
        unsure = true
        told = yield* refusedConnection(desk, end.failure, told)
        const { reason } = end.failure
        if (reason._tag === "Unknown") lost += 1
        const wait = reason._tag === "Throttled" ? Math.max(100, reason.retryAfterMillis) : desk.timing.patienceMillis
        if (yield* restful(desk, wait)) return refusals
        break
      }
      if (!unsure) break
    }
    return refusals
  })

const listed = (desk: Desk, first: Call) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { further } = desk.sink
    const names = new Set<string>()
    if (further === undefined) return names
    for (let call: Call | null = first; call !== null; ) {
      const asked: Call = call
      const seen: Result.Result<ReturnType<typeof further.readList>, unknown> = yield* patiently(desk)((connection) =>
        http.read(connection, asked, (answer) => further.readList(answer), { mode: "live" })
      )
      if (Result.isFailure(seen)) break
      for (const name of seen.success.names) names.add(name)
      call = seen.success.next
    }
    return names
  })
