// `bridge connector read`: records of a stream as they come, and after every page the state to go on from, never ahead of
// what was printed. For Command.ts.
import { isUtf8 } from "node:buffer"
import type { Cursor, Normalised } from "@bridge/connectors/Connector"
import { type Item, readItems, streamOf } from "@bridge/connectors/Engine"
import { vendorJson } from "@bridge/connectors/Files"
import type { Source } from "@bridge/connectors/Reading"
import type { Row } from "@bridge/connectors/Row"
import { identity } from "@bridge/connectors/Trail"
import { parseExact } from "@bridge/domain/ExactJson"
import type { Json, JsonObject } from "@bridge/http/Call"
import { Clock, Effect, Result, Stream } from "effect"
import { Lines, line, recordLine } from "./Lines.ts"

export interface ReadCommand {
  readonly stream: string
  readonly state: State
  readonly limit?: number
  readonly normalized: boolean
}

/** What a `state` line carries. `printed`: rows of the page at `cursor` that were printed before the limit was reached. */
export interface State {
  readonly cursor: Cursor | null
  readonly printed: ReadonlyArray<string>
}

/** The state of a file: the `state` object of a line, or the whole line. */
export const parseState = (json: Json): State | string => {
  if (typeof json !== "object" || json === null || isList(json)) return "the state must be a JSON object"
  if (json.type === "state" && json.state !== undefined) return parseState(json.state)
  const { cursor = null, printed = [] } = json
  if (cursor !== null && (typeof cursor !== "object" || isList(cursor))) return "the state's cursor must be an object"
  if (!isList(printed) || !printed.every((mark) => typeof mark === "string")) return "the state's printed must be texts"
  return { cursor, printed: printed as ReadonlyArray<string> }
}

/** Pages are read one by one: who tries a connector counts its calls. */
const settings = { readAhead: 1, mode: "trial" } as const
const inFlight = 8

export const read = (source: Source, command: ReadCommand) =>
  Effect.gen(function* () {
    const lines = yield* Lines
    const stream = streamOf(source.connector, command.stream)
    const isChild = stream.parent !== undefined
    const limit = command.limit ?? Number.POSITIVE_INFINITY
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    let state = command.state
    let page = [...state.printed]
    let count = 0
    let calls = 0
    const gaps = new Set<string>()
    /** Lists of one stream may share rows: a deleted ticket that is spam too. */
    const printed = new Set(state.printed)
    const told = (next: State) => {
      state = next
      return lines.write(line({ type: "state", stream: command.stream, state: stateJson(next) }))
    }
    if (limit <= 0) return yield* told(state)

    const print = Effect.fnUntraced(function* (row: Row) {
      const parsed = parsedOf(row)
      if (parsed === null)
        return yield* lines.say(`a row of ${command.stream} is not JSON and is left out: ${row.sourceId}`)
      const written = (normalized: ReadonlyArray<ReturnType<typeof recordOf>> | null) =>
        recordLine(command.stream, vendorId(command.stream, row), vendorJson(row), normalized)
      const whole = () => written(stream.normalise(source.config, parsed, row.parentId ?? null).map(recordOf))
      const record = command.normalized ? Result.try(whole) : Result.succeed(written(null))
      if (Result.isFailure(record))
        yield* lines.say(`a row of ${command.stream} makes no record: ${row.sourceId}: ${String(record.failure)}`)
      yield* lines.write(Result.getOrElse(record, () => written([])))
      page.push(identity(row))
      printed.add(identity(row))
      count += 1
    })
    /** True while more is wanted. */
    const take = Effect.fnUntraced(function* (item: Item) {
      if (item._tag === "End") {
        page = []
        yield* told({ cursor: item.next ?? item.bookmark, printed: [] })
        return count < limit && item.next !== null
      }
      calls += item.calls
      for (const poison of item.poison) yield* lines.say(`left out of ${poison.stream}: ${poison.error}`)
      for (const { message, stream } of item.gaps ?? []) {
        const words = `${stream} goes on without ${message}`
        if (!gaps.has(words)) yield* lines.say(words)
        gaps.add(words)
      }
      for (const row of item.rows[command.stream] ?? []) {
        if (printed.has(identity(row))) continue
        if (count >= limit) return false
        yield* print(row)
      }
      return isChild ? count < limit : true
    })

    yield* readItems(source, stream.parent ?? stream.name, {
      ...settings,
      maxInFlight: Math.max(1, Math.min(inFlight, limit)),
      cursor: state.cursor,
      options: { now },
      wanted: new Set([command.stream]),
      ...(!isChild && { skip: new Set(state.printed), ...(Number.isFinite(limit) && { limit }) })
    }).pipe(
      Stream.mapEffect(take),
      Stream.takeWhile((more) => more),
      Stream.runDrain,
      // What was printed of a page that failed need not be read again.
      Effect.tapError(() => (page.length > 0 ? told({ cursor: state.cursor, printed: page }) : Effect.void))
    )
    if (page.length > 0) yield* told({ cursor: state.cursor, printed: page })
    yield* lines.say(
      `${command.stream}: ${count} ${count === 1 ? "record" : "records"}, ${calls} ${calls === 1 ? "call" : "calls"}`
    )
  })

/** The vendor's own id: the source id without the stream in front of it. */
const vendorId = (stream: string, row: Row): string =>
  row.sourceId.startsWith(`${stream}/`) ? row.sourceId.slice(stream.length + 1) : row.sourceId

const parsedOf = (row: Row): JsonObject | null => {
  if (!isUtf8(row.json)) return null
  try {
    const value = parseExact(row.json.toString("utf8"))
    return typeof value === "object" && value !== null && !isList(value) ? value : null
  } catch {
    return null
  }
}

const recordOf = ({ entity, record, sourceId }: Normalised) => ({ entity, id: sourceId, record })

const stateJson = (state: State): JsonObject => ({
  cursor: state.cursor,
  ...(state.printed.length > 0 && { printed: state.printed })
})

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)
