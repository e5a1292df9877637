// The extract stage: one actor per job and stream reads the vendor into raw topics, slice by slice, until it is told not to.
// Commands are wake-ups: what runs, where it goes on and whether it is wanted is in the rows (Manifest.ts).
import { hostname } from "node:os"
import { Connections } from "@bridge/connectors/Connections"
import { FilesUnavailable } from "@bridge/connectors/Reading"
import { Commands } from "@bridge/flow/Commands"
import { controlAddress } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import { reasonOf } from "@bridge/flow/Retry"
import { type Poison, type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import type { Wakeups } from "@bridge/flow/Wakeups"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import { BrokerError, type Producer } from "@bridge/kafka/Broker"
import { Effect } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import type { Files } from "./Files.ts"
import * as Manifest from "./Manifest.ts"
import type { RawBatches } from "./RawBatch.ts"
import { type Refusal, refusalOf } from "./Refusal.ts"
import { readSlice } from "./Slice.ts"

type Needs = Commands | Connections | Files | Producer | RawBatches | SqlClient.SqlClient | VendorHttp | Wakeups

export interface Tuning {
  /** Streams that work at the same time; those that wait for a vendor or a window do not count. */
  readonly permits: number
  /** A slice gives way after this long when others wait. */
  readonly sliceMillis: number
}

const stage = "extract"
const owner = `${hostname()}/${process.pid}`

const handle =
  ({ sliceMillis }: Tuning) =>
  (run: Run): Effect.Effect<void, StageError, Needs> =>
    Effect.gen(function* () {
      const commands = yield* Commands
      for (const c of yield* commands.commandsOf(run)) {
        const claim = yield* run.transaction(Manifest.claim(c.tenantId, c.jobId, c.key, c.slice, owner))
        if (claim !== undefined) yield* slice(run, claim, sliceMillis)
      }
    }).pipe(Effect.mapError(stageError))

const slice = (run: Run, claim: Manifest.Claim, sliceMillis: number) =>
  Effect.gen(function* () {
    const connections = yield* Connections
    const connection = yield* connections.open(claim.tenantId, claim.connectionId)
    const read = readSlice(run, claim, connection, sliceMillis)
    // A page loop that waits long (limits, windows) notices a pause, a cancel or a new owner all the same.
    const standing = yield* Effect.raceFirst(Effect.as(read, "mine" as const), watch(run, claim))
    if (standing === "stopped") yield* run.transaction(Manifest.abandon(claim))
  }).pipe(
    Effect.catch((error) => {
      const refusal = refusalOf(error)
      return refusal === undefined ? Effect.fail(error) : run.transaction(refused(claim, refusal))
    })
  )

/** Ends when the stream is no longer this owner's or no longer wanted; keeps the row moving meanwhile. */
const watch = (run: Run, claim: Manifest.Claim) =>
  run
    .transaction(Effect.tap(Manifest.standing(claim), (s) => (s === "mine" ? Manifest.touch(claim) : Effect.void)))
    .pipe(
      // A database that is away says nothing about the stream; a partition that is somebody else's does.
      Effect.catch((error) => Effect.succeed<Manifest.Standing>(isFenced(error) ? "lost" : "mine")),
      Effect.delay("2 seconds"),
      Effect.repeat({ while: (s) => s === "mine" })
    )

const isFenced = (error: unknown): boolean => error instanceof StageError && error.reason._tag === "Fenced"

/** What only a person can mend: told to the scheduler, which fails the job with these words. */
const refused = (claim: Manifest.Claim, refusal: Refusal) =>
  Effect.gen(function* () {
    if ((yield* Manifest.standing(claim)) !== "lost") yield* fail(claim, refusal)
  })

const fail = ({ jobId, stream, tenantId }: Pick<Manifest.Claim, "jobId" | "stream" | "tenantId">, refusal: Refusal) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    if (!(yield* Manifest.fail(jobId, stream, refusal))) return
    yield* commands.emit([{ type: "stream-failed", tenantId, jobId, key: stream, detail: { ...refusal } }])
  })

/** Vendors, registry and blob store pass by themselves; of database and broker the runtime knows what does not. */
const stageError = (cause: unknown): StageError => {
  if (cause instanceof StageError) return cause
  if (cause instanceof FilesUnavailable) return stageError(cause.cause)
  const known = cause instanceof SqlError.SqlError || cause instanceof BrokerError
  return new StageError({ stage, reason: known ? reasonOf(cause) : new Transient({ cause }) })
}

/** Says something about the message or the weather, not about the stream: the sweep wakes it again. */
const passing = new Set(["Undecodable", "TransientExhausted"])

/** The stream brings this down whoever reads it: without an end to it, the sweep would wake it for ever. */
const onPoison = (run: Run, { errorClass, message }: Poison) => {
  const [jobId, stream] = run.actor.split("/")
  if (jobId === undefined || stream === undefined || passing.has(errorClass)) return Effect.void
  return fail(
    { tenantId: run.tenantId, jobId, stream },
    { code: "internal-error", message: `${errorClass}: ${message}` }
  )
}

export const extractWith = (tuning: Tuning): Stage<Needs> => ({
  stage,
  topics: [controlTopic("commands")],
  address: controlAddress(["extract"], "job, key"),
  runsInFlight: 1,
  permits: tuning.permits,
  maxBytes: 4 * 1024 * 1024,
  maxPartitionBytes: 1024 * 1024,
  handle: handle(tuning),
  onPoison
})

export const extract = extractWith({ permits: 64, sliceMillis: 10_000 })
