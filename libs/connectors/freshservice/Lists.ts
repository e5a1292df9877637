// Freshservice's numbered lists: pages of 100, the next one named by the `Link` header. Source: Freshservice API v2, "Pagination".
import type { Answer, Call } from "@bridge/http/Call"
import { cutPage } from "@bridge/http/Rows"
import type { Reason } from "@bridge/http/VendorError"
import type { Cursor, Page } from "../Connector.ts"
import { type RowForm, rowsOf } from "../Cut.ts"
import type { Child } from "../Row.ts"

export const perPage = 100

/** Number of the page that `Link: <...?page=3>; rel="next"` names; the one after `page` when it names none, null without a next. */
export const nextPage = (answer: Answer, page: number): number | null => {
  const next = linkNext(answer.headers.link)
  if (next === null) return null
  const named = Number(
    URL.canParse(next, "https://x") ? new URL(next, "https://x").searchParams.get("page") : Number.NaN
  )
  return Number.isInteger(named) && named > page ? named : page + 1
}

const linkNext = (header: string | undefined): string | null => {
  for (const part of header?.split(/,(?=\s*<)/) ?? []) {
    const match = /<([^>]*)>\s*;(.*)/.exec(part)
    if (match !== null && /\brel\s*=\s*"?next"?/i.test(match[2] ?? "")) return match[1] ?? null
  }
  return null
}

export const pageOf = (cursor: Cursor): number => {
  const page = cursor.page
  return typeof page === "number" && Number.isInteger(page) && page > 0 ? page : 1
}

export interface ListForm extends RowForm {
  readonly operation: string
  readonly path: string
  /** Key of the array in the body. */
  readonly key: string
  readonly budget?: string
  /** A module that a plan or role may lack: it has no rows then. `plan`: a role that may not see it is a failure all the same. */
  readonly optional?: boolean | "plan"
}

/** The paging half of a stream that is one plain list. */
export const numberedList = (form: ListForm) => ({
  start: (): Cursor => ({ page: 1 }),
  lists: () => [{ pageRows: perPage, at: (page: number): Cursor => ({ page }) }],
  page: (_config: unknown, cursor: Cursor): Call => ({
    operation: form.operation,
    method: "GET",
    path: form.path,
    query: { per_page: perPage, page: pageOf(cursor) },
    ...(form.budget !== undefined && { budget: form.budget }),
    idempotent: true
  }),
  ahead: (cursor: Cursor): Cursor => ({ page: pageOf(cursor) + 1 }),
  read: (_config: unknown, cursor: Cursor, answer: Answer): Page => {
    const cut = cutPage(answer.body, form.key, [...(form.idKeys ?? ["id"]), form.versionKey])
    const next = nextPage(answer, pageOf(cursor))
    return {
      ...rowsOf(cut.rows, form),
      next: next === null ? null : { page: next },
      ...(cut.rows.length === 0 && { barren: true })
    }
  },
  ...(form.optional !== undefined && {
    // Of a list that has begun the rest is missing, not the module.
    without: (cursor: Cursor, { _tag }: Reason) =>
      pageOf(cursor) === 1 && (form.optional === true || _tag === "Gone") ? nothingMore(form.stream) : null
  })
})

/** Instead of a page of a module that is not there. */
export const nothingMore = (absent: string): Page => ({ rows: [], next: null, absent })

/** A list of a parent's own from its first page: conversations of a ticket, notes of a problem. */
export const childList = (form: ListForm & { readonly parentId: string }, page = 1): Child => ({
  stream: form.stream,
  call: {
    operation: form.operation,
    method: "GET",
    path: form.path,
    query: { per_page: perPage, page },
    ...(form.budget !== undefined && { budget: form.budget }),
    idempotent: true
  },
  read: (answer) => {
    const cut = cutPage(answer.body, form.key, [...(form.idKeys ?? ["id"]), form.versionKey])
    const next = nextPage(answer, page)
    return { ...rowsOf(cut.rows, form), next: next === null ? null : childList(form, next) }
  }
})
