// Groups, and who belongs to a group or an organization. A membership that exists already is refused.
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, json, type Reply } from "../Reply.ts"
import { addGroup, type Memberships, type ZendeskAccount } from "./Account.ts"
import { type Context, type Route, route, withBody } from "./Context.ts"
import { type Details, fault, Refused, recordNotFound } from "./Errors.ts"
import type { Group, Membership } from "./Model.ts"
import { list } from "./Paging.ts"
import { flagOf, given, type Input, idOf, textOf } from "./Reading.ts"
import { groupRow, membershipRow } from "./Rows.ts"
import { written } from "./Written.ts"

type Kind = "group" | "organization"

const createGroup = (context: Context): Reply =>
  withBody(context, "group", (input) => {
    const { account } = context
    const name = textOf(input, "name")?.trim() ?? ""
    if (name === "") throw new Refused({ name: [{ description: "Name: cannot be blank", error: "BlankValue" }] })
    const group = addGroup(account, name, false)
    group.description = textOf(input, "description") ?? ""
    group.isPublic = flagOf(input, "is_public", true)
    written(context, "group.create", group.id, { name })
    return json(
      201,
      { group: groupRow(account, group) },
      { location: `https://${account.host}/api/v2/groups/${group.id}.json` }
    )
  })

const updateGroup = (context: Context, group: Group): Reply =>
  withBody(context, "group", (input) => {
    if (given(input, "name")) group.name = String(input.name).trim()
    if (given(input, "description")) group.description = String(input.description)
    group.updatedAt = isoSecond(nowSecond(context.account.clock))
    written(context, "group.update", group.id, { name: group.name })
    return json(200, { group: groupRow(context.account, group) })
  })

const deleteGroup = (context: Context, group: Group): Reply => {
  const { groupMemberships } = context.account
  group.deleted = true
  group.updatedAt = isoSecond(nowSecond(context.account.clock))
  for (const membership of [...groupMemberships.within(group.id)]) groupMemberships.remove(membership)
  written(context, "group.delete", group.id, { name: group.name })
  return empty(204)
}

const withGroup =
  (answer: (context: Context, group: Group) => Reply) =>
  (context: Context): Reply => {
    const group = context.account.groups.get(context.id)
    return group === undefined ? recordNotFound() : answer(context, group)
  }

const listGroups = ({ account, call }: Context): Reply => {
  const all = call.query.get("exclude_deleted") === "false"
  const ids = account.groupIds.ids().filter((id) => all || account.groups.get(id)?.deleted === false)
  return list(call, {
    key: "groups",
    host: account.host,
    path: "groups",
    ids,
    row: (id) => JSON.stringify(groupRow(account, account.groups.get(id) as Group))
  })
}

const memberships = (account: ZendeskAccount, kind: Kind): Memberships =>
  kind === "group" ? account.groupMemberships : account.organizationMemberships

const createMembership =
  (kind: Kind) =>
  (context: Context): Reply =>
    withBody(context, `${kind}_membership`, (input) => {
      const { account } = context
      const { user, of } = readMembership(account, kind, input)
      const isDefault = memberships(account, kind).ofUser(user).length === 0 || flagOf(input, "default", false)
      const createdAt = isoSecond(nowSecond(account.clock))
      const membership: Membership = { id: account.nextId(`${kind}Membership`), user, of, isDefault, createdAt }
      memberships(account, kind).add(membership)
      adopt(account, kind, membership)
      written(context, `${kind}_membership.create`, membership.id, { user_id: user, [`${kind}_id`]: of })
      const location = `https://${account.host}/api/v2/${kind}_memberships/${membership.id}.json`
      return json(201, { [`${kind}_membership`]: membershipRow(account, kind, membership) }, { location })
    })

/** The default membership is what the user's own row shows. */
const adopt = (account: ZendeskAccount, kind: Kind, membership: Membership): void => {
  const user = account.users.get(membership.user)
  if (user === undefined || !membership.isDefault) return
  for (const other of memberships(account, kind).ofUser(user.id)) if (other !== membership) other.isDefault = false
  if (kind === "group") user.defaultGroup = membership.of
  else user.organization = membership.of
}

const readMembership = (account: ZendeskAccount, kind: Kind, input: Input): { user: number; of: number } => {
  const details: Details = {}
  const user = idOf(input, "user_id")
  const of = idOf(input, `${kind}_id`)
  const known = user === null ? undefined : account.users.get(user)
  if (known === undefined || !known.active) fault(details, "user", "User: is invalid", "InvalidValue")
  else if (kind === "group" && known.role === "end-user")
    fault(details, "user", "User: must be an agent", "InvalidValue")
  const label = kind === "group" ? "Group" : "Organization"
  const whole = of === null ? undefined : kind === "group" ? account.groups.get(of) : account.organizations.get(of)
  const gone = whole !== undefined && ("deletedAt" in whole ? whole.deletedAt !== null : whole.deleted)
  if (whole === undefined || gone) fault(details, kind, `${label}: is invalid`, "InvalidValue")
  if (user !== null && of !== null && memberships(account, kind).find(user, of) !== undefined) {
    fault(details, "user_id", "User has already been taken", "DuplicateValue")
  }
  if (Object.keys(details).length > 0 || user === null || of === null) throw new Refused(details)
  return { user, of }
}

const listMemberships =
  (kind: Kind, path: string, of: (context: Context) => ReadonlyArray<number>) =>
  (context: Context): Reply => {
    const { account, call } = context
    const { all } = memberships(account, kind)
    return list(call, {
      key: `${kind}_memberships`,
      host: account.host,
      path: path.replace("{id}", String(context.id)),
      ids: of(context),
      row: (id) => JSON.stringify(membershipRow(account, kind, all.get(id) as Membership))
    })
  }

const ids = (rows: ReadonlyArray<Membership>): ReadonlyArray<number> => rows.map((row) => row.id).sort((a, b) => a - b)

const membershipRoutes = (kind: Kind, within: string): ReadonlyArray<Route> => [
  route(
    "GET",
    `${kind}_memberships.list`,
    `${kind}_memberships`,
    listMemberships(kind, `${kind}_memberships`, ({ account }) => memberships(account, kind).ids.ids())
  ),
  route(
    "GET",
    `${kind}_memberships.list`,
    `users/{id}/${kind}_memberships`,
    listMemberships(kind, `users/{id}/${kind}_memberships`, ({ account, id }) =>
      ids(memberships(account, kind).ofUser(id))
    )
  ),
  route(
    "GET",
    `${kind}_memberships.list`,
    within,
    listMemberships(kind, within, ({ account, id }) => ids(memberships(account, kind).within(id)))
  ),
  route("GET", `${kind}_memberships.view`, `${kind}_memberships/{id}`, ({ account, id }) => {
    const membership = memberships(account, kind).all.get(id)
    return membership === undefined
      ? recordNotFound()
      : json(200, { [`${kind}_membership`]: membershipRow(account, kind, membership) })
  }),
  route("POST", `${kind}_memberships.create`, `${kind}_memberships`, createMembership(kind)),
  route("DELETE", `${kind}_memberships.delete`, `${kind}_memberships/{id}`, (context) => {
    const membership = memberships(context.account, kind).all.get(context.id)
    if (membership === undefined) return recordNotFound()
    memberships(context.account, kind).remove(membership)
    written(context, `${kind}_membership.delete`, membership.id, {
      user_id: membership.user,
      [`${kind}_id`]: membership.of
    })
    return empty(204)
  })
]

export const groupRoutes: ReadonlyArray<Route> = [
  route("GET", "groups.list", "groups", listGroups),
  route("GET", "groups.count", "groups/count", ({ account }) =>
    json(200, {
      count: {
        value: [...account.groups.values()].filter((group) => !group.deleted).length,
        refreshed_at: isoSecond(nowSecond(account.clock))
      }
    })
  ),
  route(
    "GET",
    "groups.view",
    "groups/{id}",
    withGroup((context, group) => json(200, { group: groupRow(context.account, group) }))
  ),
  route("POST", "groups.create", "groups", createGroup),
  route("PUT", "groups.update", "groups/{id}", withGroup(updateGroup)),
  route("DELETE", "groups.delete", "groups/{id}", withGroup(deleteGroup)),
  ...membershipRoutes("group", "groups/{id}/memberships"),
  ...membershipRoutes("organization", "organizations/{id}/organization_memberships")
]
