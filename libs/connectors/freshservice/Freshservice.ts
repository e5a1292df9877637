// Freshservice as a source: people, groups with their members, departments; the desk's records are in Desk.ts, assets and
// definitions of fields in Assets.ts. Facts: Freshservice API v2. What could not be verified stands in docs/connectors.md.
import { cutPage } from "@bridge/http/Rows"
import type { Call, Connector, DiscoveredField, Discovery, Stream } from "../Connector.ts"
import { booleanOf, idOf, type objectOf, textOf } from "../Values.ts"
import { budgetOf, budgets, limits, verdict } from "./Answers.ts"
import { assetStreams, fieldsIn } from "./Assets.ts"
import { authorise, Config } from "./Config.ts"
import { deskStreams } from "./Desk.ts"
import { nextPage, numberedList } from "./Lists.ts"
import { namedNumbers } from "./Names.ts"
import * as Normalise from "./Normalise.ts"
import { choicesOf, levelsOf } from "./NormaliseFiles.ts"
import { agentSchema, departmentSchema, groupSchema, requesterSchema } from "./Rows.ts"
import { scopedList } from "./ScopedList.ts"
import { listWorkspaces, othersIn } from "./Workspaces.ts"

const requesters: Stream<Config> = {
  name: "requesters",
  entity: "person",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deactivated: active: false; forgotten ones vanish",
  schema: requesterSchema,
  ...numberedList({
    stream: "requesters",
    versionKey: "updated_at",
    operation: "listRequesters",
    path: "/api/v2/requesters",
    key: "requesters",
    budget: budgetOf.listRequesters,
    sourceId: (id) => `requesters/${id}`
  }),
  normalise: Normalise.requester
}

const agents: Stream<Config> = {
  name: "agents",
  entity: "person",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deactivated: active: false; deleted ones vanish",
  schema: agentSchema,
  ...numberedList({
    stream: "agents",
    versionKey: "updated_at",
    operation: "listAgents",
    path: "/api/v2/agents",
    key: "agents",
    budget: budgetOf.listAgents,
    sourceId: (id) => `agents/${id}`
  }),
  normalise: Normalise.agent
}

const groups: Stream<Config> = {
  name: "groups",
  entity: "group",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: groupSchema,
  ...scopedList({
    stream: "groups",
    versionKey: "updated_at",
    operation: "listGroups",
    path: "/api/v2/groups",
    key: "groups",
    optional: "plan",
    scoped: true
  }),
  // Not asked for ahead, since workspaces may follow; but read again where it has moved.
  ahead: () => null,
  normalise: Normalise.group
}

const departments: Stream<Config> = {
  name: "departments",
  entity: "department",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: departmentSchema,
  ...numberedList({
    stream: "departments",
    versionKey: "updated_at",
    operation: "listDepartments",
    path: "/api/v2/departments",
    key: "departments",
    optional: "plan"
  }),
  normalise: Normalise.department
}

/** The key of a custom field inside `custom_fields` is its `name`, never its label. */
const fieldOf = (field: ReturnType<typeof objectOf>): ReadonlyArray<DiscoveredField> => {
  const key = textOf(field.name)
  if (key === null) return []
  const options = choicesOf(field)
  const levels = levelsOf(field)
  const type = textOf(field.field_type) ?? "unknown"
  return [
    {
      key,
      title: textOf(field.label) ?? key,
      type,
      custom: booleanOf(field.default_field) === false || type.startsWith("custom_"),
      required: booleanOf(field.required) ?? false,
      ...(options.length > 0 && { options }),
      ...(levels.length > 0 && { levels }),
      nativeId: idOf(field.id) ?? key
    }
  ]
}

/** Of each further workspace too, where `scoped`. */
const discovery = (
  stream: string,
  operation: string,
  path: string,
  names: ReadonlyArray<string>,
  { optional = true, scoped = false } = {}
): Discovery<Config> => {
  const list: Call = { operation, method: "GET", path: `/api/v2/${path}`, idempotent: true }
  return {
    stream,
    optional,
    call: () => list,
    read: (answer, { operation, query }) => {
      if (operation === "listWorkspaces") {
        const page = nextPage(answer, Number(query?.page))
        const others = othersIn(answer, []).map((id): Call => ({ ...list, query: { workspace_id: id } }))
        return { fields: [], next: null, further: [...others, ...(page === null ? [] : [listWorkspaces(page)])] }
      }
      const fields = fieldsIn(answer, names).flatMap(fieldOf)
      return { fields, next: null, ...(scoped && query === undefined && { further: [listWorkspaces(1)] }) }
    }
  }
}

export const freshservice: Connector<Config> = {
  vendor: "freshservice",
  title: "Freshservice",
  config: Config,
  secrets: ["api_key"],
  host: (config) => config.domain,
  hostPattern: "*.freshservice.com",
  instance: (config) => config.domain.replace(/\.freshservice\.com$/, ""),
  authorise,
  budgets: () => budgets,
  limits,
  verdict,
  check: {
    call: () => ({
      operation: "check",
      method: "GET",
      path: "/api/v2/tickets",
      query: { per_page: 1 },
      budget: budgetOf.listTickets,
      idempotent: true
    }),
    read: (_config, answer) => {
      cutPage(answer.body, "tickets", [])
      return null
    }
  },
  discover: [
    discovery("tickets", "listTicketFields", "ticket_form_fields", ["ticket_fields", "ticket_form_fields"], {
      optional: false,
      scoped: true
    }),
    discovery("problems", "listProblemFields", "problem_form_fields", ["problem_fields", "problem_form_fields"], {
      scoped: true
    }),
    discovery("changes", "listChangeFields", "change_form_fields", ["change_fields", "change_form_fields"], {
      scoped: true
    }),
    discovery("requesters", "listRequesterFields", "requester_fields", ["requester_fields"]),
    discovery("agents", "listAgentFields", "agent_fields", ["agent_fields"]),
    discovery("departments", "listDepartmentFields", "department_fields", ["department_fields"]),
    ...namedNumbers
  ],
  // Source: Freshservice API v2, "Embedding": 2 more for each in a list, 1 more in a detail.
  cost: ({ path, query }) => {
    const embedded = typeof query?.include === "string" ? query.include.split(",").length : 0
    return 1 + embedded * (/\/\d+$/.test(path) ? 1 : 2)
  },
  streams: [
    ...deskStreams.slice(0, 2),
    requesters,
    agents,
    groups,
    departments,
    ...deskStreams.slice(2),
    ...assetStreams
  ],
  sinks: []
}
