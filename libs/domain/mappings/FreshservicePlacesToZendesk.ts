// The part of the default mapping that makes locations, and what relates assets, records of a custom object of their own.
// Source of field types and targets: Zendesk API, "Custom object fields". Objects, keys and pairings are our choice.
import type { EntityMapping, FieldRule, ValueMap } from "../Mapping.ts"

const text = { do: "text" } as const
const short = { do: "truncate", bytes: 240 } as const
const inField = (key: string): string => `custom_object_fields.${key}`

const field = (key: string, title: string, type = "text") => ({ key, title, type })
const lookup = (key: string, title: string, target: string) => ({
  ...field(key, title, "lookup"),
  relationship_target_type: target
})

/** Keys are ours: an account's own object of locations is another one, and stays as it is. */
const locationObject = "source_location"
export const toLocation = `zen:custom_object:${locationObject}`

const plain = (...keys: ReadonlyArray<string>): ReadonlyArray<FieldRule> =>
  keys.map((key) => ({ to: inField(key), from: key, transform: [text] }))

export const location: EntityMapping = {
  object: {
    key: locationObject,
    title: "Location",
    title_pluralized: "Locations",
    description: "Places of the former service desk",
    fields: [
      field("location_number", "Number at the source"),
      field("part_of", "Part of"),
      field("line1", "Address"),
      field("line2", "Address, second line"),
      field("zip", "Postal code"),
      field("city", "City"),
      field("state", "State"),
      field("country", "Country"),
      field("contact_name", "Contact"),
      field("phone", "Phone"),
      field("email", "E-mail")
    ]
  },
  exclude: [],
  fields: [
    { to: "custom_object_key", constant: locationObject },
    { to: "name", from: "name", transform: [text, short], default: "Location {id}", required: true },
    { to: inField("location_number"), from: "native_id" },
    // By name: a lookup would have to wait for the place above, and vendors give no order.
    { to: inField("part_of"), from: "parent", ref: { entity: "location", missing: "drop", as: "name" } },
    ...plain("line1", "line2", "zip", "city", "state", "country", "contact_name", "phone", "email")
  ]
}

const ends = ["asset", "person", "department", "location"] as const
const toIs = (...entities: ReadonlyArray<(typeof ends)[number]>) => ({ field: "to_entity", in: [...entities] })

const relationObject = "source_relationship"
const relationType = { from: "type", map: "relation_type", transform: [text] } as const

export const relation: EntityMapping = {
  object: {
    key: relationObject,
    title: "Relationship",
    title_pluralized: "Relationships",
    description:
      "What assets of the former service desk had to do with each other, with people, departments and places",
    fields: [
      field("relationship_type", "Type"),
      field("from_asset", "Asset"),
      field("from_asset_number", "Asset number"),
      field("from_asset_record", "Asset record"),
      field("to_asset", "Other asset"),
      field("to_asset_number", "Other asset's number"),
      field("to_asset_record", "Other asset's record"),
      lookup("to_user", "Person", "zen:user"),
      lookup("to_organization", "Organization", "zen:organization"),
      lookup("to_location", "Location", toLocation)
    ]
  },
  needs: ["location"],
  exclude: [
    ...([null, "person", "group", "department", "location"] as const).map((kind) => ({
      when: { field: "from_entity", in: [kind] },
      reason: "it does not begin at an asset"
    })),
    { when: { field: "to_entity", in: [null, "group"] }, reason: "Zendesk has no lookup for what it leads to" }
  ],
  fields: [
    { to: "custom_object_key", constant: relationObject },
    {
      to: "name",
      concat: [{ from: "from_entity" }, { from: "from" }, relationType, { from: "to_entity" }, { from: "to" }],
      transform: [{ do: "join", with: " " }, short],
      required: true
    },
    { to: inField("relationship_type"), ...relationType },
    // A lookup leads to records of one object, and a type of assets is an object; an object may have ten lookups at most, which
    // is fewer than there are types. Source: Zendesk API, "Custom objects". Assets are named by name, number and record.
    { to: inField("from_asset"), from: "from", ref: { entity: "asset", missing: "fail", as: "name" } },
    { to: inField("from_asset_number"), from: "from" },
    { to: inField("from_asset_record"), from: "from", ref: { entity: "asset", missing: "fail" } },
    { to: inField("to_asset"), from: "to", when: toIs("asset"), ref: { entity: "asset", missing: "fail", as: "name" } },
    { to: inField("to_asset_number"), from: "to", when: toIs("asset") },
    { to: inField("to_asset_record"), from: "to", when: toIs("asset"), ref: { entity: "asset", missing: "fail" } },
    { to: inField("to_user"), from: "to", when: toIs("person"), ref: { entity: "person", missing: "fail" } },
    {
      to: inField("to_organization"),
      from: "to",
      when: toIs("department"),
      ref: { entity: "department", missing: "fail" }
    },
    { to: inField("to_location"), from: "to", when: toIs("location"), ref: { entity: "location", missing: "fail" } }
  ]
}

export const placeValues: { readonly [name: string]: ValueMap } = {
  // Filled with the source's own words when a migration is made; what is not in it stays a number.
  relation_type: { title: "relationship type", rows: {}, fallback: { use: "keep" } }
}
