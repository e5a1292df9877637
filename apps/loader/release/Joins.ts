// Memberships that tickets ask for, where the mapping says so: an assignee in the ticket's group, a requester in its organization.
// Made before the first ticket of a phase, each once per pair of accounts. Settling has found them and warned (apps/refiner/link).

import { idValue } from "@bridge/domain/Assemble"
import type { EntityId } from "@bridge/domain/Entities"
import type { Join } from "@bridge/domain/Joins"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Desk } from "../Desk.ts"
import { ensure } from "../Ensure.ts"
import { entriesOf, keyText } from "../Ledger.ts"
import { destinationsOf } from "../Ready.ts"

interface Pair {
  readonly person: string
  readonly of: string
}

const pairsOf = (jobId: string, entity: EntityId, { code, of, person }: Join) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<Pair>`select distinct resolution -> 'refs' -> ${person}::text ->> 'sourceId' as person,
        resolution -> 'refs' -> ${of}::text ->> 'sourceId' as of
      from job_records where job_id = ${jobId}::uuid and entity = ${entity} and state = 'ready'
        and resolution ->> 'excluded' is null and warnings @> ${JSON.stringify([{ code }])}::jsonb
        and resolution -> 'refs' -> ${person}::text ->> 'sourceId' is not null
        and resolution -> 'refs' -> ${of}::text ->> 'sourceId' is not null
      order by 1, 2`
  )

/** Makes them exist; `desk` is one of the membership's sink, without a batch. Who is not there, or no agent there, is left alone. */
export const ensureJoins = (desk: Desk, entity: EntityId, join: Join) =>
  Effect.gen(function* () {
    const { card } = desk
    for (const pair of yield* asTenant(card.tenantId)(pairsOf(card.id, entity, join))) {
      const keys = [
        { entity: "person", sourceId: pair.person },
        { entity: join.kind, sourceId: pair.of }
      ] as const
      const entries = yield* asTenant(card.tenantId)(entriesOf(desk.book, keys))
      const { idOf } = destinationsOf(desk, entries)
      const person = idOf("person", pair.person)
      const of = idOf(join.kind, pair.of)
      const noAgent = join.kind === "group" && (entries.get(keyText("person", pair.person))?.adapted ?? null) !== null
      if (person === undefined || of === undefined || noAgent) continue
      const sourceId = `$member.${join.kind}.${pair.of}.${pair.person}`.replaceAll("/", ".")
      const body = { [join.personKey]: idValue(person), [join.ofKey]: idValue(of) }
      yield* ensure(desk, sourceId, body, `the membership of person ${pair.person} in ${join.kind} ${pair.of}`)
    }
  })
