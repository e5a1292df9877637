// The part of the default mapping that makes assets custom objects: a definition for each asset type, a record for each asset.
// Source of field types and targets: Zendesk API, "Custom object fields". The pairings are our choice.
import type { EntityMapping, FieldRule, ValueMap } from "../Mapping.ts"
import { toLocation } from "./FreshservicePlacesToZendesk.ts"

const text = { do: "text" } as const
const short = { do: "truncate", bytes: 240 } as const

const assetStates: ReadonlyArray<readonly [string, string]> = [
  ["in_use", "In use"],
  ["in_stock", "In stock"],
  ["on_order", "On order"],
  ["in_transit", "In transit"],
  ["in_repair", "In repair"],
  ["missing", "Missing"],
  ["retired", "Retired"]
]

const field = (key: string, title: string, type: string, more: Readonly<Record<string, string>> = {}) => ({
  key,
  title,
  type,
  ...more
})

/** The fields every object gets: what `asset` below writes. */
const definition = [
  field("asset_number", "Asset number", "text"),
  field("asset_tag", "Asset tag", "text"),
  field("serial_number", "Serial number", "text"),
  field("model", "Model", "text"),
  field("vendor", "Vendor", "text"),
  {
    ...field("asset_state", "State", "dropdown"),
    custom_field_options: assetStates.map(([value, name]) => ({ name, value: `asset_state_${value}` }))
  },
  field("asset_state_at_source", "State at the source", "text"),
  field("usage_type", "Usage type", "text"),
  field("impact", "Impact", "text"),
  field("used_by", "Used by", "lookup", { relationship_target_type: "zen:user" }),
  field("managed_by", "Managed by", "lookup", { relationship_target_type: "zen:user" }),
  field("managed_by_group", "Managed by group", "text"),
  field("organization", "Organization", "lookup", { relationship_target_type: "zen:organization" }),
  field("location", "Location", "lookup", { relationship_target_type: toLocation }),
  field("cost", "Cost", "text"),
  field("acquired_on", "Acquired on", "date"),
  field("warranty_until", "Warranty until", "date"),
  field("end_of_life", "End of life", "date"),
  field("assigned_on", "Assigned on", "date"),
  field("description", "Description", "textarea"),
  field("further_details", "Further details", "textarea")
]

export const assetValues: { readonly [name: string]: ValueMap } = {
  // Filled with the source's own names when a migration is made.
  asset_model: { title: "model", rows: {}, fallback: { use: "keep", warnOfIds: true } },
  asset_vendor: { title: "vendor", rows: {}, fallback: { use: "keep", warnOfIds: true } },
  asset_state: {
    title: "state",
    rows: Object.fromEntries(assetStates.map(([value]) => [value, `asset_state_${value}`])),
    // A state of the tenant's own stands as text beside it.
    fallback: { use: "default", value: null, warn: false }
  }
}

/** Never changed once it is made: the name makes it readable, the id makes it the type's own. */
const key: NonNullable<FieldRule["concat"]> = [
  { from: "name", transform: [{ do: "key", length: 40 }] },
  { constant: "asset", when: { field: "name", in: [null, ""] } },
  { from: "native_id" }
]
const keySteps = [
  { do: "join", with: "_" },
  { do: "key", length: 80 }
] as const

export const assetType: EntityMapping = {
  // Their field `location` leads there.
  needs: ["location"],
  // A plan has room for few objects, and an account has dozens of types that nothing is of. Source: Zendesk API, "Custom objects".
  onlyUsedBy: "asset",
  exclude: [],
  fields: [
    { to: "key", concat: key, transform: keySteps, default: "asset_{id}", required: true },
    { to: "title", from: "name", transform: [text, short], default: "Assets {id}", required: true },
    { to: "title_pluralized", from: "name", transform: [text, short], default: "Assets {id}" },
    { to: "description", from: "description", transform: [text, { do: "truncate", bytes: 2000 }] },
    { to: "fields", constant: definition },
    // The field of tickets that leads to assets of this type.
    { to: "ticket_field.type", constant: "lookup" },
    {
      to: "ticket_field.title",
      from: "name",
      transform: [text, { do: "prefix", text: "Asset: " }, short],
      default: "Asset: type {id}"
    },
    {
      to: "ticket_field.relationship_target_type",
      concat: key,
      transform: [...keySteps, { do: "prefix", text: "zen:custom_object:" }],
      default: "zen:custom_object:asset_{id}"
    }
  ],
  linkField: "ticket_field"
}

const inField = (key: string): string => `custom_object_fields.${key}`

export const asset: EntityMapping = {
  exclude: [{ when: { field: "deleted", in: [true] }, reason: "deleted at the source" }],
  fields: [
    { to: "custom_object_key", from: "type", ref: { entity: "asset-type", missing: "fail" } },
    { to: "name", from: "name", transform: [text, short], default: "Asset {id}", required: true },
    { to: inField("asset_number"), from: "display_number", transform: [text] },
    { to: inField("asset_tag"), from: "asset_tag", transform: [text] },
    { to: inField("serial_number"), from: "serial_number", transform: [text] },
    { to: inField("model"), from: "model", map: "asset_model", transform: [text] },
    { to: inField("vendor"), from: "vendor", map: "asset_vendor", transform: [text] },
    { to: inField("asset_state"), from: "state", map: "asset_state" },
    { to: inField("asset_state_at_source"), from: "state_raw", transform: [text] },
    { to: inField("usage_type"), from: "usage_type", transform: [text] },
    { to: inField("impact"), from: "impact", transform: [text] },
    { to: inField("used_by"), from: "used_by", ref: { entity: "person", missing: "drop" } },
    { to: inField("managed_by"), from: "managed_by", ref: { entity: "person", missing: "drop" } },
    { to: inField("managed_by_group"), from: "group", ref: { entity: "group", missing: "drop", as: "name" } },
    { to: inField("organization"), from: "department", ref: { entity: "department", missing: "drop" } },
    { to: inField("location"), from: "location", ref: { entity: "location", missing: "drop" } },
    { to: inField("cost"), from: "cost", transform: [text] },
    { to: inField("acquired_on"), from: "acquired_at", transform: [{ do: "date" }] },
    { to: inField("warranty_until"), from: "warranty_until", transform: [{ do: "date" }] },
    { to: inField("end_of_life"), from: "end_of_life", transform: [{ do: "date" }] },
    { to: inField("assigned_on"), from: "assigned_at", transform: [{ do: "date" }] },
    { to: inField("description"), from: "description", transform: [text] },
    { to: inField("further_details"), from: "custom", transform: [{ do: "lines" }] }
  ]
}
