// The custom fields of a ticket at both ends: paired by label and title, compared as text that both ends agree on.
// An empty value is no value; an unchecked box is none either, since Zendesk shows both alike.
import type { FoundField, FoundTicket, SourceField, SourceTicket } from "./Truth.ts"

export interface CustomFields {
  /** What the ticket must hold at the destination, by field id, and the tags that drop-downs leave. */
  readonly expected: (ticket: SourceTicket) => {
    readonly values: Readonly<Record<string, string>>
    readonly tags: ReadonlyArray<string>
  }
  /** The first drop-down value without a counterpart, in the documented words of an exclusion. */
  readonly unmapped: (ticket: SourceTicket) => string | null
  readonly found: (ticket: FoundTicket) => Readonly<Record<string, string>>
  readonly title: (id: string) => string
}

type Read = (ticket: SourceTicket) => unknown
interface Pair {
  readonly field: FoundField
  readonly read: Read
}

const levels: ReadonlyArray<string> = ["Low", "Medium", "High"]
const level = (value: number | null | undefined): string | null =>
  value === null || value === undefined ? null : (levels[value - 1] ?? String(value))

/** `Hardware::Laptop`: the path to the deepest level that has a value. */
const path = (...parts: ReadonlyArray<unknown>): string | null => {
  const end = parts.findIndex((part) => typeof part !== "string" || part === "")
  const known = end < 0 ? parts : parts.slice(0, end)
  return known.length === 0 ? null : known.join("::")
}

/** Built-in fields that Zendesk has not. */
const builtIn: ReadonlyArray<{ readonly label: string; readonly read: Read }> = [
  { label: "Category", read: (t) => path(t.category, t.sub_category, t.item_category) },
  { label: "Impact", read: (t) => level(t.impact) },
  { label: "Urgency", read: (t) => level(t.urgency) }
]

const readerOf = (field: SourceField): Read => {
  const custom = (ticket: SourceTicket, name: string): unknown => ticket.custom_fields?.[name] ?? null
  if (field.field_type !== "nested_field") return (ticket) => custom(ticket, field.name)
  const names = [field.name, ...(field.nested_fields ?? []).map((nested) => nested.name)]
  return (ticket) => path(...names.map((name) => custom(ticket, name)))
}

const sameWord = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

export const customFields = (
  source: ReadonlyArray<SourceField>,
  destination: ReadonlyArray<FoundField>
): CustomFields => {
  const wanted = [
    ...builtIn,
    ...source.filter((field) => !field.default_field).map((field) => ({ label: field.label, read: readerOf(field) }))
  ]
  const pairs: ReadonlyArray<Pair> = wanted.flatMap(({ label, read }) => {
    const field = destination.find((known) => sameWord(known.title, label))
    return field === undefined ? [] : [{ field, read }]
  })
  const byId = new Map(destination.map((field) => [String(field.id), field]))
  return {
    expected: (ticket) => {
      const values: Record<string, string> = {}
      const tags: Array<string> = []
      for (const { field, read } of pairs) {
        const value = optionsOf(field, read(ticket))
        const text = textOf(field, value)
        if (text === null) continue
        values[field.id] = text
        if (field.custom_field_options !== undefined) tags.push(...[value].flat().map(String))
      }
      return { values, tags }
    },
    unmapped: (ticket) => {
      for (const { field, read } of pairs)
        for (const label of [read(ticket)].flat())
          if (!isEmpty(label) && field.custom_field_options !== undefined && optionOf(field, label) === undefined)
            return `unmapped ${field.title} ${String(label)}`
      return null
    },
    found: (ticket) => {
      const values: Record<string, string> = {}
      for (const { id, value } of ticket.custom_fields) {
        const field = byId.get(String(id))
        const text = field === undefined ? null : textOf(field, value)
        if (text !== null) values[id] = text
      }
      return values
    },
    title: (id) => byId.get(id)?.title ?? id
  }
}

const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === ""

const optionOf = (field: FoundField, label: unknown): string | undefined =>
  field.custom_field_options?.find(({ name }) => sameWord(name, String(label)))?.value

/** Labels of a drop-down become the values of the options of that name. */
const optionsOf = (field: FoundField, value: unknown): unknown => {
  if (field.custom_field_options === undefined || isEmpty(value)) return value
  return Array.isArray(value) ? value.map((label) => optionOf(field, label)) : optionOf(field, value)
}

const textOf = (field: FoundField, value: unknown): string | null => {
  if (isEmpty(value) || value === false) return null
  if (Array.isArray(value)) return value.length === 0 ? null : [...value].map(String).sort().join(" ")
  if (field.type === "integer" || field.type === "decimal") return String(Number(value))
  return String(value)
}
