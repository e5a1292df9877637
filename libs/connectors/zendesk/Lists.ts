// Zendesk's two ways to read many rows: incremental exports by cursor, and lists by cursor. Source: Zendesk API, "Incremental
// exports" and "Pagination".
import { type Answer, type Call, Malformed, parseJson } from "@bridge/http/Call"
import { cutPage, type Scalars, scalarText } from "@bridge/http/Rows"
import type { Cursor, Page, ReadOptions } from "../Connector.ts"
import { type RowForm, rowsOf } from "../Cut.ts"
import type { Row } from "../Row.ts"
import { objectOf, textOf, textsOf } from "../Values.ts"
import { budgetOf } from "./Answers.ts"
import type { Config } from "./Config.ts"

export interface ListForm extends RowForm {
  readonly operation: string
  readonly path: string
  /** Key of the array in the body. */
  readonly key: string
}

const listSize = 100
const exportSize = 1000
/** A heavy account answers 504 to a full export page: halved down to this. */
const smallestExport = 60
/** `start_time` must be a minute old, five on older accounts. Starting earlier only repeats rows. */
const startLagSeconds = 310
const remembered = 300

/**
 * An export: rows in the order of their change, deleted ones included, some of them twice. Its last page may be empty and have
 * only null cursors: the last one that was not null is where a later run goes on. `otherwise`: the list to read where the export is
 * refused, which is for administrators only; it has no deleted rows.
 */
export const exportList = (form: ListForm & { readonly otherwise?: string }) => ({
  start: (config: Config, options: ReadOptions): Cursor => {
    const since = options.since ?? config.start_date
    const latest = Math.floor(Date.parse(options.now) / 1000) - startLagSeconds
    const from = since === undefined ? 0 : Math.max(0, Math.floor(Date.parse(since) / 1000))
    return { start_time: Math.min(from, Math.max(0, latest)), per_page: exportSize }
  },
  page: (_config: Config, cursor: Cursor): Call =>
    isListed(cursor)
      ? listCall({ operation: `${form.operation}List`, path: form.otherwise ?? form.path }, cursor)
      : {
          operation: form.operation,
          method: "GET",
          path: form.path,
          query: {
            ...(typeof cursor.cursor === "string"
              ? { cursor: cursor.cursor }
              : { start_time: Number(cursor.start_time ?? 0) }),
            per_page: sizeOf(cursor)
          },
          budget: budgetOf.incremental,
          idempotent: true
        },
  without: (cursor: Cursor): Page | null =>
    form.otherwise === undefined || isListed(cursor) ? null : { rows: [], next: { listed: true } },
  smaller: (cursor: Cursor): Cursor | null =>
    isListed(cursor) || sizeOf(cursor) <= smallestExport
      ? null
      : { ...cursor, per_page: Math.max(smallestExport, Math.floor(sizeOf(cursor) / 2)) },
  read: (_config: Config, cursor: Cursor, answer: Answer): Page => {
    const cut = cutPage(answer.body, form.key, ["id", form.versionKey])
    const { rows, poison } = rowsOf(cut.rows, form)
    if (isListed(cursor)) {
      const next = nextOf(cut.envelope)
      return { rows, poison, next: next === null ? null : { ...next, listed: true } }
    }
    const after = scalarText(cut.envelope.after_cursor)
    const asked = textOf(cursor.cursor)
    if (cut.envelope.end_of_stream === "false" && after === null && cut.rows.length > 0)
      throw new Malformed("the stream goes on, and there is no cursor to it")
    const ended = cut.envelope.end_of_stream === "true" || after === null || (after === asked && rows.length === 0)
    const fresh = unseen(rows, textsOf(cursor.seen))
    const place = after ?? asked
    const next: Cursor = {
      ...(place === null ? { start_time: cursor.start_time ?? 0 } : { cursor: place }),
      // A heavy account stays heavy: a size that was answered is kept to the end.
      per_page: ended ? exportSize : sizeOf(cursor),
      seen: lastMarks(rows)
    }
    const page = { rows: fresh, poison, ...(fresh.length === 0 && { barren: true }) }
    return ended
      ? { ...page, next: null, bookmark: rows.length === 0 ? { ...next, seen: cursor.seen ?? [] } : next }
      : { ...page, next }
  }
})

const isListed = (cursor: Cursor): boolean => cursor.listed === true

const sizeOf = (cursor: Cursor): number => (typeof cursor.per_page === "number" ? cursor.per_page : exportSize)

const mark = (row: Row): string => `${row.sourceId}@${row.version}`

/** Each row once, without those that were there before. */
const unseen = (rows: ReadonlyArray<Row>, before: ReadonlyArray<string>): ReadonlyArray<Row> => {
  const seen = new Set(before)
  return rows.filter((row) => seen.size < seen.add(mark(row)).size)
}

/** Rows of the last instant of a page: those that the next page may repeat. */
const lastMarks = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const last = rows.at(-1)?.version
  return rows
    .filter((row) => row.version === last)
    .map(mark)
    .slice(-remembered)
}

/** A list by cursor: `meta.has_more` ends it, never `links.next`, which stays filled. An offset answer is followed as well. */
export const cursorList = (form: ListForm) => ({
  start: (): Cursor => ({}),
  page: (_config: unknown, cursor: Cursor): Call => listCall(form, cursor),
  read: (_config: unknown, _cursor: Cursor, answer: Answer): Page => {
    const cut = cutPage(answer.body, form.key, ["id", form.versionKey])
    const barren = cut.rows.length === 0
    return { ...rowsOf(cut.rows, form), next: nextOf(cut.envelope), ...(barren && { barren }) }
  }
})

export const listCall = (form: Pick<ListForm, "operation" | "path">, cursor: Cursor): Call => {
  const base = { operation: form.operation, method: "GET", idempotent: true } as const
  if (typeof cursor.url === "string") return { ...base, path: cursor.url }
  const after = textOf(cursor.after)
  return {
    ...base,
    path: form.path,
    query: { "page[size]": listSize, ...(after !== null && { "page[after]": after }) }
  }
}

/** Promise 2: rows that are said to be there and cannot be asked for are a failure, never the end. */
export const nextOf = (envelope: Scalars): Cursor | null => {
  if (envelope.meta !== undefined) {
    const meta = objectOf(parseJson(envelope.meta))
    const after = textOf(meta.after_cursor)
    if (meta.has_more !== true) return null
    if (after === null) throw new Malformed("there is more, and no cursor to it")
    return { after }
  }
  const url = scalarText(envelope.next_page)
  return url === null ? null : { url }
}
