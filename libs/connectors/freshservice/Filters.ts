// What a job may ask of Freshservice's rows: members that the lists have. Pure. Source: Freshservice API v2, the attributes
// of tickets, problems, changes and assets; `type`, `requester_id` and `workspace_id` are parameters of the list of tickets.
import type { Filter } from "../Conditions.ts"

const workspace: Filter = { name: "workspace_id", title: "Workspace, by its id", kind: "id", scope: true }
const priority: Filter = {
  name: "priority",
  title: "Priority",
  values: { low: "1", medium: "2", high: "3", urgent: "4" }
}
const byId = (name: string, title: string): Filter => ({ name, title: `${title}, by id`, kind: "id" })
const category: ReadonlyArray<Filter> = [
  { name: "category", title: "Category" },
  { name: "sub_category", title: "Sub-category" },
  { name: "item_category", title: "Item" }
]

export const ticketFilters: ReadonlyArray<Filter> = [
  workspace,
  { name: "status", title: "Status", values: { open: "2", pending: "3", resolved: "4", closed: "5" } },
  priority,
  { name: "type", title: "Type: Incident, Service Request or another of the account's", ask: "type" },
  {
    name: "source",
    title: "How it came",
    values: { email: "1", portal: "2", phone: "3", chat: "4", "walk-up": "9" }
  },
  { ...byId("requester_id", "Requester"), ask: "requester_id" },
  byId("responder_id", "Agent"),
  byId("group_id", "Group"),
  byId("department_id", "Department"),
  { name: "spam", title: "true or false", kind: "boolean" },
  { name: "deleted", title: "true or false", kind: "boolean" },
  ...category
]

export const problemFilters: ReadonlyArray<Filter> = [
  workspace,
  { name: "status", title: "Status", values: { open: "1", "change requested": "2", closed: "3" } },
  priority,
  byId("agent_id", "Agent"),
  byId("group_id", "Group"),
  byId("department_id", "Department"),
  ...category
]

export const changeFilters: ReadonlyArray<Filter> = [
  workspace,
  {
    name: "status",
    title: "Status",
    values: { open: "1", planning: "2", approval: "3", "pending release": "4", "pending review": "5", closed: "6" }
  },
  priority,
  { name: "change_type", title: "Type", values: { minor: "1", standard: "2", major: "3", emergency: "4" } },
  byId("agent_id", "Agent"),
  byId("group_id", "Group"),
  byId("department_id", "Department"),
  ...category
]

export const assetFilters: ReadonlyArray<Filter> = [
  workspace,
  byId("asset_type_id", "Type"),
  byId("department_id", "Department"),
  byId("location_id", "Location"),
  byId("user_id", "User")
]
