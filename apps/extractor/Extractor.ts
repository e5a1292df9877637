// Reads a stream of a job page by page into its raw topics: manifest, send, checkpoint. One actor per job and stream.
// Commands are wake-ups: what runs, where it goes on and whether it is wanted is in the rows (Manifest.ts).
import { hostname } from "node:os"
import { Connections, type OpenConnection } from "@bridge/connectors/Connections"
import type { ReadOptions } from "@bridge/connectors/Connector"
import { type PageGroup, readStream } from "@bridge/connectors/Engine"
import { defaultBatchSize, maxBatchBytes, windowRows } from "@bridge/domain/Jobs"
import { Commands } from "@bridge/flow/Commands"
import { controlAddress } from "@bridge/flow/Envelope"
import { controlTopic } from "@bridge/flow/Flow"
import { type Run, type Stage, StageError, Transient } from "@bridge/flow/Stage"
import { Wakeups } from "@bridge/flow/Wakeups"
import { VendorError } from "@bridge/http/VendorError"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import { Producer } from "@bridge/kafka/Broker"
import { Cause, Clock, Effect, Option, Queue, Stream } from "effect"
import type { SqlClient } from "effect/sql"
import { type Batch, cut, type Group, merge, rowCount } from "./Cut.ts"
import * as Manifest from "./Manifest.ts"
import { RawBatches } from "./RawBatch.ts"

type Needs = Commands | Connections | Producer | RawBatches | SqlClient.SqlClient | VendorHttp | Wakeups

/** A slice gives way after this long when others wait. */
const sliceMillis = 10_000
/** Pages read ahead of the sends. */
const pagesAhead = 4

const owner = `${hostname()}/${process.pid}`

const stageError = (cause: unknown): StageError =>
  cause instanceof StageError ? cause : new StageError({ stage: "extract", reason: new Transient({ cause }) })

/** What is written but not yet marked as sent. */
interface Sent {
  readonly batches: ReadonlyArray<Batch>
  readonly group: Group
}

const handle = (run: Run): Effect.Effect<void, StageError, Needs> =>
  Effect.gen(function* () {
    const commands = yield* Commands
    for (const c of yield* commands.commandsOf(run)) {
      const claim = yield* run.transaction(Manifest.claim(c.tenantId, c.jobId, c.key, c.slice, owner))
      if (claim !== undefined) yield* slice(run, claim)
    }
  }).pipe(Effect.mapError(stageError))

const slice = (run: Run, claim: Manifest.Claim) =>
  Effect.gen(function* () {
    const connections = yield* Connections
    const connection = yield* connections.open(claim.tenantId, claim.connectionId)
    // A page loop that waits long (limits, windows) notices a pause or a cancel all the same.
    yield* Effect.raceFirst(
      read(run, claim, connection).pipe(Effect.catchIf(isVendorError, (e) => refused(run, claim, e))),
      watch(run, claim)
    )
  })

/** Ends when the stream is no longer this owner's or no longer wanted; keeps the row moving meanwhile. */
const watch = (run: Run, claim: Manifest.Claim) =>
  run
    .transaction(Effect.tap(Manifest.standing(claim), (s) => (s === "mine" ? Manifest.touch(claim) : Effect.void)))
    .pipe(
      Effect.catch(() => Effect.succeed<Manifest.Standing>("mine")),
      Effect.delay("2 seconds"),
      Effect.repeat({ while: (s) => s === "mine" }),
      Effect.asVoid
    )

const read = (run: Run, claim: Manifest.Claim, connection: OpenConnection) =>
  Effect.scoped(
    Effect.gen(function* () {
      const queue = yield* Queue.bounded<Group, VendorError | Cause.Done>(pagesAhead)
      yield* pages(claim, connection).pipe(
        Stream.runForEach((g) => Queue.offer(queue, g)),
        Effect.matchCauseEffect({
          onFailure: (cause) => Queue.failCause(queue, cause),
          onSuccess: () => Queue.end(queue)
        }),
        Effect.forkScoped
      )
      const started = yield* Clock.currentTimeMillis
      let numbers = claim.nextBatch
      let sent: Sent | null = null
      for (;;) {
        // Nothing ready: what was sent is marked now, not when the next slow page has come.
        if (sent !== null && (yield* Queue.size(queue)) === 0) {
          yield* record(run, claim, sent, [], numbers)
          sent = null
        }
        const group: Group | null = yield* takeGroup(queue, claim.options.batchSize ?? defaultBatchSize)
        if (group === null) break
        yield* run.waiting(room(run, claim))
        const { batches, next } = cut(group, numbers, claim.options.batchSize ?? defaultBatchSize, maxBatchBytes)
        numbers = next
        if (!(yield* record(run, claim, sent, batches, numbers))) return
        yield* send(run, claim, connection, batches)
        sent = { batches, group }
        if (group.next === null) break
        const elapsed = (yield* Clock.currentTimeMillis) - started
        if (elapsed > sliceMillis && (yield* run.crowded)) {
          yield* giveWay(run, claim, sent, numbers)
          return
        }
      }
      yield* finish(run, claim, connection, sent, numbers)
    })
  )

/** The pages of the stream from the checkpoint on, with what the job asks for. */
const pages = (claim: Manifest.Claim, connection: OpenConnection) => {
  const { connector } = connection
  const entityOf = new Map(connector.streams.map((s) => [s.name, s.entity]))
  const wanted = new Set(
    connector.streams.filter((s) => s.entity !== null && claim.entities.includes(s.entity)).map((s) => s.name)
  )
  const { filters, since, until } = claim.options as {
    filters?: ReadOptions["filters"]
    since?: string
    until?: string
  }
  const options: ReadOptions = {
    now: claim.readAt,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(filters === undefined ? {} : { filters })
  }
  return readStream(connection, claim.stream, { cursor: claim.checkpoint, options, wanted }).pipe(
    Stream.map(
      (p: PageGroup): Group => ({
        rows: Object.entries(p.rows).flatMap(([stream, rows]) => {
          const entity = entityOf.get(stream)
          return entity === undefined || entity === null ? [] : [{ stream, entity, rows }]
        }),
        poison: p.poison,
        next: p.next,
        calls: p.calls
      })
    )
  )
}

/** At least one page, and as many more as are there already, up to a batch. Null at the end. */
const takeGroup = (queue: Queue.Dequeue<Group, VendorError | Cause.Done>, rows: number) =>
  Effect.gen(function* () {
    const groups: Array<Group> = []
    const first = yield* Queue.take(queue).pipe(Effect.catchIf(Cause.isDone, () => Effect.succeed(null)))
    if (first === null) return null
    groups.push(first)
    let count = rowCount(first)
    while (count < rows && groups.at(-1)?.next !== null && (yield* Queue.size(queue)) > 0) {
      const more = yield* Queue.take(queue).pipe(Effect.catchIf(Cause.isDone, () => Effect.succeed(null)))
      if (more === null) break
      groups.push(more)
      count += rowCount(more)
    }
    return merge(groups)
  })

/** One transaction: the last send counts, the next one is announced. False: not ours any more, or not wanted. */
const record = (
  run: Run,
  claim: Manifest.Claim,
  sent: Sent | null,
  next: ReadonlyArray<Batch>,
  numbers: Readonly<Record<string, number>>
) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const mine = yield* run.transaction(
      Effect.gen(function* () {
        const standing = yield* Manifest.standing(claim)
        if (standing === "lost") return false
        // Stopped: what is sent still counts, nothing new begins.
        if (sent !== null)
          yield* Manifest.finish(claim, sent.batches, sent.group.next, sent.group.calls, sent.group.poison)
        if (standing === "mine") yield* Manifest.begin(claim, next, numbers)
        return standing === "mine"
      })
    )
    if (sent !== null) {
      yield* Effect.ignore(
        commands.progress(
          sent.batches.map((b) => ({
            tenantId: claim.tenantId,
            jobId: claim.jobId,
            stage: "extract",
            entity: b.entity,
            rows: b.rows.length
          }))
        )
      )
    }
    return mine
  })

const send = (run: Run, claim: Manifest.Claim, connection: OpenConnection, batches: ReadonlyArray<Batch>) =>
  Effect.gen(function* () {
    const raw = yield* RawBatches
    const producer = yield* Producer
    const nowMillis = yield* Clock.currentTimeMillis
    const sends = yield* Effect.forEach(batches, (b) => raw.send(claim, connection, b, nowMillis))
    yield* run.inOrder(producer.sendAll(sends))
  })

/** Waits while the refiner has a window of rows before it; woken when it has committed a batch. */
const room = (run: Run, claim: Manifest.Claim) =>
  Effect.gen(function* () {
    const wakeups = yield* Wakeups
    const look = Effect.map(run.transaction(Manifest.inFlight(claim)), (rows) =>
      rows < windowRows ? Option.some(true) : Option.none()
    )
    yield* wakeups.until(`window:${claim.jobId}`, look, "500 millis")
  })

const giveWay = (run: Run, claim: Manifest.Claim, sent: Sent, numbers: Readonly<Record<string, number>>) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    if (!(yield* record(run, claim, sent, [], numbers))) return
    yield* run.transaction(
      Effect.gen(function* () {
        const slice = yield* Manifest.nextSlice(claim)
        if (slice === undefined) return
        yield* commands.send([
          { type: "extract", tenantId: claim.tenantId, jobId: claim.jobId, key: claim.stream, slice }
        ])
      })
    )
  })

const finish = (
  run: Run,
  claim: Manifest.Claim,
  connection: OpenConnection,
  sent: Sent | null,
  numbers: Readonly<Record<string, number>>
) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    if (sent !== null && !(yield* record(run, claim, sent, [], numbers))) return
    yield* run.transaction(
      Effect.gen(function* () {
        if ((yield* Manifest.standing(claim)) !== "mine") return
        const sealed = yield* Manifest.end(claim)
        const event = { tenantId: claim.tenantId, jobId: claim.jobId, key: claim.stream }
        yield* commands.emit([
          { type: "stream-ended", ...event },
          ...(sealed ? [{ type: "stream-sealed", ...event }] : [])
        ])
      })
    )
    yield* Effect.ignore(markEnd(claim, connection))
  })

const markEnd = (claim: Manifest.Claim, connection: OpenConnection) =>
  Effect.gen(function* () {
    const raw = yield* RawBatches
    const producer = yield* Producer
    const nowMillis = yield* Clock.currentTimeMillis
    const fed = connection.connector.streams.filter((s) => s.name === claim.stream || s.parent === claim.stream)
    const names = new Set(fed.map((s) => s.entity).filter((e) => e !== null && claim.entities.includes(e)))
    const sends = yield* Effect.forEach(names, (e) => raw.end(claim, connection, String(e), nowMillis))
    yield* producer.sendAll(sends)
  })

const isVendorError = (e: unknown): e is VendorError => e instanceof VendorError

/** What the vendor will not give: told to the scheduler when a person must act, tried again when it may pass. */
const refused = (run: Run, claim: Manifest.Claim, e: VendorError) =>
  Effect.gen(function* () {
    if (e.transient) return yield* stageError(e)
    const commands = yield* Commands
    const code = e.reason._tag === "AuthRejected" ? "credentials-rejected" : "source-refused"
    yield* run.transaction(
      Effect.gen(function* () {
        if ((yield* Manifest.standing(claim)) === "lost") return
        yield* Manifest.fail(claim, { code, message: e.message })
        yield* commands.emit([
          {
            type: "stream-failed",
            tenantId: claim.tenantId,
            jobId: claim.jobId,
            key: claim.stream,
            detail: { code, message: e.message }
          }
        ])
      })
    )
  })

export const extract: Stage<Needs> = {
  stage: "extract",
  topics: [controlTopic("commands")],
  address: controlAddress(["extract"], "job, key"),
  runsInFlight: 1,
  permits: 64,
  maxBytes: 4 * 1024 * 1024,
  maxPartitionBytes: 1024 * 1024,
  handle
}
