// Organizations: names unique whatever their case, found by name or external id, deleted softly.
import { isoSecond, nowSecond } from "../Clock.ts"
import { empty, json, type Reply } from "../Reply.ts"
import type { ZendeskAccount } from "./Account.ts"
import { type Context, isJob, jobBody, peopleResult, type Route, route, startJob, withBody } from "./Context.ts"
import { type Details, fault, Refused, recordNotFound } from "./Errors.ts"
import type { Organization } from "./Model.ts"
import { list } from "./Paging.ts"
import { given, type Input, idOf, listOf, objectOf, tagsOf, textOf } from "./Reading.ts"
import { organizationRow } from "./Rows.ts"
import { written } from "./Written.ts"

const nameKey = (name: string): string => name.trim().toLowerCase()

/** Makes one; throws Refused when the name or the external id is taken. */
export const addOrganization = (account: ZendeskAccount, input: Input, second = nowSecond(account.clock)): number => {
  const at = isoSecond(second)
  const draft: Organization = {
    id: 0,
    name: "",
    externalId: null,
    domains: [],
    details: null,
    notes: null,
    group: null,
    tags: [],
    fields: {},
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
    writtenAt: account.clock.now()
  }
  check(account, draft, input)
  const organization: Organization = { ...draft, id: account.nextId("organization") }
  account.organizations.set(organization.id, organization)
  account.organizationIds.add(organization.id)
  set(account, organization, input)
  account.organizationStream.push(second, organization.id)
  account.version++
  return organization.id
}

const check = (account: ZendeskAccount, organization: Organization, input: Input): void => {
  const details: Details = {}
  const name = textOf(input, "name")?.trim()
  if ((organization.id === 0 && !name) || (given(input, "name") && !name))
    fault(details, "name", "Name: cannot be blank", "BlankValue")
  else if (name && (account.organizationsByName.get(nameKey(name)) ?? organization.id) !== organization.id) {
    fault(details, "name", `Name: ${name} has already been taken`, "DuplicateValue")
  }
  const externalId = textOf(input, "external_id")
  if (
    externalId !== null &&
    (account.organizationsByExternalId.get(externalId.toLowerCase()) ?? organization.id) !== organization.id
  ) {
    fault(details, "external_id", "External has already been taken", "DuplicateValue")
  }
  if (Object.keys(details).length > 0) throw new Refused(details)
}

const set = (account: ZendeskAccount, organization: Organization, input: Input): void => {
  const name = textOf(input, "name")?.trim()
  if (name) {
    account.organizationsByName.delete(nameKey(organization.name))
    organization.name = name
    account.organizationsByName.set(nameKey(name), organization.id)
  }
  const externalId = textOf(input, "external_id")
  if (externalId !== null) {
    if (organization.externalId !== null)
      account.organizationsByExternalId.delete(organization.externalId.toLowerCase())
    organization.externalId = externalId
    account.organizationsByExternalId.set(externalId.toLowerCase(), organization.id)
  }
  for (const key of ["details", "notes"] as const) if (key in input) organization[key] = textOf(input, key)
  if ("domain_names" in input)
    organization.domains = listOf(input, "domain_names").map((domain) => String(domain).toLowerCase())
  if ("tags" in input) organization.tags = tagsOf(listOf(input, "tags"))
  if ("group_id" in input) organization.group = idOf(input, "group_id")
  if ("organization_fields" in input)
    organization.fields = { ...organization.fields, ...objectOf(input.organization_fields) }
}

const record = (context: Context, kind: string, id: number, job: string | null): number => {
  const organization = context.account.organizations.get(id) as Organization
  const body = { name: organization.name, domain_names: organization.domains }
  written(context, kind, id, body, { externalId: organization.externalId, job })
  return id
}

const create = (context: Context, input: Input, job: string | null): number =>
  record(context, "organization.create", addOrganization(context.account, input), job)

const update = (context: Context, organization: Organization, input: Input): number => {
  const { account } = context
  check(account, organization, input)
  set(account, organization, input)
  touch(account, organization)
  return record(context, "organization.update", organization.id, null)
}

const touch = (account: ZendeskAccount, organization: Organization): void => {
  const second = nowSecond(account.clock)
  organization.updatedAt = isoSecond(second)
  organization.writtenAt = account.clock.now()
  account.organizationStream.push(second, organization.id)
  account.version++
}

/** By id or external id, never by name. */
const createOrUpdate = (context: Context): Reply =>
  withBody(context, "organization", (input) => {
    const { account } = context
    const externalId = textOf(input, "external_id")
    const id =
      idOf(input, "id") ??
      (externalId === null ? undefined : account.organizationsByExternalId.get(externalId.toLowerCase()))
    const known = id === undefined ? undefined : account.organizations.get(id)
    return known === undefined
      ? shown(context, create(context, input, null), 201)
      : shown(context, update(context, known, input), 200)
  })

const shown = ({ account }: Context, id: number, status: number): Reply =>
  json(
    status,
    { organization: organizationRow(account, account.organizations.get(id) as Organization) },
    { location: `https://${account.host}/api/v2/organizations/${id}.json` }
  )

const createMany = (context: Context): Reply => {
  const job = startJob(context, "Bulk Create Organization", "organizations", peopleResult, (input, { id }) =>
    create(context, input, id)
  )
  return isJob(job) ? json(200, jobBody(context.account, job)) : job
}

const remove = (context: Context, organization: Organization): Reply => {
  const { account } = context
  organization.deletedAt = isoSecond(nowSecond(account.clock))
  account.organizationsByName.delete(nameKey(organization.name))
  if (organization.externalId !== null) account.organizationsByExternalId.delete(organization.externalId.toLowerCase())
  account.organizationIds.remove(organization.id)
  for (const membership of [...account.organizationMemberships.within(organization.id)])
    account.organizationMemberships.remove(membership)
  touch(account, organization)
  record(context, "organization.delete", organization.id, null)
  return empty(204)
}

const withOrganization =
  (answer: (context: Context, organization: Organization) => Reply) =>
  (context: Context): Reply => {
    const organization = context.account.organizations.get(context.id)
    return organization === undefined || organization.deletedAt !== null
      ? recordNotFound()
      : answer(context, organization)
  }

const listOrganizations = (context: Context, path: string, ids: ReadonlyArray<number>): Reply => {
  const { account, call } = context
  return list(call, {
    key: "organizations",
    host: account.host,
    path,
    ids,
    row: (id) => JSON.stringify(organizationRow(account, account.organizations.get(id) as Organization))
  })
}

/** Exact, whatever the case. */
const search = (context: Context): Reply => {
  const { account, call } = context
  const externalId = call.query.get("external_id")
  const name = call.query.get("name")
  const id =
    externalId !== null
      ? account.organizationsByExternalId.get(externalId.toLowerCase())
      : account.organizationsByName.get(nameKey(name ?? ""))
  return listOrganizations(context, "organizations/search", id === undefined ? [] : [id])
}

const showMany = (context: Context): Reply => {
  const { account, call } = context
  const ids = (call.query.get("ids") ?? "").split(",").filter(Boolean).map(Number)
  const external = (call.query.get("external_ids") ?? "").split(",").filter(Boolean)
  const found = [...ids, ...external.map((id) => account.organizationsByExternalId.get(id.toLowerCase()) ?? -1)]
    .slice(0, 100)
    .map((id) => account.organizations.get(id))
    .filter((organization) => organization !== undefined && organization.deletedAt === null)
  return json(200, {
    organizations: found.map((row) => organizationRow(account, row as Organization)),
    next_page: null,
    previous_page: null,
    count: found.length
  })
}

export const organizationRoutes: ReadonlyArray<Route> = [
  route("GET", "organizations.list", "organizations", (context) =>
    listOrganizations(context, "organizations", context.account.organizationIds.ids())
  ),
  route("GET", "organizations.count", "organizations/count", ({ account }) =>
    json(200, {
      count: { value: account.organizationIds.ids().length, refreshed_at: isoSecond(nowSecond(account.clock)) }
    })
  ),
  route("GET", "organizations.search", "organizations/search", search),
  route("GET", "organizations.show_many", "organizations/show_many", showMany),
  route(
    "GET",
    "organizations.view",
    "organizations/{id}",
    withOrganization((context, row) => json(200, { organization: organizationRow(context.account, row) }))
  ),
  route("POST", "organizations.create", "organizations", (context) =>
    withBody(context, "organization", (input) => shown(context, create(context, input, null), 201))
  ),
  route("POST", "organizations.create_or_update", "organizations/create_or_update", createOrUpdate),
  route("POST", "organizations.create_many", "organizations/create_many", createMany),
  route(
    "PUT",
    "organizations.update",
    "organizations/{id}",
    withOrganization((context, row) =>
      withBody(context, "organization", (input) => shown(context, update(context, row, input), 200))
    )
  ),
  route("DELETE", "organizations.delete", "organizations/{id}", withOrganization(remove))
]
