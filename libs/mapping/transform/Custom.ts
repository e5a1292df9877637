// Custom fields: values of one system as values of the other's field types, compiled once per mapping. Pure and total.
// For Compile.ts. What does not belong here: pairing fields (libs/domain/CustomFields.ts).
import { foldLabel } from "@bridge/domain/CustomFields"
import type { Warning } from "@bridge/domain/Element"
import type { CustomField, CustomType, EntityMapping } from "@bridge/domain/Mapping"
import type { JsonValue } from "@bridge/domain/Records"
import { type Read, reader } from "./Read.ts"
import { instant, isBlank, textOf } from "./Steps.ts"

/** The value, null for none, or the source value that has no counterpart. */
type Converted = { readonly value: JsonValue } | { readonly unmapped: string }

interface Compiled {
  readonly field: CustomField
  readonly levels: ReadonlyArray<Read>
  readonly convert: (value: JsonValue, warnings: Array<Warning>) => Converted
}

/** What `body[into]` is, null when no field has a value; or why the record is excluded. */
export type CustomResult =
  /** `made`: places in the value whose field is a record of this migration, by the source's id of it. */
  | {
      readonly value: JsonValue
      readonly made?: ReadonlyArray<readonly [at: number, nativeId: string]>
      /** Keys of the value whose field is one, in the same way. */
      readonly keyed?: ReadonlyArray<readonly [key: string, nativeId: string]>
    }
  | { readonly excluded: string }

export type CustomWriter = (record: object, warnings: Array<Warning>) => CustomResult

export const customWriter = (custom: NonNullable<EntityMapping["custom"]>): CustomWriter => {
  const fields = custom.fields.map(compile)
  return (record, warnings) => {
    const values: Array<readonly [string, JsonValue]> = []
    const made: Array<readonly [number, string]> = []
    const keyed: Array<readonly [string, string]> = []
    for (const { convert, field, levels } of fields) {
      const value = levelsOf(levels, record)
      if (isBlank(value)) continue
      const converted = convert(value, warnings)
      if ("value" in converted) {
        if (converted.value === null) continue
        if (field.made === true) made.push([values.length, field.to])
        if (field.definition !== undefined) keyed.push([field.to, field.definition])
        values.push([field.to, converted.value])
      } else if (custom.unmapped === "reject") {
        return { excluded: `unmapped ${field.title} ${converted.unmapped}` }
      } else {
        warnings.push({
          code: "option-unmapped",
          field: field.to,
          message: `${field.title}: ${converted.unmapped} has no counterpart and is left out`
        })
      }
    }
    if (values.length === 0) return { value: null }
    if (custom.as === "object") return { value: Object.fromEntries(values), keyed }
    const ids = new Set(made.map(([at]) => at))
    return { value: values.map(([id, value], at) => ({ id: ids.has(at) ? null : idValue(id), value })), made }
  }
}

/** Field ids of a vendor that counts are numbers in its bodies. */
const idValue = (id: string): JsonValue => (/^[1-9]\d{0,14}$/.test(id) ? Number(id) : id)

/** One level is its value; several are joined from the top down to the first that is empty. */
const levelsOf = (levels: ReadonlyArray<Read>, record: object): JsonValue => {
  const [only] = levels
  if (only === undefined) return null
  if (levels.length === 1) return only(record)
  const path: Array<string> = []
  for (const level of levels) {
    const value = level(record)
    if (isBlank(value)) break
    path.push(textOf(value).trim())
  }
  return path.length === 0 ? null : path.join("::")
}

const compile = (field: CustomField): Compiled => {
  const names = typeof field.from === "string" ? [field.from] : field.from
  return { field, levels: names.map(reader), convert: conversions[field.type](field) }
}

type Convert = Compiled["convert"]

const unreadable = (field: CustomField, value: JsonValue, warnings: Array<Warning>): Converted => {
  warnings.push({
    code: "custom-unreadable",
    field: field.to,
    message: `${field.title}: ${textOf(value).slice(0, 80)} does not fit the field and is left out`
  })
  return { value: null }
}

const option = (field: CustomField, value: JsonValue): Converted => {
  const text = textOf(value)
  const found = field.options?.[foldLabel(text)]
  return found === undefined ? { unmapped: text } : { value: found }
}

const conversions: { readonly [T in CustomType]: (field: CustomField) => Convert } = {
  text: () => (value) => ({ value: textOf(value) }),
  integer: (field) => (value, warnings) => number(field, value, warnings, /^[+-]?\d{1,15}(\.0+)?$/u),
  decimal: (field) => (value, warnings) => number(field, value, warnings, /^[+-]?\d{1,15}(\.\d+)?(e[+-]?\d{1,2})?$/iu),
  checkbox: (field) => (value, warnings) => {
    if (typeof value === "boolean") return { value }
    const word = textOf(value).trim().toLowerCase()
    if (["true", "yes", "1", "on"].includes(word)) return { value: true }
    if (["false", "no", "0", "off"].includes(word)) return { value: false }
    return unreadable(field, value, warnings)
  },
  date: (field) => (value, warnings) => {
    const text = textOf(value).trim()
    if (/^\d{4}-\d\d-\d\d$/u.test(text) && !Number.isNaN(Date.parse(text))) return { value: text }
    const day = instant(text, field.to, warnings)?.slice(0, 10)
    return { value: day ?? null }
  },
  option: (field) => (value) => option(field, Array.isArray(value) ? (value[0] ?? null) : value),
  options: (field) => (value) => {
    const all = (Array.isArray(value) ? value : [value]).filter((one) => !isBlank(one)).map((one) => option(field, one))
    const lost = all.find((one) => "unmapped" in one)
    if (lost !== undefined) return lost
    const values = [...new Set(all.flatMap((one) => ("value" in one ? [one.value] : [])))]
    return { value: values.length === 0 ? null : values }
  }
}

const number = (field: CustomField, value: JsonValue, warnings: Array<Warning>, form: RegExp): Converted => {
  const text = textOf(value).trim()
  const parsed = Number(text)
  return form.test(text) && Number.isFinite(parsed) ? { value: parsed } : unreadable(field, value, warnings)
}
