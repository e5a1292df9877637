// Samples of people, where they belong, and tickets of theirs. For tests of settling.
import { comment, department, group, person, ticket } from "@bridge/mapping/testing/Samples"
import type { Sample } from "./Desk.ts"

export const agent = (id: string, changes = {}): Sample => ({
  entity: "person",
  record: person({
    source_id: `agents/${id}`,
    native_id: id,
    is_agent: true,
    email: `a${id}@x.example`,
    name: `Agent ${id}`,
    departments: [],
    ...changes
  })
})
export const requester = (id: string, changes = {}): Sample => ({
  entity: "person",
  record: person({
    source_id: `requesters/${id}`,
    native_id: id,
    email: `r${id}@x.example`,
    name: `Requester ${id}`,
    departments: [],
    ...changes
  })
})
export const named = (entity: "group" | "department", id: string, name: string): Sample => ({
  entity,
  record: (entity === "group" ? group : department)({ source_id: id, native_id: id, name })
})
export const member = (groupId: string, personId: string): Sample => ({
  entity: "group-member",
  parentId: groupId,
  record: {
    source_id: `${groupId}/${personId}`,
    native_id: `${groupId}/${personId}`,
    source_updated_at: null,
    created_at: null,
    group: groupId,
    person: personId,
    role: "member",
    is_default: null
  }
})
export const issue = (id: string, changes = {}): Sample => ({
  entity: "ticket",
  record: ticket({
    source_id: id,
    native_id: id,
    requester: "501",
    assignee: null,
    group: null,
    department: null,
    ...changes
  })
})
export const note = (id: string, ticketId: string, changes = {}): Sample => ({
  entity: "comment",
  parentId: ticketId,
  record: comment({ source_id: id, native_id: id, ticket: ticketId, author: "501", ...changes })
})
