// The default mapping from Freshservice to Zendesk, as data; every row can be changed by a tenant (docs/mapping.md).
// All pairings are our choice where the comment names no vendor fact.
import type { Mapping } from "../Mapping.ts"
import { asset, assetType, assetValues } from "./FreshserviceAssetsToZendesk.ts"
import { location, placeValues, relation } from "./FreshservicePlacesToZendesk.ts"
import { assetLinks, change, description, problem, ticketNotes, workValues } from "./FreshserviceWorkToZendesk.ts"

const text = { do: "text" } as const
const instant = { do: "instant" } as const
const tags = { do: "tags" } as const

export const freshserviceToZendesk: Mapping = {
  format: 1,
  name: "Freshservice to Zendesk",
  source: "freshservice",
  destination: "zendesk",
  entities: {
    "custom-field": {
      leftOut: "definitions of fields are not written: they are paired with those at the destination beforehand",
      exclude: [],
      fields: []
    },
    location,
    relation,
    "asset-type": assetType,
    asset,
    problem,
    change,
    department: {
      exclude: [],
      fields: [
        // Unique whatever the case, trimmed. Source: Zendesk API, "Create Organization". Clashes get a suffix when settling.
        {
          to: "name",
          from: "name",
          transform: [text, { do: "truncate", bytes: 240 }],
          default: "Department {id}",
          required: true
        },
        { to: "details", from: "description", transform: [text] },
        { to: "notes", from: "notes", transform: [text] },
        { to: "domain_names", from: "domains", transform: [{ do: "domains" }] },
        { to: "tags", from: "tags", transform: [tags] }
      ],
      custom: { into: "organization_fields", as: "object", fields: [], unmapped: "reject" }
    },
    group: {
      exclude: [],
      fields: [
        {
          to: "name",
          from: "name",
          transform: [text, { do: "truncate", bytes: 240 }],
          default: "Group {id}",
          required: true
        },
        { to: "description", from: "description", transform: [text] }
      ]
    },
    person: {
      exclude: [],
      fields: [
        // `name` is required. Source: Zendesk API, "Create User".
        {
          to: "name",
          from: ["name", "first_name", "last_name", "email"],
          transform: [text, { do: "truncate", bytes: 240 }],
          default: "Unnamed person {id}",
          required: true
        },
        { to: "email", from: "email", transform: [{ do: "email" }] },
        { to: "role", from: "person_kind", map: "role" },
        // Written after the person, as identities.
        { to: "identities", from: "other_emails", transform: [{ do: "identities" }] },
        { to: "phone", from: ["phone", "mobile"], transform: [{ do: "phone" }] },
        {
          to: "details",
          concat: [
            { from: "title", transform: [text, { do: "prefix", text: "Title: " }] },
            { from: "mobile", transform: [text, { do: "prefix", text: "Mobile: " }] }
          ],
          transform: [{ do: "join", with: "\n" }]
        },
        { to: "notes", from: "notes", transform: [text] },
        {
          to: "tags",
          concat: [{ from: "tags" }, { constant: "vip", when: { field: "vip", in: [true] } }],
          transform: [tags]
        },
        {
          to: "organization_id",
          from: "departments",
          transform: [{ do: "first" }],
          ref: { entity: "department", missing: "drop" }
        }
      ],
      custom: { into: "user_fields", as: "object", fields: [], unmapped: "reject" }
    },
    "group-member": {
      exclude: [],
      fields: [
        { to: "user_id", from: "person", ref: { entity: "person", missing: "fail", agent: true } },
        { to: "group_id", from: "group", ref: { entity: "group", missing: "fail" } }
      ]
    },
    ticket: {
      notMoved: [
        "Satisfaction ratings are left at the source: Zendesk takes none",
        "SLA data and escalations are left at the source: Zendesk counts anew"
      ],
      exclude: [
        { when: { field: "deleted", in: [true] }, reason: "deleted at the source" },
        { when: { field: "status", in: ["deleted"] }, reason: "deleted at the source" },
        { when: { field: "spam", in: [true] }, reason: "spam" }
      ],
      fields: [
        { to: "subject", from: "subject", default: "(no subject)" },
        { to: "status", from: ["status", "status_raw"], map: "status", required: true },
        { to: "priority", from: ["priority", "priority_raw"], map: "priority", default: "normal" },
        { to: "type", from: ["kind", "type_raw"], map: "type" },
        {
          to: "tags",
          concat: [
            { from: "tags" },
            { from: ["kind", "type_raw"], map: "type_tag" },
            { from: ["source_channel", "source_channel_raw"], transform: [text, { do: "prefix", text: "source_" }] },
            { constant: "canceled", when: { field: "status", in: ["canceled"] } }
          ],
          transform: [tags]
        },
        { to: "created_at", from: "created_at", transform: [instant] },
        { to: "updated_at", from: "updated_at", transform: [instant] },
        {
          to: "solved_at",
          from: ["resolved_at", "closed_at", "updated_at"],
          transform: [instant],
          when: { field: "status", in: ["resolved", "closed", "canceled"] }
        },
        // Only tasks have a due date. Source: Zendesk API, "Tickets", JSON format.
        { to: "due_at", from: "due_at", transform: [instant], when: { field: "kind", in: ["task"] } },
        // Only incidents have a problem. Source: Zendesk API, "Tickets", JSON format.
        {
          to: "problem_id",
          from: "problem_ref",
          when: { field: "kind", in: ["incident", "alert", "major_incident"] },
          ref: { entity: "problem", missing: "drop" }
        },
        { to: "requester_id", from: "requester", ref: { entity: "person", missing: "placeholder" } },
        { to: "assignee_id", from: "assignee", ref: { entity: "person", missing: "drop", agent: true } },
        { to: "group_id", from: "group", ref: { entity: "group", missing: "drop" } },
        {
          to: "organization_id",
          from: ["organization", "department"],
          ref: { entity: "department", missing: "drop" }
        }
      ],
      text: description(["submitted_by", "requester"]),
      notes: ticketNotes,
      custom: { into: "custom_fields", as: "list", fields: [], unmapped: "reject" },
      links: assetLinks
    },
    comment: {
      exclude: [],
      fields: [
        { to: "public", from: "visibility", map: "public" },
        { to: "created_at", from: "created_at", transform: [instant] },
        { to: "author_id", from: "author", ref: { entity: "person", missing: "placeholder" } }
      ],
      text: { html: ["html"], text: ["text"], fallback: "(empty)", bytes: 64_000, oversize: "split" }
    },
    attachment: {
      exclude: [{ when: { field: "parent_entity", in: ["asset"] }, reason: "Zendesk keeps no files with assets" }],
      fields: [
        { to: "file_name", from: "name", transform: [text, { do: "truncate", bytes: 240 }], default: "file-{id}" },
        { to: "content_type", from: "mime", transform: [text], default: "application/octet-stream" },
        { to: "size", from: "size" }
      ],
      // 50 MB is what the documents are remembered to say; an account may allow less, and says so.
      file: {
        bytes: 50 * 1024 * 1024,
        note: "Attachment left at the source: {name} ({bytes} bytes)"
      }
    }
  },
  values: {
    ...assetValues,
    ...placeValues,
    ...workValues,
    status: {
      title: "status",
      rows: {
        new: "new",
        open: "open",
        in_progress: "open",
        pending: "pending",
        on_hold: "hold",
        resolved: "solved",
        closed: "closed",
        canceled: "closed"
      },
      // A status of the tenant's own (6 and up) needs a row: somebody must say what it means.
      fallback: { use: "reject" }
    },
    priority: {
      title: "priority",
      rows: { critical: "urgent", high: "high", medium: "normal", low: "low", planning: "low" },
      fallback: { use: "default", value: "normal", warn: true }
    },
    type: {
      title: "type",
      rows: {
        incident: "incident",
        service_request: "question",
        question: "question",
        problem: "problem",
        task: "task",
        alert: "incident",
        case: "question",
        major_incident: "incident"
      },
      fallback: { use: "default", value: "question", warn: true }
    },
    type_tag: {
      title: "type",
      rows: {
        service_request: "service_request",
        alert: "alert",
        case: "case",
        major_incident: "major_incident"
      },
      fallback: { use: "default", value: null, warn: false }
    },
    role: {
      title: "role",
      rows: { agent: "agent", "inactive-agent": "end-user", requester: "end-user" },
      fallback: { use: "default", value: "end-user", warn: false }
    },
    public: {
      title: "visibility",
      rows: { public: true, private: false },
      // What nobody said is public must not be shown to a customer.
      fallback: { use: "default", value: false, warn: true }
    }
  },
  options: {
    inactiveAgents: "end-user",
    agentsOverSeats: "end-user",
    withoutEmail: "keep",
    clashSuffix: " ({id})",
    assigneeOutsideGroup: "drop-assignee",
    organizationOfAnother: "drop",
    placeholder: { name: "Former user", email: "former-user@bridge.invalid" }
  }
}
