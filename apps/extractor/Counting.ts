// Counts a stream beside its reading, so that people see how long it will take. For Slice.ts.
// Never in the way: a stream of one page is counted by reading it, and one that cannot be counted is read all the same.
import type { OpenConnection } from "@bridge/connectors/Connections"
import { streamOf } from "@bridge/connectors/Engine"
import type { Choose } from "@bridge/connectors/Reading"
import type { Row } from "@bridge/connectors/Row"
import { type Survey, survey } from "@bridge/connectors/Survey"
import type { Run } from "@bridge/flow/Stage"
import type { VendorHttp } from "@bridge/http/VendorHttp"
import { Deferred, Effect, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import type { Choice } from "./Choice.ts"
import * as Manifest from "./Manifest.ts"

/**
 * Once for a stream: the choice with which it is to be read, which tells of its first page as soon as that is listed, before
 * anything is added to its rows.
 */
export const counting = (
  run: Run,
  claim: Manifest.Claim,
  connection: OpenConnection,
  choice: Choice,
  wanted: ReadonlySet<string>
): Effect.Effect<Choice, never, Scope.Scope | SqlClient.SqlClient | VendorHttp> =>
  Effect.gen(function* () {
    if (claim.surveyed) return choice
    const listed = yield* Deferred.make<ReadonlyArray<Row>>()
    yield* Effect.forkScoped(
      Effect.flatMap(Deferred.await(listed), (rows) => counted(run, claim, connection, choice, wanted, rows))
    )
    const choose: Choose = (rows) => {
      Deferred.doneUnsafe(listed, Effect.succeed(rows))
      return choice.choose?.(rows) ?? { rows, leftOut: 0, over: false }
    }
    return { ...choice, choose }
  })

const counted = (
  run: Run,
  claim: Manifest.Claim,
  connection: OpenConnection,
  choice: Choice,
  wanted: ReadonlySet<string>,
  listed: ReadonlyArray<Row>
) =>
  Effect.gen(function* () {
    const { since, until } = choice.options
    const stream = streamOf(connection.connector, claim.stream)
    const lists = stream.lists?.(connection.config, choice.options)
    // Of another form of list nothing is known before its end.
    if (lists?.[0] === undefined) return
    const whole = claim.checkpoint === null && since === undefined && until === undefined
    const last = whole && listed.length < lists[0].pageRows
    const found =
      last && (stream.further?.(connection.config, choice.options, listed) ?? null) === null
        ? small(listed.length)
        : yield* survey(connection, claim.stream, { ...choice, wanted })
    yield* run.transaction(Manifest.surveyed(claim, found))
  }).pipe(Effect.catchCause((cause) => Effect.logDebug(`${claim.stream} is not counted`, cause)))

/** Its first list has one page; what comes through others (deleted ones) is less. */
const small = (rows: number): Survey => ({ rows, share: 1, pageRows: rows, page: {}, rowCalls: 0, row: {}, calls: 0 })
