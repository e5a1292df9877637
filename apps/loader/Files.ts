// Files of writes on their way: out of the blob store, up to the vendor, just before the call that names them. An upload that
// no call has named comes to nothing, so a crash in between means only that it is made again. Promise 4. For Send.ts.
import type { Uploaded, UploadRefused, Uploads } from "@bridge/connectors/Connector"
import { type AssembledFile, withNotes } from "@bridge/domain/Assemble"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { monotonicMillis } from "@bridge/http/Wire"
import { Blobs } from "@bridge/store/Blobs"
import { Effect, Result, Semaphore } from "effect"
import { type Desk, refusedConnection, restful, type Work, whilePaused } from "./Desk.ts"
import type { Failure } from "./Plan.ts"

/** One file takes this long at most: 50 MB over a slow line. */
const uploadMillis = 5 * 60_000
/** Lost answers of one file before its ticket goes without it. */
const mostTries = 5
const atOneTime = 4
/** Of an upload's life: what is left is for the call that names it. */
const usable = 0.9

const mebibyte = 1024 * 1024
/** Files of all batches of this process that may be in memory together: sealed and open, each is there twice for a moment. */
const roomMebibytes = 128
const room = Semaphore.makeUnsafe(roomMebibytes)
const weightOf = ({ size }: Pick<AssembledFile, "size">): number =>
  Math.min(roomMebibytes, 1 + Math.ceil((2 * size) / mebibyte))

/**
 * What takes a file into memory, when there is room. The run's permit is given back before it asks for room, and asked for again when
 * the room is free: who holds one of the two never waits for the other.
 */
export const inRoom = <A, E, R>(
  waiting: Desk["waiting"],
  file: Pick<AssembledFile, "size">,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => waiting(room.withPermits(weightOf(file))(effect))

/** Works whose files are there; times are monotonic milliseconds. */
export interface Prepared {
  readonly works: ReadonlyArray<Work>
  /** After it the files go up again before anything is waited for. */
  readonly staleAt: number
  /** After it the vendor may have forgotten the first of them: the call must not name it. */
  readonly deadAt: number
}

/** Undefined when the job was cancelled or stopped meanwhile. */
export const withFiles = (desk: Desk, works: ReadonlyArray<Work>) =>
  Effect.gen(function* () {
    const { uploads } = desk.sink
    const files = works.flatMap((w) => (w.op === "update" ? [] : (w.write.files ?? [])))
    if (uploads === undefined || files.length === 0)
      return { works, staleAt: Number.POSITIVE_INFINITY, deadAt: Number.POSITIVE_INFINITY } satisfies Prepared
    const began = monotonicMillis()
    const [staleAt, deadAt] = [began + uploads.lifeMillis / 2, began + uploads.lifeMillis * usable]
    const ends = yield* Effect.forEach(
      files,
      (file) => Effect.map(uploadOne(desk, uploads, file), (end) => [file, end] as const),
      { concurrency: atOneTime }
    )
    const byFile = new Map<AssembledFile, Uploaded | UploadRefused>()
    for (const [file, end] of ends) {
      if (end === undefined) return undefined
      byFile.set(file, end)
    }
    return { works: works.map((work) => attached(uploads, work, byFile)), staleAt, deadAt } satisfies Prepared
  })

/** The write with its uploads named; a file that was refused stands as a line of text where it belongs, and its part fails. */
const attached = (
  uploads: Uploads<unknown>,
  work: Work,
  ends: ReadonlyMap<AssembledFile, Uploaded | UploadRefused>
): Work => {
  const files = work.op === "update" ? [] : (work.write.files ?? [])
  if (files.length === 0) return work
  const good: Array<readonly [AssembledFile, Uploaded]> = []
  const bad = new Map<string, Failure>()
  for (const file of files) {
    const end = ends.get(file)
    if (end?._tag === "Uploaded") good.push([file, end])
    else if (end !== undefined) bad.set(file.sourceId, { code: end.code, message: end.message, hint: end.hint })
  }
  const body = withNotes(
    work.write.body,
    files.filter((file) => bad.has(file.sourceId))
  )
  return {
    ...work,
    parts: work.parts.map((part) => {
      const error = part.entity === "attachment" ? bad.get(part.sourceId) : undefined
      return error === undefined ? part : { ...part, error }
    }),
    write: { ...work.write, body: uploads.attach(body, good) }
  }
}

const refused = (code: string, message: string, hint: string): UploadRefused => ({
  _tag: "UploadRefused",
  code,
  message,
  hint
})

const uploadOne = (desk: Desk, uploads: Uploads<unknown>, file: AssembledFile) =>
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const http = yield* VendorHttp
    const { tenantId } = desk.card
    let told = false
    let unsendable: string | undefined
    for (let lost = 0; ; ) {
      if ((yield* whilePaused(desk)) !== "go") return undefined
      const sent = blobs.get(tenantId, file.sha256).pipe(
        Effect.flatMap((bytes) =>
          Effect.result(
            http.call(desk.connection, uploads.call(desk.connection.config, file, bytes), {
              deadline: monotonicMillis() + uploadMillis
            })
          )
        )
      )
      const end = yield* inRoom(desk.waiting, file, sent).pipe(
        Effect.catchIf(
          (e) => e._tag === "BlobError" && !e.transient,
          () => Effect.succeed(undefined)
        )
      )
      if (end === undefined)
        return refused(
          "bytes-missing",
          "The file is not in the blob store as it was read.",
          "Migrate the record again."
        )
      if (Result.isSuccess(end)) {
        const read = Result.try(() => uploads.read(end.success))
        if (Result.isSuccess(read)) return read.success
      } else {
        const { reason } = end.failure
        told = yield* refusedConnection(desk, end.failure, told)
        if (reason._tag === "Throttled") {
          if (yield* restful(desk, Math.max(100, reason.retryAfterMillis))) return undefined
          continue
        }
        if (reason._tag === "Unsendable") unsendable = reason.message
        else if (reason._tag !== "Unknown") {
          if (yield* restful(desk, desk.timing.patienceMillis)) return undefined
          continue
        }
      }
      lost += 1
      if (lost >= mostTries && unsendable !== undefined)
        return refused("unsendable", `The file cannot be sent: ${unsendable}`, "Add the file by hand.")
      if (lost >= mostTries)
        return refused(
          "no-answer",
          `The destination did not take the file in ${mostTries} tries.`,
          "Add the file by hand, or migrate again when the destination is well."
        )
      if (yield* restful(desk, desk.timing.patienceMillis)) return undefined
    }
  })
