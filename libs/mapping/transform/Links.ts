// Records that one names in a list, as places in its list of fields: which field it is, settling finds. Pure and total.
// For Compile.ts. What does not belong here: what kind a record is of (apps/refiner/link).
import type { LinkRule } from "@bridge/domain/Mapping"
import type { Writer } from "./Draft.ts"
import { reader } from "./Read.ts"
import { isBlank, textOf } from "./Steps.ts"

/** Behind the custom fields. A place is empty until it is settled, and gone where it leads nowhere. */
export const linksWriter = ({ entity, from, into }: LinkRule): Writer => {
  const read = reader(from)
  return (draft) => {
    const named = read(draft.record)
    const ids = (Array.isArray(named) ? named : [named]).filter((one) => !isBlank(one)).map(textOf)
    if (ids.length === 0) return null
    const before = draft.body[into]
    const fields = Array.isArray(before) ? before : []
    const links = [...new Set(ids)]
    draft.body[into] = [...fields, ...links.map(() => null)]
    for (const [i, nativeId] of links.entries())
      draft.refs[`${into}.${fields.length + i}`] = { entity, nativeId, inField: true }
    return null
  }
}

/** A kind of records whose field is made with it: people see that before they approve it. */
export const linkFieldWriter = (field: string): Writer => {
  const title = reader("title")
  return ({ body, warnings }) => {
    const definition = body[field]
    const name = typeof definition === "object" && definition !== null ? title(definition) : null
    if (!isBlank(name))
      warnings.push({
        code: "field-made",
        field,
        message: `tickets get the field "${textOf(name)}", which leads to records of this kind, where those are moved`
      })
    return null
  }
}
