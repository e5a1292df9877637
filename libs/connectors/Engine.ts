// Reads a stream of a connector: pages, read ahead, details and children bounded and in order. For the extractor, the
// auditor's read-back and `bridge connector read`. Pulled by its consumer: what is not asked for is not read.

import type { Answer, Connection } from "@bridge/http/Call"
import { readAhead } from "@bridge/http/ReadAhead"
import { Circling, type Reason, VendorError } from "@bridge/http/VendorError"
import { type Mode, VendorHttp } from "@bridge/http/VendorHttp"
import { Effect, Schema, Stream } from "effect"
import type {
  AnyConnector,
  Call,
  Child,
  ChildPage,
  Cursor,
  Expansion,
  FileOutcome,
  FileRef,
  Member,
  Page,
  Poison,
  ReadOptions,
  Row,
  Stream as StreamOf
} from "./Connector.ts"
import { fileRow, withLists } from "./Files.ts"
import { isGone, isRefused } from "./Reasons.ts"
import { identity, Trail } from "./Trail.ts"

export interface Source extends Connection {
  readonly connector: AnyConnector
}

export interface ReadSettings {
  /** Where to go on; null or absent at the start. */
  readonly cursor?: Cursor | null
  readonly options: ReadOptions
  /** Names of the streams whose rows are wanted: this one, its children, or children only. */
  readonly wanted: ReadonlySet<string>
  /** Rows completed (detail, children) at one time. */
  readonly maxInFlight?: number
  /** Pages in flight at one time where the vendor numbers them. */
  readonly readAhead?: number
  /** How long a call is tried: see VendorHttp. */
  readonly mode?: Mode
  /** Takes care of the bytes of a file, where its stream is wanted; without it files stay unread. */
  readonly keep?: Keep
}

/** Puts a file's bytes away; `again` asks the vendor where it is now, for addresses that die. */
export type Keep = (file: FileRef, again: Again) => Effect.Effect<FileOutcome, FilesUnavailable>
export type Again = Effect.Effect<string | null, VendorError>

/** Files cannot be put away now. The operator acts; the stage tries again. */
export class FilesUnavailable extends Schema.TaggedError<FilesUnavailable>()("FilesUnavailable", {
  cause: Schema.Defect()
}) {}

export type ReadError = VendorError | FilesUnavailable

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
  /** Where to go on after this group; null at the end. */
  readonly next: Cursor | null
  /** At the end: where a later run starts to see only what changed; null where it must read all again. */
  readonly bookmark: Cursor | null
  readonly calls: number
}

/** A part of a page as soon as it is complete; `End` closes the page. */
export type Item =
  | {
      readonly _tag: "Rows"
      readonly rows: Readonly<Record<string, ReadonlyArray<Row>>>
      readonly poison: ReadonlyArray<Poison>
      readonly calls: number
    }
  | { readonly _tag: "End"; readonly next: Cursor | null; readonly bookmark: Cursor | null }

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
    Stream.mapAccum(
      (): Gathered => ({ rows: {}, poison: [], calls: 0 }),
      (sum, item) => {
        if (item._tag === "Rows") return [gather(sum, item), []]
        return [{ rows: {}, poison: [], calls: 0 }, [{ ...sum, next: item.next, bookmark: item.bookmark }]]
      }
    )
  )

/** The same in smaller parts: row by row where rows are completed by calls of their own. */
export const readItems = (
  source: Source,
  name: string,
  settings: ItemSettings
): Stream.Stream<Item, ReadError, VendorHttp> => Stream.suspend(() => items(source, name, settings))

const items = (source: Source, name: string, settings: ItemSettings): Stream.Stream<Item, ReadError, VendorHttp> => {
  const stream = streamOf(source.connector, name)
  const { wanted, skip, limit } = settings
  const start = settings.cursor ?? stream.start(source.config, settings.options)
  let left = limit ?? Number.POSITIVE_INFINITY
  let first = true
  const trail = new Trail()
  const parts = pagesOf(source, stream, start, settings).pipe(
    Stream.map(({ calls, page }): ReadonlyArray<Part> => {
      const fresh = first && skip !== undefined ? page.rows.filter((row) => !skip.has(identity(row))) : page.rows
      first = false
      const rows = fresh.slice(0, left)
      left -= rows.length
      const head: Part = { _tag: "Rows", rows: {}, poison: page.poison ?? [], calls }
      const next = page.next === null ? null : stream.page(source.config, page.next)
      const astray = trail.after(page, next)
      const end: Part =
        astray === null
          ? { _tag: "End", next: page.next, bookmark: page.bookmark ?? null }
          : { _tag: "Astray", error: circling(source, next?.operation ?? name, astray) }
      return [head, ...bodyOf(source, stream, rows, wanted), ...(rows.length < fresh.length ? [] : [end])]
    }),
    Stream.takeUntil(() => left <= 0),
    Stream.flatMap(Stream.fromIterable),
    Stream.rechunk(1)
  )
  // In order also in failure: a row that fails must not swallow those before it.
  return parts.pipe(
    Stream.mapEffect((part) => Effect.exit(complete(source, stream, part, settings)), {
      concurrency: settings.maxInFlight ?? 8
    }),
    Stream.mapEffect((exit) => exit)
  )
}

const circling = ({ connector }: Source, operation: string, message: string): VendorError =>
  new VendorError({ vendor: connector.vendor, operation, reason: new Circling({ message }) })

const complete = (
  source: Source,
  stream: StreamOf<unknown>,
  part: Part,
  settings: ReadSettings
): Effect.Effect<Item, ReadError, VendorHttp> => {
  if (part._tag === "Astray") return Effect.fail(part.error)
  return part._tag === "Row" ? completeRow(source, stream, part, settings) : Effect.succeed(part)
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
type Part =
  | Item
  | { readonly _tag: "Row"; readonly row: Row; readonly expansion: Expansion }
  | { readonly _tag: "Astray"; readonly error: VendorError }

type Gathered = { rows: Record<string, ReadonlyArray<Row>>; poison: ReadonlyArray<Poison>; calls: number }

const gather = (sum: Gathered, item: Extract<Item, { _tag: "Rows" }>): Gathered => {
  const rows = sum.rows
  for (const [name, more] of Object.entries(item.rows)) {
    const known = rows[name]
    rows[name] = known === undefined ? more : more.length === 0 ? known : appended(known, more)
  }
  return {
    rows,
    poison: item.poison.length === 0 ? sum.poison : [...sum.poison, ...item.poison],
    calls: sum.calls + item.calls
  }
}

const appended = (known: ReadonlyArray<Row>, more: ReadonlyArray<Row>): ReadonlyArray<Row> => known.concat(more)

interface Fetched {
  readonly page: Page
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
  const without = stream.without?.(cursor) ?? null
  const present =
    without === null
      ? read
      : Effect.catchIf(
          read,
          (error) => isGone(error.reason),
          (error) => Effect.as(Effect.logInfo(`${stream.name} goes on without: ${error.message}`), without)
        )
  const plainer = stream.plainer?.(cursor) ?? null
  const asked = Effect.map(present, (page): Fetched => ({ page, calls: 1 }))
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

const completeRow = (
  source: Source,
  stream: StreamOf<unknown>,
  { expansion, row }: Extract<Part, { _tag: "Row" }>,
  settings: ReadSettings
): Effect.Effect<Item, ReadError, VendorHttp> =>
  Effect.gen(function* () {
    const { wanted } = settings
    const http = yield* VendorHttp
    const options = { mode: settings.mode ?? "bulk" } as const
    const rows: Record<string, ReadonlyArray<Row>> = {}
    const poison: Array<Poison> = []
    let calls = 0
    const one = <A>(call: Call, read: (answer: Answer) => A) =>
      Effect.suspend(() => {
        calls += 1
        return http.read(source, call, read, options)
      })
    const ask = <A>(call: Call, read: (answer: Answer) => A) =>
      Effect.catchIf(
        one(call, read),
        (error) => isGone(error.reason),
        () => Effect.succeed(null)
      )
    /** The plainer question where the vendor does not take this one. */
    const askOr = <A>(call: Call, plainer: Call | undefined, read: (answer: Answer) => A) =>
      plainer === undefined
        ? ask(call, read)
        : Effect.catchIf(
            one(call, read),
            (error) => isGone(error.reason) || isRefused(error.reason),
            () => ask(plainer, read)
          )
    const brought: Array<Brought> = []
    const detail = Effect.gen(function* () {
      const { detail, members = [] } = expansion
      if (detail === undefined && !wanted.has(stream.name)) return
      const read = (answer: Answer) => detail?.read(answer) ?? null
      const { call, plainer } = detail ?? {}
      const whole = call === undefined ? null : yield* askOr(call, plainer, read)
      const lists = yield* Effect.forEach(members, (first) =>
        Effect.gen(function* () {
          const items: Array<Buffer> = []
          let at: Member | null = first
          while (at !== null) {
            const asked: Member = at
            const page: ReturnType<Member["read"]> | null = yield* ask(asked.call, (answer) => asked.read(answer))
            items.push(...(page?.items ?? []))
            at = page?.next ?? null
          }
          return [first.key, items] as const
        })
      )
      const complete = withLists(whole ?? row, lists)
      rows[stream.name] = [complete]
      const used = plainer ?? call
      brought.push({
        stream,
        row: complete,
        again: used === undefined ? Effect.succeed(null) : ask(used, read)
      })
    })
    const children = expansion.children.map((child) =>
      Effect.gen(function* () {
        const found: Array<Row> = []
        const of = source.connector.streams.find((one) => one.name === child.stream)
        const trail = new Trail()
        rows[child.stream] = found
        for (let at: Child | null = child; at !== null; ) {
          const asked: Child = at
          const page: ChildPage | null = yield* ask(asked.call, (answer) => asked.read(answer))
          for (const one of page?.rows ?? []) {
            found.push(one)
            const again = Effect.map(
              ask(asked.call, (answer) => asked.read(answer)),
              (then) => then?.rows.find((row) => row.sourceId === one.sourceId) ?? null
            )
            if (of?.files !== undefined) brought.push({ stream: of, row: one, again })
          }
          if (wanted.has(child.stream)) poison.push(...(page?.poison ?? []))
          at = page?.next ?? null
          const listed = page?.rows ?? []
          const astray = trail.after({ rows: listed, barren: listed.length === 0 }, at?.call ?? null)
          if (astray !== null) return yield* circling(source, asked.call.operation, astray)
        }
      })
    )
    yield* Effect.all([detail, ...children], { concurrency: "unbounded", discard: true })
    for (const one of brought) {
      const files = yield* filesOf(source, one, settings)
      for (const [name, list] of files) rows[name] = [...(rows[name] ?? []), ...list]
    }
    for (const name of Object.keys(rows)) if (!wanted.has(name)) delete rows[name]
    return { _tag: "Rows", rows, poison, calls } as const
  })

/** A row as it came, and how it is asked for again. */
interface Brought {
  readonly stream: StreamOf<unknown>
  readonly row: Row
  readonly again: Effect.Effect<Row | null, VendorError>
}

/** The rows of a row's files, each once its bytes are put away. */
const filesOf = (source: Source, { again, row, stream }: Brought, { keep, wanted }: ReadSettings) =>
  Effect.gen(function* () {
    const { files } = stream
    const out = new Map<string, ReadonlyArray<Row>>()
    if (files === undefined || !wanted.has(files.to)) return out
    const refs = files.of(source.config, row)
    if (refs.length === 0) return out
    const now = (ref: FileRef) =>
      Effect.map(again, (found) =>
        found === null
          ? null
          : (files.of(source.config, found).find((one) => one.row.sourceId === ref.row.sourceId)?.url ?? null)
      )
    const unread: FileOutcome = { state: "unread" }
    const rows = yield* Effect.forEach(
      refs,
      (ref) =>
        Effect.map(keep === undefined ? Effect.succeed(unread) : keep(ref, now(ref)), (outcome) =>
          fileRow(ref.row, outcome)
        ),
      { concurrency: 4 }
    )
    out.set(files.to, rows)
    return out
  })
