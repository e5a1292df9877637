// The part of the default mapping that makes problems and changes tickets, with what Zendesk has no fields for in a note.
// Source: Zendesk API, "Tickets": type `problem`, and incidents name theirs by `problem_id`; changes have no type of their own.
import type { EntityMapping, FieldRule, LinkRule, NoteRule, TextRule, ValueMap } from "../Mapping.ts"

const text = { do: "text" } as const
const instant = { do: "instant" } as const
const tags = { do: "tags" } as const
const prefix = (start: string) => ({ do: "prefix", text: start }) as const

/** The description is the first comment. 64 kB a comment, longer is cut silently. Source: Zendesk API, "Ticket Import". */
export const description = (author: ReadonlyArray<string>): TextRule => ({
  html: ["description_html"],
  text: ["description_text"],
  fallback: "(no description)",
  bytes: 64_000,
  oversize: "split",
  author: { from: author, missing: "placeholder" }
})

const people: ReadonlyArray<FieldRule> = [
  { to: "requester_id", from: "requester", ref: { entity: "person", missing: "placeholder" } },
  { to: "assignee_id", from: "assignee", ref: { entity: "person", missing: "drop", agent: true } },
  { to: "group_id", from: "group", ref: { entity: "group", missing: "drop" } },
  { to: "organization_id", from: "department", ref: { entity: "department", missing: "drop" } }
]

const dates: ReadonlyArray<FieldRule> = [
  { to: "created_at", from: "created_at", transform: [instant] },
  { to: "updated_at", from: "updated_at", transform: [instant] }
]

const solved = (ended: ReadonlyArray<string>): FieldRule => ({
  to: "solved_at",
  from: ["closed_at", "updated_at"],
  transform: [instant],
  when: { field: "status", in: [...ended] }
})

/** A lookup holds one record of one object, and a type of assets is an object: a field for each type. The note names them all. */
export const assetLinks: LinkRule = { from: "assets", entity: "asset", into: "custom_fields" }

const deleted: EntityMapping["exclude"] = [{ when: { field: "deleted", in: [true] }, reason: "deleted at the source" }]

export const problem: EntityMapping = {
  exclude: deleted,
  fields: [
    { to: "subject", from: "subject", default: "(no subject)" },
    { to: "type", constant: "problem" },
    { to: "status", from: ["status", "status_raw"], map: "problem_status", required: true },
    { to: "priority", from: ["priority", "priority_raw"], map: "priority", default: "normal" },
    {
      to: "tags",
      concat: [{ from: "tags" }, { constant: "known_error", when: { field: "known_error", in: [true] } }],
      transform: [tags]
    },
    ...dates,
    solved(["resolved", "closed"]),
    ...people
  ],
  text: description(["requester"]),
  notes: [
    {
      title: "Analysis",
      public: false,
      lines: [
        { label: "Cause", from: "cause" },
        { label: "Symptom", from: "symptom" },
        { label: "Impact", from: "impact_text" },
        { label: "Level of impact", from: "impact" },
        { label: "Category", from: "category" },
        { label: "Sub-category", from: "sub_category" },
        { label: "Item", from: "item" },
        { label: "Due", from: "due_at" },
        { label: "Change", from: "change_ref" },
        { label: "Assets", from: "assets" }
      ]
    }
  ],
  custom: { into: "custom_fields", as: "list", fields: [], unmapped: "drop" },
  links: assetLinks
}

export const change: EntityMapping = {
  exclude: deleted,
  fields: [
    { to: "subject", from: "subject", default: "(no subject)" },
    // A task has a due date, the planned end.
    { to: "type", constant: "task" },
    { to: "status", from: ["status", "status_raw"], map: "change_status", required: true },
    { to: "priority", from: ["priority", "priority_raw"], map: "priority", default: "normal" },
    {
      to: "tags",
      concat: [
        { from: "tags" },
        { constant: "change" },
        { from: ["type", "type_raw"], transform: [text, prefix("change_")] },
        { from: ["risk", "risk_raw"], transform: [text, prefix("risk_")] },
        { constant: "canceled", when: { field: "status", in: ["canceled"] } }
      ],
      transform: [tags]
    },
    ...dates,
    { to: "due_at", from: "planned_end_at", transform: [instant] },
    solved(["closed", "canceled"]),
    ...people
  ],
  text: description(["requester"]),
  notes: [
    {
      title: "Change plan",
      public: false,
      lines: [
        { label: "Type", from: "type" },
        { label: "Risk", from: "risk" },
        { label: "Level of impact", from: "impact" },
        { label: "State at the source", from: "status" },
        { label: "Approval", from: "approval_status" },
        { label: "Planned start", from: "planned_start_at" },
        { label: "Planned end", from: "planned_end_at" },
        { label: "Category", from: "category" },
        { label: "Sub-category", from: "sub_category" },
        { label: "Item", from: "item" },
        { label: "Assets", from: "assets" },
        { label: "", from: "planning" }
      ]
    }
  ],
  custom: { into: "custom_fields", as: "list", fields: [], unmapped: "drop" },
  links: assetLinks
}

/** What a ticket has beside its conversation. */
export const ticketNotes: ReadonlyArray<NoteRule> = [
  { title: "Requested items", public: false, lines: [{ label: "", from: "requested_items" }] },
  {
    title: "Links at the source",
    public: false,
    lines: [
      { label: "Assets", from: "assets" },
      { label: "Change", from: "change_ref" },
      { label: "Part of ticket", from: "parent_ref" },
      // Copies would be sent to addresses that nobody approved, were they people there.
      { label: "Copies to", from: "watchers" }
    ]
  }
]

export const workValues: { readonly [name: string]: ValueMap } = {
  problem_status: {
    title: "status",
    rows: { open: "open", investigating: "open", fix_in_progress: "pending", resolved: "solved", closed: "closed" },
    fallback: { use: "reject" }
  },
  change_status: {
    title: "status",
    rows: {
      draft: "new",
      planning: "open",
      approval: "pending",
      scheduled: "pending",
      implementing: "open",
      review: "open",
      closed: "closed",
      canceled: "closed"
    },
    fallback: { use: "reject" }
  }
}
