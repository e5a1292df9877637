// How many pages are announced and sent together: those that are there already, within bounds. For Slice.ts.
// What does not belong here: reading pages, cutting them into batches (Cut.ts).
import { maxBatchBytes } from "@bridge/domain/Jobs"
import { Cause, Effect, Queue } from "effect"
import { byteCount, type Group, merge, rowCount } from "./Cut.ts"

/** An announcement costs as much as a batch or two, and the batches of a group are encoded while the one before is sent. */
const groupBatches = 6
const groupBytes = groupBatches * maxBatchBytes

/**
 * At least one page, and as many more as are there already, until there are so many rows or bytes: while others wait for our turn
 * to end (`crowded`), those of one batch. Null at the end.
 */
export const takeGroup = <E>(queue: Queue.Dequeue<Group, E | Cause.Done>, batchSize: number, crowded: boolean) =>
  Effect.gen(function* () {
    const rows = crowded ? batchSize : groupBatches * batchSize
    const groups: Array<Group> = []
    const first = yield* Queue.take(queue).pipe(Effect.catchIf(Cause.isDone, () => Effect.succeed(null)))
    if (first === null) return null
    groups.push(first)
    let count = rowCount(first)
    let bytes = byteCount(first)
    const isRoom = () => count < rows && bytes < groupBytes && groups.at(-1)?.next !== null
    while (isRoom() && (yield* Queue.size(queue)) > 0) {
      const more = yield* Queue.take(queue).pipe(Effect.catchIf(Cause.isDone, () => Effect.succeed(null)))
      if (more === null) break
      groups.push(more)
      count += rowCount(more)
      bytes += byteCount(more)
    }
    return merge(groups)
  })
