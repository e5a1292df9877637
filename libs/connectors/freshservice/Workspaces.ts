// Freshservice's workspaces: which there are, and which of them are still to be asked for. Pure. For lists and fields.
// Source: Freshservice API v2: what belongs to workspaces is listed of the primary one only, unless one is named.
import type { Answer, Call } from "@bridge/http/Call"
import { type CutRow, cutPage, fieldsOf, scalarText } from "@bridge/http/Rows"
import type { Row } from "../Row.ts"
import { perPage } from "./Lists.ts"

export const listWorkspaces = (page: number): Call => ({
  operation: "listWorkspaces",
  method: "GET",
  path: "/api/v2/workspaces",
  query: { per_page: perPage, page },
  idempotent: true
})

/** Those of a page but for the primary one, which is read unasked. Number 1 would give all of them without their own fields. */
export const othersIn = (answer: Answer, homes: ReadonlyArray<string>): ReadonlyArray<string> =>
  cutPage(answer.body, "workspaces", ["id", "primary"]).rows.flatMap(({ fields }) => {
    const id = scalarText(fields.id)
    const primary = scalarText(fields.primary)
    // One that is named beside others may have been there in part: read twice, its rows are the same rows.
    const isRead = primary === null ? homes.length === 1 && homes[0] === id : primary === "true"
    return id === null || id === "1" || isRead ? [] : [id]
  })

/** With the workspaces that more rows name; null where rows name none, as on accounts without workspaces. */
export const homesWith = (
  homes: ReadonlyArray<string> | null,
  rows: ReadonlyArray<Pick<CutRow, "fields">>
): ReadonlyArray<string> | null => {
  if (homes === null) return null
  const named = rows.flatMap(({ fields }) => scalarText(fields.workspace_id) ?? [])
  if (rows.length > 0 && named.length === 0 && homes.length === 0) return null
  return [...new Set([...homes, ...named])]
}

/** Those that rows name by themselves. */
export const homesIn = (rows: ReadonlyArray<Row>): ReadonlyArray<string> | null =>
  homesWith(
    [],
    rows.map(({ json }) => ({ fields: fieldsOf(json, ["workspace_id"]) }))
  )
