// People and memberships at both ends: which user stands for which person, whether they are alike, who is in which group.
// Persons with one e-mail address, whatever its case, are one: the lowest source id stands for all. For Compare.ts.
import { saysThere } from "./Claims.ts"
import { type Context, type Places, sourceKey } from "./Places.ts"
import { byId, isBlank, phoneOf, placeholder } from "./Rules.ts"
import type { FoundUser, SourcePerson } from "./Truth.ts"
import { identityKey, pairKey } from "./Writes.ts"

export interface People {
  /** The user that stands for a person of the source; for one nobody knows, or none, the placeholder. */
  readonly userOf: (person: number | null) => number
  /** The user of a person; none for one nobody knows. */
  readonly knownAs: (person: number | null) => number | null
  /** The user that may be assigned: an agent who is still one at the destination and, in a group, belongs to it. */
  readonly assigneeOf: (person: number | null, group: number | null) => number | null
  readonly defaultGroup: (user: number) => number | null
  readonly organization: (user: number) => number | null
}

interface Person {
  readonly id: number
  readonly key: string
  readonly email: string | null
  readonly agent: boolean
  readonly row: SourcePerson
}

interface Users {
  readonly all: ReadonlyMap<number, FoundUser>
  readonly byKey: ReadonlyMap<string, ReadonlyArray<FoundUser>>
  readonly byEmail: ReadonlyMap<string, FoundUser>
}

/** Nobody bears this id: a reference to it is a difference. */
const nobody = -1

export const comparePeople = async (context: Context, places: Places): Promise<People> => {
  const users = await readUsers(context)
  const standIns = new Map<number, FoundUser>()
  const known = new Set<number>()
  for (const same of await readPersons(context)) {
    for (const { id } of same) known.add(id)
    comparePerson(context, places, users, same, standIns)
  }
  await compareAddresses(context, users, standIns)
  const unknown = users.byEmail.get(placeholder.email)
  if (unknown?.name === placeholder.name) {
    context.writes.explain("user", unknown.external_id ?? `email ${placeholder.email}`)
  }
  const pairs = await compareMembers(context, places, standIns)
  return {
    userOf: (person) =>
      person === null || !known.has(person) ? (unknown?.id ?? nobody) : (standIns.get(person)?.id ?? nobody),
    knownAs: (person) => (person === null ? null : (standIns.get(person)?.id ?? null)),
    assigneeOf: (person, group) => {
      const user = person === null ? undefined : standIns.get(person)
      if (user === undefined || !isAgent(user)) return null
      return group === null || pairs.has(pairKey(user.id, group)) ? user.id : null
    },
    defaultGroup: (user) => users.all.get(user)?.default_group_id ?? null,
    organization: (user) => users.all.get(user)?.organization_id ?? null
  }
}

const isAgent = (user: FoundUser): boolean => user.role !== "end-user" && !user.suspended

const readUsers = async ({ truth }: Context): Promise<Users> => {
  const all = new Map<number, FoundUser>()
  const byKey = new Map<string, Array<FoundUser>>()
  const byEmail = new Map<string, FoundUser>()
  for await (const { row, deleted } of truth.destination("user")) {
    if (deleted) continue
    const user = slim(row)
    all.set(user.id, user)
    if (user.email !== null) byEmail.set(user.email.toLowerCase(), user)
    const key = user.external_id?.toLowerCase()
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), user])
  }
  return { all, byKey, byEmail }
}

/** Only what is compared, so that the rest of the row is not held. */
const slim = (row: FoundUser): FoundUser => ({
  id: row.id,
  external_id: row.external_id,
  name: row.name,
  email: row.email,
  role: row.role,
  phone: row.phone,
  organization_id: row.organization_id,
  default_group_id: row.default_group_id,
  suspended: row.suspended,
  details: row.details,
  notes: row.notes,
  tags: row.tags
})

/** All persons, those with one address together, the one that stands for them first. */
const readPersons = async ({ truth, findings }: Context): Promise<Iterable<ReadonlyArray<Person>>> => {
  const together = new Map<string, Array<Person>>()
  for await (const { id, kind, row } of truth.corpus("person")) {
    findings.counts.person.source++
    const address = kind === "agent" ? row.email : row.primary_email
    const email = isBlank(address) ? null : String(address).trim().toLowerCase()
    const person = { id, key: `${kind}s/${id}`, email, agent: kind === "agent", row }
    const same = together.get(email ?? person.key)
    if (same === undefined) together.set(email ?? person.key, [person])
    else same.push(person)
  }
  for (const same of together.values()) same.sort(byId)
  return together.values()
}

const comparePerson = (
  { claims, writes, findings, instance }: Context,
  places: Places,
  users: Users,
  same: ReadonlyArray<Person>,
  standIns: Map<number, FoundUser>
): void => {
  const [first, ...others] = same
  if (first === undefined) return
  const keyed = (person: Person): ReadonlyArray<FoundUser> =>
    users.byKey.get(sourceKey(instance, "person", person.key).toLowerCase()) ?? []
  const own = keyed(first)
  const matched = first.email === null ? undefined : users.byEmail.get(first.email)
  const found = own[0] ?? (matched !== undefined && !writes.made("user", matched.id) ? matched : undefined)
  const made = writes.creates("user", sourceKey(instance, "person", first.key))
  writes.explain("user", sourceKey(instance, "person", first.key))
  const records = Math.max(own.length, made)
  if (records > 1) findings.doubled("person", first.key, records - 1, `stands ${records} times at the destination`)
  for (const other of others) {
    const apart = keyed(other).length
    if (apart > 0)
      findings.doubled("person", other.key, apart, `is a user apart from ${first.key}, who has the same address`)
  }
  for (const { id, key } of same) {
    if (found !== undefined) standIns.set(id, found)
    else if (saysThere(claims, "person", key)) findings.missing("person", key)
  }
  if (found === undefined || own.length === 0) return
  findings.compare("person", first.key, expected(first, same, places), {
    name: found.name,
    email: found.email?.toLowerCase() ?? null,
    role: found.role,
    phone: found.phone,
    organization: found.organization_id,
    details: found.details ?? "",
    notes: found.notes ?? "",
    tags: found.tags
  })
}

/** Further addresses of a person are identities of the user that was made for it, unless they are somebody's already. */
const compareAddresses = async (
  { truth, claims, findings, instance, writes }: Context,
  users: Users,
  standIns: ReadonlyMap<number, FoundUser>
): Promise<void> => {
  const owners = new Map<string, number>()
  for (const [address, { id }] of users.byEmail) owners.set(address, id)
  for await (const { deleted, row } of truth.destination("identity"))
    if (!deleted && row.type === "email") owners.set(row.value.toLowerCase(), row.user_id)
  for await (const { id, kind, row } of truth.corpus("person")) {
    const key = `${kind}s/${id}`
    const user = standIns.get(id)
    if (user === undefined || !saysThere(claims, "person", key)) continue
    // Those of a person who was merged into another are told in a warning alone.
    const own = user.external_id?.toLowerCase() === sourceKey(instance, "person", key).toLowerCase()
    for (const address of own ? (row.secondary_emails ?? []) : []) {
      writes.explain("identity", identityKey(user.id, address))
      if (!owners.has(address.toLowerCase())) findings.changed("person", key, "further addresses", address, null)
    }
  }
}

/** As the lowest of them is; an active agent among them makes it an agent. */
const expected = (
  { email, id, row }: Person,
  same: ReadonlyArray<Person>,
  places: Places
): Readonly<Record<string, unknown>> => {
  const names = [row.first_name, row.last_name].flatMap((name) => (isBlank(name) ? [] : [String(name).trim()]))
  const department = row.department_ids?.[0]
  const agent = email !== null && same.some((person) => person.agent && person.row.active)
  return {
    name: names.length > 0 ? names.join(" ") : (email ?? `Unnamed person ${id}`),
    email,
    role: agent ? "agent" : "end-user",
    phone: phoneOf(row.work_phone_number, row.mobile_phone_number),
    organization: department === undefined ? null : (places.organizations.get(department) ?? null),
    details: [
      ...(isBlank(row.job_title) ? [] : [`Title: ${row.job_title}`]),
      ...(isBlank(row.mobile_phone_number) ? [] : [`Mobile: ${row.mobile_phone_number}`])
    ].join("\n"),
    notes: row.background_information ?? "",
    tags: row.vip_user ? ["vip"] : []
  }
}

/** Pairs of user and group that must be there; those of a person who is no agent at the destination are left out. */
const compareMembers = async (
  { truth, claims, writes, findings }: Context,
  places: Places,
  standIns: ReadonlyMap<number, FoundUser>
): Promise<ReadonlySet<string>> => {
  const found = new Map<string, number>()
  for await (const { row } of truth.destination("group_membership")) {
    const pair = pairKey(row.user_id, row.group_id)
    found.set(pair, (found.get(pair) ?? 0) + 1)
  }
  const expected = new Set<string>()
  for await (const { agent_id, group_id } of truth.corpus("group-member")) {
    const id = `${group_id}/${agent_id}`
    findings.counts["group-member"].source++
    const user = standIns.get(agent_id)
    const group = places.groups.get(group_id)
    if (user !== undefined && !isAgent(user)) {
      findings.counts["group-member"].excluded++
      if (!claims.records["group-member"].excluded.has(id))
        findings.problem(`group-member ${id}: must be left out (the person is no agent there) and is not`)
      continue
    }
    if (claims.records["group-member"].excluded.has(id)) {
      findings.problem(
        `group-member ${id}: is left out (${claims.records["group-member"].excluded.get(id)}) and must not be`
      )
      continue
    }
    if (!saysThere(claims, "group-member", id)) continue
    const pair = user === undefined || group === undefined ? null : pairKey(user.id, group)
    if (pair === null || !found.has(pair)) {
      findings.missing("group-member", id)
      continue
    }
    expected.add(pair)
    writes.explain("group_membership", pair)
    const records = Math.max(found.get(pair) ?? 0, writes.creates("group_membership", pair))
    if (records > 1) findings.doubled("group-member", id, records - 1, `stands ${records} times at the destination`)
  }
  return expected
}
