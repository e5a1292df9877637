// Asset types as a tree, and the fields each adds to those of its parents.
import { isoSecond } from "../Clock.ts"
import type { Random } from "../Random.ts"
import { assetTypeNumbers } from "./Ids.ts"
import type { Row } from "./People.ts"

const day = 86_400

type TypeField = {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly required?: boolean
  readonly choices?: ReadonlyArray<string>
  readonly value: (draw: Random, at: number) => unknown
}
export type AssetType = {
  readonly name: string
  readonly parent: number | null
  readonly fields: ReadonlyArray<TypeField>
}

const states = ["In Use", "In Stock", "In Transit", "Missing", "Retired"]
const dateAt = (at: number, days: number): string => isoSecond(at + days * day)
const text = (name: string, label: string, value: TypeField["value"], type = "text"): TypeField => ({
  name,
  label,
  type,
  value
})

const hardware: ReadonlyArray<TypeField> = [
  { name: "product", label: "Product", type: "dropdown", required: true, value: (draw) => productId(draw.below(8)) },
  text("vendor", "Vendor", (draw) => (draw.chance(0.7) ? vendorId(draw.below(3)) : null), "dropdown"),
  text("cost", "Cost", (draw) => (draw.chance(0.6) ? draw.pick([0, 199.9, 1299, 2499.5]) : null), "decimal"),
  text("warranty", "Warranty", (draw) => (draw.chance(0.5) ? draw.pick([12, 24, 36]) : null), "number"),
  text("acquisition_date", "Acquisition Date", (draw, at) => (draw.chance(0.6) ? dateAt(at, -30) : null), "date"),
  text(
    "warranty_expiry_date",
    "Warranty Expiry Date",
    (draw, at) => (draw.chance(0.4) ? dateAt(at, 700) : null),
    "date"
  ),
  text("domain", "Domain", (draw) => (draw.chance(0.3) ? "acme.example" : null)),
  { name: "asset_state", label: "Asset State", type: "dropdown", choices: states, value: (draw) => draw.pick(states) },
  text("serial_number", "Serial Number", (draw) =>
    draw.chance(0.85) ? `SN-${draw.between(100_000, 999_999)}-${draw.below(1000)}` : null
  ),
  text("last_audit_date", "Last Audit Date", (draw, at) => (draw.chance(0.3) ? dateAt(at, 200) : null), "date")
]
const computer: ReadonlyArray<TypeField> = [
  text("os", "OS", (draw) => draw.pick(["Microsoft Windows 11 Pro", "macOS", "Ubuntu 24.04 LTS", null]), "dropdown"),
  text("os_version", "OS Version", (draw) => (draw.chance(0.6) ? `10.${draw.below(9)}.${draw.below(9999)}` : null)),
  text("memory", "Memory (GB)", (draw) => draw.pick([8, 15.88, 32, null]), "decimal"),
  text("disk_space", "Disk Space (GB)", (draw) => draw.pick([256, 476.94, 1000, null]), "decimal"),
  text("cpu_speed", "CPU Speed (GHz)", (draw) => draw.pick([2.4, 3.1, null]), "decimal"),
  text("cpu_core_count", "CPU Core Count", (draw) => draw.pick([4, 8, 16, null]), "number"),
  text("mac_address", "MAC Address", (draw) => `02:00:5e:${[0, 0, 0].map(() => draw.between(16, 99)).join(":")}`),
  text("hostname", "Hostname", (draw) => `HOST-${draw.between(1000, 9999)}`),
  text("computer_ip_address", "IP Address", (draw) => `10.${draw.below(255)}.${draw.below(255)}.${draw.below(255)}`)
]
const handset: ReadonlyArray<TypeField> = [
  text("imei_number", "IMEI Number", (draw) => `35${draw.between(1_000_000_000_000, 9_999_999_999_999)}`),
  text("carrier", "Carrier", (draw) => draw.pick(["Télécom & Co", "電話", null]))
]
const printer: ReadonlyArray<TypeField> = [
  text("is_colour", "Colour?", (draw) => draw.chance(0.5), "checkbox"),
  text("remarks", "Remarks", (draw) => (draw.chance(0.5) ? 'Tray 2 jams;\nuse <tray 1> & "wait"' : ""), "paragraph")
]
const software: ReadonlyArray<TypeField> = [
  text("license_key", "License key", (draw) => `AAAA-${draw.between(1000, 9999)}-ÖÄÜ`),
  text("licenses", "Licenses", (draw) => draw.between(1, 500), "number")
]

/** A child stands before its parent once, as ids tell nothing about order. */
export const types: ReadonlyArray<AssetType> = [
  { name: "Hardware", parent: null, fields: hardware },
  { name: "Laptop", parent: 2, fields: [] },
  { name: "Computer", parent: 0, fields: computer },
  { name: "Desktop", parent: 2, fields: [] },
  { name: "Monitor", parent: 0, fields: [] },
  { name: "Mobile", parent: 0, fields: handset },
  { name: "Printer (größe A3)", parent: 0, fields: printer },
  { name: "Software", parent: null, fields: software },
  { name: "サーバー", parent: 2, fields: [] },
  { name: "Consumable", parent: null, fields: [] }
]
/** What assets are of: the types that stand for things, some of them often. */
export const used = [1, 1, 1, 3, 4, 5, 6, 7, 8]

export const vendorId = (index: number): number => 21_000_910_001 + index
export const productId = (index: number): number => 21_000_920_001 + index

/** The types from the top down to this one. */
export const chain = (index: number): ReadonlyArray<number> => {
  const parent = (types[index] as AssetType).parent
  return parent === null ? [index] : [...chain(parent), index]
}

/** A field is called by its name and the type that brings it. */
export const fieldKey = (owner: number, name: string): string => `${name}_${assetTypeNumbers.id(owner)}`

export const fieldGroup = (owner: number): Row => ({
  field_header: owner === 0 ? "Hardware Properties" : `${(types[owner] as AssetType).name} Properties`,
  fields: (types[owner] as AssetType).fields.map((field, position) => ({
    id: 21_000_950_001 + owner * 100 + position,
    asset_type_id: assetTypeNumbers.id(owner),
    name: fieldKey(owner, field.name),
    label: field.label,
    field_type: field.type,
    data_type: field.type,
    required: field.required ?? false,
    default_field: true,
    position: position + 1,
    choices: (field.choices ?? []).map((value, index) => [value, index + 1]),
    created_at: "2021-01-04T08:00:00Z",
    updated_at: "2021-01-04T08:00:00Z"
  }))
})
