// Memberships that records ask for, as a mapping says: an assignee in the ticket's group, a requester in its organization. Pure.
// For the loader, which makes them. What does not belong here: which records ask (apps/refiner/link settles and warns).
import type { EntityId } from "./Entities.ts"
import { type Mapping, pathFrom } from "./Mapping.ts"

/** Whom to make a member of what, and where a body has the two. */
export interface Join {
  readonly kind: "group" | "department"
  /** Of the warning that tells a record asks for it. */
  readonly code: "member-added" | "organization-added"
  /** Where the record refers to the person, and to what it is to be a member of. */
  readonly person: string
  readonly of: string
  /** Keys of the membership's body. */
  readonly personKey: string
  readonly ofKey: string
}

/** Pure: what the mapping asks for records of an entity. */
export const joinsOf = ({ entities, options }: Mapping, entity: EntityId): ReadonlyArray<Join> => {
  const root = entities[entity]
  const member = entities["group-member"]
  const personKey = pathFrom(member, "person")
  const join = (
    kind: Join["kind"],
    code: Join["code"],
    person: string | null,
    of: string | null,
    ofKey: string | null
  ): ReadonlyArray<Join> =>
    person === null || of === null || ofKey === null || personKey === null
      ? []
      : [{ kind, code, person, of, personKey, ofKey }]
  const group = pathFrom(root, "group")
  const organization = pathFrom(root, "organization") ?? pathFrom(root, "department")
  return [
    ...(options.assigneeOutsideGroup === "add-member"
      ? join("group", "member-added", pathFrom(root, "assignee"), group, pathFrom(member, "group"))
      : []),
    ...(options.organizationOfAnother === "add-member"
      ? join(
          "department",
          "organization-added",
          pathFrom(root, "requester"),
          organization,
          pathFrom(entities.person, "departments")
        )
      : [])
  ]
}
