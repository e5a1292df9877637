// A batch that PostgreSQL refuses although every row of it is JSON: split until the rows that are at fault are found.
// For Refiner.ts. What does not belong here: what becomes of them (dead letters), failures that pass by themselves.
import { sqlState } from "@bridge/flow/Retry"
import type { Run } from "@bridge/flow/Stage"
import { Effect } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import type { RawRow, RefinedBatch } from "./Batch.ts"

/** Data that it cannot hold: nested too deep, a value out of range. Other input would pass. */
export const isRefused = (error: unknown): error is SqlError.SqlError => {
  const state = error instanceof SqlError.SqlError ? sqlState(error) : undefined
  return state !== undefined && (state.startsWith("22") || state.startsWith("54"))
}

const rolledBack = Symbol("rolled back")
const message = "PostgreSQL does not take this row (nested too deep, or a value it cannot hold)"

/** The batch without the rows that `write` cannot write; they are dead. Nothing is lost, and nothing is written yet. */
export const withoutRefused = <R>(
  run: Run,
  rows: ReadonlyArray<RawRow>,
  batch: RefinedBatch,
  write: (rows: ReadonlyArray<RawRow>, part: RefinedBatch) => Effect.Effect<void, SqlError.SqlError, R>
) =>
  Effect.gen(function* () {
    const fits = (some: ReadonlyArray<RawRow>) =>
      run.transaction(Effect.andThen(write(some, only(batch, some)), Effect.fail(rolledBack))).pipe(
        Effect.as(true),
        Effect.catchIf(
          (error) => error === rolledBack,
          () => Effect.succeed(true)
        ),
        Effect.catchIf(isRefused, () => Effect.succeed(false))
      )
    const search = (some: ReadonlyArray<RawRow>): Found<R, ReturnType<typeof fits>> =>
      Effect.gen(function* () {
        if (some.length === 0 || (yield* fits(some))) return []
        if (some.length === 1) return some
        const half = Math.ceil(some.length / 2)
        return [...(yield* search(some.slice(0, half))), ...(yield* search(some.slice(half)))]
      })
    const dead = new Set(batch.dead.map(({ row }) => row))
    const refused = new Set(yield* search(rows.filter((row) => !dead.has(row))))
    return {
      records: batch.records.filter((record) => !refused.has(record.row)),
      dead: [...batch.dead, ...[...refused].map((row) => ({ row, code: "refused-by-database", message }))]
    } satisfies RefinedBatch
  })

type Found<R, E> = Effect.Effect<ReadonlyArray<RawRow>, Effect.Error<E>, R | SqlClient.SqlClient>

const only = ({ records }: RefinedBatch, rows: ReadonlyArray<RawRow>): RefinedBatch => {
  const kept = new Set(rows)
  return { records: records.filter((record) => kept.has(record.row)), dead: [] }
}
