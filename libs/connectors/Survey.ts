// How much there is of a stream and what reading it costs, from a few calls: lists that are numbered are counted by looking at
// pages far apart, and what rows cost by what is asked for each of those seen. For the extractor and estimates.
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect } from "effect"
import type { AnyConnector, Call, Cursor, NumberedPages, Page, ReadOptions, Stream } from "./Connector.ts"
import { streamOf } from "./Engine.ts"
import type { ReadSettings, Source } from "./Reading.ts"
import { isGone } from "./Reasons.ts"
import type { Row } from "./Row.ts"
import { type Looked, nextPage, type Part, partsOf, wantedIn } from "./Shares.ts"
import { completeRow } from "./Whole.ts"

/** Units of the vendor's limits, by budget. */
export type Credits = Readonly<Record<string, number>>

export interface Survey {
  /** Rows of the lists up to the time asked for, wanted or not; null where they cannot be counted with a few calls. */
  readonly rows: number | null
  /** Part of them that the job asks for. */
  readonly share: number
  /** The same by the parts of the lists in their order; absent where all is asked for. */
  readonly parts?: ReadonlyArray<Part>
  /** Lists that were counted; one where absent. */
  readonly lists?: number
  /** Rows on a page, and what a page costs. */
  readonly pageRows: number
  readonly page: Credits
  /** Calls and credits for each row that is taken, beside its page. */
  readonly rowCalls: number
  readonly row: Credits
  /** Records of other entities that came with each of a few rows; absent where none were read whole. */
  readonly children?: Readonly<Record<string, number>>
  /** Calls the survey has made. */
  readonly calls: number
}

export interface Asked {
  readonly options: ReadOptions
  readonly wanted: ReadonlySet<string>
  /** Null: every row is asked for. */
  readonly admits: ((row: Row) => boolean) | null
  /** Rows that are read whole, to see what comes with them; none where the stream is read anyway. */
  readonly whole?: number
}

/** Most calls on one list: enough for some million pages. */
const mostCalls = 48
/** Most pages of one list that are looked at after it was counted, to see which of its rows are asked for. */
const mostSamples = 12
/** Most lists of a stream: each takes a call or more. */
const mostLists = 60

interface Seen {
  readonly rows: Array<Row>
  /** Those of all rows that are asked for. */
  readonly taken: Array<Row>
  readonly admits: Asked["admits"]
  calls: number
}

/** Never more than `mostCalls` and `mostSamples` for each list of the stream. */
export const survey = (source: Source, name: string, asked: Asked): Effect.Effect<Survey, VendorError, VendorHttp> =>
  Effect.gen(function* () {
    const stream = streamOf(source.connector, name)
    const seen: Seen = { rows: [], taken: [], admits: asked.admits, calls: 0 }
    const lists = stream.lists?.(source.config, asked.options)
    const first = stream.start(source.config, asked.options)
    const {
      rows,
      parts,
      lists: counted
    } = yield* lists === undefined
      ? counting(source, stream, first, seen)
      : countLists(source, stream, lists, asked.options, seen)
    const some = spread(seen.taken, asked.whole ?? 0)
    const children = some.length === 0 ? {} : { children: yield* comingWith(source, stream, asked.wanted, some, seen) }
    return {
      rows,
      share: asked.admits === null || rows === null || rows === 0 ? shareOf(seen) : wantedIn(parts) / rows,
      ...(asked.admits !== null && rows !== null && { parts }),
      lists: counted,
      pageRows: lists?.[0]?.pageRows ?? 100,
      page: creditsOf(source.connector, [stream.page(source.config, first)], 1),
      ...children,
      ...costOf(source, stream, asked.wanted, seen.taken.length > 0 ? seen.taken : seen.rows),
      calls: seen.calls
    }
  })

const shareOf = ({ rows, taken }: Seen): number => (rows.length === 0 ? 1 : taken.length / rows.length)

interface Counted {
  readonly rows: number | null
  readonly parts: ReadonlyArray<Part>
  readonly lists: number
}

/** A list without numbers is known where it is one page. */
const counting = (source: Source, stream: Stream<unknown>, first: Cursor, seen: Seen) =>
  Effect.map(look(source, stream, first, seen), (page): Counted => {
    if (typeof page !== "string" && page.next !== null) return { rows: null, parts: [], lists: 1 }
    const looked = lookedAt(page, seen)
    const rows = sizeIn(page)
    return { rows, parts: partsOf(rows ?? 0, Math.max(1, rows ?? 0), new Map([[1, looked]])), lists: 1 }
  })

/** The lists that are known from the start, and those that the account tells. */
const countLists = (
  source: Source,
  stream: Stream<unknown>,
  known: ReadonlyArray<NumberedPages>,
  options: ReadOptions,
  seen: Seen
) =>
  Effect.gen(function* () {
    const unknown: Counted = { rows: null, parts: [], lists: known.length }
    const parts: Array<Part> = []
    let rows = 0
    const add = Effect.fnUntraced(function* (list: NumberedPages) {
      const one = yield* countList(source, stream, list, seen)
      if (one === null) return false
      rows += one.rows
      parts.push(...one.parts)
      return true
    })
    for (const list of known) if (!(yield* add(list))) return unknown
    const further = stream.further?.(source.config, options, seen.rows) ?? null
    if (further === null) return { rows, parts, lists: known.length } satisfies Counted
    const page = yield* look(source, stream, further.at, seen)
    const more = page === "gone" ? [] : page === "refused" ? null : further.lists(page)
    if (more === null || more.length > mostLists) return unknown
    for (const list of more) if (!(yield* add(list))) return unknown
    return { rows, parts, lists: known.length + more.length } satisfies Counted
  })

/** Its rows, and which parts of it are asked for; null where it cannot be counted. */
const countList = (source: Source, stream: Stream<unknown>, { at, pageRows }: NumberedPages, seen: Seen) =>
  Effect.gen(function* () {
    const pages = new Map<number, Looked>()
    const lookAt = (number: number) =>
      Effect.map(look(source, stream, at(number), seen), (page) => {
        const size = sizeIn(page)
        if (size !== null && size > 0) pages.set(number, lookedAt(page, seen))
        return size
      })
    const rows: number | null = yield* countRows(pageRows, lookAt)
    if (rows === null) return null
    if (seen.admits === null) return { rows, parts: [] }
    for (let samples = 0; samples < mostSamples; samples += 1) {
      const number = nextPage(pages)
      if (number === null || ((yield* lookAt(number)) ?? 0) === 0) break
    }
    return { rows, parts: partsOf(rows, pageRows, pages) }
  })

/**
 * Rows of a numbered list: the last page that has any is looked for by doubling, then by halving. `at` gives the rows of a
 * page, null where the vendor does not take the question; null when that is so from the first page on.
 */
export const countRows = <E, R>(
  pageRows: number,
  at: (page: number) => Effect.Effect<number | null, E, R>
): Effect.Effect<number | null, E, R> =>
  Effect.gen(function* () {
    const first = yield* at(1)
    if (first === null || first < pageRows) return first
    let [last, rows, beyond] = [1, first, 2]
    let calls = 1
    while (calls < mostCalls) {
      // A list that takes no page far behind has its end before it.
      const found: number = (yield* at(beyond)) ?? 0
      calls += 1
      if (found === 0) break
      last = beyond
      rows = found
      if (found < pageRows) return (last - 1) * pageRows + rows
      beyond *= 2
    }
    while (beyond - last > 1 && calls < mostCalls) {
      const middle = Math.floor((last + beyond) / 2)
      const found: number = (yield* at(middle)) ?? 0
      calls += 1
      if (found === 0) beyond = middle
      else {
        last = middle
        rows = found
        if (found < pageRows) break
      }
    }
    return (last - 1) * pageRows + rows
  })

/** So many of them, from the first to the last. */
const spread = (rows: ReadonlyArray<Row>, most: number): ReadonlyArray<Row> =>
  rows.length <= most ? rows : Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)] as Row)

const comingWith = (
  source: Source,
  stream: Stream<unknown>,
  wanted: ReadonlySet<string>,
  rows: ReadonlyArray<Row>,
  seen: Seen
) =>
  Effect.gen(function* () {
    const sum: Record<string, number> = {}
    for (const one of source.connector.streams)
      if (one.parent === stream.name && one.entity !== null && wanted.has(one.name)) sum[one.entity] = 0
    if (Object.keys(sum).length === 0) return sum
    const options: ReadSettings = { options: { now: "" }, wanted, mode: "live" }
    const wholes = yield* Effect.forEach(
      rows,
      (row) => {
        const expansion = stream.expand?.(source.config, row, wanted) ?? { children: [] }
        return completeRow(source, stream, { row, expansion }, options).pipe(
          Effect.catchTag("FilesUnavailable", Effect.die)
        )
      },
      { concurrency: 4 }
    )
    for (const whole of wholes) {
      seen.calls += whole.calls
      for (const [name, list] of Object.entries(whole.rows)) {
        const entity = source.connector.streams.find((one) => one.name === name && one.parent === stream.name)?.entity
        if (entity != null) sum[entity] = (sum[entity] ?? 0) + list.length / rows.length
      }
    }
    return sum
  })

type Seeing = Page | "gone" | "refused"

/** Without what lies behind the time asked for: the list ends there for us. */
const sizeOf = ({ beyond = 0, outside = 0, rows }: Page): number => rows.length + outside - beyond
const sizeIn = (page: Seeing): number | null => (page === "refused" ? null : page === "gone" ? 0 : sizeOf(page))

const lookedAt = (page: Seeing, { admits }: Seen): Looked => {
  if (typeof page === "string") return { rows: 0, taken: 0 }
  return { rows: sizeOf(page), taken: admits === null ? page.rows.length : page.rows.filter(admits).length }
}

/** Where the account has no such list, or the vendor does not take the question. */
const look = (source: Source, stream: Stream<unknown>, cursor: Cursor, seen: Seen) =>
  Effect.gen(function* () {
    seen.calls += 1
    const page: Seeing = yield* VendorHttp.use((http) =>
      http.read(source, stream.page(source.config, cursor), (answer) => stream.read(source.config, cursor, answer), {
        mode: "live"
      })
    ).pipe(
      Effect.catchIf(
        (error) => isGone(error.reason) || error.reason._tag === "Refused",
        (error) => Effect.succeed(isGone(error.reason) ? ("gone" as const) : ("refused" as const))
      )
    )
    if (typeof page === "string") return page
    seen.rows.push(...page.rows.slice(0, mostRows - seen.rows.length))
    const taken = seen.admits === null ? page.rows : page.rows.filter(seen.admits)
    seen.taken.push(...taken.slice(0, mostRows - seen.taken.length))
    return page
  })

/** Rows whose cost is looked at. */
const mostRows = 1_000

/** What a row costs on the average: its detail, the lists in it and the first page of each of its children. */
const costOf = (source: Source, stream: Stream<unknown>, wanted: ReadonlySet<string>, rows: ReadonlyArray<Row>) => {
  const calls = rows.flatMap((row): ReadonlyArray<Call> => {
    const { children, detail, members = [] } = stream.expand?.(source.config, row, wanted) ?? { children: [] }
    return [
      ...(detail === undefined ? [] : [detail.call]),
      ...members.map((member) => member.call),
      ...children.map((child) => child.call)
    ]
  })
  const each = Math.max(1, rows.length)
  return { rowCalls: calls.length / each, row: creditsOf(source.connector, calls, each) }
}

const creditsOf = (connector: AnyConnector, calls: ReadonlyArray<Call>, each: number): Credits => {
  const sum: Record<string, number> = {}
  for (const call of calls) {
    const cost = (connector.cost?.(call) ?? 1) / each
    for (const name of new Set(["account", call.budget ?? "account"])) sum[name] = (sum[name] ?? 0) + cost
  }
  return sum
}
