// Sends writes: intent committed, deadline checked, one call, its answer read. What may have been done and is not known
// comes back as Unknown, never as a guess (Promise 4). What does not belong here: looking up (Unknown.ts), plans (Plan.ts).
import type { Call, JobAnswer, SinkAnswer, WriteOutcome } from "@bridge/connectors/Connector"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { monotonicMillis } from "@bridge/http/Wire"
import { Effect, Result } from "effect"
import { addVendorJob, endVendorJob } from "./Batches.ts"
import { type Desk, patiently, refusedConnection, restful, stillOurs, type Work, whilePaused } from "./Desk.ts"
import { type Prepared, withFiles } from "./Files.ts"
import { complete, thereOf } from "./Further.ts"
import { type Leave, leave } from "./Guard.ts"
import { jobPace } from "./JobPace.ts"
import { intend, type Settlement, settle, withdraw } from "./Ledger.ts"
import { failed, fromWrite, type Outcome } from "./Outcome.ts"

/** What became of each record of a send. */
export type Sent =
  | { readonly _tag: "Known"; readonly outcome: Outcome }
  | { readonly _tag: "Unknown"; readonly message: string }
  /** The job was cancelled or stopped before it left. */
  | { readonly _tag: "NotSent" }

export type SentMap = Map<string, Sent>

type CallEnd =
  | {
      readonly _tag: "Answered"
      readonly answer: Exclude<SinkAnswer, { readonly _tag: "Busy" }>
      /** As they were sent, with their files. */
      readonly works: ReadonlyArray<Work>
    }
  | { readonly _tag: "Unknown"; readonly message: string }
  | { readonly _tag: "Stopped"; readonly leave: Leave }

/**
 * Writes all of it, in as few calls as the sink's limits allow, and settles each in the ledger as soon as it is known.
 * `alone`: one call for each, so that a record that upsets the vendor does not upset it for the others.
 */
export const send = (desk: Desk, works: ReadonlyArray<Work>, alone: boolean) =>
  Effect.gen(function* () {
    const sent: SentMap = new Map()
    for (const chunk of alone ? works.map((w) => [w]) : chunks(desk, works)) {
      const stopped = yield* sendChunk(desk, chunk, sent)
      if (stopped) break
    }
    for (const work of works) if (!sent.has(work.sourceId)) sent.set(work.sourceId, { _tag: "NotSent" })
    return sent
  })

/** Files in one call, and their bytes: all of them are uploaded before it, and must not grow old meanwhile. */
const mostFiles = 100
const mostFileBytes = 256 * 1024 * 1024

interface Chunk {
  readonly works: Array<Work>
  bytes: number
  files: number
  fileBytes: number
}

/** Creates of one kind go together where the sink can; updates and lone records go one by one. */
export const chunks = (desk: Pick<Desk, "sink">, works: ReadonlyArray<Work>): ReadonlyArray<ReadonlyArray<Work>> => {
  const { sink } = desk
  const most = sink.createMany === undefined ? 1 : sink.batchSize
  const out: Array<Chunk> = works
    .filter((w) => w.op === "update")
    .map((w) => ({ works: [w], bytes: 0, files: 0, fileBytes: 0 }))
  const open = new Map<string, Chunk>()
  for (const work of works) {
    if (work.op === "update") continue
    const kind = sink.together?.(work.write) ?? ""
    const files = work.write.files ?? []
    const bytes = Buffer.byteLength(JSON.stringify(work.write.body))
    const fileBytes = files.reduce((sum, file) => sum + file.size, 0)
    let chunk = open.get(kind)
    if (
      chunk === undefined ||
      chunk.works.length >= most ||
      chunk.bytes + bytes > sink.batchBytes ||
      chunk.files + files.length > mostFiles ||
      chunk.fileBytes + fileBytes > mostFileBytes
    ) {
      chunk = { works: [], bytes: 0, files: 0, fileBytes: 0 }
      open.set(kind, chunk)
      out.push(chunk)
    }
    chunk.works.push(work)
    chunk.bytes += bytes
    chunk.files += files.length
    chunk.fileBytes += fileBytes
  }
  return out.map((chunk) => chunk.works)
}

/** True when nothing more may be sent. */
const sendChunk = (desk: Desk, works: ReadonlyArray<Work>, sent: SentMap): Effect.Effect<boolean, Failures, Needs> =>
  Effect.gen(function* () {
    if (works[0] === undefined) return false
    const bulk = desk.sink.createMany !== undefined && works[0].op === "create" && works.length > 1
    const end = yield* sendCall(desk, works, bulk)
    if (end._tag === "Stopped") return true
    if (end._tag === "Unknown") {
      for (const w of works) sent.set(w.sourceId, end)
      return false
    }
    const { answer } = end
    switch (answer._tag) {
      case "Results":
        yield* complete(desk, thereOf(end.works, answer.outcomes))
        yield* desk.transaction(Effect.andThen(stillOurs(desk), record(desk, end.works, answer.outcomes, sent)))
        return false
      case "Job":
        yield* followJob(desk, answer.jobId, end.works, sent)
        return false
      case "BatchRefused": {
        // Refused as a whole, so nothing of it was done: the one bad record must not take the others with it.
        if (works.length > 1) {
          for (const work of works) if (yield* sendChunk(desk, [work], sent)) return true
          return false
        }
        const refused: WriteOutcome = { ...answer, _tag: "Failed" }
        yield* desk.transaction(Effect.andThen(stillOurs(desk), record(desk, works, [refused], sent)))
        return false
      }
    }
  })

/** The call of some works: all in one, or of one alone. */
const callOf = (desk: Desk, works: ReadonlyArray<Work>, bulk: boolean): Call | undefined => {
  const { config } = desk.connection
  const { createMany, createOne, update } = desk.sink
  const writes = works.map((w) => w.write)
  const [first] = works
  if (first === undefined) return undefined
  if (bulk && createMany !== undefined) return createMany.call(desk.sink, config, writes)
  return first.op === "update" && update !== undefined
    ? update.call(desk.sink, config, first.write)
    : createOne.call(desk.sink, config, first.write)
}

/**
 * One call until it has surely been made or surely must not be: waits for its turn before the intent, so that the deadline
 * does not run meanwhile, and goes round again when the vendor said "not now". Files go up before, and again when all this took
 * so long that they have grown old. Promise 3: the job's leave is read in the transaction of the intent.
 */
const sendCall = (desk: Desk, given: ReadonlyArray<Work>, bulk: boolean) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const entity = desk.sink.entity
    const ids = given.map((w) => w.sourceId)
    let prepared: Prepared | undefined
    let died = 0
    let intended = false
    let told = false
    // The transaction of the intent reads the job's leave; before it only files would go up.
    let leftOpen = given.every(({ write }) => (write.files ?? []).length === 0)
    const stop = (leave: Leave) =>
      Effect.gen(function* () {
        if (intended) yield* desk.transaction(Effect.andThen(stillOurs(desk), withdraw(desk.book, entity, ids)))
        return { _tag: "Stopped", leave } satisfies CallEnd
      })
    for (;;) {
      const may = leftOpen ? "go" : yield* whilePaused(desk)
      leftOpen = false
      if (may !== "go") return yield* stop(may)
      if (prepared === undefined || monotonicMillis() > prepared.staleAt) prepared = yield* withFiles(desk, given)
      // They may die while the others go up: the job was paused, or the destination away, in between.
      if (prepared === undefined || (isDead(prepared) && ++died < mostDeaths)) continue
      const { works } = prepared
      const call = callOf(desk, works, bulk)
      if (call === undefined) return { _tag: "Unknown", message: "nothing to send" } satisfies CallEnd
      const permit = yield* desk.waiting(http.ready(desk.connection, call))
      if (isDead(prepared) && ++died < mostDeaths) {
        yield* http.forgo(desk.connection, permit)
        continue
      }
      const deadline = monotonicMillis() + desk.timing.deadlineMillis
      const leave = yield* desk
        .transaction(intents(desk, works, bulk))
        .pipe(
          Effect.onExit((exit) =>
            exit._tag === "Success" && exit.value === "go" ? Effect.void : http.forgo(desk.connection, permit)
          )
        )
      if (leave !== "go") continue
      intended = true
      const end = yield* Effect.result(http.call(desk.connection, call, { deadline, permit }))
      if (Result.isSuccess(end)) {
        const read = Result.try(() =>
          desk.sink.readAnswer(
            desk.connection.config,
            works.map((w) => w.write),
            end.success
          )
        )
        if (Result.isFailure(read)) return { _tag: "Unknown", message: String(read.failure) } satisfies CallEnd
        if (read.success._tag !== "Busy") return { _tag: "Answered", answer: read.success, works } satisfies CallEnd
        if (yield* restful(desk, read.success.retryAfterMillis)) return yield* stop("cancelled")
        continue
      }
      const { reason } = end.failure
      if (!end.failure.surelyNotDone) return { _tag: "Unknown", message: end.failure.message } satisfies CallEnd
      if (reason._tag === "Refused") {
        const { code, message, hint } = reason
        return { _tag: "Answered", answer: { _tag: "BatchRefused", code, message, hint }, works } satisfies CallEnd
      }
      told = yield* refusedConnection(desk, end.failure, told)
      const wait =
        reason._tag === "Throttled"
          ? reason.retryAfterMillis
          : reason._tag === "NotSent"
            ? 1_000
            : desk.timing.patienceMillis
      if (wait > 0 && (yield* restful(desk, wait))) return yield* stop("cancelled")
    }
  })

const isDead = ({ deadAt }: Prepared): boolean => monotonicMillis() > deadAt
/** A line on which all files of one call never go up within their life: then the vendor is asked all the same, and refuses. */
const mostDeaths = 5

/** The job's leave and, when it may go, the intents: one transaction, committed before the call. */
const intents = (desk: Desk, works: ReadonlyArray<Work>, bulk: boolean) =>
  Effect.gen(function* () {
    yield* stillOurs(desk)
    const may = yield* leave(desk.card.id)
    if (may !== "go") return may
    const batch = desk.batch?.number ?? -1
    yield* intend(
      desk.book,
      desk.sink.entity,
      works.map(({ hash, op, parts, sourceId }) => ({
        sourceId,
        intent: { job: desk.card.id, batch, op, hash, parts, bulk, owner: desk.owner }
      })),
      desk.timing.deadlineMillis
    )
    return may
  })

/** Notes the vendor's job and follows it to its end. Whether more may be sent is asked before it is. */
const followJob = (desk: Desk, jobId: string, works: ReadonlyArray<Work>, sent: SentMap) =>
  Effect.gen(function* () {
    const { batch } = desk
    if (batch !== null)
      yield* desk.transaction(addVendorJob(batch, { id: jobId, sourceIds: works.map((w) => w.sourceId) }))
    yield* awaitJob(desk, jobId, works, sent)
  })

/** Polls a vendor's job to its end, without a permit, and settles its records; also after a restart. */
export const awaitJob = (desk: Desk, jobId: string, works: ReadonlyArray<Work>, sent: SentMap) =>
  Effect.gen(function* () {
    const end = yield* jobEnd(desk, jobId, works)
    const { batch } = desk
    if (end._tag === "Done") yield* complete(desk, thereOf(works, end.outcomes))
    yield* desk.transaction(
      Effect.gen(function* () {
        yield* stillOurs(desk)
        if (batch !== null) yield* endVendorJob(batch, jobId)
        if (end._tag === "Done") yield* record(desk, works, end.outcomes, sent)
      })
    )
    if (end._tag === "Lost") for (const w of works) sent.set(w.sourceId, { _tag: "Unknown", message: end.message })
  })

const jobEnd = (desk: Desk, jobId: string, works: ReadonlyArray<Work>) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { sink } = desk
    const { config } = desk.connection
    const writes = works.map((w) => w.write)
    if (sink.jobStatus === undefined || sink.readJob === undefined)
      return { _tag: "Lost", message: "the sink cannot follow its jobs" } as const
    const call = sink.jobStatus(config, jobId)
    const { connectionId } = desk.connection
    const began = monotonicMillis()
    for (let questions = 1; ; questions++) {
      yield* desk.waiting(Effect.sleep(jobPace.wait(connectionId, monotonicMillis() - began)))
      const seen = yield* patiently(desk)((connection) =>
        http.read<JobAnswer>(
          connection,
          call,
          (answer) => sink.readJob?.(config, writes, answer) ?? { _tag: "Lost", message: "" },
          { mode: "live" }
        )
      )
      if (seen._tag === "Failure") return { _tag: "Lost", message: seen.failure.message } as const
      if (seen.success._tag === "Pending") continue
      jobPace.ended(connectionId, monotonicMillis() - began, questions)
      return seen.success
    }
  })

/**
 * Writes outcomes into the ledger, with what went in the same call. What the vendor left open stays an intent, and so does
 * a refusal that may mean "it is there already": the caller looks for the one that is there, and settles it.
 */
export const record = (desk: Desk, works: ReadonlyArray<Work>, outcomes: ReadonlyArray<WriteOutcome>, sent: SentMap) =>
  Effect.gen(function* () {
    const settlements: Array<Settlement> = []
    works.forEach((work, index) => {
      const outcome = outcomes[index] ?? { _tag: "Unknown", message: "the answer does not speak of this record" }
      if (outcome._tag === "Unknown") {
        sent.set(work.sourceId, { _tag: "Unknown", message: outcome.message })
        return
      }
      const known = fromWrite(outcome, work.hash)
      sent.set(work.sourceId, { _tag: "Known", outcome: known })
      if (mayBeThere(desk, work, known)) return
      settlements.push(...settlementsOf(desk, work, known))
    })
    yield* settle(desk.book, desk.card.id, settlements)
  })

/** A refused create of something that has a natural key (e-mail, name): perhaps it exists. */
export const mayBeThere = (desk: Desk, work: Work, outcome: Outcome): boolean =>
  outcome.word === "failed" && work.op === "create" && desk.sink.match !== undefined

/** A root and, when it was created, its parts. */
export const settlementsOf = (
  desk: Desk,
  work: Pick<Work, "sourceId" | "parts">,
  outcome: Outcome
): ReadonlyArray<Settlement> => [
  { entity: desk.sink.entity, sourceId: work.sourceId, outcome },
  ...(outcome.word === "created"
    ? work.parts.map((p) => ({
        entity: p.entity,
        sourceId: p.sourceId,
        outcome:
          p.error === undefined
            ? ({ word: "created", destinationId: null, hash: p.hash, error: null } as const)
            : failed(p.error)
      }))
    : [])
]

type Ran<T> = T extends (...args: never) => Effect.Effect<unknown, infer E, infer R> ? { e: E; r: R } : never
type Failures = Ran<typeof sendCall>["e"] | Ran<typeof followJob>["e"]
type Needs = Ran<typeof sendCall>["r"] | Ran<typeof followJob>["r"]
