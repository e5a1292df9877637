// Assets by their display id, with type fields when they are asked for, their types and what they hang together with.
import { assetTypeNumbers, personNumbers } from "../corpus/Ids.ts"
import type { Row } from "../corpus/People.ts"
import { type Call, json, type Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { badValue, type FieldError, invalid, notFound } from "./Answers.ts"
import { chosenOnce, listRows } from "./Lists.ts"
import { withModule, workspaceTest } from "./Matters.ts"
import { parseQuery } from "./Query.ts"

const withTypeFields = (call: Call, errors: Array<FieldError>): boolean => {
  const include = call.query.get("include")
  if (include !== null && include !== "type_fields")
    errors.push(badValue("include", "It should be one of these values: 'type_fields'"))
  return include === "type_fields"
}

/** Three credits with type fields, as clients have counted. */
export const assetCredits = (call: Call): number => (call.query.get("include") === "type_fields" ? 3 : 1)

/** A list lacks the files; `filter` and `search` are queries, 30 rows a page. */
export const listAssets = withModule("assets", (account, call) => {
  const { assets } = account.corpus
  const errors: Array<FieldError> = []
  const typed = withTypeFields(call, errors)
  const inWorkspace = workspaceTest(account, call, errors)
  const query = call.query.get("filter") ?? call.query.get("search")
  const test = query === null ? () => true : parseQuery(query, errors)
  if (test === null || errors.length > 0) return invalid(errors)
  const trashed = call.query.get("trashed") === "true"
  const question = ["assets", trashed, query, call.query.get("workspace_id")].join("|")
  const indexes = chosenOnce(account, question, () => {
    const newest = Array.from({ length: assets.count }, (_, place) => assets.count - 1 - place)
    return newest.filter((index) => {
      if (assets.trashed(index) !== trashed) return false
      const row = assets.row(index)
      return inWorkspace(row) && test(query === null ? row : { ...row, ...plainFields(assets.fieldsOf(index)) })
    })
  })
  const row = (index: number): Row =>
    typed ? { ...assets.row(index), type_fields: assets.fieldsOf(index) } : assets.row(index)
  return listRows(account, call, "assets", indexes, { row, searched: query !== null })
})

/** `serial_number_21000855267` can be asked for as `serial_number`. */
const plainFields = (fields: Row): Row =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key.replace(/_\d+$/, ""), value]))

const indexOf = (account: FreshserviceAccount, id: string): number => {
  const index = Number(id) - 1
  return index >= 0 && index < account.corpus.assets.count ? index : -1
}

export const viewAsset = withModule("assets", (account, call, id) => {
  const index = indexOf(account, id)
  const errors: Array<FieldError> = []
  const typed = withTypeFields(call, errors)
  if (errors.length > 0) return invalid(errors)
  if (index < 0) return notFound()
  const { corpus } = account
  const row = corpus.assetRow(index)
  return json(200, { asset: typed ? { ...row, type_fields: corpus.assets.fieldsOf(index) } : row })
})

/** What hangs below one asset. */
export const ofAsset = (key: string, rows: (account: FreshserviceAccount, index: number) => ReadonlyArray<Row>) =>
  withModule("assets", (account, call, id): Reply => {
    const index = indexOf(account, id)
    return index < 0 ? notFound() : listRows(account, call, key, rows(account, index))
  })

export const relationshipsOf = (account: FreshserviceAccount, index: number): ReadonlyArray<Row> =>
  account.corpus.assets.relationships.filter(
    (row) => row.primary_id === index + 1 || (row.secondary_type === "asset" && row.secondary_id === index + 1)
  )

export const requestsOf = ({ corpus }: FreshserviceAccount, index: number): ReadonlyArray<Row> =>
  corpus.ticketLinks.ofAsset(index).map((ticket) => {
    const { id, serviceRequest } = corpus.facts(ticket)
    const { subject, status } = corpus.listRow(ticket)
    return { request_id: id, request_type: serviceRequest ? "Service Request" : "Incident", subject, status }
  })

export const assignmentsOf = ({ corpus }: FreshserviceAccount, index: number): ReadonlyArray<Row> => {
  const { user_id, assigned_on } = corpus.assets.row(index)
  return user_id === null ? [] : [{ user_id: user_id ?? personNumbers.id(0), assigned_on, returned_on: null }]
}

export const viewTypeFields = withModule("assets", ({ corpus }, _, id) => {
  const index = assetTypeNumbers.index(Number(id))
  return index < 0 || index >= corpus.assets.types.length
    ? notFound()
    : json(200, { asset_type_fields: corpus.assets.typeFields(index) })
})
