// Requesters, agents, groups, departments and the small lists: whole rows in the list, the same row as a detail.
import type { Row } from "../corpus/People.ts"
import { type Call, json, type Reply } from "../Reply.ts"
import type { FreshserviceAccount } from "./Account.ts"
import { badValue, type FieldError, invalid, linkNext, notFound, paging, rowBytes, rowsPage } from "./Answers.ts"
import { parseQuery, type RowTest } from "./Query.ts"

/** Query endpoints give 30 rows a page, whatever was asked, and end after 40 pages. */
export const queryRows = 30
export const queryPages = 40

export const listRequesters = (account: FreshserviceAccount, call: Call): Reply => {
  const { plan } = account.corpus
  const withAgents = call.query.get("include_agents") === "true"
  return people(account, call, "requesters", withAgents ? 0 : plan.agents, plan.people, "primary_email")
}

export const listAgents = (account: FreshserviceAccount, call: Call): Reply =>
  people(account, call, "agents", 0, account.corpus.plan.agents, "email")

export const viewRequester = (account: FreshserviceAccount, id: string): Reply => {
  const index = account.corpus.personIndex(Number(id))
  return index < account.corpus.plan.agents ? notFound() : json(200, { requester: account.corpus.personRow(index) })
}

export const viewAgent = (account: FreshserviceAccount, id: string): Reply => {
  const index = account.corpus.personIndex(Number(id))
  return index < 0 || index >= account.corpus.plan.agents
    ? notFound()
    : json(200, { agent: account.corpus.personRow(index) })
}

const people = (
  account: FreshserviceAccount,
  call: Call,
  key: string,
  from: number,
  to: number,
  emailKey: string
): Reply => {
  const { corpus } = account
  const { query } = call
  const filtered = ["query", "email", "active", "state"].some((name) => query.has(name))
  if (!filtered) return page(account, call, key, to - from, (position) => corpus.personRow(from + position))
  const errors: Array<FieldError> = []
  const test = query.has("query") ? parseQuery(query.get("query") as string, errors) : null
  const state = query.get("state")
  if (state !== null && state !== "fulltime" && state !== "occasional") {
    errors.push(badValue("state", "It should be one of these values: 'fulltime,occasional'"))
  }
  if (errors.length > 0) return invalid(errors)
  const email = query.get("email")
  const candidates =
    email === null ? range(from, to) : account.byEmail(email).filter((index) => index >= from && index < to)
  const active = query.get("active")
  const rows = candidates
    .map((index) => corpus.personRow(index))
    .filter((row) => active === null || String(row.active) === active)
    .filter((row) => state === null || row.occasional === (state === "occasional"))
    .filter((row) => test === null || test(emailKey === "primary_email" ? row : { ...row, primary_email: row.email }))
  return page(account, call, key, rows.length, (position) => rows[position] as Row, test !== null)
}

const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k)

const kept = new WeakMap<FreshserviceAccount, Map<string, ReadonlyArray<number>>>()
const keptLists = 16

/** The places a list shows, chosen once per question: paging through it makes no row twice. */
export const chosenOnce = (
  account: FreshserviceAccount,
  question: string,
  choose: () => ReadonlyArray<number>
): ReadonlyArray<number> => {
  const lists = kept.get(account) ?? new Map<string, ReadonlyArray<number>>()
  kept.set(account, lists)
  const known = lists.get(question)
  if (known !== undefined) return known
  const chosen = choose()
  if (lists.size >= keptLists) lists.delete(lists.keys().next().value as string)
  lists.set(question, chosen)
  return chosen
}

type Shown<A> = {
  readonly row: (value: A) => Row
  /** Already narrowed: 30 rows a page. */
  readonly searched: boolean
}

/** A list that is an array, optionally narrowed by `query=`. */
export const listRows = <A = Row>(
  account: FreshserviceAccount,
  call: Call,
  key: string,
  all: ReadonlyArray<A>,
  shown?: Shown<A>
): Reply => {
  const row = shown?.row ?? ((value: A): Row => value as Row)
  const whole = (values: ReadonlyArray<A>, searched: boolean): Reply =>
    page(account, call, key, values.length, (position) => row(values[position] as A), searched)
  if (shown !== undefined || !call.query.has("query")) return whole(all, shown?.searched ?? false)
  const errors: Array<FieldError> = []
  const test: RowTest | null = parseQuery(call.query.get("query") as string, errors)
  if (test === null) return invalid(errors)
  return whole(
    all.filter((value) => test(row(value))),
    true
  )
}

export const viewRow = (key: string, all: ReadonlyArray<Row>, id: string): Reply => {
  const row = all.find((candidate) => String(candidate.id) === id)
  return row === undefined ? notFound() : json(200, { [key]: row })
}

const page = (
  account: FreshserviceAccount,
  call: Call,
  key: string,
  count: number,
  row: (position: number) => Row,
  searched = false
): Reply => {
  const errors: Array<FieldError> = []
  const read = paging(call.query, errors)
  if (errors.length > 0) return invalid(errors)
  const paged = searched ? { page: read.page, perPage: queryRows } : read
  const from = (paged.page - 1) * paged.perPage
  const rows: Array<Buffer> = []
  for (let k = from; k < Math.min(count, from + paged.perPage); k++) rows.push(rowBytes(row(k)))
  const more = from + paged.perPage < count && !(searched && paged.page >= queryPages)
  return rowsPage(key, rows, linkNext(account.host, call, paged, more))
}
