// `bridge connector write`: lines from stdin into a sink, one result a line. Looks before it creates, follows the vendor's
// jobs, and looks again where an answer was lost: a source id is not written twice (Promise 4). For Command.ts.
import { createInterface } from "node:readline"
import type { Sink, SinkAnswer, Write, WriteOutcome } from "@bridge/connectors/Connector"
import type { Source } from "@bridge/connectors/Engine"
import { parseExact } from "@bridge/domain/ExactJson"
import type { Answer, Call, JsonObject } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { monotonicMillis } from "@bridge/http/Wire"
import { Effect, Stream } from "effect"
import { Lines, line } from "./Lines.ts"

const mode = { mode: "trial" } as const
/** A call that is not answered by then is given up, and looked for. */
const deadlineMillis = 30_000
/** Times a call that surely was not made is made again. */
const unsentRetries = 5

type Outcome = WriteOutcome | { readonly _tag: "Skipped"; readonly destinationId: string }

/** Writes every line; true when all went well. */
export const write = (source: Source, sink: Sink<unknown>, input: NodeJS.ReadableStream) =>
  Effect.gen(function* () {
    const lines = yield* Lines
    let allWell = true
    const tell = (sourceId: string, outcome: Outcome) => {
      const failed = outcome._tag === "Failed" || outcome._tag === "Unknown"
      if (failed) allWell = false
      return lines.write(
        line({
          type: "result",
          stream: sink.stream,
          sourceId,
          outcome: outcome._tag.toLowerCase(),
          destinationId: failed ? null : outcome.destinationId,
          error: outcome._tag === "Failed" ? wordsOf(outcome) : outcome._tag === "Unknown" ? outcome.message : null
        })
      )
    }
    const flush = Effect.fnUntraced(function* (parts: ReadonlyArray<Line>) {
      const writes: Array<Write> = []
      for (const part of parts) {
        if (typeof part.write === "string")
          yield* tell(part.sourceId, { _tag: "Failed", code: "bad-line", message: part.write, hint: "" })
        else writes.push(part.write)
      }
      const outcomes = yield* writeAll(source, sink, writes)
      for (const [i, one] of writes.entries()) yield* tell(one.sourceId, outcomes[i] ?? lost)
    })
    yield* Stream.fromAsyncIterable(
      createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }),
      (cause) => new Error(String(cause))
    ).pipe(
      Stream.orDie,
      Stream.filter((text) => text.trim() !== ""),
      Stream.map((text) => parseLine(sink, text)),
      Stream.grouped(sink.createMany === undefined ? 1 : sink.batchSize),
      Stream.runForEach(flush)
    )
    return allWell
  })

interface Line {
  readonly sourceId: string
  readonly write: Write | string
}

/** `{"sourceId","data"}`. The source key is the data's own `external_id`, else the source id. */
const parseLine = (sink: Sink<unknown>, text: string): Line => {
  try {
    const { data, sourceId } = Object(parseExact(text)) as JsonObject
    const id = typeof sourceId === "string" || typeof sourceId === "number" ? String(sourceId) : ""
    if (id === "") return { sourceId: "", write: "the line has no sourceId" }
    if (typeof data !== "object" || data === null || Array.isArray(data))
      return { sourceId: id, write: "data must be an object" }
    const body = data as JsonObject
    const key = typeof body.external_id === "string" && body.external_id !== "" ? body.external_id : id
    return { sourceId: id, write: { entity: sink.entity, sourceId: id, sourceKey: key, body } }
  } catch {
    return { sourceId: "", write: "the line is not JSON" }
  }
}

const lost: WriteOutcome = { _tag: "Unknown", message: "the answer does not speak of this record" }

const wordsOf = ({ code, message, hint }: Extract<WriteOutcome, { _tag: "Failed" }>): string =>
  [message.startsWith(code) ? message : `${code}: ${message}`, hint === "" ? "" : `(${hint})`]
    .filter((text) => text !== "")
    .join(" ")

/** Outcomes in the order of the writes. */
const writeAll = (source: Source, sink: Sink<unknown>, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    const outcomes = new Map<Write, Outcome>()
    for (const one of writes) {
      const there = sink.naturalKeyOnly === true ? undefined : yield* lookUp(source, sink, one)
      const like = there ?? (sink.createMany === undefined ? yield* match(source, sink, one) : undefined)
      if (there !== undefined) outcomes.set(one, { _tag: "Skipped", destinationId: there })
      else if (like !== undefined) outcomes.set(one, { _tag: "Matched", destinationId: like })
    }
    const fresh = writes.filter((one) => !outcomes.has(one))
    for (const [one, outcome] of yield* create(source, sink, fresh)) outcomes.set(one, outcome)
    const unknown = fresh.filter((one) => outcomes.get(one)?._tag === "Unknown")
    for (const [one, outcome] of yield* settle(source, sink, unknown)) outcomes.set(one, outcome)
    for (const one of fresh) {
      if (outcomes.get(one)?._tag !== "Failed" || sink.createMany === undefined) continue
      const like = yield* match(source, sink, one)
      if (like !== undefined) outcomes.set(one, { _tag: "Matched", destinationId: like })
    }
    return writes.map((one) => outcomes.get(one) ?? lost)
  })

/** Sends what fits into one call; a batch that is refused whole goes one by one. */
const create = (
  source: Source,
  sink: Sink<unknown>,
  writes: ReadonlyArray<Write>
): Effect.Effect<ReadonlyArray<readonly [Write, WriteOutcome]>, VendorError, VendorHttp> =>
  Effect.gen(function* () {
    const [first] = writes
    if (first === undefined) return []
    const together = sink.createMany !== undefined && writes.length > 1
    if (writes.length > 1 && (!together || bytesOf(writes) > sink.batchBytes))
      return yield* halves(source, sink, writes)
    const call =
      together && sink.createMany !== undefined
        ? sink.createMany(source.config, writes)
        : sink.createOne(source.config, first)
    const answer = yield* send(source, sink, call, writes)
    if (answer._tag === "BatchRefused") {
      if (writes.length > 1) return (yield* Effect.forEach(writes, (one) => create(source, sink, [one]))).flat()
      return [[first, { ...answer, _tag: "Failed" }] as const]
    }
    const outcomes = answer._tag === "Results" ? answer.outcomes : yield* follow(source, sink, answer.jobId, writes)
    return writes.map((one, i) => [one, outcomes[i] ?? lost] as const)
  })

const bytesOf = (writes: ReadonlyArray<Write>): number =>
  writes.reduce((sum, { body }) => sum + Buffer.byteLength(JSON.stringify(body)), 0)

const halves = (source: Source, sink: Sink<unknown>, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    const middle = Math.ceil(writes.length / 2)
    const left = yield* create(source, sink, writes.slice(0, middle))
    return [...left, ...(yield* create(source, sink, writes.slice(middle)))]
  })

/** One call until it was surely made: waits while the vendor is busy, goes again only when it surely was not. */
const send = (
  source: Source,
  sink: Sink<unknown>,
  call: Call,
  writes: ReadonlyArray<Write>
): Effect.Effect<Exclude<SinkAnswer, { _tag: "Busy" }>, VendorError, VendorHttp> =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    for (let unsent = 0; ; ) {
      const end = yield* Effect.result(http.call(source, call, { deadline: monotonicMillis() + deadlineMillis }))
      if (end._tag === "Success") {
        const answer = sink.readAnswer(source.config, writes, end.success)
        if (answer._tag !== "Busy") return answer
        yield* Effect.sleep(answer.retryAfterMillis)
        continue
      }
      const { reason } = end.failure
      if (reason._tag === "Unknown")
        return { _tag: "Results", outcomes: writes.map(() => ({ _tag: "Unknown", message: reason.message })) }
      if (reason._tag === "Throttled") yield* Effect.sleep(reason.retryAfterMillis)
      else if (reason._tag === "NotSent" && ++unsent <= unsentRetries) yield* Effect.sleep(500 * 2 ** unsent)
      else return yield* Effect.fail(end.failure)
    }
  })

/** Polls a vendor's job to its end. */
const follow = (source: Source, sink: Sink<unknown>, jobId: string, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const call = sink.jobStatus?.(source.config, jobId)
    const unknown = (message: string) => writes.map((): WriteOutcome => ({ _tag: "Unknown", message }))
    if (call === undefined) return unknown("the sink cannot follow its jobs")
    for (;;) {
      const seen = yield* http
        .read(source, call, (answer) => sink.readJob?.(source.config, writes, answer), mode)
        .pipe(
          Effect.catchIf(
            (error) => error.reason._tag === "Gone",
            () => Effect.succeed(undefined)
          )
        )
      if (seen === undefined || seen._tag === "Lost") return unknown("the vendor no longer knows the job")
      if (seen._tag === "Done") return seen.outcomes
      yield* Effect.sleep(seen.pollAfterMillis)
    }
  })

/** What became of writes whose answer was lost: waits for the vendor's jobs, looks, and sends once more what is not there. */
const settle = (source: Source, sink: Sink<unknown>, writes: ReadonlyArray<Write>) =>
  Effect.gen(function* () {
    if (writes.length === 0) return []
    const ended = yield* jobsEnded(source, sink)
    const found: Array<readonly [Write, WriteOutcome]> = []
    const absent: Array<Write> = []
    for (const one of writes) {
      const there = yield* lookUp(source, sink, one)
      if (there !== undefined) found.push([one, { _tag: "Created", destinationId: there }])
      else absent.push(one)
    }
    const sure = ended && sink.lookup.some(({ strong }) => strong)
    return sure ? [...found, ...(yield* create(source, sink, absent))] : found
  })

/** Waits until every job that is open now has ended, each asked for by itself; false when the vendor cannot tell. */
const jobsEnded = (source: Source, sink: Sink<unknown>) =>
  Effect.gen(function* () {
    const { openJobs } = sink
    if (openJobs === undefined) return true
    const http = yield* VendorHttp
    const { known, open } = yield* http.read(
      source,
      openJobs.call(source.config),
      (answer) => openJobs.read(answer),
      mode
    )
    for (const jobId of open) yield* follow(source, sink, jobId, [])
    return known
  })

const lookUp = (source: Source, sink: Sink<unknown>, one: Write) =>
  firstOf(
    source,
    one,
    sink.lookup.filter(({ strong }) => strong)
  )

const match = (source: Source, sink: Sink<unknown>, one: Write) => firstOf(source, one, sink.match ?? [])

interface Finder {
  call(config: unknown, write: Write): Call | null
  read(write: Write, answer: Answer): ReadonlyArray<string>
  next?(answer: Answer): Call | null
}

/** The oldest record that the first finder to find any finds, in all of its pages. */
const firstOf = (source: Source, one: Write, finders: ReadonlyArray<Finder>) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    for (const finder of finders)
      for (let call = finder.call(source.config, one); call !== null; ) {
        const asked: Call = call
        const page: Found = yield* http
          .read(
            source,
            asked,
            (answer): Found => ({ ids: finder.read(one, answer), next: finder.next?.(answer) ?? null }),
            mode
          )
          .pipe(
            Effect.catchIf(
              (error) => error.reason._tag === "Gone",
              () => Effect.succeed(none)
            )
          )
        if (page.ids[0] !== undefined) return page.ids[0]
        call = page.next
      }
    return undefined
  })

interface Found {
  readonly ids: ReadonlyArray<string>
  readonly next: Call | null
}

const none: Found = { ids: [], next: null }
