// Freshservice as a source: tickets with details and conversations, requesters, agents, groups with their members, departments.
// Facts: Freshservice API v2. What could not be verified stands in docs/connectors.md.
import { type Answer, parseJson } from "@bridge/http/Call"
import { cutOne, cutPage } from "@bridge/http/Rows"
import type { Call, Child, Connector, DiscoveredField, Row, Stream } from "../Connector.ts"
import { type RowForm, rowOf, rowsOf } from "../Cut.ts"
import { booleanOf, idOf, listOf, objectOf, textOf } from "../Values.ts"
import { budgetOf, budgets, limits, verdict } from "./Answers.ts"
import { authorise, Config } from "./Config.ts"
import { nextPage, numberedList, perPage } from "./Lists.ts"
import * as Normalise from "./Normalise.ts"
import {
  agentSchema,
  conversationSchema,
  departmentSchema,
  groupSchema,
  requesterSchema,
  ticketSchema
} from "./Rows.ts"
import { plainer, readTickets, startTickets, ticketPage, withoutWorkspaces } from "./TicketPages.ts"

const ticketForm: RowForm = { stream: "tickets", versionKey: "updated_at" }

/** List rows lack urgency, impact, tags and resolution; the detail has all of the list's keys and these. */
const detailOf = (row: Row) => ({
  call: {
    operation: "viewTicket",
    method: "GET",
    path: `/api/v2/tickets/${encodeURIComponent(row.sourceId)}`,
    budget: budgetOf.viewTicket,
    idempotent: true
  } as const,
  read: (answer: Answer): Row | null => rowOf(cutOne(answer.body, "ticket", ["id", "updated_at"]), ticketForm)
})

/** `include=conversations` gives only the first few: the list of its own is the only complete one. */
const conversationsOf = (ticketId: string, page = 1): Child => ({
  stream: "conversations",
  call: conversationPage(ticketId, page),
  read: (answer) => {
    const cut = cutPage(answer.body, "conversations", ["id", "updated_at"])
    const next = nextPage(answer, page)
    return {
      ...rowsOf(cut.rows, { stream: "conversations", versionKey: "updated_at", parentId: ticketId }),
      next: next === null ? null : conversationsOf(ticketId, next)
    }
  }
})

const conversationPage = (ticketId: string, page: number): Call => ({
  operation: "listConversations",
  method: "GET",
  path: `/api/v2/tickets/${encodeURIComponent(ticketId)}/conversations`,
  query: { per_page: perPage, page },
  idempotent: true
})

const tickets: Stream<Config> = {
  name: "tickets",
  entity: "ticket",
  primaryKey: ["id"],
  cursorField: "updated_at",
  deletions: "deleted tickets come with deleted: true (filter=deleted), spam with spam: true; purged ones vanish",
  schema: ticketSchema,
  start: startTickets,
  page: ticketPage,
  read: readTickets,
  without: withoutWorkspaces,
  plainer,
  expand: (_config, row, wanted) => ({
    ...(wanted.has("tickets") && { detail: detailOf(row) }),
    children: wanted.has("conversations") ? [conversationsOf(row.sourceId)] : []
  }),
  normalise: Normalise.ticket
}

const conversations: Stream<Config> = {
  name: "conversations",
  entity: "comment",
  parent: "tickets",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "missing from the ticket's list",
  schema: conversationSchema,
  start: startTickets,
  page: ticketPage,
  read: readTickets,
  without: withoutWorkspaces,
  plainer,
  normalise: Normalise.conversation
}

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
  ...numberedList({
    stream: "groups",
    versionKey: "updated_at",
    operation: "listGroups",
    path: "/api/v2/groups",
    key: "groups"
  }),
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
    key: "departments"
  }),
  normalise: Normalise.department
}

/** The key of a custom field inside `custom_fields` is its `name`, never its label. */
/** Rows hold the number of these choices, of custom ones the text. Source: Freshservice API v2, ticket properties. */
const numbered = new Set(["default_status", "default_priority", "default_source", "default_urgency", "default_impact"])

const fieldOf = (field: ReturnType<typeof objectOf>): ReadonlyArray<DiscoveredField> => {
  const key = textOf(field.name)
  if (key === null) return []
  const type = textOf(field.field_type) ?? "unknown"
  const options = listOf(field.choices)
    .map(objectOf)
    .flatMap((choice) => {
      const label = textOf(choice.value)
      return label === null ? [] : [{ value: (numbered.has(type) ? idOf(choice.id) : null) ?? label, label }]
    })
  const levels = listOf(field.nested_fields).flatMap((level) => textOf(objectOf(level).name) ?? [])
  return [
    {
      key,
      title: textOf(field.label) ?? key,
      type,
      custom: booleanOf(field.default_field) === false || type.startsWith("custom_"),
      required: booleanOf(field.required) ?? false,
      ...(options.length > 0 && { options }),
      ...(levels.length > 0 && { levels })
    }
  ]
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
    {
      stream: "tickets",
      call: () => ({
        operation: "listTicketFields",
        method: "GET",
        path: "/api/v2/ticket_form_fields",
        idempotent: true
      }),
      read: (answer) => {
        const body = objectOf(parseJson(answer.body.toString("utf8")))
        const fields = listOf(body.ticket_fields ?? body.ticket_form_fields)
          .map(objectOf)
          .flatMap(fieldOf)
        return { fields, next: null }
      }
    }
  ],
  streams: [tickets, conversations, requesters, agents, groups, departments],
  sinks: []
}
