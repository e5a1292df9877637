// What a fair comparer needs, as lines of JSON: the source as it is now, and everything the destination holds.
// Made line by line, so that 200,000 tickets never stand in memory at once.
import type { Corpus } from "./corpus/Corpus.ts"
import { groupNumbers, personNumbers } from "./corpus/Ids.ts"
import { refusedText } from "./corpus/Tickets.ts"
import type { FreshserviceAccount } from "./freshservice/Account.ts"
import { findTicket, type ZendeskAccount } from "./zendesk/Account.ts"
import { commentRow, groupRow, membershipRow, organizationRow, ticketRow, userRow } from "./zendesk/Rows.ts"

export const corpusEntities = ["ticket", "comment", "person", "group", "group-member", "department"] as const
export const destinationEntities = [
  "ticket",
  "user",
  "organization",
  "group",
  "group_membership",
  "organization_membership"
] as const
export type CorpusEntity = (typeof corpusEntities)[number]
export type DestinationEntity = (typeof destinationEntities)[number]

export const corpusLines = (account: FreshserviceAccount, entity: CorpusEntity): Iterable<object> => {
  switch (entity) {
    case "ticket":
      return ticketTruth(account)
    case "comment":
      return commentTruth(account)
    case "person":
      return personTruth(account)
    case "group":
      return account.corpus.groups().map((row) => ({ entity, id: row.id, row }))
    case "group-member":
      return memberTruth(account.corpus)
    case "department":
      return account.corpus.departments().map((row) => ({ entity, id: row.id, row }))
  }
}

const ticketTruth = function* ({ corpus }: FreshserviceAccount): Iterable<object> {
  const refused = new Set(corpus.plan.refused)
  for (let index = 0; index < corpus.ticketCount(); index++) {
    const facts = corpus.facts(index)
    yield {
      entity: "ticket",
      id: facts.id,
      row: corpus.detailRow(index),
      conversations: corpus.conversations(index),
      merged_into: facts.mergedInto === null ? null : corpus.facts(facts.mergedInto).id,
      refused: refused.has(index)
    }
  }
}

const commentTruth = function* ({ corpus }: FreshserviceAccount): Iterable<object> {
  for (let index = 0; index < corpus.ticketCount(); index++) {
    for (const row of corpus.conversations(index))
      yield { entity: "comment", id: row.id, ticket_id: row.ticket_id, row }
  }
}

const personTruth = function* ({ corpus }: FreshserviceAccount): Iterable<object> {
  for (let index = 0; index < corpus.plan.people; index++) {
    const { id, agent } = corpus.person(index)
    yield { entity: "person", id, kind: agent ? "agent" : "requester", row: corpus.personRow(index) }
  }
}

/** One line per person in a group, whatever they are there. */
const memberTruth = function* (corpus: Corpus): Iterable<object> {
  for (const [index, team] of corpus.teams.entries()) {
    for (const agent of new Set([...team.members, ...team.observers, ...team.leaders])) {
      const roles = [
        ...(team.members.includes(agent) ? ["member"] : []),
        ...(team.observers.includes(agent) ? ["observer"] : []),
        ...(team.leaders.includes(agent) ? ["leader"] : [])
      ]
      const group_id = groupNumbers.id(index)
      const agent_id = personNumbers.id(agent)
      yield {
        entity: "group-member",
        id: `${group_id}:${agent_id}`,
        group_id,
        agent_id,
        roles,
        active: corpus.person(agent).active
      }
    }
  }
}

/** The tickets a destination with the standing rule refuses, however they are mapped. */
export const expectedFailures = ({ corpus, options }: FreshserviceAccount): ReadonlyArray<object> =>
  corpus.plan.refused.map((index) => ({
    vendor: "freshservice",
    account: options.domain,
    entity: "ticket",
    id: corpus.facts(index).id,
    subject: corpus.listRow(index).subject,
    reason: `the subject holds ${refusedText}`
  }))

export const corpusCounts = ({ corpus }: FreshserviceAccount): Record<string, number> => {
  let conversations = 0
  for (let index = 0; index < corpus.ticketCount(); index++) conversations += corpus.conversationCount(index)
  return {
    ticket: corpus.ticketCount(),
    comment: conversations,
    person: corpus.plan.people,
    group: corpus.plan.groups,
    "group-member": [...memberTruth(corpus)].length,
    department: corpus.plan.departments
  }
}

export const destinationLines = (account: ZendeskAccount, entity: DestinationEntity): Iterable<object> => {
  switch (entity) {
    case "ticket":
      return ticketLines(account)
    case "user":
      return map(account.users.values(), (user) => ({
        entity,
        id: user.id,
        row: userRow(account, user),
        deleted: !user.active
      }))
    case "organization":
      return map(account.organizations.values(), (row) => ({
        entity,
        id: row.id,
        row: organizationRow(account, row, true),
        deleted: row.deletedAt !== null
      }))
    case "group":
      return map(account.groups.values(), (group) => ({
        entity,
        id: group.id,
        row: groupRow(account, group),
        deleted: group.deleted
      }))
    case "group_membership":
      return map(account.groupMemberships.all.values(), (row) => ({
        entity,
        id: row.id,
        row: membershipRow(account, "group", row),
        deleted: false
      }))
    case "organization_membership":
      return map(account.organizationMemberships.all.values(), (row) => ({
        entity,
        id: row.id,
        row: membershipRow(account, "organization", row),
        deleted: false
      }))
  }
}

const ticketLines = function* (account: ZendeskAccount): Iterable<object> {
  const line = (id: number): object | null => {
    const ticket = findTicket(account, id)
    if (ticket === undefined) return null
    const { archived, status } = ticket
    return {
      entity: "ticket",
      id,
      row: ticketRow(account, ticket),
      comments: ticket.comments.map(commentRow),
      archived,
      deleted: status === "deleted"
    }
  }
  for (let id = 1; id <= account.past.count; id++) yield line(id) as object
  for (const id of account.tickets.keys()) if (id > account.past.count) yield line(id) as object
}

const map = function* <A>(values: Iterable<A>, line: (value: A) => object): Iterable<object> {
  for (const value of values) yield line(value)
}
