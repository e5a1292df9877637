// The bytes of files, put away while their page is read: into the blob store before the batch that names them is sent. What
// cannot be had is a row with its reason. For Slice.ts. What does not belong here: which files there are (connectors).
import type { OpenConnection } from "@bridge/connectors/Connections"
import { type Again, FilesUnavailable, type Keep } from "@bridge/connectors/Reading"
import type { FileOutcome, FileRef } from "@bridge/connectors/Row"
import type { Run } from "@bridge/flow/Stage"
import type { Call } from "@bridge/http/Call"
import type { Reason, VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { Blobs } from "@bridge/store/Blobs"
import { Clock, Context, Effect, Layer, Semaphore } from "effect"
import { SqlClient } from "effect/sql"
import * as Manifest from "./Manifest.ts"

/** Files on their way at one time in this process, and of one stream: each takes about 2 MB of memory. */
const inFlight = 24
const ofOneStream = 6
/** The largest file that is taken. */
const maxBytes = 2 * 1024 ** 3
/** A host that is away is tried for so long, one that wants silence for as long as it asks. */
const faultMillis = 2 * 60_000
const throttleMillis = 15 * 60_000

export class Files extends Context.Service<
  Files,
  {
    /** How the files of one stream are kept. */
    readonly keeper: (run: Run, claim: Manifest.Claim, connection: OpenConnection) => Effect.Effect<Keep>
  }
>()("bridge/extractor/Files") {
  static readonly layer = Layer.effect(
    Files,
    Effect.gen(function* () {
      const blobs = yield* Blobs
      const http = yield* VendorHttp
      const sql = yield* SqlClient.SqlClient
      const all = yield* Semaphore.make(inFlight)
      const keeper = (run: Run, claim: Manifest.Claim, connection: OpenConnection) =>
        Effect.map(
          Semaphore.make(ofOneStream),
          (mine): Keep =>
            (file, again) => {
              const kept = keep({ blobs, http }, run, claim, connection, file, again)
              return mine
                .withPermits(1)(all.withPermits(1)(kept))
                .pipe(Effect.mapError(unavailable), Effect.provideService(SqlClient.SqlClient, sql))
            }
        )
      return Files.of({ keeper })
    })
  )
}

const unavailable = (cause: unknown): FilesUnavailable =>
  cause instanceof FilesUnavailable ? cause : new FilesUnavailable({ cause })

interface Edges {
  readonly blobs: Blobs["Service"]
  readonly http: VendorHttp["Service"]
}

/** Promise 2: put away before its row is sent, or a row with the reason. */
const keep = (edges: Edges, run: Run, claim: Manifest.Claim, connection: OpenConnection, file: FileRef, again: Again) =>
  Effect.gen(function* () {
    const { sourceId } = file.row
    const version = `${file.row.version}/${file.size ?? ""}`
    // What an earlier owner has put away of a page that is read again is not fetched twice.
    const known = yield* run.transaction(Manifest.keptFile(claim, sourceId, version))
    if (known !== undefined && (yield* edges.blobs.touch(claim.tenantId, known.sha256))) return outcomeOf(known, file)
    const outcome = yield* fetched(edges, claim, connection, file, again)
    yield* run.transaction(Manifest.keepFile(claim, sourceId, version, outcome))
    return outcome
  })

/** Until it is there or cannot be had. */
const fetched = (
  { blobs, http }: Edges,
  claim: Manifest.Claim,
  connection: OpenConnection,
  file: FileRef,
  again: Again
) =>
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const { isPage, otherwise, size } = file
    let from: string | Call | null = file.url ?? otherwise
    let asked = false
    let first: Reason | undefined
    for (let faults = 1; ; faults++) {
      if (from === null) return lost("the vendor names no address of it")
      const tried: string | Call = from
      const end = yield* Effect.result(
        blobs.receive(claim.tenantId, (write) => http.download(connection, tried, { maxBytes, write, isPage, size }))
      )
      if (end._tag === "Success") return outcomeOf({ sha256: end.success.sha256, bytes: end.success.bytes }, file)
      const error = end.failure
      if (error._tag !== "VendorError") return yield* unavailable(error)
      const { reason } = error
      const elapsed = (yield* Clock.currentTimeMillis) - startedAt
      if (typeof tried !== "string" && isAnswer(reason)) return lost(wordsOf(first ?? reason))
      if (reason._tag === "Gone") {
        first ??= reason
        const other: string | null = asked ? null : yield* renewed(again)
        asked = true
        from = other === null || other === tried ? otherwise : other
        if (from === null) return lost(wordsOf(first))
        continue
      }
      const wait = waitOf(reason, faults)
      if (wait === undefined || elapsed + wait > (reason._tag === "Throttled" ? throttleMillis : faultMillis))
        return lost(wordsOf(reason))
      yield* Effect.sleep(wait)
      // A signature may have died meanwhile.
      if (wait > 5_000 && typeof tried === "string") from = (yield* renewed(again)) ?? tried
    }
  })

/** Where the file is now; a vendor that is away is no reason to give a file up. */
const renewed = (again: Again): Effect.Effect<string | null, FilesUnavailable> =>
  Effect.catch(again, (error: VendorError) =>
    error.transient ? Effect.fail(unavailable(error)) : Effect.succeed(null)
  )

/** What the API said, and will say again. */
const isAnswer = ({ _tag }: Reason): boolean => _tag !== "Throttled" && _tag !== "Unavailable"

const waitOf = (reason: Reason, faults: number): number | undefined => {
  if (reason._tag === "Throttled") return Math.max(500, reason.retryAfterMillis)
  return reason._tag === "Unavailable" ? Math.min(20_000, 500 * 2 ** (faults - 1)) : undefined
}

const outcomeOf = (
  { bytes, sha256 }: { readonly sha256: string; readonly bytes: number },
  file: FileRef
): FileOutcome => ({
  state: "stored",
  sha256,
  size: bytes,
  ...(file.size !== null && file.size !== bytes && { problem: `the vendor says ${file.size} bytes, ${bytes} came` })
})

const lost = (problem: string): FileOutcome => ({ state: "unavailable", problem: problem.slice(0, 500) })

/** Never more of an address than its host: what is behind it is a signature. */
const wordsOf = (reason: Reason): string => ("message" in reason ? reason.message : "its host wants no more calls")
