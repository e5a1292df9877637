// Locations and relationships at both ends: a record each, of two objects with documented keys. For Things.ts.
import { saysThere } from "./Claims.ts"
import type { People } from "./People.ts"
import { type Context, type Places, sourceKey } from "./Places.ts"
import { isBlank } from "./Rules.ts"
import type { SourceLocation, SourceRelation } from "./SourceRows.ts"
import type { Destination } from "./Truth.ts"

export type Found = Destination["custom_object_record"]
export type Records = ReadonlyMap<string, ReadonlyArray<Found>>

const text = (value: unknown): string | null =>
  value === null || value === undefined || isBlank(String(value)) ? null : String(value).trim()

/** The one record of a source key, or what is wrong with that. */
export const onlyRecord = (
  { findings, instance, writes }: Context,
  entity: "asset" | "location" | "relation",
  id: number,
  records: Records
): Found | undefined => {
  const key = sourceKey(instance, entity, id)
  const own = records.get(key) ?? []
  writes.explain("custom_object_record", key)
  const times = Math.max(own.length, writes.creates("custom_object_record", key))
  if (times > 1) findings.doubled(entity, id, times - 1, `was written ${times} times`)
  if (own[0] === undefined) findings.missing(entity, id)
  return own[0]
}

/** The two objects are made with whatever leads to them, once. */
export const explainObjects = ({ findings, writes }: Context): void => {
  for (const key of ["source_location", "source_relationship"]) {
    writes.explain("custom_object", key)
    writes.explainAll("custom_object_field", `${key}/`)
    const times = writes.creates("custom_object", key)
    if (times > 1) findings.problem(`custom_object ${key}: was made ${times} times`)
  }
}

/** Record ids at the destination by source id. */
export const compareLocations = async (context: Context, records: Records): Promise<ReadonlyMap<number, string>> => {
  const { claims, findings, truth } = context
  const rows = new Map<number, SourceLocation>()
  for await (const { id, row } of truth.corpus("location")) rows.set(id, row)
  const ids = new Map<number, string>()
  for (const [id, row] of rows) {
    findings.counts.location.source++
    if (!saysThere(claims, "location", String(id))) continue
    const found = onlyRecord(context, "location", id, records)
    if (found === undefined) continue
    ids.set(id, found.id)
    const { address } = row
    findings.compare(
      "location",
      id,
      { object: "source_location", name: text(row.name) ?? `Location ${id}` },
      { object: found.object, name: found.row.name }
    )
    findings.compare(
      "location",
      id,
      {
        location_number: String(id),
        part_of: row.parent_location_id === null ? null : text(rows.get(row.parent_location_id)?.name),
        line1: text(address?.line1),
        line2: text(address?.line2),
        zip: text(address?.zipcode),
        city: text(address?.city),
        state: text(address?.state),
        country: text(address?.country),
        contact_name: text(row.contact_name),
        phone: text(row.phone),
        email: text(row.email)
      },
      found.row.custom_object_fields
    )
  }
  return ids
}

export interface Ends {
  readonly people: People
  readonly places: Places
  readonly locations: ReadonlyMap<number, string>
  /** Assets at the destination: name and record id; those that are left out are not in it. */
  readonly assets: ReadonlyMap<number, { readonly name: string; readonly record: string }>
}

/** What a relationship leads to, and in which field that stands; null where that is not at the destination. */
const targetOf = ({ secondary_id: id, secondary_type }: SourceRelation, ends: Ends) => {
  switch (secondary_type) {
    case "asset": {
      const asset = ends.assets.get(id)
      return asset === undefined
        ? null
        : {
            entity: "asset",
            fields: { to_asset: asset.name, to_asset_number: String(id), to_asset_record: asset.record }
          }
    }
    case "requester":
    case "agent": {
      const user = ends.people.knownAs(id)
      return user === null ? null : { entity: "person", fields: { to_user: user } }
    }
    case "department": {
      const organization = ends.places.organizations.get(id)
      return organization === undefined ? null : { entity: "department", fields: { to_organization: organization } }
    }
    case "location": {
      const location = ends.locations.get(id)
      return location === undefined ? null : { entity: "location", fields: { to_location: location } }
    }
    default:
      return null
  }
}

const nothing = {
  to_asset: null,
  to_asset_number: null,
  to_asset_record: null,
  to_user: null,
  to_organization: null,
  to_location: null
}

export const compareRelations = async (context: Context, records: Records, ends: Ends): Promise<void> => {
  const { claims, findings, truth } = context
  const words = await truth.relationTypes()
  for await (const { id, row } of truth.corpus("relation")) {
    findings.counts.relation.source++
    const from = row.primary_type === "asset" ? ends.assets.get(row.primary_id) : undefined
    const to = targetOf(row, ends)
    const told = claims.records.relation.excluded.get(String(id))
    if (from === undefined || to === null) {
      findings.counts.relation.excluded++
      if (told === undefined)
        findings.problem(`relation ${id}: leads to what is not at the destination and is not left out`)
      continue
    }
    if (told !== undefined) findings.problem(`relation ${id}: is left out (${told}) and must not be`)
    if (!saysThere(claims, "relation", String(id))) continue
    const found = onlyRecord(context, "relation", id, records)
    if (found === undefined) continue
    const type = words.get(row.relationship_type_id) ?? String(row.relationship_type_id)
    findings.compare(
      "relation",
      id,
      { object: "source_relationship", name: `asset ${row.primary_id} ${type} ${to.entity} ${row.secondary_id}` },
      { object: found.object, name: found.row.name }
    )
    findings.compare(
      "relation",
      id,
      {
        relationship_type: type,
        from_asset: from.name,
        from_asset_number: String(row.primary_id),
        from_asset_record: from.record,
        ...nothing,
        ...to.fields
      },
      found.row.custom_object_fields
    )
  }
}
