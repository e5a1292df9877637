// The ticket fields of a Zendesk account: system fields and custom ones, prepared by hand for what the source has.
// Values are checked as a drop-down or a number would be; a field that does not exist is dropped without a word.
import { environments, productLines, systems } from "../corpus/Fields.ts"
import { categories } from "../corpus/Words.ts"
import type { FieldFault } from "./Errors.ts"
import type { FieldValue } from "./Model.ts"

export type FieldOption = { readonly name: string; readonly value: string }
export type TicketField = {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly options: ReadonlyArray<FieldOption>
  readonly required: boolean
  readonly pattern?: string
  /** What a lookup points at. */
  readonly target?: string
  readonly createdAt?: string
}

/** A tag out of a label, whatever its script. */
export const tagOf = (label: string): string =>
  label
    .toLowerCase()
    .trim()
    .replaceAll("::", "__")
    .replaceAll(/[^\p{L}\p{N}_]+/gu, "_")

const optionsOf = (prefix: string, labels: ReadonlyArray<string>): ReadonlyArray<FieldOption> =>
  labels.map((name) => ({ name, value: `${prefix}_${tagOf(name)}` }))

type Tree = ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, ReadonlyArray<string>]>]>
const nestedOptions = (prefix: string, tree: Tree): ReadonlyArray<FieldOption> =>
  optionsOf(
    prefix,
    tree.flatMap(([first, seconds]) => [
      first,
      ...seconds.flatMap(([second, thirds]) => [
        `${first}::${second}`,
        ...thirds.map((third) => `${first}::${second}::${third}`)
      ])
    ])
  )

const base = 360_006_000_000
const system: ReadonlyArray<readonly [string, string]> = [
  ["subject", "Subject"],
  ["description", "Description"],
  ["status", "Status"],
  ["tickettype", "Type"],
  ["priority", "Priority"],
  ["group", "Group"],
  ["assignee", "Assignee"]
]
const custom: ReadonlyArray<readonly [string, string, ReadonlyArray<FieldOption>?]> = [
  ["text", "Site code"],
  ["textarea", "Business justification"],
  ["integer", "Seats"],
  ["decimal", "Cost"],
  ["checkbox", "VIP request?"],
  ["date", "Needed by"],
  ["text", "Maintenance start"],
  ["tagger", "Environment", optionsOf("environment", environments)],
  ["multiselect", "Affected systems", optionsOf("affected_systems", systems)],
  ["tagger", "Product line", nestedOptions("product_line", productLines)],
  ["text", "Reference link"],
  ["text", "Reported for"],
  ["tagger", "Category", nestedOptions("category", categories)],
  ["tagger", "Impact", optionsOf("impact", ["Low", "Medium", "High"])],
  ["tagger", "Urgency", optionsOf("urgency", ["Low", "Medium", "High"])]
]

export const defaultTicketFields: ReadonlyArray<TicketField> = [
  ...system.map(([type, title], index) => ({ id: base + index + 1, type, title, options: [], required: false })),
  ...custom.map(([type, title, options], index) => ({
    id: base + 101 + index,
    type,
    title,
    options: options ?? [],
    required: false
  }))
]

export const isSystemField = (field: TicketField): boolean => system.some(([type]) => type === field.type)

/** The fault of a value, or null. Only an unknown option or a wrong form is refused. */
export const valueFault = (field: TicketField, value: FieldValue): FieldFault | null => {
  if (value === null || value === "") return null
  const bad = (): FieldFault => ({
    description: `${field.title}: is invalid`,
    error: "InvalidValue",
    ticket_field_id: field.id,
    ticket_field_type: field.type
  })
  const option = (wanted: unknown): boolean => field.options.some(({ value: known }) => known === wanted)
  switch (field.type) {
    case "tagger":
      return typeof value === "string" && option(value) ? null : bad()
    case "multiselect":
      return Array.isArray(value) && value.every(option) ? null : bad()
    case "integer":
      return /^-?\d+$/.test(String(value)) ? null : bad()
    case "decimal":
      return /^-?\d+(\.\d+)?$/.test(String(value)) ? null : bad()
    case "checkbox":
      return typeof value === "boolean" ? null : bad()
    case "date":
      return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) ? null : bad()
    case "regexp":
      return typeof value === "string" && new RegExp(field.pattern ?? "").test(value) ? null : bad()
    default:
      return typeof value === "string" || typeof value === "number" ? null : bad()
  }
}

/** Drop-downs leave their option among the tags. */
export const tagsOfValue = (field: TicketField, value: FieldValue): ReadonlyArray<string> => {
  if (field.type === "tagger" && typeof value === "string" && value !== "") return [value]
  if (field.type === "multiselect" && Array.isArray(value)) return value
  return []
}

export const fieldRow = (host: string, field: TicketField, position: number): object => ({
  url: `https://${host}/api/v2/ticket_fields/${field.id}.json`,
  id: field.id,
  type: field.type,
  title: field.title,
  raw_title: field.title,
  description: field.title,
  raw_description: field.title,
  position,
  active: true,
  required: field.required,
  collapsed_for_agents: false,
  regexp_for_validation: field.pattern ?? null,
  title_in_portal: field.title,
  raw_title_in_portal: field.title,
  visible_in_portal: !isSystemField(field),
  editable_in_portal: !isSystemField(field),
  required_in_portal: false,
  agent_can_edit: true,
  tag: null,
  created_at: field.createdAt ?? "2023-01-02T08:00:00Z",
  updated_at: field.createdAt ?? "2023-01-02T08:00:00Z",
  removable: !isSystemField(field),
  key: null,
  agent_description: null,
  ...(field.type === "tagger" || field.type === "multiselect"
    ? { custom_field_options: field.options.map(optionRow(field)) }
    : {}),
  ...(field.target === undefined
    ? {}
    : { relationship_target_type: field.target, relationship_filter: { all: [], any: [] } }),
  ...systemOptions(field)
})

const optionRow =
  (field: TicketField) =>
  ({ name, value }: FieldOption, index: number): object => ({
    id: field.id * 100 + index,
    name,
    raw_name: name,
    value,
    default: false
  })

const named = (pairs: ReadonlyArray<readonly [string, string]>): object => ({
  system_field_options: pairs.map(([name, value]) => ({ name, value })),
  sub_type_id: 0
})

const systemOptions = (field: TicketField): object => {
  if (field.type === "status") {
    return named([
      ["Open", "open"],
      ["Pending", "pending"],
      ["On-hold", "hold"],
      ["Solved", "solved"]
    ])
  }
  if (field.type === "priority")
    return named([
      ["Low", "low"],
      ["Normal", "normal"],
      ["High", "high"],
      ["Urgent", "urgent"]
    ])
  if (field.type === "tickettype") {
    return named([
      ["Question", "question"],
      ["Incident", "incident"],
      ["Problem", "problem"],
      ["Task", "task"]
    ])
  }
  return {}
}
