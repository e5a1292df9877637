// What the destination should hold of records of a job: approved bodies with references filled in by the ledger. For ReadBack.ts.

import type { Sink } from "@bridge/connectors/Connector"
import type { Adapted, AgentPaths } from "@bridge/domain/Adapted"
import {
  type Aggregate,
  assemble,
  type Dangling,
  type Destinations,
  type Piece,
  referencesOf
} from "@bridge/domain/Assemble"
import type { EntityId } from "@bridge/domain/Entities"
import { Elements, elementKey, type Loaded } from "@bridge/review/Elements"
import { approvedParts } from "@bridge/review/Parts"
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
  readonly agentPaths: AgentPaths
}

export interface LedgerLine {
  readonly entity: string
  readonly source_id: string
  readonly state: string
  readonly destination_id: string
  readonly adapted: Adapted | null
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
    )(sql<LedgerLine>`select l.entity, l.source_id, l.state, l.destination_id, l.adapted from load_ledger l
        join unnest(${keys.map((k) => k.entity)}::text[], ${keys.map((k) => k.sourceId)}::text[]) as k(entity, source_id)
          on l.entity = k.entity and l.source_id = k.source_id
      where l.tenant_id = ${scope.tenantId}::uuid and l.destination_account = ${scope.destinationAccount}
        and l.source_account = ${scope.sourceAccount} and l.destination_id is not null`)
  })

/** What should be there, and which of its references lead to records that were there before and are as they were. */
export interface Aim extends Aggregate {
  readonly toMatched: ReadonlySet<string>
}

/** Aggregates of roots by source id; a root that is not approved, or cannot be assembled any more, is absent. */
export const expected = (
  scope: Scope,
  entity: EntityId,
  sourceIds: ReadonlyArray<string>,
  { mostComments }: Pick<Sink<unknown>, "mostComments">
) =>
  Effect.gen(function* () {
    const elements = yield* Elements
    const { jobId, tenantId } = scope
    const { known, refused } = yield* asTenant(tenantId)(approvedWith(jobId, entity, sourceIds))
    const found = yield* elements.of(scope, known)
    const pieceOf = (r: { readonly entity: EntityId; readonly sourceId: string }): ReadonlyArray<Piece> => {
      const loaded: Loaded | undefined = found.get(elementKey(r.entity, r.sourceId))
      return loaded === undefined ? [] : [loaded]
    }
    const roots = known.filter((r) => r.root === null).flatMap(pieceOf)
    const parts = Map.groupBy(
      known.filter((r) => r.root !== null),
      (r) => r.root
    )
    const all = known.flatMap(pieceOf)
    const ledger = yield* ledgerOf(scope, [
      ...all.flatMap(referencesOf),
      { entity: "person", sourceId: standIn },
      ...(entity === "person" ? roots : [])
    ])
    const adapted = new Map(ledger.map((l) => [`${l.entity}\n${l.source_id}`, l.adapted]))
    const ids = new Map(ledger.map((l) => [`${l.entity}\n${l.source_id}`, l.destination_id]))
    const destinations: Destinations = {
      idOf: (id, sourceId) => ids.get(`${id}\n${sourceId}`),
      placeholder: ids.get(`person\n${standIn}`),
      adapted: (id, sourceId) => adapted.get(`${id}\n${sourceId}`) ?? undefined,
      agentPaths: scope.agentPaths,
      ...(mostComments !== undefined && { mostComments })
    }
    const matched = new Set(ledger.filter((l) => l.state === "matched").map((l) => `${l.entity}\n${l.source_id}`))
    const out = new Map<string, Aim>()
    for (const root of roots) {
      const whole: Aggregate | Dangling = assemble(
        root,
        (parts.get(root.sourceId) ?? []).flatMap(pieceOf),
        destinations,
        refused
      )
      if (whole._tag !== "Ready") continue
      const toMatched = Object.entries(root.resolution?.refs ?? {}).flatMap(([path, ref]) =>
        "sourceId" in ref && matched.has(`${ref.entity}\n${ref.sourceId}`) ? [path] : []
      )
      out.set(root.sourceId, { ...whole, toMatched: new Set(toMatched) })
    }
    return out
  })

/** Approved roots and their parts (`root` null for a root), and the files that the destination refused. */
const approvedWith = (jobId: string, entity: EntityId, sourceIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const roots = yield* sql<{ source_id: string }>`select source_id from job_records where job_id = ${jobId}::uuid
      and ${sql.literal(approvedOnly)} and entity = ${entity} and source_id = any(${sourceIds}::text[])`
    const parts = yield* approvedParts(
      jobId,
      entity,
      roots.map((r) => r.source_id)
    )
    const files = parts.filter((p) => p.entity === "attachment").map((p) => p.sourceId)
    const failed =
      files.length === 0
        ? []
        : yield* sql<{ source_id: string }>`select source_id from job_record_outcomes where job_id = ${jobId}::uuid
            and entity = 'attachment' and outcome = 'failed' and source_id = any(${files}::text[])`
    return {
      known: [
        ...roots.map((r) => ({ entity, sourceId: r.source_id, root: null })),
        ...parts.map((p) => ({ entity: p.entity, sourceId: p.sourceId, root: p.root }))
      ],
      refused: new Set(failed.map((r) => r.source_id))
    }
  })
