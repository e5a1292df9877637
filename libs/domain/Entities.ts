// The entity catalogue as data: what can be moved, under which names, in which order, through which topics.
// For everyone: topics, API, CSV, CLI, load phases come from here. What does not belong here: anything of a vendor.

export const entityIds = [
  "custom-field",
  "department",
  "location",
  "group",
  "person",
  "group-member",
  "asset-type",
  "asset",
  "relation",
  "problem",
  "change",
  "ticket",
  "comment",
  "attachment"
] as const
export type EntityId = (typeof entityIds)[number]

export interface Entity {
  /** Canonical id; part of topic names, so it has no `_`. */
  readonly id: EntityId
  readonly plural: string
  /** Other names accepted in the API, the CSV path and the command line. */
  readonly aliases: ReadonlyArray<string>
  /** Records it may belong to, the usual one first; it is excluded and fails with the one it belongs to. */
  readonly parents: ReadonlyArray<EntityId>
  /** The aggregate roots it may be written with; none when it is a root itself. */
  readonly writtenWith: ReadonlyArray<EntityId>
  /** Comes out of another entity's rows and has no raw topic of its own. */
  readonly derivedFrom: EntityId | null
  /** Step of the load; lower ones finish first (docs/loading.md). Parts have their root's phase. */
  readonly loadPhase: number
  /** Partitions of its topics outside the embedded stack; 6 inside it. Never changed on a live topic. */
  readonly partitions: 6 | 24
}

export const entities: ReadonlyArray<Entity> = [
  {
    id: "custom-field",
    plural: "custom-fields",
    aliases: ["custom_field", "custom_fields", "field", "fields"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 1,
    partitions: 6
  },
  {
    id: "department",
    plural: "departments",
    aliases: ["department", "organization", "organizations", "company", "companies"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 2,
    partitions: 6
  },
  {
    id: "location",
    plural: "locations",
    aliases: ["location", "place", "places"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 2,
    partitions: 6
  },
  {
    id: "group",
    plural: "groups",
    aliases: ["group", "agent-group", "agent-groups"],
    parents: [],
    writtenWith: [],
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
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 4,
    partitions: 6
  },
  {
    id: "group-member",
    plural: "group-members",
    aliases: ["group_member", "group_members", "group-memberships", "group_memberships", "memberships"],
    parents: ["group"],
    writtenWith: [],
    derivedFrom: "group",
    loadPhase: 5,
    partitions: 6
  },
  {
    id: "asset-type",
    plural: "asset-types",
    aliases: ["asset_type", "asset_types"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 6,
    partitions: 6
  },
  {
    id: "asset",
    plural: "assets",
    aliases: ["asset", "ci", "cis"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 6,
    partitions: 6
  },
  {
    id: "relation",
    plural: "relations",
    aliases: ["relation", "relationship", "relationships"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 6,
    partitions: 6
  },
  {
    id: "problem",
    plural: "problems",
    aliases: ["problem"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 7,
    partitions: 6
  },
  {
    id: "change",
    plural: "changes",
    aliases: ["change"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 7,
    partitions: 6
  },
  {
    id: "ticket",
    plural: "tickets",
    aliases: ["ticket", "incident", "incidents", "request", "requests"],
    parents: [],
    writtenWith: [],
    derivedFrom: null,
    loadPhase: 8,
    partitions: 24
  },
  {
    id: "comment",
    plural: "comments",
    aliases: ["comment", "conversation", "conversations", "note", "notes"],
    parents: ["ticket", "problem", "change"],
    writtenWith: ["ticket", "problem", "change"],
    derivedFrom: null,
    loadPhase: 8,
    partitions: 24
  },
  {
    id: "attachment",
    plural: "attachments",
    aliases: ["attachment", "file", "files"],
    parents: ["ticket", "comment", "problem", "change", "asset"],
    writtenWith: ["ticket", "problem", "change", "asset"],
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
  .filter((e) => e.writtenWith.length === 0)
  .toSorted((a, b) => a.loadPhase - b.loadPhase)

/** The parts written with a root: comments and attachments of tickets. */
export const partsOf = (root: EntityId): ReadonlyArray<Entity> => entities.filter((e) => e.writtenWith.includes(root))
