// What is at the destination already by its natural key (a person's e-mail, a group's or organization's name): matched and
// never changed. Looked for before a lone create, and after a refusal that may mean "this one exists".
import type { Call, Lookup, Write } from "@bridge/connectors/Connector"
import type { Answer } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect, Result } from "effect"
import { type Desk, isForbidden, patiently, stillOurs, type Work } from "./Desk.ts"
import { complete } from "./Further.ts"
import { type Settlement, settle } from "./Ledger.ts"
import type { Outcome } from "./Outcome.ts"
import { mayBeThere, type SentMap } from "./Send.ts"

interface Seen {
  readonly ids: ReadonlyArray<string>
  readonly next: Call | null
  readonly answer: Answer | null
}

const nothing: Seen = { ids: [], next: null, answer: null }

/**
 * A look-up or match, read page by page until it finds something. `Gone` and `Refused` mean that nothing is there; null, that
 * the vendor does not let us look.
 */
export const pages = (desk: Desk, look: Pick<Lookup<unknown>, "read" | "next">, first: Call | null, write: Write) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    for (let call = first; call !== null; ) {
      const asked: Call = call
      const seen: Result.Result<Seen, VendorError> = yield* patiently(desk)((connection) =>
        http.read(
          connection,
          asked,
          (answer): Seen => ({ ids: look.read(write, answer), next: look.next?.(answer) ?? null, answer }),
          { mode: "live" }
        )
      )
      if (Result.isFailure(seen)) return isForbidden(seen.failure.reason) ? null : nothing
      if (seen.success.ids.length > 0) return seen.success
      call = seen.success.next
    }
    return nothing
  })

/** The one that is there, if the sink knows how to find it; `adapted` where it is less than the approved one. */
const matchOf = (desk: Desk, { sourceId, write }: Work) =>
  Effect.gen(function* () {
    for (const match of desk.sink.match ?? []) {
      const seen = yield* pages(desk, match, match.call(desk.connection.config, write), write)
      const id = seen?.ids[0]
      if (id === undefined || seen === null) continue
      const lack = seen.answer === null ? null : (match.lacks?.(write, seen.answer, id) ?? null)
      const settlement: Settlement = {
        entity: desk.sink.entity,
        sourceId,
        outcome: { word: "matched", destinationId: id, hash: null, error: null },
        ...(lack !== null && { adapted: { job: desk.card.id, ...lack, set: {} } })
      }
      return { destinationId: id, settlement }
    }
    return undefined
  })

const settleAll = (desk: Desk, settlements: ReadonlyArray<Settlement>) =>
  settlements.length === 0
    ? Effect.void
    : desk.transaction(Effect.andThen(stillOurs(desk), settle(desk.book, desk.card.id, settlements)))

/** Before anything is created one by one: outcomes of those that exist, already settled. */
export const matchBefore = (desk: Desk, works: ReadonlyArray<Work>) =>
  Effect.gen(function* () {
    const there = new Map<string, Outcome>()
    if (desk.sink.match === undefined || desk.sink.createMany !== undefined) return there
    const settlements: Array<Settlement> = []
    for (const work of works) {
      const found = work.op === "create" ? yield* matchOf(desk, work) : undefined
      if (found === undefined) continue
      there.set(work.sourceId, found.settlement.outcome)
      settlements.push(found.settlement)
      yield* complete(desk, [{ work, destinationId: found.destinationId, matched: true }])
    }
    yield* settleAll(desk, settlements)
    return there
  })

/** After a refusal: a unique key that is taken is a match; anything else stays a failure. Settles both. */
export const matchRefused = (desk: Desk, works: ReadonlyArray<Work>, sent: SentMap) =>
  Effect.gen(function* () {
    const settlements: Array<Settlement> = []
    for (const work of works) {
      const known = sent.get(work.sourceId)
      if (known?._tag !== "Known" || !mayBeThere(desk, work, known.outcome)) continue
      const found = yield* matchOf(desk, work)
      const { outcome } = found?.settlement ?? known
      if (found !== undefined) yield* complete(desk, [{ work, destinationId: found.destinationId, matched: true }])
      settlements.push(found?.settlement ?? { entity: desk.sink.entity, sourceId: work.sourceId, outcome })
      sent.set(work.sourceId, { _tag: "Known", outcome })
    }
    yield* settleAll(desk, settlements)
  })
