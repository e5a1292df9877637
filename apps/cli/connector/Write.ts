// `bridge connector write`: lines from stdin into a sink, one result a line, whatever happens. What becomes of each write is
// found out in Deliver.ts. For Command.ts.
import { createInterface } from "node:readline"
import type { Sink, Write, WriteOutcome } from "@bridge/connectors/Connector"
import type { Source } from "@bridge/connectors/Reading"
import { idOf } from "@bridge/connectors/Values"
import { parseExact } from "@bridge/domain/ExactJson"
import type { JsonObject } from "@bridge/http/Call"
import { scrubbed, secretsOf } from "@bridge/http/Scrub"
import type { VendorError } from "@bridge/http/VendorError"
import { Effect, Stream } from "effect"
import { type Deliveries, deliver, type Outcome } from "./Deliver.ts"
import { Lines, line } from "./Lines.ts"

/** Writes every line; true when all went well. Fails after the last line with what made it stop writing. */
export const write = (source: Source, sink: Sink<unknown>, input: NodeJS.ReadableStream) =>
  Effect.gen(function* () {
    const lines = yield* Lines
    const secrets = secretsOf(source)
    const run: Deliveries = {
      source,
      sink,
      written: new Map(),
      doubtful: new Set(),
      direct: undefined,
      partly: new Map(),
      down: undefined
    }
    let allWell = true
    const tell = (sourceId: string, outcome: Outcome, partly: string | undefined) => {
      const failed = outcome._tag === "Failed" || outcome._tag === "Unknown"
      if (failed || partly !== undefined) allWell = false
      return lines.write(
        line({
          type: "result",
          stream: sink.stream,
          sourceId,
          outcome: outcome._tag.toLowerCase(),
          destinationId: failed ? null : outcome.destinationId,
          error: failed ? scrubbed(wordsOf(outcome), secrets) : partly === undefined ? null : scrubbed(partly, secrets)
        })
      )
    }
    const flush = Effect.fnUntraced(function* (parts: ReadonlyArray<Line>) {
      const writes = parts.flatMap((part) => (typeof part.write === "string" ? [] : [part.write]))
      const outcomes = yield* deliver(run, writes)
      for (const { sourceId, write: one } of parts)
        if (typeof one === "string") yield* tell(sourceId, badLine(one), undefined)
        else yield* tell(sourceId, outcomes.get(one) ?? untold, run.partly.get(one))
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
    const stopped: VendorError | undefined = run.down
    return stopped === undefined ? allWell : yield* Effect.fail(stopped)
  })

interface Line {
  readonly sourceId: string
  readonly write: Write | string
}

/** `{"sourceId","data"}`. The source key is the data's own `external_id`, else the source id. */
const parseLine = (sink: Sink<unknown>, text: string): Line => {
  try {
    const { data, sourceId } = Object(parseExact(text.replace(/^\uFEFF/, ""))) as JsonObject
    const id = typeof sourceId === "string" || typeof sourceId === "number" ? String(sourceId) : ""
    if (id === "") return { sourceId: "", write: "the line has no sourceId" }
    if (typeof data !== "object" || data === null || Array.isArray(data))
      return { sourceId: id, write: "data must be an object" }
    const body = data as JsonObject
    return { sourceId: id, write: { entity: sink.entity, sourceId: id, sourceKey: idOf(body.external_id) ?? id, body } }
  } catch {
    return { sourceId: "", write: "the line is not JSON" }
  }
}

const badLine = (message: string): Outcome => ({ _tag: "Failed", code: "bad-line", message, hint: "" })

const untold: Outcome = { _tag: "Unknown", message: "the answer does not speak of this record" }

const wordsOf = (outcome: Extract<WriteOutcome, { _tag: "Failed" | "Unknown" }>): string => {
  if (outcome._tag === "Unknown") return outcome.message
  const { code, hint, message } = outcome
  return [message.startsWith(code) ? message : `${code}: ${message}`, hint === "" ? "" : `(${hint})`]
    .filter((text) => text !== "")
    .join(" ")
}
