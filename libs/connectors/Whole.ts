// Completes one listed row by calls of its own: detail, lists in it, children, files. For Engine.ts.
// What does not belong here: pages, order, how many at one time.
import type { Answer } from "@bridge/http/Call"
import { Circling, type Reason, VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Effect } from "effect"
import { isOfRow, unlessAlone, Witnesses } from "./Alone.ts"
import type { Call, Stream as StreamOf } from "./Connector.ts"
import { fileRow, withLists } from "./Files.ts"
import type { Gap, ReadError, ReadSettings, Source } from "./Reading.ts"
import { isGone, isRefused } from "./Reasons.ts"
import type { Child, ChildPage, Expansion, FileOutcome, FileRef, Member, Poison, Row } from "./Row.ts"
import { Trail } from "./Trail.ts"

/** A row as its page has it, and what is to be added to it. */
export interface ListedRow {
  readonly row: Row
  readonly expansion: Expansion
}

/** Complete rows by stream, of one listed row or of a page that needs no more; `calls`: how many it took. */
export interface WholeRow {
  readonly _tag: "Rows"
  readonly rows: Readonly<Record<string, ReadonlyArray<Row>>>
  readonly poison: ReadonlyArray<Poison>
  readonly gaps?: ReadonlyArray<Gap>
  readonly calls: number
}

/** Ends a read whose pages lead nowhere. */
export const circling = ({ connector }: Source, operation: string, message: string): VendorError =>
  new VendorError({ vendor: connector.vendor, operation, reason: new Circling({ message }) })

/** A listed row made whole: its detail, the lists in it, its children and its files. */
export const completeRow = (
  source: Source,
  stream: StreamOf<unknown>,
  { expansion, row }: ListedRow,
  settings: ReadSettings,
  witnesses = new Witnesses()
): Effect.Effect<WholeRow, ReadError, VendorHttp> =>
  Effect.gen(function* () {
    const { wanted } = settings
    const http = yield* VendorHttp
    const options = { mode: settings.mode ?? "bulk" } as const
    const rows: Record<string, ReadonlyArray<Row>> = {}
    const poison: Array<Poison> = []
    const gaps = new Map<string, Gap>()
    let calls = 0
    const once = <A>(call: Call, read: (answer: Answer) => A, giveUp?: (reason: Reason) => boolean) =>
      Effect.suspend(() => {
        calls += 1
        return http.read(source, call, read, { ...options, ...(giveUp && { giveUp }) })
      })
    /** Where the vendor gives the same of other rows and fails for ever with this one, it is read without, and that is told. */
    const one = <A>(call: Call, read: (answer: Answer) => A, of: string): Effect.Effect<A | null, VendorError> => {
      const asked = Effect.tap(once(call, read), () => Effect.sync(() => witnesses.saw(call, read)))
      const { doubt } = settings
      if (doubt === undefined) return asked
      return Effect.catchIf(
        asked,
        ({ reason }) => isOfRow(reason),
        (failure) =>
          unlessAlone({ call, read }, failure, witnesses, doubt, (question) =>
            once(question.call, question.read, ({ _tag }) => _tag !== "Throttled")
          ).pipe(
            Effect.tap((found) => {
              const message = `${stream.name} ${row.sourceId}: ${failure.message}`
              if (found === null) gaps.set(message, { stream: of, message })
              return Effect.void
            })
          )
      )
    }
    /** Gone with its row it is missed by nobody; what may not be shown is. */
    const ask = <A>(call: Call, read: (answer: Answer) => A, of: string) =>
      Effect.catchIf(
        one(call, read, of),
        (error) => isGone(error.reason),
        (error) => {
          if (error.reason._tag === "AuthRejected" && wanted.has(of))
            gaps.set(of, { stream: of, message: `${call.operation}: ${error.message}` })
          return Effect.succeed(null)
        }
      )
    /** The plainer question where the vendor does not take this one. */
    const askOr = <A>(call: Call, plainer: Call | undefined, read: (answer: Answer) => A) =>
      plainer === undefined
        ? ask(call, read, stream.name)
        : Effect.catchIf(
            one(call, read, stream.name),
            (error) => isGone(error.reason) || isRefused(error.reason),
            () => ask(plainer, read, stream.name)
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
          const trail = new Trail()
          let at: Member | null = first
          while (at !== null) {
            const asked: Member = at
            const page: ReturnType<Member["read"]> | null = yield* ask(
              asked.call,
              (answer) => asked.read(answer),
              stream.name
            )
            items.push(...(page?.items ?? []))
            at = page?.next ?? null
            const astray = trail.after({ rows: [], barren: page?.items.length === 0 }, at?.call ?? null)
            if (astray !== null) return yield* circling(source, asked.call.operation, astray)
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
        again: used === undefined ? Effect.succeed(null) : ask(used, read, stream.name)
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
          const page: ChildPage | null = yield* ask(asked.call, (answer) => asked.read(answer), child.stream)
          for (const one of page?.rows ?? []) {
            found.push(one)
            const again = Effect.map(
              ask(asked.call, (answer) => asked.read(answer), child.stream),
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
    return { _tag: "Rows", rows, poison, ...(gaps.size > 0 && { gaps: [...gaps.values()] }), calls } as const
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
