// What belongs to a write and is no part of its call: files that go up before it, and what follows it with its id. For Deliver.ts.
import type { Sink, Uploads, Write } from "@bridge/connectors/Connector"
import type { Source } from "@bridge/connectors/Reading"
import { listOf, objectOf, textOf } from "@bridge/connectors/Values"
import type { Call, JsonObject } from "@bridge/http/Call"
import type { VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { monotonicMillis } from "@bridge/http/Wire"
import { Effect, Result } from "effect"
import { mode } from "./Find.ts"

interface Into {
  readonly source: Source
  readonly sink: Sink<unknown>
}

const uploadMillis = 5 * 60_000
const furtherMillis = 30_000
const mostTries = 5
const againMillis = 1_000

/** Files given as `{filename, content_type, content}` with base64 in a comment's `uploads`. Tokens stay as they are. */
const given = (upload: JsonObject): { readonly name: string; readonly mime: string; readonly bytes: Buffer } | null => {
  const content = textOf(upload.content)
  if (content === null) return null
  return {
    name: textOf(upload.filename) ?? textOf(upload.file_name) ?? "file",
    mime: textOf(upload.content_type) ?? "application/octet-stream",
    bytes: Buffer.from(content, "base64")
  }
}

const hasFiles = (body: JsonObject): boolean =>
  listOf(body.comments).some((comment) =>
    listOf(objectOf(comment).uploads).some((one) => given(objectOf(one)) !== null)
  )

/** The write with its files sent and named by their tokens; words where one is refused or cannot be sent. */
export const uploaded = (run: Into, write: Write): Effect.Effect<Write | string, never, VendorHttp> =>
  Effect.gen(function* () {
    const { uploads } = run.sink
    if (uploads === undefined || !hasFiles(write.body)) return write
    const comments: Array<JsonObject> = []
    for (const comment of listOf(write.body.comments).map(objectOf)) {
      const tokens: Array<JsonObject[string]> = []
      for (const one of listOf(comment.uploads)) {
        const file = given(objectOf(one))
        if (file === null) tokens.push(one)
        else {
          const token = yield* sendFile(run.source, uploads, file)
          if (token._tag === "Refused") return `${file.name}: ${token.message}`
          tokens.push(token.token)
        }
      }
      comments.push(tokens.length === 0 ? comment : { ...comment, uploads: tokens })
    }
    return { ...write, body: { ...write.body, comments } }
  })

type Sent = { readonly _tag: "Sent"; readonly token: string } | { readonly _tag: "Refused"; readonly message: string }

/** A file that was sent in vain does no harm: it is sent again. */
const sendFile = (
  source: Source,
  uploads: Uploads<unknown>,
  file: { readonly name: string; readonly mime: string; readonly bytes: Buffer }
): Effect.Effect<Sent, never, VendorHttp> =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    for (let tries = 1; ; tries++) {
      const call = uploads.call(source.config, file, file.bytes)
      const end = yield* Effect.result(http.call(source, call, { deadline: monotonicMillis() + uploadMillis }))
      const read = Result.isSuccess(end) ? Result.try(() => uploads.read(end.success)) : undefined
      if (read !== undefined && Result.isSuccess(read))
        return read.success._tag === "Uploaded"
          ? { _tag: "Sent", token: read.success.token }
          : { _tag: "Refused", message: read.success.message }
      const reason = Result.isFailure(end) ? end.failure.reason : undefined
      if (tries >= mostTries || reason?._tag === "AuthRejected" || reason?._tag === "BadAddress")
        return { _tag: "Refused", message: Result.isFailure(end) ? end.failure.message : "no readable answer" }
      yield* Effect.sleep(reason?._tag === "Throttled" ? Math.max(500, reason.retryAfterMillis) : againMillis)
    }
  })

/** Writes what follows a record that is there, where it is not there yet; the words of refusals. */
export const complete = (
  { sink, source }: Into,
  write: Write,
  destinationId: string
): Effect.Effect<ReadonlyArray<string>, VendorError, VendorHttp> =>
  Effect.gen(function* () {
    const { further } = sink
    if (further === undefined || further.of(write).length === 0) return []
    const http = yield* VendorHttp
    const refused = new Map<string, string>()
    for (let tries = 1; ; tries++) {
      const there = new Set<string>()
      for (let call: Call | null = further.list(source.config, write, destinationId); call !== null; ) {
        const page: ReturnType<typeof further.readList> = yield* http.read(
          source,
          call,
          (answer) => further.readList(answer),
          mode
        )
        for (const name of page.names) there.add(name)
        call = page.next
      }
      const missing = further.of(write).filter((name) => !there.has(name) && !refused.has(name))
      if (missing.length === 0) break
      for (const name of missing) {
        const call = further.create(source.config, write, destinationId, name)
        const end = yield* Effect.result(http.call(source, call, { deadline: monotonicMillis() + furtherMillis }))
        if (Result.isSuccess(end)) {
          const refusal = further.readCreate(end.success)
          if (refusal !== null) refused.set(name, refusal.message)
          continue
        }
        const { reason } = end.failure
        if (tries >= mostTries || reason._tag === "AuthRejected" || reason._tag === "BadAddress")
          return yield* end.failure
        yield* Effect.sleep(reason._tag === "Throttled" ? Math.max(500, reason.retryAfterMillis) : againMillis)
      }
    }
    return [...refused].map(([name, message]) => `${name}: ${message}`)
  })
