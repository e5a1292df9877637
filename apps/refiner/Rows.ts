// Bodies that are too large for messages and rows: fetched for the work, put away after it. For the shells.
// What does not belong here: the blob store itself (libs/store/Blobs.ts).
import { StageError, Transient } from "@bridge/flow/Stage"
import { Blobs } from "@bridge/store/Blobs"
import { Effect } from "effect"
import type { RawRow, RefinedRecord } from "./Batch.ts"
import type { RawRecord } from "./Envelopes.ts"
import { elsewhere, pointer } from "./Layout.ts"

const unavailable = (cause: unknown) => new StageError({ stage: "refine", reason: new Transient({ cause }) })

/** The rows with their bodies; one whose body is gone is `lost`, not the end of the batch. */
export const withBodies = (tenantId: string, rows: ReadonlyArray<RawRecord>) =>
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const complete: Array<RawRow> = []
    const lost: Array<RawRecord> = []
    for (const row of rows) {
      if (isComplete(row)) {
        complete.push(row)
        continue
      }
      const bytes = row.blob === null ? null : yield* fetch(blobs, tenantId, row.blob)
      if (bytes === null) lost.push(row)
      else complete.push({ ...row, bytes })
    }
    return { rows: complete, lost }
  })

const isComplete = (row: RawRecord): row is RawRow => row.bytes !== null

const fetch = (blobs: Blobs["Service"], tenantId: string, hash: string) =>
  blobs.get(tenantId, hash).pipe(
    Effect.catchIf(
      (error) => error._tag === "BlobError" && !error.transient,
      () => Effect.succeed(null)
    ),
    Effect.mapError(unavailable)
  )

/** Elements too large for a row, put into the blob store: what stands in the archive instead. */
export const largeElements = (tenantId: string, records: ReadonlyArray<RefinedRecord>) =>
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const stored = new Map<RefinedRecord, string>()
    for (const record of elsewhere(records)) {
      const bytes = record.element ?? Buffer.alloc(0)
      const hash = yield* blobs.put(tenantId, bytes).pipe(Effect.mapError(unavailable))
      stored.set(record, pointer(hash, bytes.length))
    }
    return stored
  })
