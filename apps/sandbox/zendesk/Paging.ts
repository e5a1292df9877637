// Both ways of paging through a list of ids: offset (the default) and cursor (`page[size]`), with their quirks.
import type { Call, Reply } from "../Reply.ts"
import { jsonText } from "../Reply.ts"
import { firstAtLeast } from "./Account.ts"
import { paginationDepth, paginationParameter } from "./Errors.ts"

export type Listing = {
  readonly key: string
  readonly host: string
  /** Path without `/api/v2/` and suffix, for links. */
  readonly path: string
  /** Ascending unless `rank` is given. */
  readonly ids: ReadonlyArray<number>
  /** A row as text, or null for one that is not shown after all. */
  readonly row: (id: number) => string | null
  /** Position of an id in a list that is in another order. */
  readonly rank?: (id: number) => number
  /** Further top-level keys as text, such as side-loads: `,"users":[...]`. */
  readonly beside?: (ids: ReadonlyArray<number>) => string
}

export const list = (call: Call, listing: Listing): Reply =>
  call.query.has("page[size]") || call.query.has("page[after]") || call.query.has("page[before]")
    ? cursorPage(call, listing)
    : offsetPage(call, listing)

/** A list that knows cursors only, asked for or not. */
export const cursorList = (call: Call, listing: Listing): Reply => cursorPage(call, listing)

const deepest = 10_000
const offsetMaximum = 100

const offsetPage = (call: Call, listing: Listing): Reply => {
  const page = Number(call.query.get("page") ?? 1)
  const perPage = Math.min(offsetMaximum, Number(call.query.get("per_page") ?? offsetMaximum))
  if (!Number.isInteger(page) || page < 1) return paginationParameter("page must be a positive integer")
  if (!Number.isInteger(perPage) || perPage < 1) return paginationParameter("per_page must be a positive integer")
  if (page * perPage > deepest) return paginationDepth()
  const from = (page - 1) * perPage
  const ids = listing.ids.slice(from, from + perPage)
  const link = (other: number): string => {
    const query = new URLSearchParams(call.query)
    query.set("page", String(other))
    return `https://${listing.host}/api/v2/${listing.path}.json?${query}`
  }
  const tail = {
    next_page: from + perPage < listing.ids.length ? link(page + 1) : null,
    previous_page: page > 1 ? link(page - 1) : null,
    count: listing.ids.length
  }
  return rows(listing, ids, JSON.stringify(tail).slice(1, -1))
}

const encode = (id: number): string =>
  Buffer.from(JSON.stringify({ o: "nice_id", v: Buffer.from(String(id)).toString("base64") })).toString("base64")

const decode = (cursor: string): number | null => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64").toString("utf8"))
    const value = typeof parsed === "object" && parsed !== null && "v" in parsed ? parsed.v : null
    const id = typeof value === "string" ? Number(Buffer.from(value, "base64").toString("utf8")) : Number.NaN
    return Number.isInteger(id) ? id : null
  } catch {
    return null
  }
}

const cursorPage = (call: Call, listing: Listing): Reply => {
  const size = Number(call.query.get("page[size]") ?? 100)
  if (!Number.isInteger(size) || size < 1 || size > 100)
    return paginationParameter("page[size] must be between 1 and 100")
  const after = call.query.get("page[after]")
  const before = call.query.get("page[before]")
  const cursor = after ?? before
  const at = cursor === null ? null : decode(cursor)
  if (cursor !== null && at === null) return paginationParameter("page[after] or page[before] is not a valid cursor")
  const position = at === null ? -1 : (listing.rank?.(at) ?? firstAtLeast(listing.ids, at))
  // A row that has gone leaves its place to the next one.
  const gone = at !== null && listing.ids[position] !== at
  const from =
    at === null ? 0 : before !== null && after === null ? Math.max(0, position - size) : position + (gone ? 0 : 1)
  const to = before !== null && after === null && at !== null ? position : from + size
  const ids = listing.ids.slice(from, to)
  const first = ids[0]
  const last = ids.at(-1)
  const afterCursor = last === undefined ? null : encode(last)
  const beforeCursor = first === undefined ? null : encode(first)
  const link = (name: "after" | "before", value: string | null): string | null => {
    if (value === null) return null
    const query = new URLSearchParams(call.query)
    query.delete("page[after]")
    query.delete("page[before]")
    query.set(`page[${name}]`, value)
    query.set("page[size]", String(size))
    return `https://${listing.host}/api/v2/${listing.path}.json?${query}`
  }
  // `next` is filled on the last page too; only `has_more` tells the end.
  const tail = {
    meta: { has_more: to < listing.ids.length, after_cursor: afterCursor, before_cursor: beforeCursor },
    links: { prev: link("before", beforeCursor), next: link("after", afterCursor) }
  }
  return rows(listing, ids, JSON.stringify(tail).slice(1, -1))
}

const rows = (listing: Listing, ids: ReadonlyArray<number>, tail: string): Reply => {
  const shown: Array<string> = []
  for (const id of ids) {
    const row = listing.row(id)
    if (row !== null) shown.push(row)
  }
  return jsonText(200, `{"${listing.key}":[${shown.join(",")}]${listing.beside?.(ids) ?? ""},${tail}}`)
}

/** Ids of a list that is kept in another order than theirs. */
export const ranked = (ids: ReadonlyArray<number>): ((id: number) => number) => {
  const positions = new Map(ids.map((id, position) => [id, position]))
  return (id) => positions.get(id) ?? ids.length
}
