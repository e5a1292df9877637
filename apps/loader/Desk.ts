// What the steps of one batch share: whose it is, through which sink, under which epoch, and how to wait. For the loader's
// shell and its steps. What does not belong here: any decision.
import { Connections, type OpenConnection } from "@bridge/connectors/Connections"
import type { AnyConnector, Sink, Write } from "@bridge/connectors/Connector"
import type { LoadWarning } from "@bridge/domain/Adapted"
import type { EntityId } from "@bridge/domain/Entities"
import { sourceKey } from "@bridge/domain/Jobs"
import { Commands } from "@bridge/flow/Commands"
import type { Run } from "@bridge/flow/Stage"
import type { Reason, VendorError } from "@bridge/http/VendorError"
import { VendorHttp } from "@bridge/http/VendorHttp"
import { asTenant } from "@bridge/store/Postgres"
import { Config, Duration, Effect } from "effect"
import { type Batch, holdBatch } from "./Batches.ts"
import { glance, type JobCard, type Leave } from "./Guard.ts"
import type { Book } from "./Ledger.ts"
import type { PartRef } from "./Outcome.ts"

export interface Timing {
  /** A write may leave, and its socket live, this long after its intent. */
  readonly deadlineMillis: number
  /** After the deadline: how long the vendor may still take over what it received before anybody looks. */
  readonly marginMillis: number
  /** How often a wait looks at the job's row. */
  readonly glanceMillis: number
  /** Between two tries of a look that the vendor does not answer. */
  readonly patienceMillis: number
  /** Between two looks at an outcome that nobody can tell. */
  readonly undecidedMillis: number
}

const millis = (name: string, fallback: Duration.Input) =>
  Config.Duration(name).pipe(Config.withDefault(Duration.fromInputUnsafe(fallback)), Config.map(Duration.toMillis))

/** Times of the loader; tests shorten them. */
export const timing: Config.Config<Timing> = Config.all({
  deadlineMillis: millis("BRIDGE_WRITE_DEADLINE", "20 seconds"),
  marginMillis: millis("BRIDGE_WRITE_MARGIN", "5 seconds"),
  glanceMillis: millis("BRIDGE_LOAD_GLANCE", "1 second"),
  patienceMillis: millis("BRIDGE_LOAD_PATIENCE", "10 seconds"),
  undecidedMillis: millis("BRIDGE_LOAD_UNDECIDED", "30 seconds")
})

/** One record to write, with all that must be known about it when the answer is lost. */
export interface Work {
  readonly sourceId: string
  readonly hash: string
  readonly parts: ReadonlyArray<PartRef>
  readonly op: "create" | "update"
  readonly write: Write
  /** What of it is not as approved. */
  readonly warnings: ReadonlyArray<LoadWarning>
}

export interface Desk {
  readonly transaction: Run["transaction"]
  readonly waiting: Run["waiting"]
  readonly card: JobCard
  readonly book: Book
  /** Opened anew when its credentials are refused (`reopen`). */
  connection: OpenConnection
  readonly sink: Sink<unknown>
  readonly timing: Timing
  /** Who writes: this process. */
  readonly owner: string
  /** Null outside a load batch (the stand-in person). */
  readonly batch: Batch | null
}

export const bookOf = (card: JobCard): Book => ({
  tenantId: card.tenantId,
  destinationAccount: card.destinationAccount,
  sourceAccount: card.sourceAccount
})

export const sinkOf = (connector: AnyConnector, entity: EntityId): Sink<unknown> | undefined =>
  connector.sinks.find((s) => s.entity === entity)

export const writeOf = (
  desk: Desk,
  entity: EntityId,
  sourceId: string,
  body: Write["body"],
  destinationId?: string
): Write => ({
  entity,
  sourceId,
  sourceKey: sourceKey(desk.card.sourceAccount, entity, sourceId),
  body,
  ...(destinationId === undefined ? {} : { destinationId })
})

/** First statement of what a batch commits: still ours. */
export const stillOurs = (desk: Desk) => (desk.batch === null ? Effect.void : holdBatch(desk.batch))

/** Waits, without a permit, while the job is paused; says what it may do then. */
export const whilePaused = (desk: Desk) =>
  Effect.gen(function* () {
    const { id, tenantId } = desk.card
    for (;;) {
      const leave: Leave = yield* asTenant(tenantId)(glance(id))
      if (leave !== "paused") return leave
      yield* desk.waiting(Effect.sleep(desk.timing.glanceMillis))
    }
  })

/** Sleeps without a permit, waking early when the job is cancelled; true when it was. */
export const restful = (desk: Desk, sleepMillis: number) =>
  Effect.gen(function* () {
    const { id, tenantId } = desk.card
    for (let left = sleepMillis; left > 0; left -= desk.timing.glanceMillis) {
      yield* desk.waiting(Effect.sleep(Math.min(left, desk.timing.glanceMillis)))
      const leave: Leave = yield* asTenant(tenantId)(glance(id))
      if (leave === "cancelled" || leave === "stopped") return true
    }
    return false
  })

/** Tells the job's people, once per batch and reason, that somebody must act. */
export const tell = (desk: Desk, type: string, detail: Readonly<Record<string, unknown>>) =>
  Effect.gen(function* () {
    const commands = yield* Commands
    const { id, tenantId } = desk.card
    yield* asTenant(tenantId)(
      commands.emit([{ type, tenantId, jobId: id, key: desk.batch?.entity ?? desk.sink.entity, detail }])
    )
  })

/**
 * After refused credentials: the connection as it is stored now. One that leads to another account by now is not taken, since
 * what was approved is for this one.
 */
export const reopen = (desk: Desk) =>
  Effect.gen(function* () {
    const { destinationAccount, destinationConnection, tenantId } = desk.card
    const stored = yield* Effect.result((yield* Connections).open(tenantId, destinationConnection))
    if (stored._tag === "Success" && stored.success.account === destinationAccount) desk.connection = stored.success
  })

/** The vendor refused the connection: its people are told, once, and the stored credentials are tried next. */
export const refusedConnection = (desk: Desk, error: VendorError, told: boolean) =>
  Effect.gen(function* () {
    if (error.reason._tag !== "AuthRejected" && error.reason._tag !== "BadAddress") return told
    if (!told) yield* tell(desk, "connection-refused", { message: error.message })
    yield* reopen(desk)
    return true
  })

/** This account, or who we are in it, has no access to what was asked for. */
export const isForbidden = (reason: Reason): boolean => reason._tag === "AuthRejected" && reason.status === 403

/** The credentials are good: what was forbidden is one part of the account (a plan without it, a role that may not). */
const isWelcome = (desk: Desk) =>
  Effect.gen(function* () {
    const http = yield* VendorHttp
    const { config, connector } = desk.connection
    const { check } = connector
    const read = http.read(desk.connection, check.call(config), (answer) => check.read(config, answer), {
      mode: "live"
    })
    const end = yield* Effect.result(desk.waiting(read))
    return end._tag === "Success" && end.success === null
  })

/**
 * A look at the vendor that must come to an end: tried until the vendor answers, whatever stands in the way (credentials
 * refused, outage). `Gone` and `Refused` are answers, and so is 403 to good credentials: it would be the same tomorrow.
 */
export const patiently =
  (desk: Desk) =>
  <A, R>(look: (connection: OpenConnection) => Effect.Effect<A, VendorError, R>) =>
    Effect.gen(function* () {
      let told = false
      for (;;) {
        const end = yield* Effect.result(desk.waiting(look(desk.connection)))
        if (end._tag === "Success") return end
        const { reason } = end.failure
        if (reason._tag === "Gone" || reason._tag === "Refused") return end
        if (isForbidden(reason) && (yield* isWelcome(desk))) return end
        told = yield* refusedConnection(desk, end.failure, told)
        yield* Effect.logWarning("the destination does not answer, tried again", {
          job: desk.card.id,
          reason: reason._tag
        })
        yield* desk.waiting(Effect.sleep(desk.timing.patienceMillis))
      }
    })
