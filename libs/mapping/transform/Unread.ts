// Custom fields that a record has and nothing in the mapping reads: a field that was made, or could not be seen, when the
// migration was made. Pure and total. For Compile.ts.
import type { EntityMapping } from "@bridge/domain/Mapping"
import type { Writer } from "./Draft.ts"
import { reader } from "./Read.ts"
import { isBlank, textOf } from "./Steps.ts"

/** Writes nothing: says what is left out. A mapping that knows nothing of the source's fields (`unmoved`) misses none. */
export const unreadWriter = (entity: EntityMapping): Writer => {
  const { custom, ...others } = entity
  const read = namesIn([others, custom?.fields ?? []])
  const told = new Set([...(custom?.unmoved ?? []), ...read.names])
  if (custom?.unmoved === undefined || told.has("custom") || read.rules.some((rule) => wholeOf.test(rule)))
    return () => null
  const isRead = (key: string) =>
    told.has(key) || told.has(`custom.${key}`) || read.rules.some((rule) => rule.includes(key))
  const values = reader("custom")
  return ({ record, warnings }) => {
    for (const [key, value] of Object.entries(values(record) ?? {}))
      if (!isBlank(value) && !isRead(key))
        warnings.push({
          code: "field-unmatched",
          field: key,
          message: `${key}: no field that the mapping knows, ${textOf(value).slice(0, 80)} is left out`
        })
    return null
  }
}

/** A rule that takes all custom fields and not one of them. */
const wholeOf = /\bcustom\b(?!\s*\.)/u

/** Where a mapping names what it reads of a record. */
const places = new Set(["from", "field", "html", "text"])

interface Names {
  readonly names: ReadonlyArray<string>
  readonly rules: ReadonlyArray<string>
}

const namesIn = (value: unknown, place = ""): Names => {
  if (typeof value === "string")
    return { names: places.has(place) ? [value] : [], rules: place === "rule" ? [value] : [] }
  if (typeof value !== "object" || value === null) return { names: [], rules: [] }
  const parts = Array.isArray(value)
    ? value.map((one) => namesIn(one, place))
    : Object.entries(value).map(([key, one]) => namesIn(one, key))
  return { names: parts.flatMap(({ names }) => names), rules: parts.flatMap(({ rules }) => rules) }
}
