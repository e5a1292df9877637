// What a destination was given of a record in place of what was approved, because it could not take that: an agent for whom no
// seat is left. Kept in the ledger. For loader (decides it), assembling and auditor (follow it). Pure.
import type { JsonObject } from "./Element.ts"
import type { EntityId } from "./Entities.ts"
import type { Mapping, MissingPolicy } from "./Mapping.ts"

export interface Adapted {
  readonly job: string
  readonly code: string
  readonly message: string
  /** Values that replace those of the body. */
  readonly set: JsonObject
  /** Nothing is written for it: the stand-in takes its place. */
  readonly standIn?: true
}

/** What an adaptation did to a record: to itself, or to one that refers to it. */
export interface LoadWarning {
  readonly code: string
  readonly field: string
  readonly message: string
}

/** Paths that must lead to an agent, as `<entity> <path>`, and what becomes of them where they do not. */
export type AgentPaths = ReadonlyMap<string, typeof MissingPolicy.Type>

export const agentPath = (entity: EntityId, path: string): string => `${entity} ${path}`

export const agentPaths = ({ entities }: Mapping): AgentPaths =>
  new Map(
    Object.entries(entities).flatMap(([entity, { fields }]) =>
      fields.flatMap(({ ref, to }) =>
        ref?.agent === true ? [[agentPath(entity as EntityId, to), ref.missing] as const] : []
      )
    )
  )
