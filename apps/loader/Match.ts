// What is at the destination already by its natural key (a person's e-mail, a group's or organization's name): matched and
// never changed. Looked for before a lone create, and after a refusal that may mean "this one exists".
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect } from "effect"
import { type Desk, patiently, stillOurs, type Work } from "./Desk.ts"
import { type Settlement, settle } from "./Ledger.ts"
import type { Outcome } from "./Outcome.ts"
import { mayBeThere, type SentMap } from "./Send.ts"

/** The destination id of the one that is there, if the sink knows how to find it. */
const matchOf = (desk: Desk, work: Work) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    for (const match of desk.sink.match ?? []) {
      const call = match.call(desk.connection.config, work.write)
      if (call === null) continue
      const look = http.read(desk.connection, call, (answer) => match.read(work.write, answer), { mode: "live" })
      const seen = yield* patiently(desk)(look)
      const first = seen._tag === "Success" ? seen.success[0] : undefined
      if (first !== undefined) return first
    }
    return undefined
  })

const matched = (destinationId: string): Outcome => ({ word: "matched", destinationId, hash: null, error: null })

const settleAll = (desk: Desk, settlements: ReadonlyArray<Settlement>) =>
  settlements.length === 0
    ? Effect.void
    : desk.transaction(Effect.andThen(stillOurs(desk), settle(desk.book, desk.card.id, settlements)))

/** Before anything is created one by one: outcomes of those that exist, already settled. */
export const matchBefore = (desk: Desk, works: ReadonlyArray<Work>) =>
  Effect.gen(function* () {
    const there = new Map<string, Outcome>()
    if (desk.sink.match === undefined || desk.sink.createMany !== undefined) return there
    for (const work of works) {
      const id = work.op === "create" ? yield* matchOf(desk, work) : undefined
      if (id !== undefined) there.set(work.sourceId, matched(id))
    }
    yield* settleAll(
      desk,
      [...there].map(([sourceId, outcome]) => ({ entity: desk.sink.entity, sourceId, outcome }))
    )
    return there
  })

/** After a refusal: a unique key that is taken is a match; anything else stays a failure. Settles both. */
export const matchRefused = (desk: Desk, works: ReadonlyArray<Work>, sent: SentMap) =>
  Effect.gen(function* () {
    const settlements: Array<Settlement> = []
    for (const work of works) {
      const known = sent.get(work.sourceId)
      if (known?._tag !== "Known" || !mayBeThere(desk, work, known.outcome)) continue
      const id = yield* matchOf(desk, work)
      const outcome = id === undefined ? known.outcome : matched(id)
      settlements.push({ entity: desk.sink.entity, sourceId: work.sourceId, outcome })
      sent.set(work.sourceId, { _tag: "Known", outcome })
    }
    yield* settleAll(desk, settlements)
  })
