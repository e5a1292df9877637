// The stand-in person: one end user at the destination who takes the place of people that the source no longer has. Made
// once per pair of accounts, before the first record that needs it, as the approved mapping names it.
import { hashJson } from "@bridge/domain/Canonical"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Desk, type Work, writeOf } from "./Desk.ts"
import { entriesOf, keyText } from "./Ledger.ts"
import { matchRefused } from "./Match.ts"
import { plan } from "./Plan.ts"
import { send } from "./Send.ts"
import { resolve } from "./Unknown.ts"

/** Its source id in the ledger; no vendor has such an id. */
export const placeholderId = "$placeholder"

/** True when an approved record of the phase, or one of its parts, needs the stand-in. */
export const placeholderWanted = (jobId: string, entities: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ wanted: boolean }>`select exists (select 1 from job_records where job_id = ${jobId}::uuid
        and entity = any(${entities}::text[]) and state = 'ready' and resolution->>'excluded' is null
        and jsonb_path_exists(resolution, '$.refs.* ? (@.use == "placeholder")')) as wanted`
    return row?.wanted === true
  })

/** Makes the stand-in exist. `desk` is one of the person sink, without a batch. */
export const ensurePlaceholder = (desk: Desk) =>
  Effect.gen(function* () {
    const { card } = desk
    if (card.placeholder === null) return
    const body = { name: card.placeholder.name, email: card.placeholder.email, role: "end-user" }
    const hash = hashJson(body)
    const work: Work = {
      sourceId: placeholderId,
      hash,
      parts: [],
      op: "create",
      warnings: [],
      write: writeOf(desk, "person", placeholderId, body)
    }
    const read = asTenant(card.tenantId)(entriesOf(desk.book, [{ entity: "person", sourceId: placeholderId }]))
    let ended = false
    for (;;) {
      const entry = (yield* read).get(keyText("person", placeholderId))
      const action = plan(
        { sourceId: placeholderId, hash },
        entry?.state === "failed" ? undefined : entry,
        card.id,
        false
      )
      if (action._tag === "LookUp") {
        yield* resolve(desk, [{ work, intent: action.intent, ended }])
        continue
      }
      if (action._tag !== "Create") return
      const sent = yield* send(desk, [work], true)
      yield* matchRefused(desk, [work], sent)
      const end = sent.get(placeholderId)
      ended = end?._tag === "Unknown"
      if (ended) continue
      if (end?._tag === "Known" && end.outcome.word === "failed")
        yield* Effect.logError("the stand-in person could not be made", end.outcome.error)
      return
    }
  })
