// Asset types and assets at both ends: a custom object for each type, a record for each asset, its values under documented keys.
// Locations and relationships beside them are in Ties.ts; definitions of fields are left out. For Compare.ts.
import { saysThere } from "./Claims.ts"
import { type Links, linksOf, type Type } from "./Links.ts"
import type { People } from "./People.ts"
import { type Context, type Places, sourceKey } from "./Places.ts"
import { isBlank } from "./Rules.ts"
import type { SourceAsset } from "./SourceRows.ts"
import { compareLocations, compareRelations, explainObjects, type Found, onlyRecord, type Records } from "./Ties.ts"
import type { FoundField } from "./Truth.ts"

export const compareThings = async (
  context: Context,
  places: Places,
  people: People,
  fields: ReadonlyArray<FoundField>
): Promise<Links> => {
  await leaveOut(context)
  explainObjects(context)
  const types = await compareTypes(context)
  const objects = new Map(types.map(({ id, key }) => [id, key]))
  const byKey = new Map<string, Array<Found>>()
  for await (const record of context.truth.destination("custom_object_record")) {
    const key = record.row.external_id ?? ""
    byKey.set(key, [...(byKey.get(key) ?? []), record])
  }
  const groups = new Map<number, string>()
  for await (const { id, row } of context.truth.corpus("group")) groups.set(id, row.name)
  const locations = await compareLocations(context, byKey)
  const [products, vendors] = [await context.truth.assetNames("products"), await context.truth.assetNames("vendors")]
  const named: Named = { people, places, groups, locations, products, vendors }
  const assets = new Map<number, { name: string; record: string; type: number }>()
  for await (const { row, trashed } of context.truth.corpus("asset")) {
    const record = compareAsset(context, named, objects, byKey, row, trashed)
    const name = row.name.replace(/\s+/g, " ").trim()
    if (!trashed) assets.set(row.display_id, { name, record: record?.id ?? "?", type: row.asset_type_id })
  }
  await compareRelations(context, byKey, { people, places, locations, assets })
  return linksOf(context, fields, types, assets)
}

interface Named {
  readonly people: People
  readonly places: Places
  readonly groups: ReadonlyMap<number, string>
  readonly locations: ReadonlyMap<number, string>
  readonly products: ReadonlyMap<number, string>
  readonly vendors: ReadonlyMap<number, string>
}

/** Counted, and all of them left out. */
const leaveOut = async ({ truth, findings }: Context): Promise<void> => {
  const ofTypes = new Set<number>()
  for await (const { fields } of truth.corpus("asset-type"))
    for (const section of fields) for (const { id } of section.fields) ofTypes.add(id)
  findings.leftOut("custom-field", ofTypes.size + (await truth.definitions()))
}

/** Those that have assets, and no others. An object's key ends with the id of its type; it is never renamed. */
const compareTypes = async ({ truth, claims, findings, writes }: Context): Promise<ReadonlyArray<Type>> => {
  const bySource = new Map<number, Array<{ readonly key: string; readonly title: string }>>()
  for await (const { id: key, row } of truth.destination("custom_object")) {
    const id = Number(/_(\d+)$/.exec(key)?.[1] ?? Number.NaN)
    bySource.set(id, [...(bySource.get(id) ?? []), { key, title: row.title }])
  }
  const used = new Set<number>()
  for await (const { row, trashed } of truth.corpus("asset")) if (!trashed) used.add(row.asset_type_id)
  const types: Array<Type> = []
  for await (const { id, row } of truth.corpus("asset-type")) {
    findings.counts["asset-type"].source++
    const left = claims.records["asset-type"].excluded.has(String(id))
    if (left === used.has(id))
      findings.problem(`asset-type ${id}: is ${left ? "" : "not "}left out and ${left ? "has" : "has no"} assets`)
    if (!used.has(id)) {
      findings.counts["asset-type"].excluded++
      if (bySource.has(id)) findings.problem(`asset-type ${id}: is at the destination and must not be`)
      continue
    }
    if (!saysThere(claims, "asset-type", String(id))) continue
    const [object, ...others] = bySource.get(id) ?? []
    if (object === undefined) {
      findings.missing("asset-type", id)
      continue
    }
    types.push({ id, key: object.key, name: row.name.trim() })
    writes.explain("custom_object", object.key)
    writes.explainAll("custom_object_field", `${object.key}/`)
    const records = Math.max(1 + others.length, writes.creates("custom_object", object.key))
    if (records > 1) findings.doubled("asset-type", id, records - 1, `stands ${records} times at the destination`)
    findings.compare("asset-type", id, { title: row.name.trim() }, { title: object.title })
  }
  return types
}

const compareAsset = (
  context: Context,
  named: Named,
  objects: ReadonlyMap<number, string>,
  records: Records,
  row: SourceAsset,
  trashed: boolean
): Found | undefined => {
  const { claims, findings, instance } = context
  const id = row.display_id
  const left = claims.records.asset.excluded.has(String(id))
  findings.counts.asset.source++
  if (trashed) findings.counts.asset.excluded++
  if (left !== trashed)
    findings.problem(`asset ${id}: is ${trashed ? "in the trash and not" : "not in the trash and"} left out`)
  if (trashed && records.has(sourceKey(instance, "asset", id)))
    findings.problem(`asset ${id}: is at the destination and must not be`)
  if (trashed || !saysThere(claims, "asset", String(id))) return undefined
  const found = onlyRecord(context, "asset", id, records)
  if (found === undefined) return undefined
  const { custom_object_fields: values, name } = found.row
  const { details, ...fields } = expected(row, named)
  const { further_details, ...others } = values
  findings.compare(
    "asset",
    id,
    { object: objects.get(row.asset_type_id), name: row.name.trim() },
    { object: found.object, name }
  )
  findings.compare("asset", id, fields, others)
  const told = `\n${String(further_details ?? "")}\n`
  for (const line of details)
    if (!told.includes(`\n${line}\n`)) findings.changed("asset", id, "further details", line, further_details)
  return found
}

/** Type fields that have a field of their own; all others are told in `further_details`, a line each. */
const own: ReadonlySet<string> = new Set([
  "serial_number",
  "product",
  "vendor",
  "asset_state",
  "cost",
  "acquisition_date",
  "warranty_expiry_date"
])

const expected = (row: SourceAsset, { groups, locations, people, places, products, vendors }: Named) => {
  const typed = new Map(Object.entries(row.type_fields).map(([key, value]) => [key.replace(/_\d{2,}$/, ""), value]))
  const text = (value: unknown): string | null =>
    value === null || value === undefined || isBlank(String(value)) ? null : String(value)
  const day = (value: unknown): string | null => text(value)?.slice(0, 10) ?? null
  const state = text(typed.get("asset_state"))
  return {
    asset_number: String(row.display_id),
    asset_tag: text(row.asset_tag),
    serial_number: text(typed.get("serial_number")),
    model: text(products.get(Number(typed.get("product"))) ?? typed.get("product")),
    vendor: text(vendors.get(Number(typed.get("vendor"))) ?? typed.get("vendor")),
    asset_state:
      state === null || !states.has(state) ? null : `asset_state_${state.toLowerCase().replaceAll(" ", "_")}`,
    asset_state_at_source: state,
    usage_type: text(row.usage_type),
    impact: text(row.impact),
    used_by: people.knownAs(row.user_id),
    managed_by: people.knownAs(row.agent_id),
    managed_by_group: row.group_id === null ? null : (groups.get(row.group_id) ?? null),
    organization: row.department_id === null ? null : (places.organizations.get(row.department_id) ?? null),
    location: row.location_id === null ? null : (locations.get(row.location_id) ?? null),
    cost: text(typed.get("cost")),
    acquired_on: day(typed.get("acquisition_date")),
    warranty_until: day(typed.get("warranty_expiry_date")),
    end_of_life: day(row.end_of_life),
    assigned_on: day(row.assigned_on),
    description: text(row.description),
    details: [...typed].flatMap(([name, value]) => {
      const words = own.has(name) ? null : text(value)
      return words === null ? [] : [`${name}: ${words}`]
    })
  }
}

const states: ReadonlySet<string> = new Set([
  "In Use",
  "In Stock",
  "On Order",
  "In Transit",
  "In Repair",
  "Missing",
  "Retired"
])
