// Zendesk as a source and as a destination: tickets with comments, users, organizations, groups and memberships.
// Facts: Zendesk Support API v2. What could not be verified stands in docs/connectors.md.

import { type Answer, parseJson } from "@bridge/http/Call"
import { cutPage, fieldsOf, scalarText } from "@bridge/http/Rows"
import type { Connector, Cursor, DiscoveredField, Discovery, Stream } from "../Connector.ts"
import { rowsOf } from "../Cut.ts"
import type { Child } from "../Row.ts"
import { booleanOf, idOf, listOf, objectOf, textOf } from "../Values.ts"
import { bodyOf, budgets, limits, verdict } from "./Answers.ts"
import { authorise, Config } from "./Config.ts"
import { fieldStreams } from "./FieldSink.ts"
import { cursorList, exportList, listCall, nextOf } from "./Lists.ts"
import * as Normalise from "./Normalise.ts"
import { customObjectRecordStream, customObjectStream, identitiesOf, userIdentityStream } from "./ObjectStreams.ts"
import {
  commentSchema,
  groupMembershipSchema,
  groupSchema,
  organizationMembershipSchema,
  organizationSchema,
  ticketSchema,
  userSchema
} from "./Rows.ts"
import { besides, organizationMemberships as furtherOrganizations, sinks } from "./Write.ts"

const commentsOf = (ticketId: string, cursor: Cursor = {}): Child => ({
  stream: "ticket_comments",
  call: listCall(
    { operation: "listComments", path: `/api/v2/tickets/${encodeURIComponent(ticketId)}/comments` },
    cursor
  ),
  read: (answer: Answer) => {
    const cut = cutPage(answer.body, "comments", ["id", "created_at"])
    const next = nextOf(cut.envelope)
    return {
      ...rowsOf(cut.rows, { stream: "ticket_comments", versionKey: "created_at", parentId: ticketId }),
      next: next === null ? null : commentsOf(ticketId, next)
    }
  }
})

/** The list of tickets omits archived ones: the export has all, deleted ones too. Only administrators may read it. */
const ticketExport = exportList({
  stream: "tickets",
  versionKey: "generated_timestamp",
  operation: "exportTickets",
  path: "/api/v2/incremental/tickets/cursor",
  key: "tickets"
})

const tickets: Stream<Config> = {
  name: "tickets",
  entity: "ticket",
  primaryKey: ["id"],
  cursorField: "generated_timestamp",
  deletions: "the row comes with status deleted; purged ones vanish",
  schema: ticketSchema,
  ...ticketExport,
  expand: (_config, row, wanted) => {
    if (!wanted.has("ticket_comments")) return { children: [] }
    const deleted = scalarText(fieldsOf(row.json, ["status"]).status) === "deleted"
    return { children: deleted ? [] : [commentsOf(row.sourceId)] }
  },
  normalise: Normalise.ticket
}

const comments: Stream<Config> = {
  name: "ticket_comments",
  entity: "comment",
  parent: "tickets",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "a redacted comment changes its text; those of deleted tickets cannot be read",
  schema: commentSchema,
  ...ticketExport,
  normalise: Normalise.comment
}

const userExport = exportList({
  stream: "users",
  versionKey: "updated_at",
  operation: "exportUsers",
  path: "/api/v2/incremental/users/cursor",
  key: "users",
  otherwise: "/api/v2/users"
})

const users: Stream<Config> = {
  name: "users",
  entity: "person",
  primaryKey: ["id"],
  cursorField: "updated_at",
  deletions: "the row comes with active: false and no e-mail",
  schema: userSchema,
  ...userExport,
  expand: (_config, row, wanted) => {
    if (!wanted.has("user_identities")) return { children: [] }
    const gone = fieldsOf(row.json, ["active"]).active === "false"
    return { children: gone ? [] : [identitiesOf(row.sourceId)] }
  },
  normalise: Normalise.user
}

const list = (name: string, operation: string) =>
  cursorList({ stream: name, versionKey: "updated_at", operation, path: `/api/v2/${name}`, key: name })

const organizations: Stream<Config> = {
  name: "organizations",
  entity: "department",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: organizationSchema,
  ...list("organizations", "listOrganizations"),
  normalise: Normalise.organization
}

const organizationMemberships: Stream<Config> = {
  name: "organization_memberships",
  entity: null,
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: organizationMembershipSchema,
  ...list("organization_memberships", "listOrganizationMemberships"),
  normalise: () => []
}

const groups: Stream<Config> = {
  name: "groups",
  entity: "group",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: groupSchema,
  ...list("groups", "listGroups"),
  normalise: Normalise.group
}

const groupMemberships: Stream<Config> = {
  name: "group_memberships",
  entity: "group-member",
  primaryKey: ["id"],
  cursorField: null,
  deletions: "deleted ones vanish",
  schema: groupMembershipSchema,
  ...list("group_memberships", "listGroupMemberships"),
  normalise: Normalise.groupMembership
}

/** Types that only the fields of the system have. Source: Zendesk API, "Ticket fields". */
const systemTypes = new Set([
  "subject",
  "description",
  "status",
  "custom_status",
  "tickettype",
  "priority",
  "basic_priority",
  "group",
  "assignee"
])

const fieldOf = (field: ReturnType<typeof objectOf>): ReadonlyArray<DiscoveredField> => {
  const key = idOf(field.id)
  if (key === null) return []
  const type = textOf(field.type) ?? "unknown"
  const options = [...listOf(field.custom_field_options), ...listOf(field.system_field_options)]
    .map(objectOf)
    .flatMap((option) => {
      const value = textOf(option.value)
      return value === null ? [] : [{ value, label: textOf(option.name) ?? value }]
    })
  return [
    {
      key,
      title: textOf(field.title) ?? key,
      type,
      custom: !systemTypes.has(type),
      required: booleanOf(field.required) ?? false,
      ...(options.length > 0 && { options })
    }
  ]
}

/** The fields of a stream's rows; custom ones of users and organizations stand in their rows under their key. */
const fieldsFrom = (
  stream: string,
  operation: string,
  list: string,
  of: (field: ReturnType<typeof objectOf>) => ReadonlyArray<DiscoveredField>
): Discovery<Config> => {
  const form = { operation, path: `/api/v2/${list}` }
  return {
    stream,
    optional: stream !== "tickets",
    call: () => listCall(form, {}),
    read: (answer) => {
      const cut = cutPage(answer.body, list, [])
      const fields = cut.rows.flatMap((row) => of(objectOf(parseJson(row.json.toString("utf8")))))
      const next = nextOf(cut.envelope)
      return { fields, next: next === null ? null : listCall(form, next) }
    }
  }
}

/** A field of users or organizations: named by its key, all of them the account's own. */
const keyedField = (field: ReturnType<typeof objectOf>): ReadonlyArray<DiscoveredField> => {
  const key = textOf(field.key)
  if (key === null) return []
  return fieldOf(field).map((found) => ({ ...found, key, custom: booleanOf(field.system) !== true }))
}

export const zendesk: Connector<Config> = {
  vendor: "zendesk",
  title: "Zendesk",
  config: Config,
  secrets: ["api_token", "oauth_token"],
  host: (config) => `${config.subdomain}.zendesk.com`,
  hostPattern: "*.zendesk.com",
  instance: (config) => config.subdomain,
  authorise,
  budgets: () => budgets,
  limits,
  verdict,
  check: {
    // Not `/users/me`, which answers 200 to anyone.
    call: () => ({ operation: "check", method: "GET", path: "/api/v2/account/settings", idempotent: true }),
    read: (_config, answer) => {
      const { count, settings } = bodyOf(answer)
      return settings === undefined && count === undefined ? "the answer is not that of a Zendesk account" : null
    },
    otherwise: () => ({ operation: "check", method: "GET", path: "/api/v2/tickets/count", idempotent: true })
  },
  discover: [
    fieldsFrom("tickets", "listTicketFields", "ticket_fields", fieldOf),
    fieldsFrom("users", "listUserFields", "user_fields", keyedField),
    fieldsFrom("organizations", "listOrganizationFields", "organization_fields", keyedField)
  ],
  streams: [
    tickets,
    comments,
    users,
    userIdentityStream(userExport),
    organizations,
    organizationMemberships,
    groups,
    groupMemberships,
    customObjectStream,
    customObjectRecordStream,
    ...fieldStreams
  ],
  sinks,
  furtherOrganizations,
  besides
}
