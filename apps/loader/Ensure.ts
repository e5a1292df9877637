// Makes one record exist that no batch brings: the stand-in person, the object whose records follow, the field that leads to them.
// Once per pair of accounts: it has a row in the ledger like any other, and is looked for before it is made and after a crash. Promise 4.
import { hashJson } from "@bridge/domain/Canonical"
import type { EntityId } from "@bridge/domain/Entities"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { type Desk, type Work, writeOf } from "./Desk.ts"
import { entriesOf, keyText } from "./Ledger.ts"
import { matchBefore, matchRefused } from "./Match.ts"
import { plan } from "./Plan.ts"
import { send } from "./Send.ts"
import { resolve } from "./Unknown.ts"

/** `desk` is one of the record's sink, without a batch. `what` it is, for the log where it is refused; null unless it is. */
export const ensure = (desk: Desk, sourceId: string, body: Work["write"]["body"], what: string) =>
  Effect.gen(function* () {
    const { card } = desk
    const entity: EntityId = desk.sink.entity
    const hash = hashJson(body)
    const work: Work = {
      sourceId,
      hash,
      parts: [],
      op: "create",
      warnings: [],
      write: writeOf(desk, entity, sourceId, body)
    }
    const read = asTenant(card.tenantId)(entriesOf(desk.book, [{ entity, sourceId }]))
    let ended = false
    for (;;) {
      const entry = (yield* read).get(keyText(entity, sourceId))
      const action = plan({ sourceId, hash }, entry?.state === "failed" ? undefined : entry, card.id, false)
      if (action._tag === "LookUp") {
        yield* resolve(desk, [{ work, intent: action.intent, ended }])
        continue
      }
      if (action._tag !== "Create") return null
      if ((yield* matchBefore(desk, [work])).size > 0) return null
      const sent = yield* send(desk, [work], true)
      yield* matchRefused(desk, [work], sent)
      const end = sent.get(sourceId)
      ended = end?._tag === "Unknown"
      if (ended) continue
      if (end?._tag !== "Known" || end.outcome.word !== "failed") return null
      yield* Effect.logError(`${what} could not be made`, end.outcome.error)
      return end.outcome.error
    }
  })

/** Its source id in the ledger; no vendor has such an id. */
export const objectId = (entity: EntityId): string => `$object/${entity}`
