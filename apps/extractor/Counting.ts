// Counts a stream beside its reading, so that people see how long it will take. For Slice.ts.
// Never in the way: a stream of one page is counted by reading it, and one that cannot be counted is read all the same.
import type { OpenConnection } from "@bridge/connectors/Connections"
import { streamOf } from "@bridge/connectors/Engine"
import { type Survey, survey } from "@bridge/connectors/Survey"
import type { Run } from "@bridge/flow/Stage"
import { Effect } from "effect"
import type { Choice } from "./Choice.ts"
import type { Group } from "./Cut.ts"
import * as Manifest from "./Manifest.ts"

/** Once for a stream, with its first pages in hand. */
export const counting = (
  run: Run,
  claim: Manifest.Claim,
  connection: OpenConnection,
  choice: Choice,
  wanted: ReadonlySet<string>,
  first: Group
) =>
  Effect.gen(function* () {
    if (claim.surveyed || first.next === null) return
    const listed = first.taken + first.leftOut
    const lists = streamOf(connection.connector, claim.stream).lists?.(connection.config, choice.options)
    const whole = claim.checkpoint === null && lists?.[0] !== undefined && listed < lists[0].pageRows
    const found = whole ? small(listed) : yield* survey(connection, claim.stream, { ...choice, wanted })
    yield* run.transaction(Manifest.surveyed(claim, found))
  }).pipe(
    Effect.catchCause((cause) => Effect.logDebug(`${claim.stream} is not counted`, cause)),
    Effect.forkScoped
  )

/** Its first list has one page; what comes through others (deleted ones) is less. */
const small = (rows: number): Survey => ({ rows, share: 1, pageRows: rows, page: {}, rowCalls: 0, row: {}, calls: 0 })
