// What a read of a numbered list has seen, so that nothing is lost while rows move in it: pages shift when a row is inserted, or
// moves to the front or the end. Pure but for its memory; for Engine.ts.
import type { Row } from "./Row.ts"

/** A list that moves under every reading is not read for ever. */
const mostPasses = 3

/**
 * A row that is met twice in one pass says that the list has moved meanwhile, and that another row may have been missed. Then
 * the list is read once more, and what is new in it is given. A row that was deleted shifts pages too, and nothing shows it.
 */
export class Sightings {
  readonly #versions = new Map<string, string>()
  #ids = new Set<string>()
  #moved = false
  #passes = 1

  /** The rows of a page that were not given before. */
  fresh(rows: ReadonlyArray<Row>): ReadonlyArray<Row> {
    return rows.filter(({ sourceId, version }) => {
      if (this.#ids.has(sourceId)) this.#moved = true
      this.#ids.add(sourceId)
      const known = this.#versions.get(sourceId) === version
      this.#versions.set(sourceId, version)
      return !known
    })
  }

  /** At the end of a pass: whether the list is to be read again. */
  again(): boolean {
    const again = this.#moved && this.#passes < mostPasses
    this.#passes += 1
    this.#moved = false
    this.#ids = new Set()
    return again
  }
}
