// How lists of tickets, problems, changes and assets are walked so that nothing is lost while they change. Pure.
// Source: Freshservice API v2, "View list of all tickets": without `updated_since` only tickets of the last 30 days are listed
// (changes too); deleted and spam tickets come through filters of their own; only the primary workspace is listed unasked.
// Depth of paging and the order under change are not documented.
import type { Answer, Call } from "@bridge/http/Call"
import { cutPage } from "@bridge/http/Rows"
import type { Reason } from "@bridge/http/VendorError"
import type { Conditions } from "../Conditions.ts"
import type { Cursor, FurtherLists, NumberedPages, Page, ReadOptions } from "../Connector.ts"
import { rowsOf } from "../Cut.ts"
import type { Row } from "../Row.ts"
import { objectOf, textsOf, timeOf } from "../Values.ts"
import type { ChangingForm } from "./ChangingForm.ts"
import type { Config } from "./Config.ts"
import { nextPage, nothingMore, pageOf, perPage } from "./Lists.ts"
import { homesIn, homesWith, listWorkspaces, othersIn } from "./Workspaces.ts"

/** Everything there is: lifts the 30-day restriction. */
const beginning = "2000-01-01T00:00:00Z"
/** Whether `updated_since` includes its own second is not documented: windows overlap and what was seen is left out. */
const boundaryMillis = 1_000
/** Source: fact of the cursor's grain and clock differences; runs overlap by 5 minutes. */
const overlapMillis = 5 * 60_000
/** Credits of a list with something embedded. Source: Freshservice API v2, "Rate limit" (and "Embedding": 1 and 2 more). */
export const embeddedCost = 3
/** Rows remembered to leave them out; when there are more, some are given again, which harms nothing. */
const remembered = 300

/** After the passes the list of workspaces, since a list shows only the primary one unasked. */
const workspaces = "workspaces"

/**
 * A page is asked for by `updated_since` = the last second of the page before, so that rows that move to the end while we
 * read shift nothing. Page numbers count within one such second only, or throughout when the vendor does not keep the order.
 */
interface Place {
  readonly phase: string
  /** Where the whole read began: later phases begin there too. */
  readonly from: string
  readonly until: string | null
  readonly since: string
  readonly page: number
  /** Pages read in this phase. */
  readonly read: number
  readonly numbered: boolean
  /** The vendor refuses to be asked for an order, and for `updated_since` together with a filter. */
  readonly unordered: boolean
  readonly sinceless: boolean
  /** The vendor refuses what was to be embedded. */
  readonly bare: boolean
  /** Descending: page numbers throughout. */
  readonly newest: boolean
  /** Parameters of the list for what the job asks of the rows; none where the vendor refused them. */
  readonly asked: Readonly<Record<string, string>>
  /** `id@updated_at` of rows that the next window repeats. */
  readonly edge: ReadonlyArray<string>
  /** The same for the newest rows of the whole read, which a later run repeats. */
  readonly tail: ReadonlyArray<string>
  /** Greatest `updated_at` so far. */
  readonly max: string | null
  /** The first row of each first pass: one that is among the deleted ones too shows that the filter was not obeyed. */
  readonly first: ReadonlyArray<string>
  readonly workspace: string | null
  /** Workspaces that rows of the first pass named; null when they name none, as on accounts without workspaces. */
  readonly homes: ReadonlyArray<string> | null
  /** Workspaces still to be read; null before their list was. */
  readonly others: ReadonlyArray<string> | null
}

/** The paging half of a stream whose rows change and may be deleted. */
export const changingList = (form: ChangingForm) => ({
  ...(form.filters !== undefined && { filters: form.filters }),
  start: (config: Config, options: ReadOptions): Cursor => start(form, config, options),
  lists: (config: Config, options: ReadOptions): ReadonlyArray<NumberedPages> =>
    listsOf(form, placeOf(start(form, config, options))),
  further: (config: Config, options: ReadOptions, rows: ReadonlyArray<Row>): FurtherLists | null =>
    further(form, placeOf(start(form, config, options)), rows),
  page: (_config: Config, cursor: Cursor): Call => pageCall(form, placeOf(cursor)),
  read: (_config: Config, cursor: Cursor, answer: Answer): Page => readPage(form, placeOf(cursor), answer),
  without: (cursor: Cursor, reason: Reason): Page | null => without(form, placeOf(cursor), reason),
  plainer: (cursor: Cursor): Cursor | null => plainer(form, placeOf(cursor))
})

const firstPass = ({ passes }: ChangingForm): string => passes[0]?.[0] ?? workspaces
const isFirst = (form: ChangingForm, { phase }: Place): boolean => phase === firstPass(form)

/** The passes over the workspace at hand and over those that follow. */
const listsOf = (form: ChangingForm, place: Place): ReadonlyArray<NumberedPages> =>
  [place.workspace, ...(place.others ?? [])].flatMap((workspace) =>
    form.passes.map(([phase]) => ({
      pageRows: perPage,
      // Rows are counted without what could be embedded.
      at: (page) => cursorOf({ ...atStart(form, { ...place, phase, workspace, bare: true }), numbered: true, page })
    }))
  )

/** The workspaces that none of these rows lies in, where the job names none. */
const further = (form: ChangingForm, place: Place, rows: ReadonlyArray<Row>): FurtherLists | null => {
  const homes = homesIn(rows)
  if (place.others !== null || homes === null) return null
  const lists = ({ next }: Page) =>
    next?.phase === workspaces ? null : next === null ? [] : listsOf(form, placeOf(next))
  return { at: cursorOf({ ...place, phase: workspaces, homes }), lists }
}

const start = (form: ChangingForm, config: Config, options: ReadOptions): Cursor => {
  const since = options.since === undefined ? (config.start_date ?? beginning) : earlier(options.since, overlapMillis)
  const from = timeOf(new Date(since).toISOString()) ?? beginning
  const [workspace, ...others] = options.filters?.workspace_id ?? []
  const newest = form.windowed && options.newestFirst === true
  return cursorOf({
    phase: firstPass(form),
    from,
    until: options.until ?? null,
    since: from,
    page: 1,
    read: 0,
    numbered: !form.windowed || newest,
    unordered: !form.windowed,
    sinceless: !form.windowed,
    bare: false,
    newest,
    asked: askedOf(form, options.filters ?? {}),
    edge: [],
    tail: [],
    max: null,
    first: [],
    workspace: workspace ?? null,
    homes: [],
    others: workspace === undefined ? null : others
  })
}

/** The list takes one value of each; where several will do, all rows come and are looked at. */
const askedOf = ({ filters = [] }: ChangingForm, conditions: Conditions): Readonly<Record<string, string>> =>
  Object.fromEntries(
    filters.flatMap(({ ask, name }) => {
      const [value, ...more] = conditions[name] ?? []
      return ask === undefined || value === undefined || more.length > 0 ? [] : [[ask, value]]
    })
  )

const pageCall = (form: ChangingForm, place: Place): Call => {
  if (place.phase === workspaces) return listWorkspaces(place.page)
  return {
    operation: form.operation,
    method: "GET",
    path: form.path,
    query: {
      ...form.query,
      ...(form.include !== undefined && !place.bare && { include: form.include }),
      ...place.asked,
      ...(!withoutSince(form, place) && { updated_since: place.since }),
      ...(!place.unordered && { order_by: "updated_at", order_type: place.newest ? "desc" : "asc" }),
      per_page: perPage,
      page: place.page,
      ...form.passes.find(([name]) => name === place.phase)?.[1],
      ...(place.workspace !== null && { workspace_id: place.workspace })
    },
    ...(form.budget !== undefined && { budget: form.budget }),
    ...(embeds(form, place) && { cost: embeddedCost }),
    idempotent: true
  }
}

const embeds = (form: ChangingForm, place: Place): boolean =>
  form.query?.include !== undefined || (form.include !== undefined && !place.bare)

/**
 * Whether filters and orders may be combined with `updated_since` is not documented: where one is refused, it is left out.
 * What is embedded is left out first: the place stays. Where that was not it, it is asked for again with the next try.
 */
const plainer = (form: ChangingForm, place: Place): Cursor | null => {
  if (place.phase === workspaces) return null
  if (form.include !== undefined && !place.bare) return cursorOf({ ...place, bare: true })
  const on = { ...place, bare: false, numbered: true, since: place.from, page: 1, read: 0, edge: [] }
  if (Object.keys(place.asked).length > 0) return cursorOf({ ...on, numbered: place.numbered, asked: {} })
  if (!isFirst(form, place) && !place.sinceless) return cursorOf({ ...on, sinceless: true })
  if (!place.unordered) return cursorOf({ ...on, unordered: true })
  if (form.optional && !place.sinceless) return cursorOf({ ...on, sinceless: true })
  // A pass that this module does not know: on with the workspaces.
  if (form.optional && !isFirst(form, place) && place.others === null)
    return cursorOf(atStart(form, { ...place, phase: workspaces }))
  return null
}

const withoutSince = (form: ChangingForm, place: Place): boolean =>
  !form.windowed || (place.sinceless && (form.optional || !isFirst(form, place)))

const readPage = (form: ChangingForm, place: Place, answer: Answer): Page => {
  if (place.phase === workspaces) return readWorkspaces(form, place, answer)
  const cut = cutPage(answer.body, form.key, [...(form.idKeys ?? ["id"]), form.versionKey, "workspace_id"])
  const { rows: given, poison } = rowsOf(cut.rows, form)
  const begins = isFirst(form, place) && place.read === 0 ? given.slice(0, 1) : []
  const first = [...place.first, ...begins.map((row) => row.sourceId)]
  const gone = form.deleted === place.phase && !given.some((row) => first.includes(row.sourceId))
  const rows = gone ? given.map((row) => ({ ...row, op: "delete" as const })) : given
  const times = rows.map((row) => Date.parse(row.version))
  if (
    !place.numbered &&
    place.read > 0 &&
    place.since > place.from &&
    times.some((time) => time < Date.parse(place.since))
  )
    // `updated_since` was not obeyed: this is not the page that was asked for. Page numbers from where we are.
    return { rows: [], next: cursorOf({ ...place, numbered: true, since: place.from, page: place.read + 1 }) }
  const seen = new Set([...place.edge, ...place.tail])
  const until = place.until === null ? Number.POSITIVE_INFINITY : Date.parse(place.until)
  const from = withoutSince(form, place) ? Date.parse(place.from) : Number.NEGATIVE_INFINITY
  const unseen = rows.flatMap((row, i) => (seen.has(mark(row)) ? [] : [{ row, time: times[i] ?? 0 }]))
  const fresh = unseen.flatMap(({ row, time }) => (time > until || time < from ? [] : [row]))
  const outside = unseen.length - fresh.length
  const inOrder = !place.unordered && !place.newest && ascending(times)
  const beyond = inOrder ? unseen.filter(({ time }) => time > until).length : 0
  const max = later(place.max, rows)
  const newest = (max === null ? 0 : Date.parse(max)) - overlapMillis
  const tail = kept(
    place.tail.filter((entry) => timeIn(entry) >= newest),
    rows.filter((_, i) => (times[i] ?? 0) >= newest)
  )
  // A deleted row may be of any workspace.
  const isPrimary = isFirst(form, place) && place.others === null
  const homes = isPrimary ? homesWith(place.homes, cut.rows) : place.homes
  const next = following(
    form,
    { ...place, max, first, tail, homes, read: place.read + 1 },
    rows,
    times,
    nextPage(answer, place.page)
  )
  return {
    rows: fresh,
    poison,
    ...next,
    ...(outside > 0 && { outside }),
    ...(beyond > 0 && { beyond }),
    ...(rows.every((row) => seen.has(mark(row))) && { barren: true })
  }
}

/** The place after a page: on within the phase, or the next phase, or the end with the place of a later run. */
const following = (
  form: ChangingForm,
  place: Place,
  rows: ReadonlyArray<Row>,
  times: ReadonlyArray<number>,
  nextNumber: number | null
): Pick<Page, "next" | "bookmark"> => {
  if (nextNumber !== null) {
    const last = times.at(-1) ?? Number.NaN
    const ordered = ascending(times)
    // In this order nothing that follows was changed before the end that was asked for.
    const past = place.until !== null && (times[0] ?? 0) > Date.parse(place.until)
    if (past && ordered && !place.numbered) return nextPhase(form, place)
    if (place.numbered || !ordered || Number.isNaN(last))
      // Newest first: a ticket that changes meanwhile pushes the last ones of this page onto the next.
      return {
        next: cursorOf({ ...place, numbered: true, page: nextNumber, edge: place.newest ? kept([], rows) : [] })
      }
    const since = isoOf(last - boundaryMillis)
    const near = rows.filter((_, i) => (times[i] ?? 0) >= Date.parse(since))
    if (since <= place.since) return { next: cursorOf({ ...place, page: nextNumber, edge: kept(place.edge, near) }) }
    return { next: cursorOf({ ...place, since, page: 1, edge: kept([], near) }) }
  }
  return nextPhase(form, place)
}

const ascending = (times: ReadonlyArray<number>): boolean =>
  times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0))

/** The first page of a phase. */
const atStart = (form: ChangingForm, place: Place): Place => ({
  ...place,
  page: 1,
  read: 0,
  edge: [],
  since: place.from,
  numbered: place.unordered || place.newest || withoutSince(form, place)
})

/** The next pass, the list of workspaces where there may be others, the next workspace, or the end. */
const nextPhase = (form: ChangingForm, place: Place): Pick<Page, "next" | "bookmark"> => {
  const names = [...form.passes.map(([name]) => name), workspaces]
  const phase = names[names.indexOf(place.phase) + 1]
  if (phase !== undefined && phase !== workspaces) return { next: cursorOf(atStart(form, { ...place, phase })) }
  if (place.others === null && place.homes !== null && phase === workspaces)
    return { next: cursorOf(atStart(form, { ...place, phase })) }
  const [workspace, ...others] = place.others ?? []
  const first = firstPass(form)
  if (workspace !== undefined) return { next: cursorOf(atStart(form, { ...place, phase: first, workspace, others })) }
  if (!form.windowed) return { next: null }
  const from = place.max === null ? place.from : earlier(place.max, overlapMillis)
  const again = {
    ...place,
    phase: first,
    from,
    until: null,
    newest: false,
    workspace: null,
    homes: [],
    others: null,
    first: []
  } as const
  return { next: null, bookmark: cursorOf(atStart(form, again)) }
}

/** A pass or a workspace that may not be seen is told and left out. An optional module that is not there at all has ended. */
const without = (form: ChangingForm, place: Place, reason: Reason): Page | null => {
  if (place.phase === workspaces) return withoutWorkspaces(form, place, reason)
  // Of a list that has begun the rest is missing, not the module.
  if (!form.optional || place.page > 1 || place.read > 0) return null
  if (isFirst(form, place) && place.workspace === null) return nothingMore(form.stream)
  const pass = isFirst(form, place) ? form.stream : `${place.phase} ${form.stream}`
  const absent = place.workspace === null ? pass : `${pass} of workspace ${place.workspace}`
  return { rows: [], ...nextPhase(form, place), absent }
}

/** Those that are known already are read. There may be more, unless nothing has named any and the vendor has no such list. */
const withoutWorkspaces = (form: ChangingForm, place: Place, { _tag }: Reason): Page => {
  const others = place.others ?? []
  const none = place.others === null && place.homes?.length === 0 && _tag === "Gone"
  return {
    rows: [],
    ...nextPhase(form, { ...place, others }),
    ...(!none && { absent: `${form.stream} of other workspaces` })
  }
}

const readWorkspaces = (form: ChangingForm, place: Place, answer: Answer): Page => {
  const others = [...new Set([...(place.others ?? []), ...othersIn(answer, place.homes ?? [])])]
  const page = nextPage(answer, place.page)
  if (page !== null) return { rows: [], next: cursorOf({ ...place, page, others }) }
  return { rows: [], ...nextPhase(form, { ...place, others }) }
}

const kept = (old: ReadonlyArray<string>, rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  [...new Set([...old, ...rows.map(mark)])].slice(-remembered)

const timeIn = (entry: string): number => Date.parse(entry.slice(entry.lastIndexOf("@") + 1))

const mark = (row: Row): string => `${row.sourceId}@${row.version}`

const later = (max: string | null, rows: ReadonlyArray<Row>): string | null =>
  rows.reduce((sum: string | null, row) => {
    const time = timeOf(row.version)
    return time !== null && (sum === null || time > sum) ? time : sum
  }, max)

const earlier = (time: string, millis: number): string => isoOf(Date.parse(time) - millis)

const isoOf = (millis: number): string => `${new Date(Math.floor(millis / 1000) * 1000).toISOString().slice(0, 19)}Z`

const cursorOf = (place: Place): Cursor => ({ ...place })

const placeOf = (cursor: Cursor): Place => {
  const text = (key: string) => (typeof cursor[key] === "string" ? String(cursor[key]) : null)
  const from = text("from") ?? beginning
  return {
    phase: text("phase") ?? "all",
    from,
    until: text("until"),
    since: text("since") ?? from,
    page: pageOf(cursor),
    read: typeof cursor.read === "number" ? cursor.read : 0,
    numbered: cursor.numbered === true,
    unordered: cursor.unordered === true,
    sinceless: cursor.sinceless === true,
    bare: cursor.bare === true,
    newest: cursor.newest === true,
    asked: Object.fromEntries(Object.entries(objectOf(cursor.asked)).map(([name, value]) => [name, String(value)])),
    edge: textsOf(cursor.edge),
    tail: textsOf(cursor.tail),
    max: text("max"),
    first: textsOf(cursor.first),
    workspace: text("workspace"),
    homes: cursor.homes === null ? null : textsOf(cursor.homes),
    others: cursor.others === null || cursor.others === undefined ? null : textsOf(cursor.others)
  }
}
