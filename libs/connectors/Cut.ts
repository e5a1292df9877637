// From cut rows to rows of a stream: names each by its id, sets apart those that have none. For connectors' readings.
import { type CutRow, scalarText } from "@bridge/http/Rows"
import type { Poison, Row } from "./Row.ts"

export interface RowForm {
  readonly stream: string
  /** The key of the vendor's version of a row. */
  readonly versionKey: string
  /** Where the vendor's id stands: the first of these keys that has a value; `id` where absent. */
  readonly idKeys?: ReadonlyArray<string>
  /** The source id of a row with this vendor id; the id itself where absent. */
  readonly sourceId?: (id: string) => string
  readonly parentId?: string
}

/** Rows in their order; what is no object with an id becomes poison. */
export const rowsOf = (
  cut: ReadonlyArray<CutRow>,
  form: RowForm
): { readonly rows: ReadonlyArray<Row>; readonly poison: ReadonlyArray<Poison> } => {
  const rows: Array<Row> = []
  const poison: Array<Poison> = []
  for (const part of cut) {
    const row = rowOf(part, form)
    if (row === null)
      poison.push({
        stream: form.stream,
        json: part.json,
        error: part.isObject ? "the row has no id" : "the row is no object"
      })
    else rows.push(row)
  }
  return { rows, poison }
}

/** One row, or null when it is no object with an id. */
export const rowOf = (part: CutRow, form: RowForm): Row | null => {
  const id = part.isObject ? idIn(part, form.idKeys ?? justId) : undefined
  if (id === undefined || id === "") return null
  const version = scalarText(part.fields[form.versionKey]) ?? ""
  return {
    sourceId: form.sourceId?.(id) ?? id,
    ...(form.parentId !== undefined && { parentId: form.parentId }),
    version,
    op: "upsert",
    json: part.json
  }
}

const justId: ReadonlyArray<string> = ["id"]

const idIn = (part: CutRow, keys: ReadonlyArray<string>): string | undefined => {
  for (const key of keys) {
    const text = scalarText(part.fields[key])?.trim()
    if (text !== undefined && text !== "") return text
  }
  return undefined
}
