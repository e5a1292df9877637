// May this job write now? Read from the job row inside the transaction of each intent, so that approval, pause and cancel
// hold at the very last moment before a call. For release and load. Promise 3.
import { type AgentPaths, agentPaths } from "@bridge/domain/Adapted"
import type { Approval } from "@bridge/domain/Approval"
import type { EntityId } from "@bridge/domain/Entities"
import type { JobState } from "@bridge/domain/Jobs"
import { type Join, joinsOf } from "@bridge/domain/Joins"
import { linkFieldOf, type MappedObject, Mapping, objectsBefore } from "@bridge/domain/Mapping"
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"

/** A job as the loader needs it; what does not change from approval on. */
export interface JobCard {
  readonly id: string
  readonly tenantId: string
  readonly revision: number
  readonly sourceAccount: string
  readonly destinationAccount: string
  readonly destinationVendor: string
  readonly destinationConnection: string
  readonly entities: ReadonlyArray<EntityId>
  readonly hashes: Approval["hashes"]
  /** The stand-in for people who are gone, as the approved mapping names it. */
  readonly placeholder: { readonly name: string; readonly email: string } | null
  readonly agentsOverSeats: "end-user" | "placeholder" | "fail"
  readonly agentPaths: AgentPaths
  /** Objects of the approved mapping that must be there before records of an entity. */
  readonly objectsBefore: (entity: EntityId) => ReadonlyArray<MappedObject>
  /** Of kinds of assets, where their bodies define the field that leads to them; null where nothing names them in one. */
  readonly linkField: string | null
  /** Memberships that its records may ask for. */
  readonly joinsOf: (entity: EntityId) => ReadonlyArray<Join>
}

/**
 * `go`: approved and wanted. `paused`: not now. `cancelled`: never again in this job. `stopped`: the job is not loading, or
 * what is there is not what was approved.
 */
export type Leave = "go" | "paused" | "cancelled" | "stopped"

export interface Facts {
  readonly state: JobState
  readonly paused: boolean
  readonly cancelRequested: boolean
  readonly revision: number
  readonly approvedRevision: number | null
}

/** Pure: what the job row allows. */
export const leaveOf = (f: Facts): Leave => {
  if (f.cancelRequested || f.state === "cancelled") return "cancelled"
  if (f.state !== "loading" || f.approvedRevision !== f.revision) return "stopped"
  return f.paused ? "paused" : "go"
}

interface Row {
  readonly id: string
  readonly tenant_id: string
  readonly state: JobState
  readonly paused: boolean
  readonly cancel_requested: boolean
  readonly revision: number
  readonly source_account: string
  readonly destination_account: string | null
  readonly destination_vendor: string | null
  readonly destination_connection: string | null
  readonly entities: ReadonlyArray<EntityId>
  readonly approval: Approval | null
}

const factsOf = (row: Row): Facts => ({
  state: row.state,
  paused: row.paused,
  cancelRequested: row.cancel_requested,
  revision: row.revision,
  approvedRevision: row.approval?.revision ?? null
})

/** The job, held `FOR SHARE` until the transaction ends: nobody pauses, cancels or changes it in between. */
export const leave = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] =
      yield* sql<Row>`select id::text, tenant_id::text, state, paused, cancel_requested, revision, source_account,
        destination_account, destination_vendor, destination_connection::text, entities, approval
      from jobs where id = ${jobId}::uuid for share`
    return row === undefined ? ("stopped" as const) : leaveOf(factsOf(row))
  })

/** What the job allows now, without holding it: for waits. */
export const glance = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{
      state: JobState
      paused: boolean
      cancel_requested: boolean
      revision: number
      approved: number | null
    }>`select state, paused, cancel_requested, revision, (approval->>'revision')::int as approved
      from jobs where id = ${jobId}::uuid`
    if (row === undefined) return "stopped" as const
    return leaveOf({
      state: row.state,
      paused: row.paused,
      cancelRequested: row.cancel_requested,
      revision: row.revision,
      approvedRevision: row.approved
    })
  })

/** The job's card; undefined for a job without a destination (or of another tenant). */
export const jobCard = (jobId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<
      Row & { readonly mapping: unknown }
    >`select j.id::text, j.tenant_id::text, j.state, j.paused,
        j.cancel_requested, j.revision, j.source_account, j.destination_account, j.destination_vendor,
        j.destination_connection::text, j.entities, j.approval, m.body as mapping
      from jobs j left join mappings m on m.id = j.mapping_id and m.version = j.mapping_version where j.id = ${jobId}::uuid`
    if (row === undefined || row.destination_account === null || row.destination_connection === null) return undefined
    const mapping = Schema.decodeUnknownOption(Mapping)(row.mapping)
    const card: JobCard = {
      id: row.id,
      tenantId: row.tenant_id,
      revision: row.revision,
      sourceAccount: row.source_account,
      destinationAccount: row.destination_account,
      destinationVendor: row.destination_vendor ?? "",
      destinationConnection: row.destination_connection,
      entities: row.entities,
      hashes: row.approval?.hashes ?? {},
      placeholder: Option.match(mapping, { onNone: () => null, onSome: (m) => m.options.placeholder }),
      agentsOverSeats: Option.match(mapping, {
        onNone: () => "fail",
        onSome: (m) => m.options.agentsOverSeats ?? "end-user"
      }),
      agentPaths: Option.match(mapping, { onNone: () => new Map(), onSome: agentPaths }),
      linkField: Option.match(mapping, { onNone: () => null, onSome: (m) => linkFieldOf(m, row.entities) }),
      joinsOf: (entity) => Option.match(mapping, { onNone: () => [], onSome: (m) => joinsOf(m, entity) }),
      objectsBefore: (entity) => Option.match(mapping, { onNone: () => [], onSome: (m) => objectsBefore(m, entity) })
    }
    return card
  })
