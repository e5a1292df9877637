// What settling must know of a mapping: which paths refer to what, and what to do about a reference without a record. Pure.
// For Settle.ts. What does not belong here: records.
import type { EntityId } from "@bridge/domain/Entities"
import { type EntityMapping, type Mapping, type MappingOptions, pathFrom, type Reference } from "@bridge/domain/Mapping"
import { isConversation } from "@bridge/domain/Records"

export interface Policy {
  readonly path: string
  readonly missing: Reference["missing"]
  readonly agent: boolean
  /** The record's name is wanted, not its id. */
  readonly name: boolean
}

export interface LinkPlan {
  readonly policies: (entity: EntityId) => ReadonlyArray<Policy>
  /** Where the body of a ticket, problem or change refers to these; null where the mapping does not move them. */
  readonly work: (entity: EntityId) => WorkPaths
  /** Where a person's body refers to its organization. */
  readonly personOrganization: string | null
  /** Where the body of a record that others name in the field of its kind refers to that kind. */
  readonly kind: string | null
  /** Of a kind that is left out where no record of `by` refers to it: where their bodies do. */
  readonly onlyUsed: (entity: EntityId) => { readonly by: EntityId; readonly paths: ReadonlyArray<string> } | null
  readonly member: { readonly group: string | null; readonly person: string | null }
  readonly options: MappingOptions
}

export interface WorkPaths {
  readonly assignee: string | null
  readonly group: string | null
  readonly requester: string | null
  readonly organization: string | null
}

export const noWork: WorkPaths = { assignee: null, group: null, requester: null, organization: null }

export const linkPlan = ({ entities, options }: Mapping): LinkPlan => ({
  options,
  policies: (entity) => policiesOf(entities[entity]),
  work: (entity) =>
    isConversation(entity)
      ? {
          assignee: pathFrom(entities[entity], "assignee"),
          group: pathFrom(entities[entity], "group"),
          requester: pathFrom(entities[entity], "requester"),
          organization: pathFrom(entities[entity], "organization") ?? pathFrom(entities[entity], "department")
        }
      : noWork,
  personOrganization: pathFrom(entities.person, "departments"),
  kind: pathFrom(entities.asset, "type"),
  onlyUsed: (entity) => onlyUsedOf(entities, entity),
  member: { group: pathFrom(entities["group-member"], "group"), person: pathFrom(entities["group-member"], "person") }
})

const onlyUsedOf = (entities: Mapping["entities"], entity: EntityId) => {
  const by = entities[entity]?.onlyUsedBy
  if (by === undefined) return null
  const paths = (entities[by]?.fields ?? []).flatMap(({ ref, to }) => (ref?.entity === entity ? [to] : []))
  return paths.length === 0 ? null : { by, paths }
}

const policiesOf = (entity: EntityMapping | undefined): ReadonlyArray<Policy> => {
  if (entity === undefined) return []
  const rules = entity.fields.flatMap(({ ref, to }) =>
    ref === undefined ? [] : [{ path: to, missing: ref.missing, agent: ref.agent === true, name: ref.as === "name" }]
  )
  const author = entity.text?.author
  return author === undefined
    ? rules
    : [...rules, { path: "meta.description.author_id", missing: author.missing, agent: false, name: false }]
}
