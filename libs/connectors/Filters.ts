// Conditions of a job on the rows of a stream: checked when a job begins, asked of the vendor where it can be asked, and held
// against every listed row, whatever the vendor obeys. Pure. What does not belong here: which filters a vendor's rows have.
import { fieldsOf, scalarText } from "@bridge/http/Rows"
import type { Condition, Conditions, Filter } from "./Conditions.ts"
import type { Row } from "./Row.ts"

/** As people give them: one value or several, by name or as the vendor writes it. */
export type Asked = Readonly<Record<string, string | number | boolean | ReadonlyArray<string | number | boolean>>>

export interface Refused {
  readonly name: string
  readonly message: string
}

/** The conditions in the vendor's own values; any one of a condition's values will do. What is refused is met by no row. */
export const conditionsOf = (
  filters: ReadonlyArray<Filter>,
  asked: Asked
): { readonly conditions: Conditions; readonly refused: ReadonlyArray<Refused> } => {
  const refused: Array<Refused> = []
  const conditions: Record<string, Condition> = {}
  for (const [name, given] of Object.entries(asked)) {
    const filter = filters.find((one) => one.name === name)
    if (filter === undefined) {
      const known = filters.map((one) => one.name).join(", ")
      refused.push({ name, message: known === "" ? "has no filters" : `is no filter here; there are ${known}` })
      continue
    }
    const values = valuesIn(given).map((value) => ({ given: value, code: codeOf(filter, value) }))
    const unknown = values.find(({ code }) => code === null)
    if (values.length === 0) refused.push({ name, message: "has no value" })
    else if (unknown !== undefined) refused.push({ name, message: `${shown(unknown.given)} is ${allowed(filter)}` })
    conditions[name] = unknown === undefined ? values.flatMap(({ code }) => code ?? []) : []
  }
  return { conditions, refused }
}

type Value = string | number | boolean

const valuesIn = (given: Asked[string]): ReadonlyArray<Value> => (typeof given === "object" ? given : [given])

const shown = (given: Value): string => {
  const text = String(given)
  return text.trim() === "" ? "an empty text" : text
}

const allowed = ({ kind, values }: Filter): string => {
  if (values !== undefined) return `none of ${[...Object.keys(values), "or a number of the account's own"].join(", ")}`
  if (kind === "id") return "no id: a whole number such as 21000000001"
  return kind === "boolean" ? "neither true nor false" : "no value"
}

/** A whole number as the vendor writes it. One that is too large to be exact is none. */
const numberIn = (given: Value): string | null => {
  const text = String(given).trim()
  if (typeof given === "number" && !Number.isSafeInteger(given)) return null
  return /^(0|[1-9]\d{0,18})$/.test(text) ? text : null
}

/** The value as the vendor writes it; null where it is none of the filter's. */
const codeOf = ({ kind, values }: Filter, given: Value): string | null => {
  const text = String(given).trim()
  const name = text.toLowerCase()
  if (values !== undefined) return Object.hasOwn(values, name) ? (values[name] ?? null) : numberIn(given)
  if (kind === "id") return text === "0" ? null : numberIn(given)
  if (kind === "boolean") return name === "true" || name === "false" ? name : null
  return text === "" ? null : text
}

export interface Range {
  readonly since?: string
  readonly until?: string
}

/** Whether a listed row is asked for. A row without a time is; so is one that says nothing of where the vendor was asked. */
export const admitting = (
  filters: ReadonlyArray<Filter>,
  conditions: Conditions,
  { since, until }: Range
): ((row: Row) => boolean) | null => {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const to = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until)
  const tests = filters.flatMap((filter) => {
    const condition = conditions[filter.name]
    return condition === undefined ? [] : [{ filter, values: new Set(condition) }]
  })
  if (tests.length === 0 && since === undefined && until === undefined) return null
  const names = tests.map(({ filter }) => filter.name)
  return (row) => {
    const time = Date.parse(row.version)
    if (time < from || time > to) return false
    if (tests.length === 0) return true
    const fields = fieldsOf(row.json, names)
    return tests.every(({ filter, values }) => {
      const text = scalarText(fields[filter.name])
      return text === null ? filter.scope === true && fields[filter.name] === undefined : values.has(text)
    })
  }
}
