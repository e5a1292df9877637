// Which workspaces rows lie in. Pure. For ChangingList.ts.
import { fieldsOf, scalarText } from "@bridge/http/Rows"
import type { Row } from "../Row.ts"

/** Those that rows name; null where none names any, as on accounts without workspaces. */
export const homesIn = (rows: ReadonlyArray<Row>): ReadonlyArray<string> | null => {
  const named = rows.map((row) => scalarText(fieldsOf(row.json, ["workspace_id"]).workspace_id))
  return rows.length > 0 && named.every((id) => id === null) ? null : [...new Set(named.flatMap((id) => id ?? []))]
}
