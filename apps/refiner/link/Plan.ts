// What settling must know of a mapping: which paths refer to what, and what to do about a reference without a record. Pure.
// For Settle.ts. What does not belong here: records.
import type { EntityId } from "@bridge/domain/Entities"
import type { EntityMapping, Mapping, MappingOptions, Reference } from "@bridge/domain/Mapping"

export interface Policy {
  readonly path: string
  readonly missing: Reference["missing"]
  readonly agent: boolean
}

export interface LinkPlan {
  readonly policies: (entity: EntityId) => ReadonlyArray<Policy>
  /** Where a ticket's body refers to these; null where the mapping does not move them. */
  readonly ticket: {
    readonly assignee: string | null
    readonly group: string | null
    readonly requester: string | null
    readonly organization: string | null
  }
  /** Where a person's body refers to its organization. */
  readonly personOrganization: string | null
  readonly member: { readonly group: string | null; readonly person: string | null }
  readonly options: MappingOptions
}

export const linkPlan = ({ entities, options }: Mapping): LinkPlan => ({
  options,
  policies: (entity) => policiesOf(entities[entity]),
  ticket: {
    assignee: pathFrom(entities.ticket, "assignee"),
    group: pathFrom(entities.ticket, "group"),
    requester: pathFrom(entities.ticket, "requester"),
    organization: pathFrom(entities.ticket, "organization") ?? pathFrom(entities.ticket, "department")
  },
  personOrganization: pathFrom(entities.person, "departments"),
  member: { group: pathFrom(entities["group-member"], "group"), person: pathFrom(entities["group-member"], "person") }
})

const policiesOf = (entity: EntityMapping | undefined): ReadonlyArray<Policy> => {
  if (entity === undefined) return []
  const rules = entity.fields.flatMap(({ ref, to }) =>
    ref === undefined ? [] : [{ path: to, missing: ref.missing, agent: ref.agent === true }]
  )
  const author = entity.text?.author
  return author === undefined
    ? rules
    : [...rules, { path: "meta.description.author_id", missing: author.missing, agent: false }]
}

const pathFrom = (entity: EntityMapping | undefined, field: string): string | null =>
  entity?.fields.find(
    ({ from, ref }) => ref !== undefined && (typeof from === "string" ? from === field : from?.includes(field))
  )?.to ?? null
