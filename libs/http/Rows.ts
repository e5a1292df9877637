// Cuts rows out of a page without parsing it: the byte range of each element of the array at a key path, and a few scalar
// fields of it. For connectors. One pass over the bytes; what is inside a row is left for who reads the row.
import { Malformed } from "./Call.ts"
import { OPEN_ARRAY, OPEN_OBJECT, Scanner } from "./Scanner.ts"

/** JSON text of a value as the vendor wrote it: numbers beyond 2^53 stay exact. */
export type Scalars = Readonly<Record<string, string>>

export interface CutRow {
  /** The element's own bytes, a view into the page. */
  readonly json: Buffer
  /** JSON text of the wanted keys that the row has at its top level; the last of two equal keys, as in JSON.parse. */
  readonly fields: Scalars
  readonly isObject: boolean
}

export interface CutPage {
  readonly rows: ReadonlyArray<CutRow>
  /** JSON text of the other top-level values of the page (`meta`, `links`, `end_of_stream`). */
  readonly envelope: Scalars
}

/**
 * The rows under `key` of a page that is one JSON object, or of a bare array when the page is one. Throws `Malformed` for a
 * cut or broken structure or when the array is missing; null in its place is an array without elements. Exact for escapes, any
 * Unicode, any nesting and white space.
 */
export const cutPage = (body: Buffer, key: string, wanted: ReadonlyArray<string>): CutPage => {
  const scan = new Scanner(body)
  const rows: Array<CutRow> = []
  const envelope: Record<string, string> = {}
  let found = false
  const readRows = () => {
    found = true
    rows.length = 0
    scan.array(() => rows.push(scan.row(wanted)))
  }
  scan.space()
  if (scan.at(OPEN_ARRAY)) readRows()
  else
    scan.object((name) => {
      if (name === key && scan.at(OPEN_ARRAY)) return readRows()
      const text = scan.text()
      envelope[name] = text
      if (name !== key || text !== "null") return
      found = true
      rows.length = 0
    })
  scan.space()
  if (!scan.ended) throw new Malformed("more text after the end of the page")
  if (!found) throw new Malformed(`no array "${key}" in the page`)
  return { rows, envelope }
}

/** The object under `key` of an answer that is one JSON object: a detail, `{"ticket": {...}}`. */
export const cutOne = (body: Buffer, key: string, wanted: ReadonlyArray<string>): CutRow => {
  const scan = new Scanner(body)
  let row: CutRow | undefined
  scan.space()
  scan.object((name) => {
    if (name === key && scan.at(OPEN_OBJECT)) row = scan.row(wanted)
    else scan.text()
  })
  scan.space()
  if (!scan.ended) throw new Malformed("more text after the end of the answer")
  if (row === undefined) throw new Malformed(`no object "${key}" in the answer`)
  return row
}

/** Some scalar fields of a row that stands alone. */
export const fieldsOf = (json: Buffer, wanted: ReadonlyArray<string>): Scalars => new Scanner(json).row(wanted).fields

/** A scalar as text: a string without its quotes, a number as written, null for null and for what is no scalar. */
export const scalarText = (json: string | undefined): string | null => {
  if (json === undefined || json === "null" || json.startsWith("{") || json.startsWith("[")) return null
  if (!json.startsWith('"')) return json
  try {
    return String(JSON.parse(json))
  } catch {
    return null
  }
}
