// Lists of what a workspace has of its own beside what all have: groups, definitions of fields. As they are, then of each further
// workspace; what comes again is left out. Pure. For streams.
// Source: Freshservice API v2: fields of ticket forms take `workspace_id`. Whether other lists do is not documented.
import type { Answer, Call } from "@bridge/http/Call"
import { type CutRow, cutPage } from "@bridge/http/Rows"
import type { Reason } from "@bridge/http/VendorError"
import type { Cursor, Page } from "../Connector.ts"
import { rowsOf } from "../Cut.ts"
import { textsOf } from "../Values.ts"
import { type ListForm, nextPage, nothingMore, numberedList, pageOf } from "./Lists.ts"
import { homesWith, listWorkspaces, othersIn } from "./Workspaces.ts"

/** `again`: the list as it is once more, where the vendor does not take the question for a workspace. Nothing follows it. */
const phases = ["all", "workspaces", "one", "again"] as const

interface Place {
  readonly phase: (typeof phases)[number]
  readonly page: number
  readonly workspace: string | null
  readonly others: ReadonlyArray<string>
  /** Workspaces that rows named; null when they name none. */
  readonly homes: ReadonlyArray<string> | null
  /** Ids of the rows so far: accounts have few of these. */
  readonly seen: ReadonlyArray<string>
}

export interface ScopedForm extends ListForm {
  /** The key of the list where it is not the same in all accounts. */
  readonly keyIn?: (answer: Answer) => string
  /** False: all workspaces have the same. */
  readonly scoped: boolean
}

/** The paging half of such a stream. */
export const scopedList = (form: ScopedForm) => {
  const list = numberedList(form)
  return {
    start: list.start,
    lists: list.lists,
    page: (config: unknown, cursor: Cursor): Call => {
      const { page, phase, workspace } = placeOf(cursor)
      if (phase === "workspaces") return listWorkspaces(page)
      const call = list.page(config, { page })
      return workspace === null ? call : { ...call, query: { ...call.query, workspace_id: workspace } }
    },
    read: (_config: unknown, cursor: Cursor, answer: Answer): Page => readPage(form, placeOf(cursor), answer),
    without: (cursor: Cursor, reason: Reason): Page | null => without(form, placeOf(cursor), reason),
    plainer: (cursor: Cursor): Cursor | null => {
      const place = placeOf(cursor)
      if (place.phase !== "workspaces" && place.phase !== "one") return null
      return cursorOf({ ...place, phase: "again", page: 1, workspace: null, others: [] })
    }
  }
}

const readPage = (form: ScopedForm, place: Place, answer: Answer): Page => {
  const page = nextPage(answer, place.page)
  if (place.phase === "workspaces") {
    const others = [...new Set([...place.others, ...othersIn(answer, place.homes ?? [])])]
    return {
      rows: [],
      next: page === null ? following(form, { ...place, others }) : cursorOf({ ...place, others, page })
    }
  }
  const keys = [...(form.idKeys ?? ["id"]), form.versionKey, "workspace_id"]
  const cut: ReadonlyArray<CutRow> = cutPage(answer.body, form.keyIn?.(answer) ?? form.key, keys).rows
  const { poison, rows: given } = rowsOf(cut, form)
  const known = new Set(place.seen)
  const isFirst = place.phase === "all"
  const rows = isFirst ? given : given.filter(({ sourceId }) => !known.has(sourceId))
  const seen = [...new Set([...place.seen, ...given.map(({ sourceId }) => sourceId)])]
  const here = { ...place, seen, homes: isFirst ? homesWith(place.homes, cut) : place.homes }
  return {
    rows,
    poison,
    next: page === null ? following(form, here) : cursorOf({ ...here, page }),
    // The first page of a workspace may well hold nothing of its own.
    ...(rows.length === 0 && (isFirst || place.page > 1) && { barren: true })
  }
}

const following = ({ scoped }: ScopedForm, place: Place): Cursor | null => {
  if (!scoped || place.phase === "again") return null
  // Rows need not name their workspace.
  if (place.phase === "all") return cursorOf({ ...place, phase: "workspaces", page: 1 })
  const [workspace, ...others] = place.others
  return workspace === undefined ? null : cursorOf({ ...place, phase: "one", page: 1, workspace, others })
}

const without = (form: ScopedForm, place: Place, { _tag }: Reason): Page | null => {
  const { homes, others, page, phase, workspace } = place
  if (phase === "workspaces") {
    const none = others.length === 0 && (homes === null || (homes.length === 0 && _tag === "Gone"))
    return { rows: [], next: following(form, place), ...(!none && { absent: `${form.stream} of other workspaces` }) }
  }
  // Of a list that has begun the rest is missing, not the module.
  if (page > 1) return null
  if (workspace !== null)
    return { rows: [], next: following(form, place), absent: `${form.stream} of workspace ${workspace}` }
  return form.optional === true || (form.optional === "plan" && _tag === "Gone") ? nothingMore(form.stream) : null
}

const cursorOf = (place: Place): Cursor => ({ ...place })

const placeOf = (cursor: Cursor): Place => ({
  phase: phases.find((phase) => phase === cursor.phase) ?? "all",
  page: pageOf(cursor),
  workspace: typeof cursor.workspace === "string" ? cursor.workspace : null,
  others: textsOf(cursor.others),
  homes: cursor.homes === null ? null : textsOf(cursor.homes),
  seen: textsOf(cursor.seen)
})
