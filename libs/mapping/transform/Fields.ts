// Field rules as writers: where the value comes from, what it is mapped to, what stands in for a missing one. Pure and total.
// For Compile.ts. What does not belong here: long texts (Texts.ts), custom fields (Custom.ts).
import type { Warning } from "@bridge/domain/Element"
import type { FieldRule, Mapping, Part, Reference, ValueMap } from "@bridge/domain/Mapping"
import type { CanonicalRecord } from "@bridge/domain/RecordFields"
import type { JsonValue } from "@bridge/domain/Records"
import { type Draft, put, type Writer } from "./Draft.ts"
import { firstReader, reader } from "./Read.ts"
import { isBlank, type Step, step, textOf } from "./Steps.ts"

/** A value that no row of a value map has: the record is excluded with these words. */
class Unmapped {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

type Get = (draft: Draft) => JsonValue | Unmapped

/** `nextRule` numbers the rules as rulesOf() lists them. */
export const fieldWriter = (values: Mapping["values"], rule: FieldRule, nextRule: () => number): Writer => {
  const get = rule.concat === undefined ? part(values, rule, rule.to, nextRule) : concat(values, rule, nextRule)
  const write = rule.ref === undefined ? valueWriter(rule) : refWriter(rule.to, rule.ref)
  // A reference that this record does not have is no missing one.
  const applies = rule.ref === undefined ? () => true : condition(rule)
  return (draft) => {
    if (!applies(draft.record)) return null
    const value = get(draft)
    if (value instanceof Unmapped) return value.reason
    return write(draft, value)
  }
}

const valueWriter = (rule: FieldRule): ((draft: Draft, value: JsonValue) => string | null) => {
  const nested = rule.to.includes(".")
  return (draft, given) => {
    const value = isBlank(given) ? defaultOf(rule, draft.record) : given
    if (isBlank(value)) return rule.required === true ? `no ${rule.to}` : null
    if (nested) put(draft.body, rule.to, value)
    else draft.body[rule.to] = value
    return null
  }
}

/** `{id}` in a default is the vendor's own id. */
const defaultOf = (rule: FieldRule, record: CanonicalRecord): JsonValue =>
  typeof rule.default === "string" ? rule.default.replaceAll("{id}", record.native_id) : (rule.default ?? null)

/** A reference is never in the body. Without one, a stand-in is a reference to nobody: settling finds it missing. */
export const refWriter =
  (path: string, ref: Pick<Reference, "entity" | "missing">): ((draft: Draft, value: JsonValue) => string | null) =>
  (draft, value) => {
    if (!isBlank(value)) draft.refs[path] = { entity: ref.entity, nativeId: textOf(value) }
    else if (ref.missing === "fail") return `no ${path}`
    else if (ref.missing === "placeholder") draft.refs[path] = { entity: ref.entity, nativeId: "" }
    return null
  }

const concat = (values: Mapping["values"], rule: FieldRule, nextRule: () => number): Get => {
  const parts = (rule.concat ?? []).map((one) => part(values, one, rule.to, nextRule))
  const steps = (rule.transform ?? []).map((one) => step(one, rule.to))
  const when = condition(rule)
  return (draft) => {
    if (!when(draft.record)) return null
    const list: Array<JsonValue> = []
    for (const get of parts) {
      const value = get(draft)
      if (value instanceof Unmapped) return value
      if (Array.isArray(value)) list.push(...value)
      else if (!isBlank(value)) list.push(value)
    }
    return through(steps, list.length === 0 ? null : list, draft.warnings)
  }
}

const part = (values: Mapping["values"], one: Part, to: string, nextRule: () => number): Get => {
  const { map, transform, when } = one
  const read = source(one, to, nextRule)
  const holds = condition({ ...(when !== undefined && { when }) })
  const table = map === undefined ? undefined : values[map]
  const mapped = table === undefined ? undefined : valueMap(table, to)
  const steps = (transform ?? []).map((one) => step(one, to))
  return (draft) => {
    if (!holds(draft.record)) return null
    const value = read(draft)
    if (mapped === undefined) return through(steps, value, draft.warnings)
    const found = mapped(value, draft.warnings)
    return found instanceof Unmapped ? found : through(steps, found, draft.warnings)
  }
}

const source = ({ constant, from, rule }: Part, to: string, nextRule: () => number): ((draft: Draft) => JsonValue) => {
  if (rule !== undefined) return answered(to, nextRule())
  if (from === undefined) return () => constant ?? null
  const read = firstReader(from)
  return (draft) => read(draft.record)
}

/** A rule that found no answer within its limits leaves the field without a value. */
const answered =
  (to: string, index: number): ((draft: Draft) => JsonValue) =>
  (draft) => {
    const answer = draft.answers[index] ?? { fault: "was not asked" }
    if ("value" in answer) return answer.value
    draft.warnings.push({ code: "rule-failed", field: to, message: `the rule of ${to} ${answer.fault}` })
    return null
  }

const through = (steps: ReadonlyArray<Step>, value: JsonValue, warnings: Array<Warning>): JsonValue => {
  let out = value
  for (const one of steps) out = one(out, warnings)
  return out
}

const condition = ({ when }: Pick<Part, "when">): ((record: CanonicalRecord) => boolean) => {
  if (when === undefined) return () => true
  const read = reader(when.field)
  const allowed = new Set<unknown>(when.in)
  return (record) => allowed.has(read(record))
}

const valueMap = (table: ValueMap, to: string) => {
  const rows = new Map(Object.entries(table.rows))
  const { fallback } = table
  return (value: JsonValue, warnings: Array<Warning>): JsonValue | Unmapped => {
    const text = isBlank(value) ? "" : textOf(value)
    const row = rows.get(text)
    if (row !== undefined) return row
    if (fallback.use === "default") {
      if (fallback.warn && text !== "")
        warnings.push({
          code: "value-defaulted",
          field: to,
          message: `${table.title} ${text} is not mapped: ${String(fallback.value)}`
        })
      return text === "" ? null : fallback.value
    }
    if (fallback.use === "keep" && fallback.warnOfIds === true && /^\d+$/u.test(text))
      warnings.push({
        code: "value-kept",
        field: to,
        message: `${table.title} ${text} has no name that the source would tell: the number stays`
      })
    if (text === "" || fallback.use === "keep") return value
    return new Unmapped(`unmapped ${table.title} ${text}`)
  }
}
