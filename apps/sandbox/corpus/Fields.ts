// The ticket fields of the account: the built-in ones and one custom field of every kind, with the values tickets carry.
// The Zendesk side is prepared with fields of the same titles, as an administrator would before a migration.
import type { Random } from "../Random.ts"
import type { Row } from "./People.ts"
import { categories } from "./Words.ts"

export const statuses: ReadonlyArray<readonly [number, string]> = [
  [2, "Open"],
  [3, "Pending"],
  [4, "Resolved"],
  [5, "Closed"],
  [6, "In Progress"],
  [7, "Awaiting Vendor"]
]
export const priorities = [
  [1, "Low"],
  [2, "Medium"],
  [3, "High"],
  [4, "Urgent"]
] as const
const levels = [
  [1, "Low"],
  [2, "Medium"],
  [3, "High"]
] as const
const sources = [
  [1, "Email"],
  [2, "Portal"],
  [3, "Phone"],
  [4, "Chat"],
  [9, "Walk-up"],
  [10, "Slack"],
  [14, "Alerts"],
  [15, "MS Teams"]
] as const
export const sourceCodes: ReadonlyArray<number> = sources.map(([code]) => code)

export const environments = ["Production", "Test", "Größe XL", "N/A"] as const
export const systems = ["E-Mail", "ERP", "Intranet", "Wi-Fi", "電話"] as const
export const productLines: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, ReadonlyArray<string>]>]> = [
  [
    "Computers",
    [
      ["Laptops", ["X1", "T14"]],
      ["Desktops", ["M90"]]
    ]
  ],
  [
    "Phones",
    [
      ["Mobile", ["P8"]],
      ["Desk", []]
    ]
  ]
]

type Kind = {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly choices?: ReadonlyArray<Row>
}

const listed = (values: ReadonlyArray<string>, base: number): ReadonlyArray<Row> =>
  values.map((value, index) => ({ id: base + index, value, display_id: index + 1 }))

type Nested = ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, ReadonlyArray<string>]>]>
const nested = (tree: Nested, base: number): ReadonlyArray<Row> =>
  tree.map(([first, seconds], i) => ({
    id: base + i * 100,
    value: first,
    display_id: i + 1,
    nested_options: seconds.map(([second, thirds], j) => ({
      id: base + i * 100 + (j + 1) * 10,
      value: second,
      display_id: j + 1,
      nested_options: thirds.map((third, k) => ({
        id: base + i * 100 + (j + 1) * 10 + k + 1,
        value: third,
        display_id: k + 1
      }))
    }))
  }))

const coded = (pairs: ReadonlyArray<readonly [number, string]>): ReadonlyArray<Row> =>
  pairs.map(([id, value]) => ({ id, value }))

export const customKinds: ReadonlyArray<Kind> = [
  { name: "site_code", label: "Site code", type: "custom_text" },
  { name: "business_justification", label: "Business justification", type: "custom_paragraph" },
  { name: "seats", label: "Seats", type: "custom_number" },
  { name: "cost", label: "Cost", type: "custom_decimal" },
  { name: "is_vip_request", label: "VIP request?", type: "custom_checkbox" },
  { name: "needed_by", label: "Needed by", type: "custom_date" },
  { name: "maintenance_start", label: "Maintenance start", type: "custom_date_time" },
  { name: "environment", label: "Environment", type: "custom_dropdown", choices: listed(environments, 21000700000) },
  {
    name: "affected_systems",
    label: "Affected systems",
    type: "custom_multi_select_dropdown",
    choices: listed(systems, 21000700100)
  },
  { name: "product_line", label: "Product line", type: "nested_field", choices: nested(productLines, 21000701000) },
  { name: "reference_link", label: "Reference link", type: "custom_url" },
  { name: "reported_for", label: "Reported for", type: "custom_lookup_bigint" }
]

const builtIn: ReadonlyArray<Kind & { readonly required: boolean }> = [
  { name: "requester", label: "Requester", type: "default_requester", required: true },
  { name: "subject", label: "Subject", type: "default_subject", required: true },
  { name: "source", label: "Source", type: "default_source", required: false, choices: coded(sources) },
  { name: "status", label: "Status", type: "default_status", required: true, choices: coded(statuses) },
  { name: "urgency", label: "Urgency", type: "default_urgency", required: false, choices: coded(levels) },
  { name: "impact", label: "Impact", type: "default_impact", required: false, choices: coded(levels) },
  { name: "priority", label: "Priority", type: "default_priority", required: true, choices: coded(priorities) },
  { name: "group", label: "Group", type: "default_group", required: false },
  { name: "agent", label: "Agent", type: "default_agent", required: false },
  { name: "department", label: "Department", type: "default_department", required: false },
  {
    name: "category",
    label: "Category",
    type: "default_category",
    required: false,
    choices: nested(categories, 21000702000)
  },
  { name: "description", label: "Description", type: "default_description", required: true }
]

const field = (kind: Kind, index: number, custom: boolean, required: boolean): Row => ({
  id: 21_000_600_001 + index,
  workspace_id: 2,
  name: kind.name,
  label: kind.label,
  description: custom ? `${kind.label} of the request` : "",
  field_type: kind.type,
  required,
  required_for_closure: false,
  position: index + 1,
  default_field: !custom,
  choices: kind.choices ?? [],
  nested_fields:
    kind.type === "nested_field"
      ? [
          { name: "product_family", label: "Product family", level: 2 },
          { name: "product_model", label: "Product model", level: 3 }
        ]
      : [],
  sections: [],
  belongs_to_section: null,
  created_at: "2021-01-04T08:00:00Z",
  updated_at: "2023-06-01T08:00:00Z"
})

export const ticketFields: ReadonlyArray<Row> = [
  ...builtIn.map((kind, index) => field(kind, index, false, kind.required)),
  ...customKinds.map((kind, index) => field(kind, builtIn.length + index, true, false))
]

const simple = (
  names: ReadonlyArray<readonly [string, string, string]>,
  base: number,
  choices: Readonly<Record<string, ReadonlyArray<Row>>> = {}
): ReadonlyArray<Row> =>
  names.map(([name, label, type], index) => ({
    id: base + index,
    name,
    label,
    field_type: type,
    position: index + 1,
    required: false,
    default_field: type.startsWith("default_"),
    choices: choices[name] ?? [],
    created_at: "2021-01-04T08:00:00Z",
    updated_at: "2021-01-04T08:00:00Z"
  }))

export const problemFields = simple(
  [
    ["subject", "Subject", "default_subject"],
    ["status", "Status", "default_status"],
    ["priority", "Priority", "default_priority"],
    ["root_cause_code", "Root cause code", "custom_dropdown"]
  ],
  21_000_630_001,
  { root_cause_code: listed(["Human", "Hardware", "Änderung"], 21_000_703_000) }
)
export const changeFields = simple(
  [
    ["subject", "Subject", "default_subject"],
    ["status", "Status", "default_status"],
    ["risk", "Risk", "default_risk"],
    ["downtime_minutes", "Downtime in minutes", "custom_number"]
  ],
  21_000_640_001
)
export const requesterFields = simple(
  [
    ["first_name", "First Name", "default_first_name"],
    ["last_name", "Last Name", "default_last_name"],
    ["primary_email", "Email", "default_primary_email"],
    ["cost_center", "Cost center", "custom_text"],
    ["badge_number", "Badge number", "custom_number"]
  ],
  21_000_610_001
)
export const departmentFields = simple(
  [
    ["name", "Name", "default_name"],
    ["floor", "Floor", "custom_number"],
    ["remarks", "Remarks", "custom_text"]
  ],
  21_000_620_001
)

/** The custom values of one ticket; most are null, as in life. */
export const customValues = (draw: Random, created: number, personId: number): Row => {
  const line = draw.chance(0.3) ? draw.pick(productLines) : null
  const family = line === null || draw.chance(0.2) ? null : draw.pick(line[1])
  const model = family === null || family[1].length === 0 ? null : draw.pick(family[1])
  const day = new Date((created + draw.between(1, 60) * 86_400) * 1000).toISOString()
  return {
    site_code: draw.chance(0.6) ? `N${draw.between(1, 30)}` : draw.chance(0.2) ? "" : null,
    business_justification: draw.chance(0.15) ? 'Because:\n- it is "needed"\n- 日本 & العربية 🙂' : null,
    seats: draw.chance(0.25) ? draw.between(0, 250) : null,
    cost: draw.chance(0.25) ? draw.pick([0, 0.1, 12.5, 999.99, 1234567.89, -3.75]) : null,
    is_vip_request: draw.chance(0.1),
    needed_by: draw.chance(0.3) ? day.slice(0, 10) : null,
    maintenance_start: draw.chance(0.1) ? `${day.slice(0, 19)}Z` : null,
    environment: draw.chance(0.5) ? draw.pick(environments) : null,
    affected_systems: draw.chance(0.3) ? systems.filter(() => draw.chance(0.4)) : null,
    product_line: line?.[0] ?? null,
    product_family: family?.[0] ?? null,
    product_model: model,
    reference_link: draw.chance(0.1) ? `https://wiki.acme.example/page?id=${draw.between(1, 900)}&lang=de` : null,
    reported_for: draw.chance(0.05) ? personId : null
  }
}
