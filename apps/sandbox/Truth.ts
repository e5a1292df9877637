// What a fair comparer needs of the source, as lines of JSON: everything as it is now, files with their size and SHA-256.
// Made line by line, so that 200,000 tickets never stand in memory at once.

import type { FileOwner } from "./corpus/Attachments.ts"
import type { Corpus } from "./corpus/Corpus.ts"
import { changeFields, departmentFields, problemFields, requesterFields, ticketFields } from "./corpus/Fields.ts"
import { changeNumbers, displayNumbers, groupNumbers, personNumbers, problemNumbers } from "./corpus/Ids.ts"
import type { Row } from "./corpus/People.ts"
import type { Matters } from "./corpus/Problems.ts"
import { refusedText } from "./corpus/Tickets.ts"
import type { FreshserviceAccount } from "./freshservice/Account.ts"

export const corpusEntities = [
  "ticket",
  "comment",
  "person",
  "group",
  "group-member",
  "department",
  "location",
  "asset-type",
  "asset",
  "relation",
  "problem",
  "problem-note",
  "change",
  "change-note",
  "custom-field",
  "attachment"
] as const
export type CorpusEntity = (typeof corpusEntities)[number]

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
    case "location":
      return account.corpus.locations.map((row) => ({ entity, id: row.id, row }))
    case "asset-type":
      return account.corpus.assets.types.map((row, index) => ({
        entity,
        id: row.id,
        row,
        fields: account.corpus.assets.typeFields(index)
      }))
    case "asset":
      return assetTruth(account.corpus)
    case "relation":
      return account.corpus.assets.relationships.map((row) => ({ entity, id: row.id, row }))
    case "problem":
      return matterTruth(entity, account.corpus.problems)
    case "problem-note":
      return noteTruth(entity, "problem_id", account.corpus.problems)
    case "change":
      return matterTruth(entity, account.corpus.changes)
    case "change-note":
      return noteTruth(entity, "change_id", account.corpus.changes)
    case "custom-field":
      return fieldTruth()
    case "attachment":
      return fileTruth(account.corpus)
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
      refused: refused.has(index),
      requested_items: corpus.requestedItems(index),
      ...linkTruth(corpus, index)
    }
  }
}

/** What a detail embeds when it is asked to, as plain numbers. */
const linkTruth = (corpus: Corpus, index: number): object => {
  const { problem, change, assets, parent, children } = corpus.ticketLinks.of(index)
  const idOf = (ticket: number): number => corpus.facts(ticket).id
  return {
    problem_id: problem === null ? null : problemNumbers.id(problem),
    change_id: change === null ? null : changeNumbers.id(change),
    asset_display_ids: assets.map(displayNumbers.id),
    parent_id: parent === null ? null : idOf(parent),
    child_ids: children.map(idOf)
  }
}

const assetTruth = function* (corpus: Corpus): Iterable<object> {
  for (let index = 0; index < corpus.assets.count; index++) {
    const row: Row = { ...corpus.assetRow(index), type_fields: corpus.assets.fieldsOf(index) }
    yield { entity: "asset", id: row.id, display_id: row.display_id, row, trashed: corpus.assets.trashed(index) }
  }
}

const matterTruth = function* (entity: CorpusEntity, matters: Matters): Iterable<object> {
  for (let index = 0; index < matters.count; index++) {
    const row = matters.detailRow(index)
    yield { entity, id: row.id, row, notes: matters.notes(index) }
  }
}

const noteTruth = function* (entity: CorpusEntity, parent: string, matters: Matters): Iterable<object> {
  for (let index = 0; index < matters.count; index++) {
    for (const row of matters.notes(index)) yield { entity, id: row.id, [parent]: matters.listRow(index).id, row }
  }
}

const fieldTruth = function* (): Iterable<object> {
  const all = {
    ticket: ticketFields,
    problem: problemFields,
    change: changeFields,
    person: requesterFields,
    department: departmentFields
  }
  for (const [of, fields] of Object.entries(all))
    for (const row of fields) if (row.default_field === false) yield { entity: "custom-field", id: row.id, of, row }
}

/** Where a file hangs, what it is, and whether anybody can have it. */
const fileTruth = function* (corpus: Corpus): Iterable<object> {
  const { files } = corpus
  for (let index = 0; index < files.count; index++) {
    const { id, name, type, size, inline, owner, trouble } = files.file(index)
    yield {
      entity: "attachment",
      id,
      name,
      content_type: type,
      size,
      sha256: files.sha256(index),
      inline,
      ...ownerTruth(corpus, owner),
      trouble,
      available: trouble !== "gone"
    }
  }
}

const ownerTruth = (corpus: Corpus, owner: FileOwner): object => {
  if (owner.kind === "asset") return { parent: "asset", parent_id: displayNumbers.id(owner.asset), ticket_id: null }
  const ticket_id = corpus.facts(owner.ticket).id
  return owner.kind === "ticket"
    ? { parent: "ticket", parent_id: ticket_id, ticket_id }
    : { parent: "comment", parent_id: corpus.conversations(owner.ticket)[owner.place]?.id ?? null, ticket_id }
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
    department: corpus.plan.departments,
    location: corpus.locations.length,
    asset: corpus.assets.count,
    relation: corpus.assets.relationships.length,
    problem: corpus.problems.count,
    change: corpus.changes.count,
    attachment: corpus.files.count
  }
}
