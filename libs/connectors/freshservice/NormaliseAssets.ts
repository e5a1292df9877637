// Assets, their types and relations, and locations as canonical records. Pure and total. Source: Freshservice API v2, "Assets":
// keys of type fields end in the id of the type that defines them; `display_id` is the id in paths and references.
import type { AssetState } from "@bridge/domain/AssetRecords"
import type { EntityId } from "@bridge/domain/Entities"
import type { Custom, JsonValue, TicketLevel } from "@bridge/domain/Records"
import type { JsonObject } from "@bridge/http/Call"
import type { Normalised } from "../Connector.ts"
import { booleanOf, idOf, objectOf, textOf, timeOf, trimmedOf, wordOf } from "../Values.ts"
import { identity } from "./Normalise.ts"

const states: Readonly<Record<string, AssetState>> = {
  "in use": "in_use",
  "in stock": "in_stock",
  "on order": "on_order",
  "in transit": "in_transit",
  "in repair": "in_repair",
  missing: "missing",
  retired: "retired"
}
const impacts: Readonly<Record<string, TicketLevel>> = {
  low: "low",
  medium: "medium",
  high: "high",
  1: "low",
  2: "medium",
  3: "high"
}

/** Type fields that have a place of their own in the record. */
const placed = new Set([
  "serial_number",
  "product",
  "vendor",
  "asset_state",
  "cost",
  "acquisition_date",
  "warranty_expiry_date"
])

export const asset = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.display_id) ?? idOf(row.id)
  if (id === null) return []
  const fields = typeFields(row)
  const state = trimmedOf(fields["asset_state"])
  return [
    {
      entity: "asset",
      sourceId: id,
      record: {
        ...identity(row, id),
        display_number: id,
        name: textOf(row.name),
        description: textOf(row.description),
        type: idOf(row.asset_type_id),
        asset_tag: trimmedOf(row.asset_tag),
        serial_number: trimmedOf(fields["serial_number"]),
        model: trimmedOf(fields["product"]),
        vendor: trimmedOf(fields["vendor"]),
        state: wordOf(states, state?.toLowerCase()),
        state_raw: state,
        usage_type: textOf(row.usage_type),
        impact: wordOf(impacts, textOf(row.impact)?.toLowerCase()),
        used_by: idOf(row.user_id),
        managed_by: idOf(row.agent_id),
        group: idOf(row.group_id),
        department: idOf(row.department_id),
        location: idOf(row.location_id),
        cost: trimmedOf(fields["cost"]),
        acquired_at: timeOf(fields["acquisition_date"]),
        warranty_until: timeOf(fields["warranty_expiry_date"]),
        end_of_life: timeOf(row.end_of_life),
        assigned_at: timeOf(row.assigned_on),
        deleted: booleanOf(row.trashed) ?? booleanOf(row.deleted),
        updated_at: timeOf(row.updated_at),
        custom: Object.fromEntries(Object.entries(fields).filter(([name]) => !placed.has(name)))
      }
    }
  ]
}

/** The name of a type field without the id of its type. */
export const bareName = (key: string): string => /^(.+?)_\d{2,}$/u.exec(key)?.[1] ?? key

/** By name; of two types with a field of one name the first keeps it, the other its whole key. */
const typeFields = (row: JsonObject): Custom => {
  const out: Record<string, JsonValue> = {}
  for (const [key, value] of Object.entries({ ...objectOf(row.custom_fields), ...objectOf(row.type_fields) })) {
    const name = bareName(key)
    out[Object.hasOwn(out, name) ? key : name] = value
  }
  return out
}

export const assetType = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  return [
    {
      entity: "asset-type",
      sourceId: id,
      record: {
        ...identity(row, id),
        name: textOf(row.name),
        description: textOf(row.description),
        parent: idOf(row.parent_asset_type_id) ?? idOf(row.parent_id),
        visible: booleanOf(row.visible),
        updated_at: timeOf(row.updated_at)
      }
    }
  ]
}

export const location = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  if (id === null) return []
  const address = objectOf(row.address)
  const part = (...names: ReadonlyArray<string>): string | null => {
    for (const name of names) {
      const text = trimmedOf(address[name]) ?? trimmedOf(row[name])
      if (text !== null) return text
    }
    return null
  }
  return [
    {
      entity: "location",
      sourceId: id,
      record: {
        ...identity(row, id),
        name: textOf(row.name),
        parent: idOf(row.parent_location_id),
        line1: part("line1") ?? trimmedOf(row.address),
        line2: part("line2"),
        city: part("city"),
        state: part("state"),
        zip: part("zipcode", "zip"),
        country: part("country"),
        contact_name: textOf(row.contact_name),
        primary_contact: idOf(row.primary_contact_id),
        phone: trimmedOf(row.phone),
        email: trimmedOf(row.email),
        updated_at: timeOf(row.updated_at)
      }
    }
  ]
}

/** What may stand at an end of a relationship; others are not moved. */
const ends: Readonly<Record<string, EntityId>> = {
  asset: "asset",
  configitem: "asset",
  ci: "asset",
  requester: "person",
  agent: "person",
  user: "person",
  group: "group",
  department: "department",
  company: "department",
  location: "location"
}

export const relation = (_config: unknown, row: JsonObject): ReadonlyArray<Normalised> => {
  const id = idOf(row.id)
  const from = idOf(row.primary_id)
  const to = idOf(row.secondary_id)
  if (id === null || from === null || to === null) return []
  const end = (value: JsonObject[string] | undefined) =>
    wordOf(
      ends,
      textOf(value)
        ?.toLowerCase()
        .replaceAll(/[\s_]+/gu, "")
    )
  return [
    {
      entity: "relation",
      sourceId: id,
      record: {
        ...identity(row, id),
        type: idOf(row.relationship_type_id),
        from_entity: end(row.primary_type),
        from,
        to_entity: end(row.secondary_type),
        to,
        updated_at: timeOf(row.updated_at)
      }
    }
  ]
}
