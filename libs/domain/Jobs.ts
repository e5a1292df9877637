// Jobs: states, kinds, options. For the scheduler (who moves them), the api (who shows them) and all stages.
import type { EntityId } from "./Entities.ts"

export const jobStates = [
  "queued",
  "running",
  "extracting",
  "data_ready",
  "validation_pending",
  "loading",
  "completed",
  "failed",
  "cancelled"
] as const
export type JobState = (typeof jobStates)[number]

export const isFinal = (state: JobState): boolean =>
  state === "completed" || state === "failed" || state === "cancelled"

export type JobKind = "full" | "sample" | "delta" | "retry" | "undo" | "verify" | "sync"

export interface JobOptions {
  /** Rows in a batch of the extractor; 500 when absent. */
  readonly batchSize?: number
  /** UTC instants (ISO 8601); rows changed in between. */
  readonly since?: string
  readonly until?: string
  /** By entity and name of the filter, as people gave them (connectors/Filters.ts). */
  readonly filters?: JobFilters
  /** So many tickets, the newest where the vendor can tell, with everything they refer to and nothing else. */
  readonly sampleSize?: number
  /** Asked for by default. */
  readonly requireApproval?: boolean
  /** Custom fields of tickets that the destination lacks are made there. */
  readonly createMissingFields?: boolean
}

export type FilterValue = string | number | boolean
export type JobFilters = Readonly<
  Partial<Record<EntityId, Readonly<Record<string, FilterValue | ReadonlyArray<FilterValue>>>>>
>

/** A sample is one of these; all else is in it as far as they lead there. */
export const sampledEntity: EntityId = "ticket"

/**
 * What a sample reads only as far as it is referred to, since every row costs calls of its own: each once all that may refer
 * to it were read. Anything else comes by whole pages, and is left out afterwards where nothing refers to it.
 */
export const readAsReferred: Readonly<Partial<Record<EntityId, ReadonlyArray<EntityId>>>> = {
  problem: ["ticket"],
  change: ["ticket", "problem"],
  asset: ["ticket", "problem", "change"]
}

/**
 * What a ticket of a sample leads to at most, as tickets are: to who asked, for whom, who works on it and who wrote to it, to
 * their groups and departments. Its comments and files are counted with it.
 */
export const ledToByTicket: Readonly<Partial<Record<EntityId, number>>> = {
  ticket: 1,
  person: 4,
  group: 1,
  "group-member": 4,
  department: 2,
  location: 2,
  problem: 1,
  change: 1,
  asset: 1,
  "asset-type": 1,
  relation: 1
}

/** Rows one extractor batch holds at most, and its bytes. */
export const defaultBatchSize = 500
export const maxBatchBytes = 1024 * 1024
/** A body over this goes to the blob store. */
export const maxInlineBytes = 256 * 1024
/** Rows in flight between extractor and refiner, per stream. */
export const windowRows = 20_000
/** Load batches in flight per job and phase. */
export const windowLoadBatches = 16

/** `{vendor}:{instance}`: the account, the same over connections made again. */
export const account = (vendor: string, instance: string): string => `${vendor}:${instance}`

/** The key that a destination keeps (`external_id`): `{vendor}:{instance}:{entity}:{id}`. */
export const sourceKey = (sourceAccount: string, entity: EntityId, sourceId: string): string =>
  `${sourceAccount}:${entity}:${sourceId}`
