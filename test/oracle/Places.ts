// Departments and groups at both ends: which organization and which group stands for which, and whether they are alike.
// For Compare.ts; people and tickets look up here.
import { type Claims, saysThere } from "./Claims.ts"
import type { Findings } from "./Findings.ts"
import { distinctNames, isBlank } from "./Rules.ts"
import type { FoundOrganization, SourceDepartment, SourceGroup, Truth } from "./Truth.ts"
import { nameKey, type Writes } from "./Writes.ts"

export interface Places {
  /** Destination ids by source id. */
  readonly organizations: ReadonlyMap<number, number>
  readonly groups: ReadonlyMap<number, number>
}

export interface Context {
  readonly truth: Truth
  readonly claims: Claims
  readonly writes: Writes
  readonly findings: Findings
  /** The source account as it stands in source keys. */
  readonly instance: string
}

export const sourceKey = (instance: string, entity: string, id: string | number): string =>
  `freshservice:${instance}:${entity}:${id}`

export const comparePlaces = async (context: Context): Promise<Places> => ({
  organizations: await compareDepartments(context),
  groups: await compareGroups(context)
})

const compareDepartments = async ({
  truth,
  claims,
  writes,
  findings,
  instance
}: Context): Promise<ReadonlyMap<number, number>> => {
  const rows: Array<SourceDepartment> = []
  for await (const { row } of truth.corpus("department")) rows.push(row)
  const byKey = new Map<string, Array<FoundOrganization>>()
  const byName = new Map<string, FoundOrganization>()
  for await (const { row, deleted } of truth.destination("organization")) {
    if (deleted) continue
    if (row.external_id !== null) {
      const key = row.external_id.toLowerCase()
      byKey.set(key, [...(byKey.get(key) ?? []), row])
    }
    byName.set(nameKey(row.name), row)
  }
  const names = distinctNames(rows, "Department")
  const organizations = new Map<number, number>()
  for (const { id, description, domains } of rows) {
    findings.counts.department.source++
    if (!saysThere(claims, "department", String(id))) continue
    const key = sourceKey(instance, "department", id)
    const name = names.get(id) ?? ""
    const own = byKey.get(key.toLowerCase()) ?? []
    const matched = byName.get(nameKey(name))
    const found = own[0] ?? (matched !== undefined && !writes.made("organization", matched.id) ? matched : undefined)
    writes.explain("organization", key)
    const records = Math.max(own.length, writes.creates("organization", key))
    if (records > 1) findings.doubled("department", id, records - 1, `stands ${records} times at the destination`)
    if (found === undefined) {
      findings.missing("department", id)
      continue
    }
    organizations.set(id, found.id)
    // What was there before is matched and never changed.
    if (own.length === 0) continue
    findings.compare(
      "department",
      id,
      {
        name,
        details: isBlank(description) ? null : description,
        domain_names: (domains ?? []).map((d) => d.toLowerCase()).sort()
      },
      {
        name: found.name,
        details: isBlank(found.details) ? null : found.details,
        domain_names: [...found.domain_names].sort()
      }
    )
  }
  return organizations
}

const compareGroups = async ({ truth, claims, writes, findings }: Context): Promise<ReadonlyMap<number, number>> => {
  const byName = new Map<string, Array<{ readonly id: number; readonly name: string; readonly description: string }>>()
  for await (const { id, row, deleted } of truth.destination("group")) {
    if (deleted) continue
    const key = nameKey(row.name)
    byName.set(key, [...(byName.get(key) ?? []), { id, name: row.name, description: row.description ?? "" }])
  }
  const rows: Array<SourceGroup> = []
  for await (const { row } of truth.corpus("group")) rows.push(row)
  const names = distinctNames(rows, "Group")
  const groups = new Map<number, number>()
  for (const row of rows) {
    const { id } = row
    findings.counts.group.source++
    if (!saysThere(claims, "group", String(id))) continue
    const name = names.get(id) ?? ""
    const same = byName.get(nameKey(name)) ?? []
    const [found] = same
    writes.explain("group", nameKey(name))
    const made = same.filter((group) => writes.made("group", group.id)).length
    const records = Math.max(made, writes.creates("group", nameKey(name)))
    if (records > 1) findings.doubled("group", id, records - 1, `was made ${records} times`)
    if (found === undefined) {
      findings.missing("group", id)
      continue
    }
    groups.set(id, found.id)
    if (!writes.made("group", found.id)) continue
    findings.compare(
      "group",
      id,
      { name, description: isBlank(row.description) ? "" : row.description },
      { name: found.name, description: isBlank(found.description) ? "" : found.description }
    )
  }
  return groups
}
