// What the destination should hold of records of a job: approved bodies with references filled in by the ledger. For ReadBack.ts.
import {
  type Aggregate,
  assemble,
  type Dangling,
  type Destinations,
  type Piece,
  referencesOf
} from "@bridge/domain/Assemble"
import { type EntityId, partsOf } from "@bridge/domain/Entities"
import { Elements, elementKey, type Loaded } from "@bridge/review/Elements"
import { approvedOnly } from "@bridge/review/Reviewed"
import { asTenant } from "@bridge/store/Postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** The job and the two accounts whose ledger it is. */
export interface Scope {
  readonly tenantId: string
  readonly jobId: string
  readonly revision: number
  readonly sourceAccount: string
  readonly destinationAccount: string
}

export interface LedgerLine {
  readonly entity: string
  readonly source_id: string
  readonly state: string
  readonly destination_id: string
}

/** The source id under which the stand-in for people who are gone is kept. */
const standIn = "$placeholder"

/** Ledger rows of these source ids that lead to a destination record. */
export const ledgerOf = (scope: Scope, keys: ReadonlyArray<{ readonly entity: string; readonly sourceId: string }>) =>
  Effect.gen(function* () {
    if (keys.length === 0) return [] as ReadonlyArray<LedgerLine>
    const sql = yield* SqlClient.SqlClient
    return yield* asTenant(
      scope.tenantId
    )(sql<LedgerLine>`select l.entity, l.source_id, l.state, l.destination_id from load_ledger l
        join unnest(${keys.map((k) => k.entity)}::text[], ${keys.map((k) => k.sourceId)}::text[]) as k(entity, source_id)
          on l.entity = k.entity and l.source_id = k.source_id
      where l.tenant_id = ${scope.tenantId}::uuid and l.destination_account = ${scope.destinationAccount}
        and l.source_account = ${scope.sourceAccount} and l.destination_id is not null`)
  })

/** Aggregates of roots by source id; a root that is not approved, or cannot be assembled any more, is absent. */
export const expected = (scope: Scope, entity: EntityId, sourceIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const elements = yield* Elements
    const partIds = partsOf(entity).map((e) => e.id)
    const records = yield* asTenant(scope.tenantId)(
      sql<{
        entity: EntityId
        source_id: string
        parent_id: string | null
      }>`select entity, source_id, parent_id from job_records
        where job_id = ${scope.jobId}::uuid and ${sql.literal(approvedOnly)} and ((entity = ${entity}
          and source_id = any(${sourceIds}::text[])) or (entity = any(${partIds}::text[]) and parent_entity = ${entity}
          and parent_id = any(${sourceIds}::text[])))`
    )
    const found = yield* elements.of(
      scope,
      records.map((r) => ({ entity: r.entity, sourceId: r.source_id }))
    )
    const pieceOf = (r: { readonly entity: EntityId; readonly source_id: string }): ReadonlyArray<Piece> => {
      const loaded: Loaded | undefined = found.get(elementKey(r.entity, r.source_id))
      return loaded === undefined ? [] : [loaded]
    }
    const roots = records.filter((r) => r.entity === entity).flatMap(pieceOf)
    const parts = Map.groupBy(
      records.filter((r) => r.entity !== entity),
      (r) => r.parent_id ?? ""
    )
    const all = [...roots, ...records.filter((r) => r.entity !== entity).flatMap(pieceOf)]
    const ledger = yield* ledgerOf(scope, [...all.flatMap(referencesOf), { entity: "person", sourceId: standIn }])
    const ids = new Map(ledger.map((l) => [`${l.entity}\n${l.source_id}`, l.destination_id]))
    const destinations: Destinations = {
      idOf: (id, sourceId) => ids.get(`${id}\n${sourceId}`),
      placeholder: ids.get(`person\n${standIn}`)
    }
    const out = new Map<string, Aggregate>()
    for (const root of roots) {
      const whole: Aggregate | Dangling = assemble(
        root,
        (parts.get(root.sourceId) ?? []).flatMap(pieceOf),
        destinations
      )
      if (whole._tag === "Ready") out.set(root.sourceId, whole)
    }
    return out
  })
