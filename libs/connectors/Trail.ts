// The way a read has taken through a vendor's pages: notices when it leads nowhere. Pure but for its memory; for Engine.ts.
import type { Call } from "@bridge/http/Call"
import type { Row } from "./Row.ts"

/** Pages in a row with nothing new before it is clear that none will come. */
const barrenPages = 20

/** How a row is recognised when its page is read again. */
export const identity = (row: Row): string => `${row.sourceId}@${row.version}`

export class Trail {
  readonly #asked = new Set<string>()
  #last = ""
  #barren = 0

  /** Words when the call that follows the page makes no sense any more; else null. `next` null ends the read. */
  after(page: { readonly rows: ReadonlyArray<Row>; readonly barren?: boolean }, next: Call | null): string | null {
    const rows = page.rows.map(identity).join("\n")
    const same = rows !== "" && rows === this.#last
    this.#last = rows
    this.#barren = page.barren === true ? this.#barren + 1 : 0
    if (next === null) return null
    if (same) return "a page holds the same rows as the one before it, and names another"
    if (this.#barren > barrenPages) return `${this.#barren} pages in a row hold nothing new, and name another`
    const asked = JSON.stringify([next.path, next.query])
    if (this.#asked.has(asked)) return "a page names one as next that was read before"
    this.#asked.add(asked)
    return null
  }
}
