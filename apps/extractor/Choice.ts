// What a job's options make of one stream: the questions to the vendor, and which of the listed rows are taken. For Slice.ts.
// The same rows on every attempt: what was taken is counted with the checkpoint, and what is referred to was read before.
import type { OpenConnection } from "@bridge/connectors/Connections"
import type { ReadOptions } from "@bridge/connectors/Connector"
import { streamOf } from "@bridge/connectors/Engine"
import { admitting, conditionsOf } from "@bridge/connectors/Filters"
import type { Choose } from "@bridge/connectors/Reading"
import { readAsReferred, sampledEntity } from "@bridge/domain/Jobs"
import type { Run } from "@bridge/flow/Stage"
import { Effect } from "effect"
import * as Manifest from "./Manifest.ts"

export interface Choice {
  readonly options: ReadOptions
  /** Null: every row. */
  readonly choose: Choose | null
  /** Whether a row is asked for, were there no end to it; null: every row is. */
  readonly admits: Admits | null
}

type Admits = (row: Parameters<Choose>[0][number]) => boolean

export const choiceOf = (run: Run, claim: Manifest.Claim, { connector }: OpenConnection) =>
  Effect.gen(function* () {
    const { filters = {}, sampleSize, since, until } = claim.options
    const stream = streamOf(connector, claim.stream)
    const possible = stream.filters ?? []
    const { conditions } = conditionsOf(possible, filters[claim.entity] ?? {})
    const range = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }
    const sampled = sampleSize !== undefined && claim.entity === sampledEntity
    const options: ReadOptions = {
      now: claim.readAt,
      ...range,
      ...(Object.keys(conditions).length > 0 && { filters: conditions }),
      ...(sampled && { newestFirst: true })
    }
    const follows = sampleSize !== undefined && readAsReferred[claim.entity] !== undefined
    const referred = follows ? yield* run.transaction(Manifest.referredTo(claim)) : null
    const dated = stream.cursorField === null ? {} : range
    const admits = admitting(possible, conditions, dated)
    const wanted: Admits | null =
      referred === null ? admits : (row) => referred.has(row.sourceId) && (admits === null || admits(row))
    const most = sampled ? Math.max(0, sampleSize - claim.taken) : Number.POSITIVE_INFINITY
    const choose = wanted === null && !sampled ? null : choosing(wanted ?? (() => true), most)
    return { options, choose, admits: wanted } satisfies Choice
  })

/** The first `most` rows that `admits` says are asked for. */
export const choosing = (admits: Admits, most: number): Choose => {
  let left = most
  return (listed) => {
    const rows: Array<(typeof listed)[number]> = []
    let leftOut = 0
    for (const row of listed) {
      if (left <= 0) break
      if (admits(row)) {
        rows.push(row)
        left -= 1
      } else leftOut += 1
    }
    return { rows, leftOut, over: left <= 0 }
  }
}
