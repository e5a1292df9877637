// Assets with the fields of their type, and what hangs together.
import { isoSecond } from "../Clock.ts"
import { places, random } from "../Random.ts"
import { type AssetType, chain, fieldGroup, fieldKey, productId, types, used, vendorId } from "./AssetTypes.ts"
import {
  assetNumbers,
  assetTypeNumbers,
  departmentNumbers,
  displayNumbers,
  groupNumbers,
  locationNumbers,
  personNumbers,
  relationshipNumbers
} from "./Ids.ts"
import type { Row } from "./People.ts"
import type { Plan } from "./Plan.ts"

const day = 86_400

export type Assets = {
  readonly count: number
  readonly types: ReadonlyArray<Row>
  /** The fields of a type with those of its parents, grouped. */
  readonly typeFields: (index: number) => ReadonlyArray<Row>
  readonly row: (index: number) => Row
  readonly fieldsOf: (index: number) => Row
  readonly trashed: (index: number) => boolean
  readonly relationshipTypes: ReadonlyArray<Row>
  readonly relationships: ReadonlyArray<Row>
  readonly products: ReadonlyArray<Row>
  readonly vendors: ReadonlyArray<Row>
}

type Sources = {
  readonly seed: number
  readonly plan: Plan
  readonly anchor: number
  readonly assets: number
  readonly relationships: number
  readonly locations: number
  readonly workspaces: number
}

export const makeAssets = (sources: Sources): Assets => {
  const { assets, relationships, anchor } = sources
  const begun = isoSecond(anchor - 1600 * day)
  const dated = { created_at: begun, updated_at: begun }
  return {
    count: assets,
    types: types.map(({ name, parent }, index) => ({
      id: assetTypeNumbers.id(index),
      name,
      description: index % 3 === 0 ? null : `${name} of every kind`,
      parent_asset_type_id: parent === null ? null : assetTypeNumbers.id(parent),
      visible: index !== 9,
      ...dated
    })),
    typeFields: (index) => chain(index).map(fieldGroup),
    row: (index) => assetRow(sources, index),
    fieldsOf: (index) => typeValues(sources, index),
    trashed: (index) => index % 67 === 20,
    relationshipTypes: [
      ["Used by", "Uses"],
      ["Depends on", "Supports"],
      ["Contains", "Inside"],
      ["Connected to", "Connected to"]
    ].map(([downstream_relation, upstream_relation], index) => ({
      id: relationshipNumbers.id(1_000_000 + index),
      downstream_relation,
      upstream_relation,
      default: true,
      ...dated
    })),
    relationships: Array.from({ length: relationships }, (_, index) => relationship(sources, index)),
    products: Array.from({ length: 8 }, (_, index) => ({
      id: productId(index),
      name: [
        "ThinkPad X1",
        'MacBook Pro 14"',
        "UltraSharp 27",
        "Pixel 8",
        "LaserJet Pro",
        "Größe XL",
        "電話機",
        "R740"
      ][index],
      asset_type_id: assetTypeNumbers.id(used[index] as number),
      manufacturer: "Acme & Sons",
      status: "In Production",
      mode_of_procurement: "Buy",
      depreciation_type_id: null,
      description: null,
      description_text: null,
      ...dated
    })),
    vendors: ["Büro Müller", "Acme <Parts>", "日本商事"].map((name, index) => ({
      id: vendorId(index),
      name,
      description: null,
      primary_contact_id: null,
      email: `sales${index}@vendor.example`,
      mobile: null,
      phone: null,
      address: { line1: "Street 1", city: "München", state: null, country: "Germany", zipcode: "80331" },
      ...dated
    }))
  }
}

const typeOf = ({ seed }: Sources, index: number): number =>
  used[random(seed, places.asset, index + 0x4000_0000).below(used.length)] as number

const createdAt = ({ seed, anchor }: Sources, index: number): number =>
  anchor - 3600 - random(seed, places.asset, index + 0x2000_0000).below(1400 * day)

/** Two now and then bear one serial number, as copies do. */
const typeValues = (sources: Sources, index: number): Row => {
  const like = index % 41 === 17 ? index - 1 : index
  const draw = random(sources.seed, places.asset, like + 0x1000_0000)
  const values: Row = {}
  for (const owner of chain(typeOf(sources, index)))
    for (const field of (types[owner] as AssetType).fields)
      values[fieldKey(owner, field.name)] = field.value(draw, createdAt(sources, like))
  return { ...values, depreciation_id: null, salvage: null }
}

const assetRow = (sources: Sources, index: number): Row => {
  const { seed, plan, locations, workspaces } = sources
  const draw = random(seed, places.asset, index)
  const created = createdAt(sources, index)
  const type = typeOf(sources, index)
  const person = (chance: number, count: number): number | null =>
    draw.chance(chance) && count > 0 ? personNumbers.id(draw.below(count)) : null
  return {
    id: assetNumbers.id(index),
    display_id: displayNumbers.id(index),
    workspace_id: 2 + (workspaces > 1 ? index % workspaces : 0),
    name: `${(types[type] as AssetType).name} ${draw.pick(["No.", "Nr.", "№", "<b>", "\u{1F4BB}"])} ${index + 1}`,
    description: draw.chance(0.4) ? null : draw.chance(0.1) ? "" : 'On floor 3 & "behind" the <door>',
    asset_type_id: assetTypeNumbers.id(type),
    impact: draw.pick(["low", "medium", "high"]),
    author_type: "User",
    usage_type: draw.pick(["permanent", "permanent", "loaner"]),
    asset_tag: draw.chance(0.9) ? `ASSET-${displayNumbers.id(index)}` : draw.chance(0.5) ? "" : null,
    user_id: person(0.6, plan.people),
    department_id: draw.chance(0.5) ? departmentNumbers.id(draw.below(plan.departments)) : null,
    location_id: draw.chance(0.6) ? locationNumbers.id(draw.below(locations)) : null,
    agent_id: person(0.4, plan.agents),
    group_id: draw.chance(0.3) ? groupNumbers.id(draw.below(plan.groups)) : null,
    assigned_on: draw.chance(0.3) ? isoSecond(created + 60) : null,
    end_of_life: draw.chance(0.2) ? isoSecond(created + 1500 * day).slice(0, 10) : null,
    discovery_enabled: true,
    created_at: isoSecond(created),
    updated_at: isoSecond(created + draw.below(3600))
  }
}

/** Between assets, in both directions and in circles; some to a person or a department. */
const relationship = (sources: Sources, index: number): Row => {
  const { seed, plan, assets, anchor } = sources
  const draw = random(seed, places.relationship, index)
  const primary = draw.below(assets)
  const other = assets > 1 ? (primary + 1 + draw.below(assets - 1)) % assets : primary
  const chance = draw.next()
  const [secondary_type, secondary_id] =
    chance < 0.08
      ? ["requester", personNumbers.id(draw.below(plan.people))]
      : chance < 0.12
        ? ["department", departmentNumbers.id(draw.below(plan.departments))]
        : ["asset", displayNumbers.id(other)]
  const at = isoSecond(anchor - draw.between(1, 900) * day)
  return {
    id: relationshipNumbers.id(index),
    relationship_type_id: relationshipNumbers.id(1_000_000 + draw.below(4)),
    primary_id: displayNumbers.id(primary),
    primary_type: "asset",
    secondary_id,
    secondary_type,
    created_at: at,
    updated_at: at
  }
}
