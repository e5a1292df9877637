// The source truth of one Freshservice account: everything that exists, made from the seed, plus what was changed since.
// Rows are made when asked for; only numbers and changes are kept.
import { isoSecond } from "../Clock.ts"
import { draw, hashText, places } from "../Random.ts"
import { type Assets, makeAssets } from "./Assets.ts"
import { type Files, makeFiles } from "./Attachments.ts"
import { makeConversations } from "./Conversations.ts"
import { type FileLinks, fileRows, plainLinks } from "./FileRows.ts"
import { type Growth, type GrowthOptions, growthOf } from "./Growth.ts"
import { conversationNumbers, departmentNumbers, groupNumbers, personNumbers, ticketId, ticketIndex } from "./Ids.ts"
import { type Links, makeLinks, requestedItems } from "./Links.ts"
import { locationRows } from "./Locations.ts"
import type { People, Person, Row } from "./People.ts"
import { makePeople } from "./People.ts"
import { departmentRow, groupRow, makeTeams, membershipOf, roleRows, type Team, workspaceRows } from "./Places.ts"
import { deleted, makePlan, normal, type Plan } from "./Plan.ts"
import { type Matters, makeChanges, makeProblems } from "./Problems.ts"
import { makeSelect, type TicketQuestion } from "./Select.ts"
import { makeTickets, type TicketFacts, type Times } from "./Tickets.ts"

export type CorpusOptions = {
  readonly seed: string | number
  readonly tickets: number
  /** Unix seconds; rows are never newer, unless changed by an order. */
  readonly anchor: number
  readonly domain: string
  readonly workspaces: number
  readonly failures?: number
  /** What there is beside tickets and people; absent: in scale with the tickets. */
  readonly growth?: GrowthOptions
  readonly links?: FileLinks
}

export type Corpus = {
  readonly plan: Plan
  readonly teams: ReadonlyArray<Team>
  readonly people: People
  readonly version: () => number
  readonly ticketCount: () => number
  /** -1 when no ticket bears the id. */
  readonly ticketIndex: (id: number) => number
  readonly category: (index: number) => number
  readonly created: (index: number) => number
  readonly updated: (index: number) => number
  readonly facts: (index: number) => TicketFacts
  readonly listRow: (index: number) => Row
  readonly detailRow: (index: number) => Row
  readonly conversations: (index: number) => ReadonlyArray<Row>
  readonly conversationCount: (index: number) => number
  readonly person: (index: number) => Person
  readonly personRow: (index: number) => Row
  readonly personIndex: (id: number) => number
  readonly groups: () => ReadonlyArray<Row>
  readonly departments: () => ReadonlyArray<Row>
  readonly growth: Growth
  readonly files: Files
  readonly assets: Assets
  readonly problems: Matters
  readonly changes: Matters
  readonly ticketLinks: Links
  /** Of a service request; nothing for another ticket. */
  readonly requestedItems: (index: number) => ReadonlyArray<Row>
  readonly assetRow: (index: number) => Row
  readonly locations: ReadonlyArray<Row>
  readonly roles: ReadonlyArray<Row>
  readonly workspaces: ReadonlyArray<Row>
  readonly select: (question: TicketQuestion) => Int32Array
  readonly insertTicket: (now: number) => number
  readonly updateTicket: (index: number, now: number, changes: Row, conversations: number) => void
  readonly deleteTicket: (index: number, now: number, gone: boolean) => void
}

export const makeCorpus = (options: CorpusOptions): Corpus => {
  const { anchor, domain, workspaces } = options
  const seed = hashText(String(options.seed))
  const plan = makePlan({
    seed,
    tickets: options.tickets,
    anchor,
    ...(options.failures !== undefined && { failures: options.failures })
  })
  const teams = makeTeams(seed, plan)
  const people = makePeople(seed, plan, anchor, membershipOf(plan, teams))
  const grown = growing(plan, seed)
  const patches = new Map<number, Row>()
  const extra = new Map<number, Array<Row>>()
  let version = 1
  let added = 0
  const growth = growthOf(options.tickets, options.growth ?? {})
  const links = options.links ?? plainLinks(domain)
  const files = makeFiles({
    seed,
    count: growth.attachments,
    tickets: plan.tickets,
    assets: growth.assets,
    conversations: grown.conversations
  })
  const tickets = makeTickets({ seed, plan, people, teams, times: grown, workspaces, files: files.ofTicket, links })
  const generated = makeConversations({
    seed,
    plan,
    tickets,
    times: grown,
    firstConversation: grown.firstConversation,
    files: files.ofConversation,
    links
  })
  const assets = makeAssets({ seed, plan, anchor, workspaces, ...growth })
  const matters = { seed, plan, anchor, assets: growth.assets, changes: growth.changes }
  const ticketLinks = makeLinks({
    seed,
    tickets: plan.tickets,
    growth,
    serviceRequest: (index) => tickets.facts(index).serviceRequest
  })
  const conversations = (index: number): ReadonlyArray<Row> => [...generated(index), ...(extra.get(index) ?? [])]
  const groups = Array.from({ length: plan.groups }, (_, index) => groupRow(seed, anchor, teams, index))
  const departments = Array.from({ length: plan.departments }, (_, index) => departmentRow(seed, plan, anchor, index))
  const patched = (index: number, row: Row): Row => {
    const patch = patches.get(index)
    return patch === undefined ? row : { ...row, ...patch }
  }
  const say = (index: number, now: number): void => {
    const said = extra.get(index) ?? []
    added++
    const at = isoSecond(now)
    const text = `Added while somebody reads, number ${added}`
    const author = personNumbers.id(tickets.facts(index).requester)
    const row = {
      id: conversationNumbers.id(2_000_000_000 + added),
      user_id: author,
      to_emails: null,
      body: `<div>${text}</div>`,
      body_text: text
    }
    const flags = {
      incoming: true,
      private: false,
      support_email: null,
      source: 0,
      from_email: null,
      cc_emails: [],
      bcc_emails: null,
      attachments: []
    }
    said.push({ ...row, ticket_id: ticketId(index), created_at: at, updated_at: at, ...flags })
    extra.set(index, said)
  }
  const select = makeSelect({
    count: grown.count,
    version: () => version,
    created: grown.created,
    updated: grown.updated,
    category: grown.category,
    facts: tickets.facts,
    patched: (index) => patches.get(index)
  })
  return {
    plan,
    teams,
    people,
    version: () => version,
    ticketCount: grown.count,
    ticketIndex: (id) => {
      const index = ticketIndex(id)
      return index < grown.count() ? index : -1
    },
    category: grown.category,
    created: grown.created,
    updated: grown.updated,
    facts: tickets.facts,
    listRow: (index) => patched(index, tickets.listRow(index)),
    detailRow: (index) => patched(index, tickets.detailRow(index)),
    conversations,
    conversationCount: (index) => grown.conversations(index) + (extra.get(index)?.length ?? 0),
    person: people.person,
    personRow: people.row,
    personIndex: (id) => {
      const index = personNumbers.index(id)
      return index < plan.people ? index : -1
    },
    groups: () => groups,
    departments: () => departments,
    growth,
    files,
    assets,
    problems: makeProblems({ ...matters, count: growth.problems }),
    changes: makeChanges({ ...matters, count: growth.changes }),
    ticketLinks,
    requestedItems: (index) =>
      options.growth?.growth !== false && tickets.facts(index).serviceRequest
        ? requestedItems(seed, index, grown.created(index))
        : [],
    assetRow: (index) => {
      const row = assets.row(index)
      const created = Date.parse(String(row.created_at)) / 1000
      return { ...row, attachments: fileRows(links, files.ofAsset(index), created), cloud_files: [] }
    },
    locations: locationRows(seed, plan, anchor, growth.locations),
    roles: roleRows(anchor),
    workspaces: workspaceRows(anchor, workspaces),
    select,
    insertTicket: (now) => {
      version++
      return grown.append(now)
    },
    updateTicket: (index, now, changes, count) => {
      version++
      grown.touch(index, now)
      patches.set(index, { ...patches.get(index), ...changes, updated_at: isoSecond(now) })
      for (let k = 0; k < count; k++) say(index, now)
    },
    deleteTicket: (index, now, gone) => {
      version++
      grown.touch(index, now)
      grown.mark(index, gone ? deleted : normal)
      patches.set(index, { ...patches.get(index), deleted: gone, updated_at: isoSecond(now) })
    }
  }
}

/** Times and categories of the planned tickets, and of those that were inserted later. */
const growing = (plan: Plan, seed: number) => {
  const created = Array.from(plan.created)
  const updated = Array.from(plan.updated)
  const category = Array.from(plan.category)
  const starts = Array.from(plan.firstConversation)
  const times: Times = {
    created: (index) => created[index] as number,
    updated: (index) => updated[index] as number,
    category: (index) => category[index] as number,
    conversations: (index) => (starts[index + 1] as number) - (starts[index] as number)
  }
  return {
    ...times,
    count: () => created.length,
    firstConversation: (index: number) => starts[index] as number,
    append: (now: number): number => {
      const index = created.length
      starts.push((starts[index] as number) + Math.floor(draw(seed, places.shuffle, index) * 4))
      created.push(now)
      updated.push(now)
      category.push(normal)
      return index
    },
    touch: (index: number, now: number): void => {
      updated[index] = Math.max(now, updated[index] as number)
    },
    mark: (index: number, value: number): void => {
      category[index] = value
    }
  }
}

export const departmentIndex = (corpus: Corpus, id: number): number => {
  const index = departmentNumbers.index(id)
  return index < corpus.plan.departments ? index : -1
}
export const groupIndex = (corpus: Corpus, id: number): number => {
  const index = groupNumbers.index(id)
  return index < corpus.plan.groups ? index : -1
}
