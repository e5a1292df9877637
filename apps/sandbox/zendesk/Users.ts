// Users: made one by one, in bulk, or by e-mail or external id; unique addresses, seats for agents, soft deletion.
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, json, type Reply } from "../Reply.ts"
import { addUser, newUser, type ZendeskAccount } from "./Account.ts"
import { type Context, isJob, jobBody, peopleResult, type Route, route, startJob, withBody } from "./Context.ts"
import { type Details, fault, forbidden, Refused, recordNotFound } from "./Errors.ts"
import type { Identity, User } from "./Model.ts"
import { list } from "./Paging.ts"
import { choiceOf, flagOf, given, type Input, idOf, listOf, objectOf, tagsOf, textOf } from "./Reading.ts"
import { identityRow, userRow } from "./Rows.ts"
import { written } from "./Written.ts"

const roles = ["end-user", "agent", "admin"] as const

const idByEmail = (account: ZendeskAccount, email: string): number | undefined =>
  account.usersByEmail.get(email.trim().toLowerCase())

/** Everything of `input` that is valid goes into `user`; what is not is thrown. */
const apply = (account: ZendeskAccount, user: User, input: Input): void => {
  const details: Details = {}
  const fresh = !account.users.has(user.id)
  const name = textOf(input, "name")?.trim()
  if (fresh ? !name : given(input, "name") && !name) fault(details, "name", "Name: cannot be blank", "BlankValue")
  if (name !== undefined && name.length > 255)
    fault(details, "name", "Name: is too long (maximum is 255 characters)", "ValueTooLong")
  const email = given(input, "email") ? (textOf(input, "email")?.trim() ?? "") : null
  if (email !== null && !/^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/u.test(email)) {
    fault(details, "email", `Email: ${email} is not properly formatted`, "InvalidFormat")
  } else if (email !== null && (idByEmail(account, email) ?? user.id) !== user.id) {
    fault(details, "email", `Email: ${email} is already being used by another user`, "DuplicateValue")
  }
  const externalId = given(input, "external_id") ? textOf(input, "external_id") : null
  if (externalId !== null && (account.usersByExternalId.get(externalId.toLowerCase()) ?? user.id) !== user.id) {
    fault(details, "external_id", "External has already been taken", "DuplicateValue")
  }
  const role = (choiceOf(input, "role", roles, "Role", details) ?? user.role) as User["role"]
  if (
    role !== "end-user" &&
    user.role === "end-user" &&
    seatsTaken(account) >= (account.options.seats ?? Number.POSITIVE_INFINITY)
  ) {
    fault(details, "role", "Role: you have reached the maximum number of agents for your account", "InvalidValue")
  }
  const organization = given(input, "organization_id") ? idOf(input, "organization_id") : null
  const known = organization === null ? undefined : account.organizations.get(organization)
  if (given(input, "organization_id") && (known === undefined || known.deletedAt !== null)) {
    fault(details, "organization", "Organization: is invalid", "InvalidValue")
  }
  if (Object.keys(details).length > 0) throw new Refused(details)
  if (name) user.name = name
  if (email !== null) setEmail(account, user, email)
  if (externalId !== null) setExternalId(account, user, externalId)
  user.role = role
  if (organization !== null) user.organization = organization
  copyPlain(user, input)
}

const setEmail = (account: ZendeskAccount, user: User, email: string): void => {
  if (user.email !== null) account.usersByEmail.delete(user.email.toLowerCase())
  user.email = email.toLowerCase()
  if (account.users.has(user.id)) account.usersByEmail.set(user.email, user.id)
}

const setExternalId = (account: ZendeskAccount, user: User, externalId: string): void => {
  if (user.externalId !== null) account.usersByExternalId.delete(user.externalId.toLowerCase())
  user.externalId = externalId
  if (account.users.has(user.id)) account.usersByExternalId.set(externalId.toLowerCase(), user.id)
}

const copyPlain = (user: User, input: Input): void => {
  for (const key of ["phone", "details", "notes", "alias", "signature"] as const)
    if (key in input) user[key] = textOf(input, key)
  if ("tags" in input) user.tags = tagsOf(listOf(input, "tags"))
  if ("user_fields" in input) user.fields = { ...user.fields, ...objectOf(input.user_fields) }
  if (given(input, "locale")) user.locale = String(input.locale)
  if (given(input, "time_zone")) user.timeZone = String(input.time_zone)
  user.suspended = flagOf(input, "suspended", user.suspended)
  user.verified = flagOf(input, "verified", user.verified)
}

const seatsTaken = (account: ZendeskAccount): number => {
  let taken = 0
  for (const user of account.users.values()) if (user.active && user.role !== "end-user") taken++
  return taken
}

const essentials = (user: User): Record<string, unknown> => ({
  name: user.name,
  email: user.email,
  role: user.role,
  organization_id: user.organization,
  suspended: user.suspended
})

const record = (context: Context, kind: string, user: User, job: string | null): void =>
  written(context, kind, user.id, essentials(user), { externalId: user.externalId, job })

const createUser = (context: Context, input: Input, job: string | null): User => {
  const { account } = context
  const at = isoSecond(nowSecond(account.clock))
  const draft = newUser({ id: 0, name: "", email: null, role: "end-user", at, writtenAt: account.clock.now() })
  apply(account, draft, input)
  const user: User = { ...draft, id: account.nextId("user"), verified: flagOf(input, "verified", false) }
  addUser(account, user)
  joinOwnOrganization(account, user)
  record(context, "user.create", user, job)
  return user
}

/** A user with an organization is a member of it without being told. */
const joinOwnOrganization = (account: ZendeskAccount, user: User): void => {
  if (user.organization === null || account.organizationMemberships.find(user.id, user.organization) !== undefined)
    return
  const createdAt = isoSecond(nowSecond(account.clock))
  account.organizationMemberships.add({
    id: account.nextId("organizationMembership"),
    user: user.id,
    of: user.organization,
    isDefault: true,
    createdAt
  })
}

const updateUser = (context: Context, user: User, input: Input, job: string | null): User => {
  const { account } = context
  apply(account, user, input)
  joinOwnOrganization(account, user)
  touch(account, user)
  record(context, "user.update", user, job)
  return user
}

const touch = (account: ZendeskAccount, user: User): void => {
  const second = nowSecond(account.clock)
  user.updatedAt = isoSecond(second)
  user.writtenAt = account.clock.now()
  account.userStream.push(second, user.id)
  account.version++
}

const createOrUpdate = (context: Context, input: Input, job: string | null): { user: User; created: boolean } => {
  const { account } = context
  const externalId = textOf(input, "external_id")
  const email = textOf(input, "email")
  const id =
    (externalId === null ? undefined : account.usersByExternalId.get(externalId.toLowerCase())) ??
    (email === null ? undefined : idByEmail(account, email))
  const known = id === undefined ? undefined : account.users.get(id)
  if (known === undefined) return { user: createUser(context, input, job), created: true }
  return { user: updateUser(context, known, input, job), created: false }
}

const deleteUser = (context: Context, user: User): Reply => {
  const { account } = context
  user.active = false
  if (user.email !== null) account.usersByEmail.delete(user.email.toLowerCase())
  if (user.externalId !== null) account.usersByExternalId.delete(user.externalId.toLowerCase())
  account.userIds.remove(user.id)
  touch(account, user)
  record(context, "user.delete", user, null)
  return json(200, { user: userRow(account, user) })
}

/** The inline requester of a ticket: found by e-mail or made. */
export const findOrCreateRequester = (account: ZendeskAccount, input: Input, details: Details): User | null => {
  const email = textOf(input, "email")
  const id = email === null ? undefined : idByEmail(account, email)
  const known = id === undefined ? undefined : account.users.get(id)
  if (known !== undefined) return known
  const name = textOf(input, "name")
  if (name === null || email === null) {
    fault(details, "requester", "Requester: is invalid", "InvalidValue")
    return null
  }
  const at = isoSecond(nowSecond(account.clock))
  const user = newUser({
    id: account.nextId("user"),
    name,
    email: email.toLowerCase(),
    role: "end-user",
    at,
    writtenAt: account.clock.now()
  })
  addUser(account, user)
  return user
}

const created = (context: Context, user: User, status: number): Reply =>
  json(
    status,
    { user: userRow(context.account, user) },
    { location: `https://${context.account.host}/api/v2/users/${user.id}.json` }
  )

const bulk = (context: Context, type: string, write: (input: Input, job: string) => number): Reply => {
  if (!context.account.options.bulkUsers) return forbidden()
  const job = startJob(context, type, "users", peopleResult, (input, { id }) => write(input, id))
  return isJob(job) ? json(200, jobBody(context.account, job)) : job
}

const withUser =
  (answer: (context: Context, user: User) => Reply) =>
  (context: Context): Reply => {
    const user = context.account.users.get(context.id)
    return user === undefined ? recordNotFound() : answer(context, user)
  }

const listUsers = (context: Context, path: string, ids: ReadonlyArray<number>): Reply => {
  const { account, call } = context
  return list(call, {
    key: "users",
    host: account.host,
    path,
    ids,
    row: (id) => JSON.stringify(userRow(account, account.users.get(id) as User))
  })
}

const readList = (context: Context): Reply => {
  const { account, call } = context
  const wanted = new Set([...call.query.getAll("role[]"), ...call.query.getAll("role")])
  const externalId = call.query.get("external_id")
  if (externalId !== null)
    return listUsers(context, "users", oneOf(account.usersByExternalId.get(externalId.toLowerCase())))
  if (wanted.size === 0) return listUsers(context, "users", account.userIds.ids())
  return listUsers(
    context,
    "users",
    account.userIds.ids().filter((id) => wanted.has((account.users.get(id) as User).role))
  )
}

const oneOf = (id: number | undefined): ReadonlyArray<number> => (id === undefined ? [] : [id])

const search = (context: Context): Reply => {
  const { account, call } = context
  const externalId = call.query.get("external_id")
  if (externalId !== null)
    return listUsers(context, "users/search", oneOf(account.usersByExternalId.get(externalId.toLowerCase())))
  const query = (call.query.get("query") ?? "").trim()
  const quoted = query.replace(/^(?:email:|user:)/, "").replaceAll('"', "")
  if (quoted.includes("@")) return listUsers(context, "users/search", oneOf(idByEmail(account, quoted)))
  const words = quoted.toLowerCase()
  const ids = account.userIds.ids().filter((id) => (account.users.get(id) as User).name.toLowerCase().includes(words))
  return listUsers(context, "users/search", ids)
}

const showMany = (context: Context): Reply => {
  const { account, call } = context
  const ids = (call.query.get("ids") ?? "").split(",").filter(Boolean).map(Number)
  const external = (call.query.get("external_ids") ?? "").split(",").filter(Boolean)
  const found = [...ids, ...external.map((id) => account.usersByExternalId.get(id.toLowerCase()) ?? -1)]
    .slice(0, 100)
    .map((id) => account.users.get(id))
    .filter((user) => user !== undefined)
  return json(200, {
    users: found.map((user) => userRow(account, user)),
    next_page: null,
    previous_page: null,
    count: found.length
  })
}

const identities = withUser(({ account }, user) => {
  const primary: ReadonlyArray<Identity> =
    user.email === null
      ? []
      : [{ id: user.id + 600_000_000, type: "email", value: user.email, createdAt: user.createdAt }]
  const rows = [...primary, ...user.identities].map((identity, index) =>
    identityRow(account, user, identity, index < primary.length)
  )
  return json(200, { identities: rows, next_page: null, previous_page: null, count: rows.length })
})

const addIdentity = withUser((context, user) =>
  withBody(context, "identity", (input) => {
    const { account } = context
    const value = textOf(input, "value")?.trim() ?? ""
    const type = textOf(input, "type") ?? "email"
    const owner = type === "email" ? idByEmail(account, value) : undefined
    if (value === "") throw new Refused({ value: [{ description: "Value: cannot be blank", error: "BlankValue" }] })
    if (owner !== undefined) {
      throw new Refused({
        value: [{ description: `Value: ${value} is already being used by another user`, error: "DuplicateValue" }]
      })
    }
    const identity: Identity = {
      id: account.nextId("identity"),
      type,
      value,
      createdAt: isoSecond(nowSecond(account.clock))
    }
    user.identities.push(identity)
    if (type === "email") account.usersByEmail.set(value.toLowerCase(), user.id)
    touch(account, user)
    const body = { user_id: user.id, type, value }
    written(context, "identity.create", identity.id, body, { externalId: user.externalId })
    return json(201, { identity: identityRow(account, user, identity, false) })
  })
)

export const userRoutes: ReadonlyArray<Route> = [
  route("GET", "users.list", "users", readList),
  route("GET", "users.count", "users/count", ({ account }) =>
    json(200, { count: { value: account.userIds.ids().length, refreshed_at: isoSecond(nowSecond(account.clock)) } })
  ),
  route("GET", "users.search", "users/search", search),
  route("GET", "users.show_many", "users/show_many", showMany),
  route(
    "GET",
    "users.view",
    "users/{id}",
    withUser((context, user) => json(200, { user: userRow(context.account, user) }))
  ),
  route("GET", "identities.list", "users/{id}/identities", identities),
  route("POST", "identities.create", "users/{id}/identities", addIdentity),
  route("POST", "users.create", "users", (context) =>
    withBody(context, "user", (input) => created(context, createUser(context, input, null), 201))
  ),
  route("POST", "users.create_or_update", "users/create_or_update", (context) =>
    withBody(context, "user", (input) => {
      const { user, created: fresh } = createOrUpdate(context, input, null)
      return created(context, user, fresh ? 201 : 200)
    })
  ),
  route("POST", "users.create_many", "users/create_many", (context) =>
    bulk(context, "Bulk Create User", (input, job) => createUser(context, input, job).id)
  ),
  route("POST", "users.create_or_update_many", "users/create_or_update_many", (context) =>
    bulk(context, "Bulk Create Or Update User", (input, job) => createOrUpdate(context, input, job).user.id)
  ),
  route(
    "PUT",
    "users.update",
    "users/{id}",
    withUser((context, user) =>
      withBody(context, "user", (input) =>
        json(200, { user: userRow(context.account, updateUser(context, user, input, null)) })
      )
    )
  ),
  route(
    "DELETE",
    "users.delete",
    "users/{id}",
    withUser((context, user) => (user.active ? deleteUser(context, user) : empty(404)))
  )
]
