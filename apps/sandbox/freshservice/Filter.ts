// GET /tickets/filter: the index-backed search over tickets, 30 rows a page, with a total.
import { normal } from "../corpus/Plan.ts"
import type { Call, Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { type FieldError, invalid, linkNext, paging, rowsPage } from "./Answers.ts"
import { queryPages, queryRows } from "./Lists.ts"
import { parseQuery } from "./Query.ts"

/** The last answer of each account: paging through one query makes every row once. */
const answers = new WeakMap<FreshserviceAccount, { readonly key: string; readonly indexes: ReadonlyArray<number> }>()

export const filterTickets = (account: FreshserviceAccount, call: Call): Reply => {
  const errors: Array<FieldError> = []
  const { page } = paging(new URLSearchParams({ page: call.query.get("page") ?? "1" }), errors)
  const query = call.query.get("query") ?? ""
  const test = parseQuery(query, errors)
  if (test === null || errors.length > 0) return invalid(errors)
  const { corpus } = account
  const key = `${corpus.version()}|${query}`
  let answer = answers.get(account)
  if (answer?.key !== key) {
    const indexes: Array<number> = []
    for (let i = 0; i < corpus.ticketCount(); i++) {
      if (corpus.category(i) === normal && test(corpus.detailRow(i))) indexes.push(i)
    }
    answer = { key, indexes: indexes.reverse() }
    answers.set(account, answer)
  }
  const from = (page - 1) * queryRows
  const rows = page > queryPages ? [] : answer.indexes.slice(from, from + queryRows).map(account.ticketBytes)
  const more = from + queryRows < answer.indexes.length && page < queryPages
  return rowsPage(
    "tickets",
    rows,
    linkNext(account.host, call, { page, perPage: queryRows }, more),
    answer.indexes.length
  )
}
