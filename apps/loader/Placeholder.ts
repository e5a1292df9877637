// The stand-in person: one end user at the destination who takes the place of people that the source no longer has. Made
// once per pair of accounts, before the first record that needs it, as the approved mapping names it.
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Desk } from "./Desk.ts"
import { ensure } from "./Ensure.ts"

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
export const ensurePlaceholder = (desk: Desk) => {
  const { placeholder } = desk.card
  if (placeholder === null) return Effect.void
  const body = { name: placeholder.name, email: placeholder.email, role: "end-user" }
  return ensure(desk, placeholderId, body, "the stand-in person")
}
