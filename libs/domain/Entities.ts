// The entity catalogue as data: what can be moved, under which names, in which order, through which topics.
// For everyone: topics, API, CSV, CLI, load phases come from here. What does not belong here: anything of a vendor.

export const entityIds = ["department", "group", "person", "group-member", "ticket", "comment"] as const
export type EntityId = (typeof entityIds)[number]

export interface Entity {
  /** Canonical id; part of topic names, so it has no `_`. */
  readonly id: EntityId
  readonly plural: string
  /** Other names accepted in the API, the CSV path and the command line. */
  readonly aliases: ReadonlyArray<string>
  /** The record this one belongs to; it is excluded and fails with it. */
  readonly parent: EntityId | null
  /** The aggregate root it is written with; null when it is a root itself. */
  readonly writtenWith: EntityId | null
  /** Comes out of another entity's rows and has no raw topic of its own. */
  readonly derivedFrom: EntityId | null
  /** Step of the load; lower ones finish first (docs/loading.md). Parts have their root's phase. */
  readonly loadPhase: number
  /** Partitions of its topics outside the embedded stack; 6 inside it. Never changed on a live topic. */
  readonly partitions: 6 | 24
}

export const entities: ReadonlyArray<Entity> = [
  {
    id: "department",
    plural: "departments",
    aliases: ["department", "organization", "organizations", "company", "companies"],
    parent: null,
    writtenWith: null,
    derivedFrom: null,
    loadPhase: 2,
    partitions: 6
  },
  {
    id: "group",
    plural: "groups",
    aliases: ["group", "agent-group", "agent-groups"],
    parent: null,
    writtenWith: null,
    derivedFrom: null,
    loadPhase: 3,
    partitions: 6
  },
  {
    id: "person",
    plural: "people",
    aliases: [
      "person",
      "persons",
      "user",
      "users",
      "requester",
      "requesters",
      "agent",
      "agents",
      "contact",
      "contacts"
    ],
    parent: null,
    writtenWith: null,
    derivedFrom: null,
    loadPhase: 4,
    partitions: 6
  },
  {
    id: "group-member",
    plural: "group-members",
    aliases: ["group_member", "group_members", "group-memberships", "group_memberships", "memberships"],
    parent: "group",
    writtenWith: null,
    derivedFrom: "group",
    loadPhase: 5,
    partitions: 6
  },
  {
    id: "ticket",
    plural: "tickets",
    aliases: ["ticket", "incident", "incidents", "request", "requests"],
    parent: null,
    writtenWith: null,
    derivedFrom: null,
    loadPhase: 8,
    partitions: 24
  },
  {
    id: "comment",
    plural: "comments",
    aliases: ["comment", "conversation", "conversations", "note", "notes"],
    parent: "ticket",
    writtenWith: "ticket",
    derivedFrom: null,
    loadPhase: 8,
    partitions: 24
  }
]

const byName = new Map<string, Entity>(
  entities.flatMap((e) => [e.id, e.plural, ...e.aliases].map((name) => [name, e] as const))
)

/** The entity of a canonical id. */
export const entity = (id: EntityId): Entity => byName.get(id) as Entity

/** The entity a person meant (`users`, `incidents`, `Tickets`), or undefined. */
export const entityNamed = (name: string): Entity | undefined => byName.get(name.trim().toLowerCase())

/** Roots in load order: what is released phase by phase. */
export const loadOrder: ReadonlyArray<Entity> = entities
  .filter((e) => e.writtenWith === null)
  .toSorted((a, b) => a.loadPhase - b.loadPhase)

/** The parts written with a root: comments of tickets. */
export const partsOf = (root: EntityId): ReadonlyArray<Entity> => entities.filter((e) => e.writtenWith === root)
