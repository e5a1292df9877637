// One Zendesk account: its records with the look-ups the API needs, so that no call walks over all of them.
// Records are never removed, only marked; ids rise.
import { type Clock, isoSecond, nowSecond } from "../Clock.ts"
import type { Ledger } from "../Ledger.ts"
import { type Limits, makeLimits } from "../Limits.ts"
import { defaultTicketFields, type TicketField } from "./Fields.ts"
import { type Jobs, makeJobs } from "./Jobs.ts"
import type { Group, Membership, Organization, PersonField, Ticket, User } from "./Model.ts"
import type { CustomObject } from "./ObjectModel.ts"
import { makePast, type PastTickets } from "./Past.ts"
import type { ZendeskPlan } from "./Plans.ts"
import { makeStream, type Stream } from "./Stream.ts"
import { makeUploads, type Uploads } from "./UploadModel.ts"

export type Token = { readonly email: string; readonly apiToken: string; readonly role: "admin" | "agent" }
export type OAuthToken = {
  readonly token: string
  readonly scopes: ReadonlyArray<string>
  readonly role: "admin" | "agent"
}
/** Refuses a ticket whose field matches, as an account's own rule would. */
export type Refusal = {
  readonly field: "subject" | "external_id"
  readonly pattern: string
  readonly description: string
}

export type ZendeskOptions = {
  readonly subdomain: string
  readonly tokens: ReadonlyArray<Token>
  readonly oauth: ReadonlyArray<OAuthToken>
  readonly plan: ZendeskPlan
  readonly limits: boolean
  /** Agents and admins at most, the owner included; null means any number. */
  readonly seats: number | null
  /** Whether `users/create_many` and `create_or_update_many` are enabled. */
  readonly bulkUsers: boolean
  readonly refusals: ReadonlyArray<Refusal>
  /** Vendor milliseconds until a search finds what was written. */
  readonly searchLagMillis: number
  /** Vendor milliseconds that incremental exports hide. */
  readonly exportLagMillis: number
  /** Cursor exports begin each page with the last row of the page before. */
  readonly exportRepeats: boolean
  readonly job: { readonly queuedMillis: number; readonly perRowMillis: number; readonly limit: number }
  /** Tickets that exist at the start, for reading. */
  readonly tickets: number
  readonly seed: string | number
  /** Every limit is that much larger; absent: as the plan has it. */
  readonly limitFactor?: number
  /** Limits count real minutes, whatever the time factor. */
  readonly realLimits?: boolean
  /** The largest file that is taken. */
  readonly uploadBytes: number
  /** Vendor milliseconds until a token dies. */
  readonly uploadLifeMillis: number
  /** What a ticket with a token that is no good gets: a fault, or nothing but silence. */
  readonly lostUploads: "refuse" | "ignore"
  /** Whether the address of a file asks who comes. */
  readonly privateAttachments: boolean
}

export type ZendeskAccount = {
  readonly options: ZendeskOptions
  readonly host: string
  readonly clock: Clock
  readonly limits: Limits
  readonly ledger: Ledger
  readonly jobs: Jobs
  readonly fields: Array<TicketField>
  /** Of users and of organizations. */
  readonly personFields: Array<PersonField>
  readonly uploads: Uploads
  /** By key. */
  readonly customObjects: Map<string, CustomObject>
  /** Tickets by the problem they are incidents of. */
  readonly incidents: Map<number, Set<number>>
  readonly brandId: number
  readonly owner: User
  refusals: ReadonlyArray<Refusal>
  readonly past: PastTickets
  readonly tickets: Map<number, Ticket>
  /** Ascending ids of what `/tickets` shows. */
  readonly listed: IdList
  readonly ticketsByExternalId: Map<string, Array<number>>
  readonly users: Map<number, User>
  readonly userIds: IdList
  readonly usersByEmail: Map<string, number>
  readonly usersByExternalId: Map<string, number>
  readonly organizations: Map<number, Organization>
  readonly organizationIds: IdList
  readonly organizationsByName: Map<string, number>
  readonly organizationsByExternalId: Map<string, number>
  readonly groups: Map<number, Group>
  readonly groupIds: IdList
  readonly groupMemberships: Memberships
  readonly organizationMemberships: Memberships
  readonly ticketStream: Stream
  readonly eventStream: Stream
  readonly userStream: Stream
  readonly organizationStream: Stream
  /** `ticket.comment` key of each event, by event id. */
  readonly events: Map<number, TicketEvent>
  readonly nextId: (kind: IdKind) => number
  /** Rises with every write: lists kept in an order are made anew. */
  version: number
}

export type TicketEvent = { readonly ticket: number; readonly comment: number | null; readonly created: boolean }

const firstIds = {
  ticket: 1,
  user: 360_001_000_001,
  group: 360_002_000_001,
  organization: 360_003_000_001,
  groupMembership: 360_004_000_001,
  organizationMembership: 360_005_000_001,
  identity: 360_007_000_001,
  attachment: 360_010_000_001,
  field: 360_006_100_001,
  option: 360_011_000_001,
  record: 1,
  comment: 360_100_000_001,
  event: 360_500_000_001
}
export type IdKind = keyof typeof firstIds

/** Ascending ids without those taken out again. */
export type IdList = {
  readonly add: (id: number) => void
  readonly remove: (id: number) => void
  readonly ids: () => ReadonlyArray<number>
}

export const makeIdList = (start: ReadonlyArray<number> = []): IdList => {
  const ids = [...start]
  return {
    add: (id) => void ids.push(id),
    remove: (id) => {
      const position = firstAtLeast(ids, id)
      if (ids[position] === id) ids.splice(position, 1)
    },
    ids: () => ids
  }
}

/** Position of the first id that is not below `id`. */
export const firstAtLeast = (ids: ReadonlyArray<number>, id: number): number => {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] as number) >= id) high = middle
    else low = middle + 1
  }
  return low
}

export type Memberships = {
  readonly all: Map<number, Membership>
  readonly ids: IdList
  readonly add: (membership: Membership) => void
  readonly remove: (membership: Membership) => void
  readonly find: (user: number, of: number) => Membership | undefined
  readonly ofUser: (user: number) => ReadonlyArray<Membership>
  readonly within: (of: number) => ReadonlyArray<Membership>
}

export const makeMemberships = (): Memberships => {
  const all = new Map<number, Membership>()
  const byUser = new Map<number, Array<Membership>>()
  const byWhole = new Map<number, Array<Membership>>()
  const ids = makeIdList()
  const into = (map: Map<number, Array<Membership>>, key: number, value: Membership): void => {
    const known = map.get(key)
    if (known === undefined) map.set(key, [value])
    else known.push(value)
  }
  const outOf = (map: Map<number, Array<Membership>>, key: number, value: Membership): void => {
    const known = map.get(key)
    known?.splice(known.indexOf(value), 1)
  }
  return {
    all,
    ids,
    add: (membership) => {
      all.set(membership.id, membership)
      ids.add(membership.id)
      into(byUser, membership.user, membership)
      into(byWhole, membership.of, membership)
    },
    remove: (membership) => {
      all.delete(membership.id)
      ids.remove(membership.id)
      outOf(byUser, membership.user, membership)
      outOf(byWhole, membership.of, membership)
    },
    find: (user, of) => byUser.get(user)?.find((membership) => membership.of === of),
    ofUser: (user) => byUser.get(user) ?? [],
    within: (of) => byWhole.get(of) ?? []
  }
}

export const makeZendeskAccount = (
  options: ZendeskOptions,
  clock: Clock,
  ledger: Ledger,
  anchor: number
): ZendeskAccount => {
  const counters = new Map<IdKind, number>()
  const nextId = (kind: IdKind): number => {
    const id = counters.get(kind) ?? firstIds[kind] + (kind === "ticket" ? options.tickets : 0)
    counters.set(kind, id + 1)
    return id
  }
  const past = makePast(options, anchor)
  const owner = makeOwner(options, nextId("user"), anchor)
  const account: ZendeskAccount = {
    options,
    host: `${options.subdomain}.zendesk.com`,
    clock,
    limits: makeLimits(clock, options.limitFactor, options.realLimits),
    ledger,
    jobs: makeJobs(clock, options.job),
    fields: [...defaultTicketFields],
    personFields: [],
    uploads: makeUploads(),
    customObjects: new Map(),
    incidents: new Map(),
    brandId: 360_008_000_001,
    owner,
    refusals: options.refusals,
    past,
    tickets: new Map(),
    listed: makeIdList(past.listed),
    ticketsByExternalId: new Map(),
    users: new Map(),
    userIds: makeIdList(),
    usersByEmail: new Map(),
    usersByExternalId: new Map(),
    organizations: new Map(),
    organizationIds: makeIdList(),
    organizationsByName: new Map(),
    organizationsByExternalId: new Map(),
    groups: new Map(),
    groupIds: makeIdList(),
    groupMemberships: makeMemberships(),
    organizationMemberships: makeMemberships(),
    ticketStream: makeStream(past.changes),
    eventStream: makeStream(past.events),
    userStream: makeStream(),
    organizationStream: makeStream(),
    events: new Map(),
    nextId,
    version: 1
  }
  addUser(account, owner, anchor)
  addGroup(account, "Support", true, anchor)
  return account
}

const makeOwner = (options: ZendeskOptions, id: number, anchor: number): User => {
  const at = isoSecond(anchor - 2000 * 86_400)
  const email = options.tokens[0]?.email ?? `owner@${options.subdomain}.example`
  return newUser({ id, name: "Account Owner", email, role: "admin", at, writtenAt: 0 })
}

type NewUser = { id: number; name: string; email: string | null; role: User["role"]; at: string; writtenAt: number }

export const newUser = ({ id, name, email, role, at, writtenAt }: NewUser): User => ({
  id,
  name,
  email,
  externalId: null,
  role,
  phone: null,
  organization: null,
  suspended: false,
  active: true,
  verified: true,
  tags: [],
  details: null,
  notes: null,
  alias: null,
  signature: null,
  timeZone: "Berlin",
  locale: "en-US",
  fields: {},
  defaultGroup: null,
  identities: [],
  createdAt: at,
  updatedAt: at,
  writtenAt
})

export const addUser = (account: ZendeskAccount, user: User, second = nowSecond(account.clock)): void => {
  account.users.set(user.id, user)
  account.userIds.add(user.id)
  if (user.email !== null) account.usersByEmail.set(user.email.toLowerCase(), user.id)
  if (user.externalId !== null) account.usersByExternalId.set(user.externalId.toLowerCase(), user.id)
  account.userStream.push(second, user.id)
  account.version++
}

export const addGroup = (
  account: ZendeskAccount,
  name: string,
  isDefault: boolean,
  second = nowSecond(account.clock)
): Group => {
  const at = isoSecond(second)
  const group: Group = {
    id: account.nextId("group"),
    name,
    description: "",
    isPublic: true,
    isDefault,
    deleted: false,
    createdAt: at,
    updatedAt: at
  }
  account.groups.set(group.id, group)
  account.groupIds.add(group.id)
  account.version++
  return group
}

/** A ticket that was written here or existed before. */
export const findTicket = (account: ZendeskAccount, id: number): Ticket | undefined =>
  account.tickets.get(id) ?? account.past.ticket(id)

/** The same, to be changed: a past ticket becomes one that is kept. */
export const ticketToChange = (account: ZendeskAccount, id: number): Ticket | undefined => {
  const known = account.tickets.get(id)
  if (known !== undefined) return known
  const past = account.past.ticket(id)
  if (past !== undefined) account.tickets.set(id, past)
  return past
}

/** Records that a ticket changed now, in the export and for the search. */
export const touchTicket = (account: ZendeskAccount, ticket: Ticket): void => {
  ticket.generated = nowSecond(account.clock)
  ticket.writtenAt = account.clock.now()
  account.ticketStream.push(ticket.generated, ticket.id)
  account.version++
}

export const ticketIdsByExternalId = (account: ZendeskAccount, externalId: string): ReadonlyArray<number> => {
  const past = account.past.idOfExternalId(externalId)
  const written = account.ticketsByExternalId.get(externalId) ?? []
  return past === undefined ? written : [past, ...written]
}

export const ticketCount = ({ past, tickets }: ZendeskAccount): number => {
  let count = past.count
  for (const id of tickets.keys()) if (id > past.count) count++
  return count
}
