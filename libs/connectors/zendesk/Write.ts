// What can be written to Zendesk, and how each is found again. Source: Zendesk API, "Ticket import", "Users", "Organizations",
// "Groups", "Memberships". The source key stands in `external_id` where the record has one: groups and memberships do not.
import type { Answer, JsonObject } from "@bridge/http/Call"
import type { Match, Sink, Write } from "../Connector.ts"
import { idOf, textOf } from "../Values.ts"
import { budgetOf } from "./Answers.ts"
import {
  batchBytes,
  batchSize,
  byKey,
  exportLagMillis,
  externalId,
  get,
  hasKey,
  idsWhere,
  jobs,
  keyed,
  nextPage,
  post,
  put,
  quoted,
  remove
} from "./Calls.ts"
import type { Config } from "./Config.ts"
import { fields, keyedFields } from "./FieldSink.ts"
import { identities, userIdentities } from "./Identities.ts"
import { userByEmail, userByIdentity } from "./KnownUser.ts"
import { customObjectRecords, customObjects } from "./Objects.ts"
import { readWrite } from "./Outcomes.ts"
import { uploadSink, uploads } from "./Uploads.ts"

/** Search is eventually consistent: minutes. */
const searchLagMillis = 3 * 60_000

/** The import takes original dates, authors and any status; comments go inside the call, the first one is the description. */
const ticketsOf = (entity: "ticket" | "problem" | "change"): Sink<Config> => ({
  entity,
  stream: "tickets",
  parts: ["comment", "attachment"],
  uploads,
  // 5000, then 422. Source: Zendesk API, "Ticket comments".
  mostComments: 5_000,
  batchSize,
  batchBytes,
  createMany: (_config, writes) =>
    post("importTickets", "/api/v2/imports/tickets/create_many", { tickets: writes.map(keyed) }),
  createOne: (_config, write) => post("importTicket", "/api/v2/imports/tickets", { ticket: keyed(write) }),
  update: (_config, write) => {
    const { comments: _written, created_at: _kept, ...changes } = keyed(write)
    return put("updateTicket", `/api/v2/tickets/${write.destinationId ?? ""}`, { ticket: changes })
  },
  readAnswer: (_config, writes, answer) => readWrite("ticket", writes, answer),
  ...jobs,
  lookup: [
    {
      // Archived tickets (closed for about 120 days) are not in the list; those written lately are.
      name: "tickets by external_id",
      strong: true,
      lagMillis: 0,
      call: (_config, write) =>
        get("findTickets", "/api/v2/tickets", { external_id: write.sourceKey }, budgetOf.listTickets),
      read: (write, answer) => idsWhere(answer, "tickets", hasKey(write))
    },
    {
      name: "search by external_id",
      strong: false,
      lagMillis: searchLagMillis,
      call: (_config, write) =>
        get(
          "searchTickets",
          "/api/v2/search",
          { query: `type:ticket external_id:${quoted(write.sourceKey)}` },
          budgetOf.search
        ),
      read: (write, answer) => idsWhere(answer, "results", hasKey(write))
    }
  ],
  readBack: { stream: "tickets", lagMillis: exportLagMillis, sourceKey: externalId },
  // An organization that the requester does not belong to gives way to the requester's own.
  derived: { field: "organization_id", by: "requester_id" },
  remove: (_config, id) => remove("deleteTicket", `/api/v2/tickets/${id}`)
})

/** Never `create_or_update`: it would change a person who is already there. No mail goes out. */
const users: Sink<Config> = {
  entity: "person",
  stream: "users",
  parts: [],
  batchSize,
  batchBytes,
  createMany: (_config, writes) => post("createUsers", "/api/v2/users/create_many", { users: writes.map(userBody) }),
  createOne: (_config, write) => post("createUser", "/api/v2/users", { user: userBody(write) }),
  update: (_config, write) =>
    put("updateUser", `/api/v2/users/${write.destinationId ?? ""}`, { user: userBody(write) }),
  further: identities,
  readAnswer: (_config, writes, answer) => readWrite("user", writes, answer),
  ...jobs,
  lookup: [byKey("users", "findUsers", "/api/v2/users")],
  match: [userByEmail, userByIdentity],
  readBack: { stream: "users", lagMillis: exportLagMillis, sourceKey: externalId },
  // Agents and administrators take a seat; over the seats the role is refused with 422, in words that are not documented.
  instead: (write, { code, message }) => {
    const role = textOf(write.body.role)
    if (role === null || role === "end-user" || !seatWords.test(`${code} ${message}`)) return null
    return { set: { role: "end-user" }, code: "agent-without-seat", message: `an end user there, since: ${message}` }
  },
  remove: (_config, id) => remove("deleteUser", `/api/v2/users/${id}`)
}

const seatWords = /\brole\b|seat|licen[cs]e|agent/iu

const userBody = (write: Write): JsonObject => {
  const { identities: _later, ...user } = keyed(write)
  return { skip_verify_email: true, verified: true, ...user }
}

const nameOf = (write: Write): string | null => {
  const name = textOf(write.body.name)?.trim() ?? ""
  return name === "" ? null : name
}

const sameName = (write: Write) => (row: JsonObject) =>
  textOf(row.name)?.trim().toLowerCase() === nameOf(write)?.toLowerCase() &&
  row.deleted !== true &&
  idOf(row.deleted_at) === null

/** Names are unique in an account, whatever their case. */
const organizations: Sink<Config> = {
  entity: "department",
  stream: "organizations",
  parts: [],
  batchSize,
  batchBytes,
  createMany: (_config, writes) =>
    post("createOrganizations", "/api/v2/organizations/create_many", { organizations: writes.map(keyed) }),
  createOne: (_config, write) => post("createOrganization", "/api/v2/organizations", { organization: keyed(write) }),
  update: (_config, write) =>
    put("updateOrganization", `/api/v2/organizations/${write.destinationId ?? ""}`, { organization: keyed(write) }),
  readAnswer: (_config, writes, answer) => readWrite("organization", writes, answer),
  ...jobs,
  lookup: [byKey("organizations", "findOrganizations", "/api/v2/organizations/search")],
  match: [
    {
      name: "organization by name",
      call: (_config, write) => {
        const name = nameOf(write)
        return name === null ? null : get("findOrganizations", "/api/v2/organizations/search", { name })
      },
      read: (write, answer) => idsWhere(answer, "organizations", sameName(write))
    }
  ],
  readBack: { stream: "organizations", lagMillis: 0, sourceKey: externalId },
  remove: (_config, id) => remove("deleteOrganization", `/api/v2/organizations/${id}`)
}

/** A group keeps no source key; its name is what it is found by, in the whole list. */
const groupByName: ReadonlyArray<Match<Config> & { readonly strong: boolean; readonly lagMillis: number }> = [
  {
    name: "group by name",
    strong: true,
    lagMillis: 0,
    call: () => get("listGroups", "/api/v2/groups", { "page[size]": "100" }),
    read: (write, answer) => idsWhere(answer, "groups", sameName(write)),
    next: nextPage("listGroups")
  }
]

const groups: Sink<Config> = {
  entity: "group",
  stream: "groups",
  parts: [],
  batchSize: 1,
  naturalKeyOnly: true,
  batchBytes,
  createOne: (_config, write) => post("createGroup", "/api/v2/groups", { group: write.body }),
  update: (_config, write) => put("updateGroup", `/api/v2/groups/${write.destinationId ?? ""}`, { group: write.body }),
  readAnswer: (_config, writes, answer) => readWrite("group", writes, answer),
  lookup: groupByName.map((match) => ({
    ...match,
    call: (config: Config, write: Write) =>
      match.call(config, write) ?? get("listGroups", "/api/v2/groups", { "page[size]": "100" })
  })),
  match: groupByName,
  readBack: { stream: "groups", lagMillis: 0, sourceKey: () => null },
  remove: (_config, id) => remove("deleteGroup", `/api/v2/groups/${id}`)
}

/** Somebody in a group or an organization: a second one is refused with 422, so the pair is its own key. */
interface Membership {
  readonly entity: "group-member" | "person"
  readonly stream: "group_memberships" | "organization_memberships"
  /** Key of one in a body, and of what the person is in. */
  readonly one: string
  readonly other: string
  readonly operations: { readonly create: string; readonly list: string; readonly remove: string }
}

const membershipSink = ({ entity, one, operations, other, stream }: Membership): Sink<Config> => {
  const ofUser = {
    name: "memberships of the user",
    call: (_config: Config, { body }: Write) =>
      get(operations.list, `/api/v2/users/${encodeURIComponent(idOf(body.user_id) ?? "0")}/${stream}`, {
        "page[size]": "100"
      }),
    read: ({ body }: Write, answer: Answer) =>
      idsWhere(
        answer,
        stream,
        (row) => idOf(row.user_id) === idOf(body.user_id) && idOf(row[other]) === idOf(body[other])
      ),
    next: nextPage(operations.list)
  }
  return {
    entity,
    stream,
    parts: [],
    batchSize: 1,
    naturalKeyOnly: true,
    batchBytes,
    createOne: (_config, { body }) => post(operations.create, `/api/v2/${stream}`, { [one]: body }),
    readAnswer: (_config, writes, answer) => readWrite(one, writes, answer),
    lookup: [{ ...ofUser, strong: true, lagMillis: 0 }],
    match: [ofUser],
    readBack: { stream, lagMillis: 0, sourceKey: () => null },
    remove: (_config, id) => remove(operations.remove, `/api/v2/${stream}/${id}`)
  }
}

const groupMemberships = membershipSink({
  entity: "group-member",
  stream: "group_memberships",
  one: "group_membership",
  other: "group_id",
  operations: {
    create: "createGroupMembership",
    list: "listUserGroupMemberships",
    remove: "deleteGroupMembership"
  }
})

/** A person names one organization; further ones are memberships of their own. */
export const organizationMemberships = membershipSink({
  entity: "person",
  stream: "organization_memberships",
  one: "organization_membership",
  other: "organization_id",
  operations: {
    create: "createOrganizationMembership",
    list: "listUserOrganizationMemberships",
    remove: "deleteOrganizationMembership"
  }
})

export const sinks: ReadonlyArray<Sink<Config>> = [
  organizations,
  groups,
  users,
  groupMemberships,
  fields,
  customObjects,
  // Assets, places and what relates them are records of custom objects.
  ...(["asset", "location", "relation"] as const).map(customObjectRecords),
  // Problems and changes are tickets: of type `problem`, and with a tag.
  ...(["ticket", "problem", "change"] as const).map(ticketsOf)
]

/** Written by hand only (`bridge connector write`): no entity is loaded as these. */
export const besides: ReadonlyArray<Sink<Config>> = [
  organizationMemberships,
  userIdentities,
  uploadSink,
  ...keyedFields
]
