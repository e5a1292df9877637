// Reads a stream of a connector: pages, read ahead, details and children bounded and in order. For the extractor, the
// auditor's read-back and `bridge connector read`. Pulled by its consumer: what is not asked for is not read.

import { readAhead } from "@bridge/http/ReadAhead"
import type { Reason, VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect, Stream } from "effect"
import { Witnesses } from "./Alone.ts"
import type { AnyConnector, Cursor, Page, Stream as StreamOf } from "./Connector.ts"
import type { Gap, ReadError, ReadSettings, Source } from "./Reading.ts"
import { isGone } from "./Reasons.ts"
import type { Poison, Row } from "./Row.ts"
import { Sightings } from "./Sightings.ts"
import { identity, Trail } from "./Trail.ts"
import { circling, completeRow, type ListedRow, type WholeRow } from "./Whole.ts"

export interface ItemSettings extends ReadSettings {
  /** Most listed rows to read; the page it cuts has no `End`. */
  readonly limit?: number
  /** Rows of the first page that were delivered before, by `identity`. */
  readonly skip?: ReadonlySet<string>
}

/** Pages asked for at one time where nobody says otherwise: 50 a second at 150 ms each, and few enough for any vendor. */
export const pagesInFlight = 8

/** What belongs to one page and may be checkpointed together. */
export interface PageGroup {
  readonly rows: Readonly<Record<string, ReadonlyArray<Row>>>
  readonly poison: ReadonlyArray<Poison>
  readonly gaps: ReadonlyArray<Gap>
  /** Where to go on after this group; null at the end. */
  readonly next: Cursor | null
  /** At the end: where a later run starts to see only what changed; null where it must read all again. */
  readonly bookmark: Cursor | null
  readonly calls: number
  /** Listed rows that were taken, and that were not. */
  readonly taken: number
  readonly leftOut: number
}

/** A part of a page as soon as it is complete; `End` closes the page. */
export type Item = WholeRow | End

interface End {
  readonly _tag: "End"
  readonly next: Cursor | null
  readonly bookmark: Cursor | null
  readonly taken: number
  readonly leftOut: number
}

/** The stream by name, or the parent that brings it. Dies on an unknown name: callers check against `connector.streams`. */
export const streamOf = (connector: AnyConnector, name: string): StreamOf<unknown> => {
  const stream = connector.streams.find((candidate) => candidate.name === name)
  if (stream === undefined) throw new Error(`${connector.vendor} has no stream "${name}"`)
  return stream
}

/** Page by page, each group complete with its details and children. */
export const readStream = (
  source: Source,
  name: string,
  settings: ReadSettings
): Stream.Stream<PageGroup, ReadError, VendorHttp> =>
  readItems(source, name, settings).pipe(
    Stream.mapAccum(nothing, (sum, item) => {
      if (item._tag === "Rows") return [gather(sum, item), []]
      const { _tag, ...end } = item
      return [nothing(), [{ ...sum, ...end }]]
    })
  )

/** The same in smaller parts: row by row where rows are completed by calls of their own. */
export const readItems = (
  source: Source,
  name: string,
  settings: ItemSettings
): Stream.Stream<Item, ReadError, VendorHttp> => Stream.suspend(() => items(source, name, settings))

const items = (source: Source, name: string, settings: ItemSettings): Stream.Stream<Item, ReadError, VendorHttp> => {
  const stream = streamOf(source.connector, name)
  const { choose, limit, skip, wanted } = settings
  const start = settings.cursor ?? stream.start(source.config, settings.options)
  let left = limit ?? Number.POSITIVE_INFINITY
  let first = true
  let over = false
  const sightings = stream.ahead === undefined ? undefined : new Sightings()
  const partsFrom = (from: Cursor): Stream.Stream<Part, VendorError, VendorHttp> => {
    const trail = new Trail()
    let onward: Cursor | null = null
    const parts = pagesOf(source, stream, from, settings).pipe(
      Stream.map(({ calls, gaps, page }): ReadonlyArray<Part> => {
        const unseen = sightings?.fresh(page.rows) ?? page.rows
        const fresh = first && skip !== undefined ? unseen.filter((row) => !skip.has(identity(row))) : unseen
        first = false
        const chosen = choose?.(fresh) ?? { rows: fresh, leftOut: 0, over: false }
        over = chosen.over
        const rows = chosen.rows.slice(0, left)
        left -= rows.length
        const counts = { taken: rows.length, leftOut: chosen.leftOut + (page.outside ?? 0) }
        const head: Part = { _tag: "Rows", rows: {}, poison: page.poison ?? [], gaps, calls }
        const next = page.next === null ? null : stream.page(source.config, page.next)
        const astray = trail.after(page, next)
        if (page.next === null && sightings?.again() === true) onward = stream.start(source.config, settings.options)
        const bookmark = over || onward !== null ? null : (page.bookmark ?? null)
        const end: Part =
          astray === null || over
            ? { _tag: "End", next: over ? null : (page.next ?? onward), bookmark, ...counts }
            : { _tag: "Astray", error: circling(source, next?.operation ?? name, astray) }
        return [head, ...bodyOf(source, stream, rows, wanted), ...(rows.length < chosen.rows.length ? [] : [end])]
      }),
      Stream.takeUntil(() => over || left <= 0),
      Stream.flatMap(Stream.fromIterable)
    )
    const further = Stream.suspend(() => (onward === null || over || left <= 0 ? Stream.empty : partsFrom(onward)))
    return Stream.concat(parts, further)
  }
  const parts = partsFrom(start).pipe(Stream.rechunk(1))
  const witnesses = new Witnesses()
  // In order also in failure: a row that fails must not swallow those before it.
  return parts.pipe(
    Stream.mapEffect((part) => Effect.exit(complete(source, stream, part, settings, witnesses)), {
      concurrency: settings.maxInFlight ?? 8
    }),
    Stream.mapEffect((exit) => exit)
  )
}

const complete = (
  source: Source,
  stream: StreamOf<unknown>,
  part: Part,
  settings: ReadSettings,
  witnesses: Witnesses
): Effect.Effect<Item, ReadError, VendorHttp> => {
  if (part._tag === "Astray") return Effect.fail(part.error)
  return part._tag === "Row" ? completeRow(source, stream, part, settings, witnesses) : Effect.succeed(part)
}

/** The rows of a page as one part where nothing is to be added to them, else one part each. */
const bodyOf = (
  source: Source,
  stream: StreamOf<unknown>,
  rows: ReadonlyArray<Row>,
  wanted: ReadonlySet<string>
): ReadonlyArray<Part> => {
  const parts =
    stream.expand === undefined
      ? []
      : rows.map((row): Extract<Part, { _tag: "Row" }> => {
          const expansion = stream.expand?.(source.config, row, wanted) ?? { children: [] }
          return { _tag: "Row", row, expansion }
        })
  if (parts.some(({ expansion }) => expansion.detail !== undefined || expansion.children.length > 0)) return parts
  return [{ _tag: "Rows", rows: wanted.has(stream.name) ? { [stream.name]: rows } : {}, poison: [], calls: 0 }]
}

/** What a page falls into: a row that is still to be completed, an item that is ready, or a way that ends here. */
type Part = Item | ({ readonly _tag: "Row" } & ListedRow) | { readonly _tag: "Astray"; readonly error: VendorError }

type Gathered = {
  rows: Record<string, ReadonlyArray<Row>>
  poison: ReadonlyArray<Poison>
  gaps: ReadonlyArray<Gap>
  calls: number
}

const nothing = (): Gathered => ({ rows: {}, poison: [], gaps: [], calls: 0 })

const gather = (sum: Gathered, item: Extract<Item, { _tag: "Rows" }>): Gathered => {
  const rows = sum.rows
  for (const [name, more] of Object.entries(item.rows)) {
    const known = rows[name]
    rows[name] = known === undefined ? more : more.length === 0 ? known : appended(known, more)
  }
  return {
    rows,
    poison: item.poison.length === 0 ? sum.poison : [...sum.poison, ...item.poison],
    gaps: item.gaps === undefined || item.gaps.length === 0 ? sum.gaps : [...sum.gaps, ...item.gaps],
    calls: sum.calls + item.calls
  }
}

const appended = (known: ReadonlyArray<Row>, more: ReadonlyArray<Row>): ReadonlyArray<Row> => known.concat(more)

interface Fetched {
  readonly page: Page
  readonly gaps: ReadonlyArray<Gap>
  readonly calls: number
}

const pagesOf = (source: Source, stream: StreamOf<unknown>, start: Cursor, settings: ReadSettings) =>
  readAhead<Cursor, Fetched, VendorError, VendorHttp>(
    {
      fetch: (cursor) => fetchPage(source, stream, cursor, settings),
      next: ({ page }) => page.next,
      guess: (cursor) => stream.ahead?.(cursor) ?? null,
      same: (a, b) => JSON.stringify(a) === JSON.stringify(b)
    },
    start,
    settings.readAhead ?? pagesInFlight
  )

/** One page; a vendor that gives up on a large one is asked for a smaller one. */
const fetchPage = (
  source: Source,
  stream: StreamOf<unknown>,
  cursor: Cursor,
  settings: ReadSettings
): Effect.Effect<Fetched, VendorError, VendorHttp> => {
  const smaller = stream.smaller?.(cursor) ?? null
  const read = VendorHttp.use((http) =>
    http.read(source, stream.page(source.config, cursor), (answer) => stream.read(source.config, cursor, answer), {
      mode: settings.mode ?? "bulk",
      ...(smaller !== null && { giveUp: tooSlow })
    })
  )
  const fetched = Effect.map(read, (page): Fetched => ({ page, gaps: [], calls: 1 }))
  const asked = Effect.catchIf(
    fetched,
    ({ reason }) => isGone(reason),
    (error): Effect.Effect<Fetched, VendorError> => {
      const without = stream.without?.(cursor, error.reason) ?? null
      if (without === null) return Effect.fail(error)
      const message = `${without.absent ?? "what it asked for"}: ${error.message}`
      const gone: Fetched = { page: without, gaps: [{ stream: stream.name, message }], calls: 1 }
      // A gap is told by who reads.
      if (without.absent !== undefined) return Effect.succeed(gone)
      return Effect.as(Effect.logInfo(`${stream.name} goes on without ${message}`), { ...gone, gaps: [] })
    }
  )
  const plainer = stream.plainer?.(cursor) ?? null
  const once =
    plainer === null
      ? asked
      : Effect.catchIf(
          asked,
          ({ reason }) => reason._tag === "Refused" && reason.status === 400,
          () => fetchPage(source, stream, plainer, settings)
        )
  if (smaller === null) return once
  return Effect.catchIf(
    once,
    (error) => tooSlow(error.reason),
    () => fetchPage(source, stream, smaller, settings)
  )
}

const tooSlow = (reason: Reason): boolean => reason._tag === "Unavailable" && reason.status === 504
