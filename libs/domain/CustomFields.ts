// Adds the custom fields of both accounts to a mapping, paired by key or title, values by their labels. Pure.
// For the api (job creation, previews). What does not belong here: converting values (libs/mapping/transform).
import type { EntityId } from "./Entities.ts"
import type { CustomField, CustomType, EntityMapping, MadeField, Mapping } from "./Mapping.ts"
import { isFielded, newField, sharedField } from "./NewFields.ts"
import { isConversation } from "./Records.ts"

/** A field found at run time, as connectors discover it. `key` is what rows and bodies use. */
export interface FieldDefinition {
  readonly key: string
  readonly title: string
  readonly type: string
  readonly custom: boolean
  readonly required: boolean
  readonly options?: ReadonlyArray<{ readonly value: string; readonly label: string }>
  /** A nested field: the keys of its lower levels, from the top. */
  readonly levels?: ReadonlyArray<string>
  /** The vendor's own id of the definition. */
  readonly nativeId?: string
}
export type FieldsByEntity = { readonly [E in EntityId]?: ReadonlyArray<FieldDefinition> }

/** What a person should look at: a field or a value without a counterpart. */
export interface FieldWarning {
  readonly entity: EntityId
  readonly code: "field-unmatched" | "field-made" | "field-type" | "option-unmatched" | "status-unmapped" | "not-moved"
  readonly field: string
  readonly message: string
}

/** Whether fields are made that the destination lacks, and which an earlier migration has made: native id to the key there. */
export interface Making {
  readonly missing: boolean
  readonly before: ReadonlyMap<string, string>
}

const nothingMade: Making = { missing: false, before: new Map() }

/**
 * The mapping with a rule for every custom field that exists on both sides. Rules that are there already stay as they are.
 * A field without a counterpart, or with one that cannot hold its values, is not moved and is listed.
 */
export const withCustomFields = (
  mapping: Mapping,
  source: FieldsByEntity,
  destination: FieldsByEntity,
  making: Making = nothingMade
): { readonly mapping: Mapping; readonly warnings: ReadonlyArray<FieldWarning> } => {
  const warnings: Array<FieldWarning> = []
  const entities: Record<string, EntityMapping> = {}
  const made: Array<MadeField> = []
  // Tickets first: what problems and changes have under the same title is the same field.
  const ordered = Object.entries(mapping.entities).toSorted(
    ([a], [b]) => Number(b === "ticket") - Number(a === "ticket")
  )
  for (const [name, entity] of ordered) {
    if (entity === undefined) continue
    const id = name as EntityId
    // Where problems and changes have no fields of their own they are tickets, and have theirs.
    const there = destination[id] ?? (isConversation(id) ? destination.ticket : undefined)
    entities[id] = paired(id, entity, source[id] ?? [], there ?? [], warnings, making, made)
  }
  const definitions = entities["custom-field"]
  if (definitions !== undefined && made.length > 0) entities["custom-field"] = { ...definitions, make: made }
  warnings.push(...unmappedStatuses(mapping, source.ticket ?? []), ...notMoved(mapping))
  return {
    mapping: { ...mapping, entities, values: withNames(mapping.values, source) },
    warnings
  }
}

/** Value maps whose rows are the source's own words for its numbers, and the field whose options are these. */
const named = [
  { map: "relation_type", of: "relation", field: "type" },
  { map: "asset_model", of: "asset", field: "model" },
  { map: "asset_vendor", of: "asset", field: "vendor" }
] as const

/** What the source calls its numbers; rows that are there already stay as they are. */
const withNames = (values: Mapping["values"], source: FieldsByEntity): Mapping["values"] => {
  const filled = named.flatMap(({ field, map, of }) => {
    const table = values[map]
    const options = (source[of] ?? []).flatMap(({ key, options = [] }) => (key === field ? options : []))
    if (table === undefined || options.length === 0) return []
    const rows = Object.fromEntries(options.map(({ label, value }) => [value, label]))
    return [[map, { ...table, rows: { ...rows, ...table.rows } }] as const]
  })
  return { ...values, ...Object.fromEntries(filled) }
}

/** Built-in fields that a destination may have only as custom fields, paired by title like the others. */
const builtIn: { readonly [E in EntityId]?: ReadonlyArray<Source> } = {
  ticket: [
    { from: ["impact"], title: "Impact", kind: "select" },
    { from: ["urgency"], title: "Urgency", kind: "select" },
    { from: ["category", "sub_category", "item"], title: "Category", kind: "nested" },
    { from: ["resolution"], title: "Resolution", kind: "text" }
  ],
  person: [{ from: ["title"], title: "Job title", kind: "text" }]
}

interface Source {
  /** Canonical fields, of a nested one from the top. */
  readonly from: ReadonlyArray<string>
  readonly title: string
  readonly kind: Kind
  /** Present when it is a custom field: without a counterpart it is listed. */
  readonly definition?: FieldDefinition
}

const sourcesOf = (id: EntityId, fields: ReadonlyArray<FieldDefinition>): ReadonlyArray<Source> => {
  const lower = new Set(fields.flatMap((field) => field.levels ?? []))
  return [
    ...fields
      .filter((field) => field.custom && !lower.has(field.key))
      .map((field) => ({
        from: [field.key, ...(field.levels ?? [])].map((key) => `custom.${key}`),
        title: field.title,
        kind: kindOf(field.type),
        definition: field
      })),
    ...(builtIn[id] ?? [])
  ]
}

const paired = (
  id: EntityId,
  entity: EntityMapping,
  source: ReadonlyArray<FieldDefinition>,
  destination: ReadonlyArray<FieldDefinition>,
  warnings: Array<FieldWarning>,
  making: Making,
  made: Array<MadeField>
): EntityMapping => {
  if (entity.custom === undefined) return entity
  const taken = new Set(entity.custom.fields.map((field) => field.to))
  const have = new Set(entity.custom.fields.flatMap((field) => field.from))
  const ours = new Set(making.before.values())
  const find = (source: Source): FieldDefinition | undefined => {
    const free = destination.filter((field) => field.custom && !taken.has(field.key) && !ours.has(field.key))
    const named = (name: string) =>
      free.find((field) => fold(field.title) === fold(name) || fold(field.key) === fold(name))
    return named(source.title) ?? (source.definition === undefined ? undefined : named(source.definition.key))
  }
  const added: Array<CustomField> = []
  const unmoved = new Set(entity.custom.unmoved)
  for (const field of sourcesOf(id, source)) {
    const [key = ""] = field.from
    if (have.has(key)) continue
    const leave = (): void => {
      if (field.definition !== undefined) for (const from of field.from) unmoved.add(bare(from))
    }
    const warn = (code: FieldWarning["code"], what: string): void =>
      void warnings.push({ entity: id, code, field: bare(key), message: `${field.title}: ${what}` })
    const target = find(field)
    if (target === undefined) {
      // One that was made before is the same record again, so that its tickets are the same too.
      const before = making.before.get(field.definition?.nativeId ?? "")
      const old = before !== undefined
      const mine = made.flatMap(({ body, of }) => (of === id ? String(body["key"]) : []))
      const keys = { taken: new Set([...destination.map(({ key }) => key), ...mine]), before }
      const fresh =
        field.definition === undefined || !isFielded(id)
          ? null
          : newField(id, field.definition, field.from, field.kind, foldLabel, keys)
      const shared = fresh === null || !isConversation(id) ? null : sharedField(fresh, made, fold, foldLabel)
      if (shared !== null) {
        made.splice(
          made.findIndex(({ nativeId }) => nativeId === shared.made.nativeId),
          1,
          shared.made
        )
        added.push(shared.rule)
        continue
      }
      if (fresh !== null && (making.missing || old)) {
        made.push(fresh.made)
        added.push(fresh.rule)
        if (old) continue
        warn("field-made", `no field of this name at the destination, made there as ${String(fresh.made.body["type"])}`)
        continue
      }
      leave()
      if (field.definition !== undefined) warn("field-unmatched", "no field of this name at the destination, not moved")
      continue
    }
    const rule = pair(field, target)
    if (rule === null) {
      leave()
      warn("field-type", `does not fit a field of type ${target.type}, not moved`)
      continue
    }
    taken.add(target.key)
    added.push(rule.field)
    if (rule.unmatched.length > 0) warn("option-unmatched", `no counterpart for ${rule.unmatched.join(", ")}`)
  }
  const fields = [...entity.custom.fields, ...added]
  return { ...entity, custom: { ...entity.custom, fields, unmoved: [...unmoved] } }
}

const bare = (from: string): string => from.replace(/^custom\./u, "")

/** How names are compared: case, accents kept, blanks and punctuation between words do not matter. */
export const fold = (name: string): string =>
  name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_\-./?:]+/gu, " ")
    .trim()

type Kind = "text" | "number" | "decimal" | "boolean" | "date" | "datetime" | "select" | "multi" | "nested" | "other"

/** Freshservice names types `custom_dropdown`, Zendesk `tagger`. Source: Freshservice ticket form fields, Zendesk ticket fields. */
const kinds: { readonly [type: string]: Kind } = {
  text: "text",
  paragraph: "text",
  textarea: "text",
  url: "text",
  email: "text",
  regexp: "text",
  number: "number",
  integer: "number",
  decimal: "decimal",
  checkbox: "boolean",
  date: "date",
  date_time: "datetime",
  datetime: "datetime",
  dropdown: "select",
  tagger: "select",
  select: "select",
  multi_select_dropdown: "multi",
  multi_select: "multi",
  multiselect: "multi",
  nested_field: "nested",
  nested: "nested",
  dependent_field: "nested"
}
const kindOf = (type: string): Kind => kinds[type.toLowerCase().replace(/^(custom|default)_/u, "")] ?? "other"

const conversions: { readonly [source in Kind]: { readonly [destination in Kind]?: CustomType } } = {
  text: { text: "text" },
  number: { number: "integer", decimal: "decimal", text: "text" },
  decimal: { decimal: "decimal", text: "text" },
  boolean: { boolean: "checkbox", text: "text" },
  date: { date: "date", text: "text" },
  // Zendesk has no field for date and time: text keeps the time, a date field would lose it.
  datetime: { text: "text", date: "date" },
  select: { select: "option", multi: "options", text: "text" },
  multi: { multi: "options", text: "text" },
  nested: { select: "option", text: "text" },
  other: { text: "text" }
}

const pair = (
  source: Source,
  destination: FieldDefinition
): { readonly field: CustomField; readonly unmatched: ReadonlyArray<string> } | null => {
  const type = conversions[source.kind][kindOf(destination.type)]
  if (type === undefined) return null
  const base = { from: source.from, to: destination.key, title: source.title, type }
  if (type !== "option" && type !== "options") return { field: base, unmatched: [] }
  const options = new Map<string, string>()
  for (const option of destination.options ?? []) {
    options.set(foldLabel(option.label), option.value)
    if (!options.has(foldLabel(option.value))) options.set(foldLabel(option.value), option.value)
  }
  const matched = Object.fromEntries(options)
  const unmatched: Array<string> = []
  for (const option of source.definition?.options ?? []) {
    const value = options.get(foldLabel(option.label)) ?? options.get(foldLabel(option.value))
    if (value === undefined) unmatched.push(option.label)
    else matched[foldLabel(option.value)] = value
  }
  return { field: { ...base, options: matched }, unmatched }
}

/** How drop-down labels are compared; levels of nested ones are joined by `::`. */
export const foldLabel = (label: string): string =>
  label
    .normalize("NFKC")
    .toLowerCase()
    .split("::")
    .map((level) => level.replace(/\s+/gu, " ").trim())
    .join("::")

const notMoved = ({ entities }: Mapping): ReadonlyArray<FieldWarning> =>
  Object.entries(entities).flatMap(([id, entity]) =>
    (entity?.notMoved ?? []).map((message) => ({ entity: id as EntityId, code: "not-moved", field: "", message }))
  )

/** Statuses of the tenant's own need a row each (design: reject until mapped). Said before the job runs, not after. */
const unmappedStatuses = (mapping: Mapping, fields: ReadonlyArray<FieldDefinition>): ReadonlyArray<FieldWarning> => {
  const status = fields.find((field) => !field.custom && field.key === "status")
  const map = mapping.values.status
  if (status?.options === undefined || map === undefined || map.fallback.use !== "reject") return []
  return status.options
    .filter((option) => !builtInStatuses.has(option.value) && !Object.hasOwn(map.rows, option.value))
    .map((option) => ({
      entity: "ticket",
      code: "status-unmapped",
      field: "status",
      message: `Status ${option.value} (${option.label}) has no row in the value map status: its tickets are excluded`
    }))
}

/** Open, Pending, Resolved, Closed: known to the connector as canonical words. Source: Freshservice API, ticket properties. */
const builtInStatuses = new Set(["2", "3", "4", "5"])
